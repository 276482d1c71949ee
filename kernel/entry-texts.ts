/** Texts of an entry under construction, and the hash by which equal ones are found. */
import { UintColumn } from "./entry-columns.ts";
import * as entrySlots from "./entry-slots.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { emptied, HASH_BITS, mixed, newSlots, SEED, SLOT_ITEMS, withRoom } = entrySlots;

/** A text as UTF-8: the bytes from `from` up to but without `to`. */
export interface TextBytes {
  bytes: Buffer;
  from: number;
  to: number;
}

/** The hash of a text's UTF-8 by which tables find it. Another one in every process, so it is never stored. */
export function textHash(bytes: Uint8Array, from: number, to: number): number {
  let hash = SEED ^ (to - from);
  let at = from;
  // Four bytes at once: each step waits for the one before.
  for (; at + 4 <= to; at += 4) {
    const word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    hash = mixed(hash, word);
  }
  for (; at < to; at++) hash = mixed(hash, bytes[at] as number);
  return hash & HASH_BITS;
}

const UTF8_BYTES_PER_UNIT_MAX = 3;
/** Room for texts above this size is not kept for the next entry. */
const TEXT_BYTES_KEPT = 1024 * 1024;

/**
 * Texts one behind the other as UTF-8, as they stand in an entry. Lone surrogates become U+FFFD.
 * With `intern` equal texts are one.
 */
export class TextColumn {
  bytes = Buffer.allocUnsafeSlow(256);
  /** Bytes so far. */
  end = 0;
  readonly lengths = new UintColumn();
  ascii = true;
  readonly #starts = new UintColumn();
  #slots = newSlots();
  #slot = 0;

  get count(): number {
    return this.lengths.length;
  }

  push(text: string): number {
    const length = this.#write(text);
    this.end += length;
    this.lengths.push(length);
    return this.lengths.length - 1;
  }

  /** Whether the text interned last was new. */
  wasNew = false;

  /** The number of the text; the one it has already, where it has. */
  intern(text: string): number {
    const start = this.end;
    const length = this.#write(text);
    const hash = textHash(this.bytes, start, start + length);
    const known = this.#find(hash, this.bytes, start, length);
    if (known >= 0) return known;
    return this.#take(hash, start, length);
  }

  /** The number of an equal text, -1 where there is none; then `#slot` is where it belongs. */
  #find(hash: number, from: Uint8Array, at: number, length: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = (hash << 1) & mask;
    for (;;) {
      const number = (slots[slot + 1] as number) - 1;
      if (number < 0) break;
      if (slots[slot] === hash && this.#equals(number, from, at, length)) {
        this.wasNew = false;
        return number;
      }
      slot = (slot + SLOT_ITEMS) & mask;
    }
    this.#slot = slot;
    return -1;
  }

  #take(hash: number, start: number, length: number): number {
    this.wasNew = true;
    this.end += length;
    this.lengths.push(length);
    this.#starts.push(start);
    const count = this.lengths.length;
    this.#slots[this.#slot] = hash;
    this.#slots[this.#slot + 1] = count;
    this.#slots = withRoom(this.#slots, count);
    return count - 1;
  }

  #equals(number: number, from: Uint8Array, at: number, length: number): boolean {
    if (this.lengths.items[number] !== length) return false;
    const { bytes } = this;
    const start = this.#starts.items[number] as number;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== from[at + i]) return false;
    return true;
  }

  /** Writes the text behind the others without taking it up; returns its length in bytes. */
  #write(text: string): number {
    const { length } = text;
    if (this.end + length * UTF8_BYTES_PER_UNIT_MAX > this.bytes.length) this.#grow(length * UTF8_BYTES_PER_UNIT_MAX);
    const { bytes, end } = this;
    // Beyond some dozens of characters the call to the machine's own loop pays.
    if (length > 48) return this.#writeAny(text);
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return this.#writeAny(text);
      bytes[end + i] = unit;
    }
    return length;
  }

  #writeAny(text: string): number {
    const written = this.bytes.write(text, this.end, "utf8");
    if (written !== text.length) this.ascii = false;
    return written;
  }

  #grow(by: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.end + by));
    this.bytes.copy(larger, 0, 0, this.end);
    this.bytes = larger;
  }

  clear(): void {
    this.#slots = emptied(this.#slots, this.count);
    this.end = 0;
    this.ascii = true;
    this.lengths.length = 0;
    this.#starts.length = 0;
    if (this.bytes.length > TEXT_BYTES_KEPT) this.bytes = Buffer.allocUnsafeSlow(256);
  }
}
