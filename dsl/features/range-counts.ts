/**
 * How often each value stands in a window over a series, kept for each reader and moved along with its window: what
 * leaves is counted off, what comes in is counted on, so a read costs what changed and not what the window holds.
 */
import type { Scalar } from "../value.ts";
import type { RangeCounts, Series } from "./state.ts";
import { comesFirst } from "./value-counts.ts";

/** The counts of the values at places `from` up to but without `to`; valid until the next call. */
export function countRange(series: Series<Scalar>, reader: number, from: number, to: number): RangeCounts {
  const begin = from + series.dropped;
  const end = to + series.dropped;
  let range = series.ranges[reader];
  const movesOn =
    range !== undefined &&
    range.revision === series.revision &&
    range.from >= series.dropped &&
    range.from <= begin &&
    begin <= range.to &&
    range.to <= end;
  if (range === undefined || !movesOn) {
    range = { revision: series.revision, from: begin, to: begin, counts: new Map(), most: undefined };
    series.ranges[reader] = range;
  }
  const { counts } = range;
  const place = (entry: number): Scalar => series.values[entry - series.dropped] as Scalar;
  for (; range.from < begin; range.from++) {
    const value = place(range.from);
    const left = (counts.get(value) ?? 0) - 1;
    if (left > 0) counts.set(value, left);
    else counts.delete(value);
    // Another value may be ahead now; the next read of `most` looks at all.
    if (value === range.most) range.most = undefined;
  }
  for (; range.to < end; range.to++) {
    const value = place(range.to);
    const count = (counts.get(value) ?? 0) + 1;
    counts.set(value, count);
    const { most } = range;
    if (most !== undefined && comesFirst(value, count, most, counts.get(most) ?? 0)) range.most = value;
  }
  return range;
}
