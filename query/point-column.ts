/**
 * The whole points of one tag by slot, for tags that many contacts have: a search reads them one behind the other, where it
 * would find each in a block of its contact's tags otherwise. A byte each, or two where some have more than 255 or less
 * than 0.
 */
import { MICRO } from "../kernel/decimal.ts";
import { grownLength } from "./columns.ts";
import type { MicroRange } from "./micro-ranges.ts";

const BYTE_MAX = 0xff;
const WIDE_MIN = -0x8000;
const WIDE_MAX = 0x7fff;

/** `from <= points <= to` of whole points, as far as a column has such. */
export interface PointRange {
  readonly from: number;
  readonly to: number;
}

export function pointRangeOf({ from, to }: MicroRange): PointRange {
  const within = (points: number): number => Math.max(WIDE_MIN - 1, Math.min(WIDE_MAX + 1, points));
  return { from: within(Math.ceil(from / MICRO)), to: within(Math.ceil(to / MICRO) - 1) };
}

export class PointColumn {
  #points: Uint8Array | Int16Array;

  constructor(slots: number) {
    this.#points = new Uint8Array(wholeWords(slots));
  }

  /** False where the points of a slot don't fit: the column can't be used from then on. */
  set(slot: number, micros: number): boolean {
    const points = micros / MICRO;
    if (Math.floor(points) !== points || points < WIDE_MIN || points > WIDE_MAX) return false;
    const wide = this.#points instanceof Int16Array || points < 0 || points > BYTE_MAX;
    if (slot >= this.#points.length) this.#replace(wholeWords(grownLength(this.#points.length, slot + 1)), wide);
    else if (wide && this.#points instanceof Uint8Array) this.#replace(this.#points.length, true);
    this.#points[slot] = points;
    return true;
  }

  /** Which of the 32 slots from `at * 32` on have points in the range; of no meaning for those that were never set. */
  wordInRange(at: number, { from, to }: PointRange): number {
    const points = this.#points;
    const base = at * 32;
    const end = Math.min(32, points.length - base);
    let bits = 0;
    // Points are no more than chance to a processor that guesses: signs of differences instead of branches.
    for (let i = 0; i < end; i++) {
      const one = points[base + i] as number;
      bits |= (((from - 1 - one) & (one - to - 1)) >>> 31) << i;
    }
    return bits;
  }

  #replace(slots: number, wide: boolean): void {
    const points = wide ? new Int16Array(slots) : new Uint8Array(slots);
    points.set(this.#points);
    this.#points = points;
  }
}

function wholeWords(slots: number): number {
  return (slots + 31) & ~31;
}
