/**
 * Numbers for a set of texts, which are then found by their UTF-8, where it lies in an entry: without a string being
 * made of it, and with two lines of memory read however many texts there are. A `Map` of strings reads the string's
 * object and its characters as well, and those of thousands of texts lie all over the heap.
 */
import { textHash } from "./entry-texts.ts";

/** Numbers of one slot: the text's hash, its number plus one (0 is free), where its bytes begin, how many they are. */
const SLOT = 4;
const SLOT_BITS = 2;

export class TextNumbers {
  /** Numbers given so far; they begin at 0. */
  count = 0;
  #slots = new Int32Array(64 * SLOT);
  #texts = 0;
  #bytes = Buffer.allocUnsafeSlow(256);
  #end = 0;

  /** The number of a text; the one it has already, where it has. Lone surrogates count as U+FFFD, as in entries. */
  add(text: string): number {
    const bytes = Buffer.from(text);
    const hash = textHash(bytes, 0, bytes.length);
    const at = this.#slotOf(bytes, 0, bytes.length, hash);
    const known = this.#slots[at + 1] as number;
    if (known !== 0) return known - 1;
    if (this.#end + bytes.length > this.#bytes.length) this.#growBytes(bytes.length);
    this.#bytes.set(bytes, this.#end);
    const number = this.reserve();
    this.#slots.set([hash, number + 1, this.#end, bytes.length], at);
    this.#end += bytes.length;
    this.#texts++;
    if (this.#texts * 2 * SLOT > this.#slots.length) this.#growSlots();
    return number;
  }

  /** A number that no text has, now or later. */
  reserve(): number {
    return this.count++;
  }

  /** The number of the text whose UTF-8 lies from `from` up to but without `to`; -1 where it has none. `hash`: its `textHash`. */
  find(bytes: Uint8Array, from: number, to: number, hash = textHash(bytes, from, to)): number {
    return (this.#slots[this.#slotOf(bytes, from, to, hash) + 1] as number) - 1;
  }

  /** Where a text's slot begins, or the free one that it would take. */
  #slotOf(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = (hash << SLOT_BITS) & mask;
    while (slots[at + 1] !== 0) {
      if (slots[at] === hash && slots[at + 3] === to - from) {
        const own = this.#bytes;
        let place = slots[at + 2] as number;
        let other = from;
        while (other < to && own[place] === bytes[other]) {
          place++;
          other++;
        }
        if (other === to) return at;
      }
      at = (at + SLOT) & mask;
    }
    return at;
  }

  #growBytes(by: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#end + by));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }

  #growSlots(): void {
    const slots = this.#slots;
    const larger = new Int32Array(slots.length * 2);
    const mask = larger.length - 1;
    for (let from = 0; from < slots.length; from += SLOT) {
      if (slots[from + 1] === 0) continue;
      let at = ((slots[from] as number) << SLOT_BITS) & mask;
      while (larger[at + 1] !== 0) at = (at + SLOT) & mask;
      larger.set(slots.subarray(from, from + SLOT), at);
    }
    this.#slots = larger;
  }
}
