/**
 * Segments that are a threshold alone (threshold.ts) as columns of numbers, by the feature that they read. Among thousands of
 * segments the closure of a root and what it has closed over are in no cache, while the columns of all of them are a few
 * hundred kilobytes.
 */
import type { Root } from "./root.ts";
import type { Threshold } from "./threshold.ts";

/** Those of feature f stand at the places from `starts[f]` up to but without `starts[f + 1]`. */
export interface Thresholds {
  readonly starts: Uint32Array;
  readonly roots: Uint32Array;
  readonly segments: Uint32Array;
  /** How many timestamps, ascending among those of a feature, … */
  readonly counts: Float64Array;
  /** … of the last so many ms. */
  readonly lengths: Float64Array;
}

/** What a root is, where it is a segment that is a threshold and nothing else. */
export function thresholdOf(root: Root): Threshold | undefined {
  return root.kind === "segment" ? root.truth.threshold : undefined;
}

export function thresholdsOf(roots: readonly Root[], featureCount: number): Thresholds {
  const all = roots
    .flatMap((root) => {
      const threshold = thresholdOf(root);
      return root.kind !== "segment" || threshold === undefined
        ? []
        : [{ ...threshold, root: root.index, id: root.id }];
    })
    .sort((a, b) => a.feature - b.feature || a.count - b.count);
  const starts = new Uint32Array(featureCount + 1);
  for (const { feature } of all) starts[feature + 1] = (starts[feature + 1] as number) + 1;
  for (let i = 0; i < featureCount; i++) starts[i + 1] = (starts[i + 1] as number) + (starts[i] as number);
  return {
    starts,
    roots: Uint32Array.from(all, ({ root }) => root),
    segments: Uint32Array.from(all, ({ id }) => id),
    counts: Float64Array.from(all, ({ count }) => count),
    lengths: Float64Array.from(all, ({ length }) => length),
  };
}
