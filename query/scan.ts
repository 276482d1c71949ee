/**
 * Column scans: one word of 32 contacts at a time, only where anybody is asked about. Results are right for the
 * contacts of `within` and say nothing of others.
 */
import { fromMicros } from "../kernel/decimal.ts";
import type { MicroRange } from "./micro-ranges.ts";
import type { TagNames } from "./tag-names.ts";
import type { TagTable } from "./tag-table.ts";

/** Contacts whose score lies in a range. `values` has all slots of `into`'s first `length` words. */
export function scanRange(
  into: Uint32Array,
  within: Uint32Array,
  length: number,
  values: Float64Array,
  { from, to }: MicroRange,
): void {
  const open = to === Infinity;
  for (let at = 0; at < length; at++) {
    const asked = within[at] ?? 0;
    if (asked === 0) continue;
    const base = at * 32;
    let bits = 0;
    if (open) for (let i = 0; i < 32; i++) bits |= ((values[base + i] ?? 0) >= from ? 1 : 0) << i;
    else {
      for (let i = 0; i < 32; i++) {
        const value = values[base + i] ?? 0;
        bits |= (value >= from && value < to ? 1 : 0) << i;
      }
    }
    into[at] = (into[at] ?? 0) | (bits & asked);
  }
}

/** Contacts whose score passes a test of points; neighbours often have the same. */
export function scanScores(
  into: Uint32Array,
  within: Uint32Array,
  length: number,
  values: Float64Array,
  test: (points: number) => boolean,
): void {
  let last = Number.NaN;
  let verdict = false;
  eachAsked(into, within, length, (slot) => {
    const micros = values[slot] ?? 0;
    if (micros !== last) {
      last = micros;
      verdict = test(fromMicros(micros));
    }
    return verdict;
  });
}

/** Contacts whose stage (its id plus one) passes; there are few, so each is tested once. */
export function scanStages(
  into: Uint32Array,
  within: Uint32Array,
  length: number,
  stages: Uint16Array,
  test: (stage: number) => boolean,
): void {
  const verdicts = new Uint8Array(2 ** 16);
  const [passes, fails] = [1, 2];
  for (let at = 0; at < length; at++) {
    const asked = within[at] ?? 0;
    if (asked === 0) continue;
    const base = at * 32;
    let bits = 0;
    for (let i = 0; i < 32; i++) {
      const stage = stages[base + i] ?? 0;
      let verdict = verdicts[stage] ?? 0;
      if (verdict === 0) {
        verdict = test(stage - 1) ? passes : fails;
        verdicts[stage] = verdict;
      }
      bits |= (verdict & 1) << i;
    }
    into[at] = bits & asked;
  }
}

/** Contacts whose strongest tag passes, by its number, -1 for none; each number is tested once. */
export function scanTopTags(
  into: Uint32Array,
  within: Uint32Array,
  length: number,
  tags: TagTable,
  names: TagNames,
  test: (tag: number) => boolean,
): void {
  const verdicts: boolean[] = [];
  eachAsked(into, within, length, (slot) => {
    const tag = tags.top(slot, names);
    return (verdicts[tag + 1] ??= test(tag));
  });
}

/** Contacts that pass a test of their own. */
export function eachAsked(
  into: Uint32Array,
  within: Uint32Array,
  length: number,
  test: (slot: number) => boolean,
): void {
  for (let at = 0; at < length; at++) {
    let asked = within[at] ?? 0;
    let bits = 0;
    while (asked !== 0) {
      const bit = 31 - Math.clz32(asked & -asked);
      if (test(at * 32 + bit)) bits |= 1 << bit;
      asked &= asked - 1;
    }
    if (bits !== 0) into[at] = bits;
  }
}
