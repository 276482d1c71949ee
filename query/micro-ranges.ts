/**
 * The micro points for which a test of a number holds, as ranges: a column of scores is then searched with two
 * comparisons a contact, and the test itself is asked a handful of times.
 */
import { fromMicros, toMicros, VALUE_MAX } from "../kernel/decimal.ts";

/** `from <= micros < to`. */
export interface MicroRange {
  readonly from: number;
  readonly to: number;
}

/**
 * @param breaks the values, in points, at which the answer may change.
 * @returns ascending, not touching; null for values so large that micro points are no longer whole.
 */
export function rangesOf(breaks: readonly number[], test: (points: number) => boolean): MicroRange[] | null {
  if (!breaks.every((value) => Math.abs(value) <= VALUE_MAX)) return null;
  const borders = new Set([-Infinity]);
  for (const value of breaks) {
    borders.add(firstWhere(value, (points) => points >= value));
    borders.add(firstWhere(value, (points) => points > value));
  }
  const starts = [...borders].sort((a, b) => a - b);
  const ranges: { from: number; to: number }[] = [];
  for (const [i, from] of starts.entries()) {
    const to = starts[i + 1] ?? Infinity;
    const inside = from === -Infinity ? Math.min(to, 0) - 1 : from;
    if (!test(fromMicros(inside))) continue;
    const last = ranges.at(-1);
    if (last?.to === from) last.to = to;
    else ranges.push({ from, to });
  }
  return ranges;
}

/** The least micro points for which `holds`; near `value`, where it turns from false to true. */
function firstWhere(value: number, holds: (points: number) => boolean): number {
  let micros = toMicros(value);
  while (holds(fromMicros(micros - 1))) micros--;
  while (!holds(fromMicros(micros))) micros++;
  return micros;
}
