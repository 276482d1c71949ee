/**
 * The whole points of one tag by slot, for tags that many contacts have: a search reads them one behind the other, where it
 * would find each in a block of its contact's tags otherwise. A byte each, or two where some have more than 255 or less
 * than 0.
 */
import { MICRO } from "../kernel/decimal.ts";
import { markInRange, newNumbers } from "./bitmap-kernel.ts";
import { grownLength } from "./columns.ts";
import type { MicroRange } from "./micro-ranges.ts";

const NARROW = { min: 0, max: 0xff } as const;
const WIDE = { min: -0x8000, max: 0x7fff } as const;

export class PointColumn {
  #points: Uint8Array | Int16Array;

  constructor(slots: number) {
    this.#points = newNumbers<Uint8Array>(Uint8Array, slots);
  }

  /** False where the points of a slot don't fit: the column can't be used from then on. */
  set(slot: number, micros: number): boolean {
    const points = micros / MICRO;
    if (Math.floor(points) !== points || points < WIDE.min || points > WIDE.max) return false;
    const wide = this.#points instanceof Int16Array || points < NARROW.min || points > NARROW.max;
    if (slot >= this.#points.length) this.#replace(grownLength(this.#points.length, slot + 1), wide);
    else if (wide && this.#points instanceof Uint8Array) this.#replace(this.#points.length, true);
    this.#points[slot] = points;
    return true;
  }

  /** Sets the bits of slots with points in the range; of no meaning for those that were never set. */
  markInRange({ from, to }: MicroRange, words: Uint32Array): void {
    const { min, max } = this.#points instanceof Uint8Array ? NARROW : WIDE;
    const least = Math.max(min, Math.ceil(from / MICRO));
    const most = Math.min(max, Math.ceil(to / MICRO) - 1);
    if (least > most) return;
    markInRange(words, this.#points, least, most, Math.min(words.length, this.#points.length >>> 5));
  }

  #replace(slots: number, wide: boolean): void {
    const points = wide ? newNumbers<Int16Array>(Int16Array, slots) : newNumbers<Uint8Array>(Uint8Array, slots);
    points.set(this.#points);
    this.#points = points;
  }
}
