/** A test case: a model's text and what happens to it. Plain JSON, so that a failing one can be kept as a file. */
import type { Event } from "../../kernel/event.ts";

export type Step =
  /** Events arriving at instant `now`. */
  | { readonly kind: "send"; readonly now: number; readonly events: readonly Event[] }
  /** Time passing until `now`; with `watch` in small steps, looking right before and at each flip. */
  | { readonly kind: "advance"; readonly now: number; readonly watch: boolean }
  | { readonly kind: "restart" };

export interface Case {
  readonly model: string;
  readonly steps: readonly Step[];
}

/** Things of which the generated models and histories may make use, on top of what they always do. */
export const FEATURES = [
  /** Events that carry a userId and an anonymousId. */
  "both ids",
  "score while",
  /** `for D` after `score … on` and `tag … on`. */
  "for",
  /** sum, avg, min, max. */
  "numeric aggregates",
  "distinct",
  "most",
  /** today, this week, this month, this year. */
  "calendar windows",
  "anniversary",
  "percent",
  "arithmetic",
  "values",
  /** Paths with `[]`. */
  "each",
] as const;
export type Feature = (typeof FEATURES)[number];
export type Features = ReadonlySet<Feature>;

/** What the language understands at present. */
export const LIVE: Features = new Set(FEATURES);
export const EVERYTHING: Features = new Set(FEATURES);
