/**
 * Which of many ranges a number lies in, in O(log n + matches): ranges sorted by their lower end, as a balanced tree
 * that is only implied by the order, with the highest upper end of each subtree beside it (Cormen et al.,
 * "Introduction to Algorithms", Interval trees).
 */
import type { NumberRange } from "./probe.ts";

export interface RangeIndex {
  /** Calls `take` with the place of every range, as they were given, in which the number lies. */
  find(value: number, take: (place: number) => void): void;
}

export function createRangeIndex(ranges: readonly NumberRange[]): RangeIndex {
  const places = ranges.map((_, place) => place);
  const at = (place: number): NumberRange => ranges[place] as NumberRange;
  places.sort((a, b) => at(a).low - at(b).low);
  const lows = Float64Array.from(places, (place) => at(place).low);
  const highs = Float64Array.from(places, (place) => at(place).high);
  const reach = new Float64Array(places.length);

  /** Of the subtree over the places from `from` up to but without `to`. */
  const measure = (from: number, to: number): number => {
    if (from >= to) return -Infinity;
    const middle = (from + to) >>> 1;
    const highest = Math.max(highs[middle] as number, measure(from, middle), measure(middle + 1, to));
    reach[middle] = highest;
    return highest;
  };
  measure(0, places.length);

  const search = (from: number, to: number, value: number, take: (place: number) => void): void => {
    if (from >= to) return;
    const middle = (from + to) >>> 1;
    if ((reach[middle] as number) < value) return;
    search(from, middle, value, take);
    const low = lows[middle] as number;
    if (low > value) return;
    const place = places[middle] as number;
    const { lowStrict, high, highStrict } = at(place);
    const inside = (value > low || !lowStrict) && (value < high || (value === high && !highStrict));
    if (inside) take(place);
    search(middle + 1, to, value, take);
  };

  return {
    find(value, take) {
      search(0, places.length, value, take);
    },
  };
}
