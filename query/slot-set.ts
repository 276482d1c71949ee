/**
 * The slots that have a tag, or are at a stage: a list while they are few, a bitmap from one contact in 32 on, where both
 * take as much.
 * Ten thousand tags as bitmaps over a million contacts would be 1.25 GB; tags that everybody has would be as bad as
 * lists.
 */
import { eachBit, setBitIn, wordsFor } from "./bitmap.ts";
import { grownUint32 } from "./columns.ts";

/** Back to a list only when far below, so that a set at the border doesn't change its form all the time. */
const SPARSE_AGAIN = 4;
const LIST_START = 4;

export class SlotSet {
  count = 0;
  /** The first `count` are slots, in no order; empty while `#words` has them. */
  #list = new Uint32Array(LIST_START);
  #words: Uint32Array<ArrayBuffer> | null = null;

  /** The slot must not be in it. `slots` is how many slots there are. */
  add(slot: number, slots: number): void {
    if (this.#words === null && this.count >= Math.max(LIST_START, wordsFor(slots))) this.#spread(slots);
    if (this.#words === null) {
      this.#list = grownUint32(this.#list, this.count + 1);
      this.#list[this.count] = slot;
    } else {
      this.#words = grownUint32(this.#words, (slot >>> 5) + 1);
      setBitIn(this.#words, slot);
    }
    this.count++;
  }

  /** The slot must be in it. */
  delete(slot: number): void {
    this.count--;
    const words = this.#words;
    if (words === null) {
      // Lists are short against the number of contacts, and taking a tag away is rare.
      this.#list[this.#list.indexOf(slot)] = this.#list[this.count] ?? 0;
      return;
    }
    words[slot >>> 5] = (words[slot >>> 5] ?? 0) & ~(1 << (slot & 31));
    if (this.count * SPARSE_AGAIN < words.length) this.#gather(words);
  }

  /** In no particular order, until `take` returns false. */
  each(take: (slot: number) => void): void {
    if (this.#words !== null) eachBit(this.#words, 0, take);
    else for (let i = 0; i < this.count; i++) take(this.#list[i] ?? 0);
  }

  /** Calls `take` with the words that have slots in both, in no particular order; a word may come in several parts. */
  eachWordIn(within: Uint32Array, take: (at: number, bits: number) => void): void {
    const own = this.#words;
    if (own !== null) {
      const length = Math.min(own.length, within.length);
      for (let at = 0; at < length; at++) {
        const both = (own[at] ?? 0) & (within[at] ?? 0);
        if (both !== 0) take(at, both);
      }
      return;
    }
    for (let i = 0; i < this.count; i++) {
      const slot = this.#list[i] ?? 0;
      const bit = 1 << (slot & 31);
      if (((within[slot >>> 5] ?? 0) & bit) !== 0) take(slot >>> 5, bit);
    }
  }

  /** Sets the slots' bits in words that hold all slots. */
  markIn(words: Uint32Array): void {
    const own = this.#words;
    if (own === null) {
      for (let i = 0; i < this.count; i++) setBitIn(words, this.#list[i] ?? 0);
      return;
    }
    const length = Math.min(own.length, words.length);
    for (let i = 0; i < length; i++) words[i] = (words[i] ?? 0) | (own[i] ?? 0);
  }

  #spread(slots: number): void {
    const words = new Uint32Array(wordsFor(slots));
    for (let i = 0; i < this.count; i++) setBitIn(words, this.#list[i] ?? 0);
    this.#words = words;
    this.#list = new Uint32Array(0);
  }

  #gather(words: Uint32Array): void {
    const list = new Uint32Array(Math.max(LIST_START, this.count));
    let n = 0;
    eachBit(words, 0, (slot) => {
      list[n++] = slot;
    });
    this.#list = list;
    this.#words = null;
  }
}
