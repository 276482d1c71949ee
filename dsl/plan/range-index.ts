/**
 * Which of many ranges a number lies in. The ends of all ranges cut the numbers into intervals, in each of which the
 * answer is the same: one search among the cuts finds it. Where many ranges overlap, to write the answers down would
 * take too much memory (n thresholds have n² / 2), and a tree is searched: ranges sorted by their lower end, balanced
 * as only their order implies, with the highest upper end of each subtree beside it (Cormen et al., "Introduction to
 * Algorithms", Interval trees).
 */
import { doubleAbove } from "./doubles.ts";
import type { NumberRange } from "./probe.ts";

/** Places written down for each range, on average, at most. */
const PLACES_PER_RANGE_MAX = 64;

export interface Intervals {
  /** Ascending; interval i has the numbers from cut i - 1 on that are less than cut i. */
  readonly cuts: Float64Array;
  /** By interval: the places of the ranges that it lies in, ascending. One more than there are cuts. */
  readonly places: readonly (readonly number[])[];
}

/** Null where the lists would be too long. */
export function intervalsOf(ranges: readonly NumberRange[]): Intervals | null {
  const ends = ranges.flatMap(({ low, high }) => [low, afterRange(high)]);
  const cuts = Float64Array.from(new Set(ends.filter(Number.isFinite))).sort();
  const placeOf = (value: number): number => countUpTo(cuts, value, 0, cuts.length);
  const spans = ranges.map(({ low, high }): [from: number, to: number] => {
    const end = afterRange(high);
    // No number is as large as a range that begins beyond all of them.
    const from = low === Infinity ? cuts.length + 1 : placeOf(low);
    return [from, end === Infinity ? cuts.length + 1 : placeOf(end)];
  });
  const total = spans.reduce((sum, [from, to]) => sum + Math.max(0, to - from), 0);
  if (total > ranges.length * PLACES_PER_RANGE_MAX) return null;
  const places: number[][] = Array.from({ length: cuts.length + 1 }, () => []);
  spans.forEach(([from, to], place) => {
    for (let i = from; i < to; i++) places[i]?.push(place);
  });
  return { cuts, places };
}

/** The first number above a range. */
function afterRange(high: number): number {
  return Number.isFinite(high) ? doubleAbove(high) : high;
}

/** How many of the ascending numbers from place `from` up to but without `to` are not above `value`. */
export function countUpTo(numbers: Float64Array, value: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low - from;
}

export interface RangeTree {
  readonly lows: Float64Array;
  readonly highs: Float64Array;
  readonly reach: Float64Array;
  readonly items: Int32Array;
}

/** `items` are what a search finds, one for each range. */
export function createRangeTree(ranges: readonly NumberRange[], items: readonly number[]): RangeTree {
  const sorted = ranges.map((range, i) => ({ ...range, item: items[i] as number })).sort((a, b) => a.low - b.low);
  const reach = new Float64Array(sorted.length);
  /** Of the subtree over the places from `from` up to but without `to`. */
  const measure = (from: number, to: number): number => {
    if (from >= to) return -Infinity;
    const middle = (from + to) >>> 1;
    const own = sorted[middle]?.high ?? -Infinity;
    const highest = Math.max(own, measure(from, middle), measure(middle + 1, to));
    reach[middle] = highest;
    return highest;
  };
  measure(0, sorted.length);
  return {
    lows: Float64Array.from(sorted, ({ low }) => low),
    highs: Float64Array.from(sorted, ({ high }) => high),
    reach,
    items: Int32Array.from(sorted, ({ item }) => item),
  };
}

/** Writes the items of all ranges in which the number lies to `into` from `count` on, unordered; gives its new count. */
export function searchTree(tree: RangeTree, value: number, into: Int32Array, count: number): number {
  return searchPart(tree, 0, tree.items.length, value, into, count);
}

function searchPart(tree: RangeTree, from: number, to: number, value: number, into: Int32Array, count: number): number {
  if (from >= to) return count;
  const middle = (from + to) >>> 1;
  if ((tree.reach[middle] as number) < value) return count;
  let found = searchPart(tree, from, middle, value, into, count);
  if ((tree.lows[middle] as number) > value) return found;
  if ((tree.highs[middle] as number) >= value) into[found++] = tree.items[middle] as number;
  return searchPart(tree, middle + 1, to, value, into, found);
}
