/**
 * The strongest tag of each contact as a column: a predicate over `top_tag` is then a scan over two bytes a contact
 * instead of a comparison of all tags of everybody.
 */
import { wordsFor } from "./bitmap.ts";
import { grownLength } from "./columns.ts";

const START = 64;
const NARROW_MAX = 0xffff;

export class TopTags {
  /** Numbers of tags plus one, so that 0 is none. Only to be read; four bytes each once a number needs it. */
  values: Uint16Array | Uint32Array = new Uint16Array(START);

  reserve(slots: number): void {
    if (slots > this.values.length) this.#resize(slots, this.values instanceof Uint32Array);
  }

  /** -1 for none. */
  get(slot: number): number {
    return (this.values[slot] ?? 0) - 1;
  }

  /** With -1 for none. */
  set(slot: number, tag: number): void {
    const { length } = this.values;
    if (slot >= length) this.#resize(grownLength(length, slot + 1), this.values instanceof Uint32Array);
    if (tag >= NARROW_MAX && this.values instanceof Uint16Array) this.#resize(this.values.length, true);
    this.values[slot] = tag + 1;
  }

  /** To whole words of a bitmap, so that a scan never reads past the end. */
  #resize(slots: number, wide: boolean): void {
    const length = wordsFor(slots) * 32;
    const values = wide ? new Uint32Array(length) : new Uint16Array(length);
    values.set(this.values);
    this.values = values;
  }
}
