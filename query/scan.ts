/**
 * Column scans: one word of 32 contacts at a time. Results are right for the contacts of `within` and say nothing of others.
 */
import { fromMicros } from "../kernel/decimal.ts";

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

/**
 * Contacts whose number passes, in a column of numbers plus one, with 0 for none; the test gets -1 for it. There are few
 * different ones, so each is tested once.
 */
export function scanNumbers(
  into: Uint32Array,
  within: Uint32Array,
  length: number,
  values: Uint16Array | Uint32Array,
  test: (number: number) => boolean,
): void {
  let verdicts = new Uint8Array(64);
  for (let at = 0; at < length; at++) {
    const asked = within[at] ?? 0;
    if (asked === 0) continue;
    const base = at * 32;
    let bits = 0;
    let unknown = 0;
    for (let i = 0; i < 32; i++) {
      const verdict = verdicts[values[base + i] ?? 0] ?? 0;
      bits |= (verdict & 1) << i;
      unknown |= (verdict ^ KNOWN) & KNOWN;
    }
    if (unknown !== 0) {
      verdicts = learn(verdicts, values, base, test);
      at--;
      continue;
    }
    into[at] = bits & asked;
  }
}
const PASSES = 1;
const KNOWN = 2;

/** The verdicts with those of a word's 32 numbers. */
function learn(
  verdicts: Uint8Array<ArrayBuffer>,
  values: Uint16Array | Uint32Array,
  base: number,
  test: (number: number) => boolean,
): Uint8Array<ArrayBuffer> {
  let known = verdicts;
  for (let i = 0; i < 32; i++) {
    const value = values[base + i] ?? 0;
    if (value >= known.length) {
      const more = new Uint8Array(value * 2);
      more.set(known);
      known = more;
    }
    if (known[value] === 0) known[value] = KNOWN | (test(value - 1) ? PASSES : 0);
  }
  return known;
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
