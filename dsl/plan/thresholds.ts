/**
 * Segments that are a threshold alone (threshold.ts) as columns of numbers. Among thousands of segments the closure of a
 * root and what it has closed over are in no cache, while the columns of all of them are a few hundred kilobytes.
 */
import type { Root } from "./root.ts";

/** By root; of those that are a segment with a threshold alone. */
export interface Thresholds {
  /** -1 for all other roots. */
  readonly features: Int32Array;
  /** 0 for all other roots. */
  readonly counts: Float64Array;
  readonly lengths: Float64Array;
  readonly segments: Int32Array;
}

export function thresholdsOf(roots: readonly Root[]): Thresholds {
  const { length } = roots;
  const features = new Int32Array(length).fill(-1);
  const counts = new Float64Array(length);
  const lengths = new Float64Array(length);
  const segments = new Int32Array(length);
  for (const root of roots) {
    const threshold = root.kind === "segment" ? root.truth.threshold : undefined;
    if (root.kind !== "segment" || threshold === undefined) continue;
    features[root.index] = threshold.feature;
    counts[root.index] = threshold.count;
    lengths[root.index] = threshold.length;
    segments[root.index] = root.id;
  }
  return { features, counts, lengths, segments };
}
