/**
 * What features keep for a contact as objects, by kind; each kind's file says what its state means. The others keep
 * numbers (contact/numbers.ts).
 */
import type { Scalar } from "../value.ts";
import type { DatedValue } from "./dated.ts";

/** Values with their timestamps, in ascending order; see series.ts. */
export interface Series<V> {
  readonly at: number[];
  readonly values: V[];
  /**
   * Of numbers: the halves of the sum of the values before each place, as far as they were needed; cut where a late
   * value comes in. Made when read, never stored.
   */
  readonly highs: number[];
  readonly lows: number[];
  /** Of scalars: what each reader's window holds (range-counts.ts), by the reader's number. Never stored. */
  readonly ranges: (RangeCounts | undefined)[];
  /** Entries forgotten since it is in memory: a place plus this names an entry for good. */
  dropped: number;
  /** Raised when a late value comes in between others. */
  revision: number;
}

/** How often each value stands in a range of a series, and which is the most frequent one. */
export interface RangeCounts {
  revision: number;
  /** Places plus `dropped` as they were. */
  from: number;
  to: number;
  readonly counts: Map<Scalar, number>;
  most: Scalar | undefined;
}

/** How often each value came in all; `most` is the most frequent one. */
export interface ValueCounts {
  readonly counts: Map<Scalar, number>;
  most: Scalar | undefined;
}

/** Features that have seen nothing keep nothing. */
export type ObjectState = DatedValue | DatedValue[] | Series<Scalar> | ValueCounts;

/** The latest timestamp of a state that a feature with a window keeps. */
export function newestIn(state: ObjectState): number {
  const items = Array.isArray(state) ? state : "at" in state ? state.at : null;
  if (!Array.isArray(items)) throw new Error("a feature without timestamps has a window");
  const last = items[items.length - 1];
  return typeof last === "object" ? last.at : (last ?? -Infinity);
}
