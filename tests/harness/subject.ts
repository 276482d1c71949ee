/**
 * What the oracle and the engine have in common, so that one test can drive both and compare what they say.
 *
 * A subject holds one model and all contacts. Time only moves when `send` or `advance` is called with a later
 * `now`; every flip between the old and the new instant is lived through, in order, before the events of `send` are
 * taken. Events of a batch are taken one after the other in their order, at instant `now`.
 */
import type { Event, JsonObject } from "../../kernel/event.ts";

export type Scalar = string | number | boolean;

export interface Profile {
  readonly id: string;
  readonly known: boolean;
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly score: number;
  /** Every tag that the contact has, sorted by name in code point order. */
  readonly tags: readonly { readonly name: string; readonly score: number }[];
  readonly topTag: string | null;
  /** Null while no stage has been reached. */
  readonly stage: string | null;
  /** Names of the segments it is in, sorted in code point order. */
  readonly segments: readonly string[];
  readonly traits: JsonObject;
  /**
   * By the printed text of each aggregate fact that the model uses (`print` of the fact); null where missing. A count
   * that is only kept up to a threshold may be given as `{atLeast: n}`: it is n or more.
   */
  readonly aggregates: Readonly<Record<string, Scalar | null | { readonly atLeast: number }>>;
  readonly saturated: boolean;
}

export interface Subject {
  /**
   * Takes a batch at instant `now` (never earlier than before). With the wall clock every timestamp is at most
   * `now`. A repeated messageId under the same id (userId, else anonymousId) changes nothing.
   */
  send(now: number, events: readonly Event[]): void | Promise<void>;
  /** Moves the clock, living through all flips up to and including `now`. */
  advance(now: number): void | Promise<void>;
  /** The profile at the present instant; null for a contact that doesn't exist. `~x` is the anonymous contact x. */
  profile(contactId: string): Profile | null | Promise<Profile | null>;
  /** The ids of all contacts, in any order. */
  contacts(): readonly string[] | Promise<readonly string[]>;
}
