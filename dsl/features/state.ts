/** What features keep for a contact, by kind; each kind's file says what its state means. */
import type { Scalar } from "../value.ts";
import type { DatedValue } from "./dated.ts";

/** A sum of micro units in two halves; see exact-sum.ts. */
export interface ExactSum {
  high: number;
  low: number;
}

export interface SumState extends ExactSum {
  count: number;
}

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
}

/** Features that have seen nothing keep nothing. */
export type FeatureState =
  | number
  | number[]
  | DatedValue
  | DatedValue[]
  | SumState
  | Series<Scalar>
  | Map<string, number>
  | Map<Scalar, number>;
