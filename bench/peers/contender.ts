/** What takes part in a comparison. */
import type { Fact, Members, Rule } from "./rules.ts";

export interface Contender {
  /** Puts facts into the form that it is best fed with; what this gives is what is measured. */
  prepare(facts: readonly Fact[]): () => void | Promise<void>;
  /** Who is in what at an instant that is not before the last fact's. */
  members(now: number): Members | Promise<Members>;
}

export type MakeContender = (rules: readonly Rule[]) => Contender | Promise<Contender>;
