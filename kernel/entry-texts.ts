/** Texts of an entry under construction, and the hash by which equal ones are found. */
import { UintColumn } from "./entry-columns.ts";

/** A multiplier of avalanche: the golden ratio's bits, odd. */
const MIX = 0x9e3779b1;
/** Chosen anew by every process, so that nobody can prepare texts that fall on one place of a table. */
const SEED = Math.floor(Math.random() * 0x1_0000_0000) | 0;

/** The hash of a text's UTF-8 by which tables find it. Another one in every process, so it is never stored. */
export function textHash(bytes: Uint8Array, from: number, to: number): number {
  let hash = SEED;
  for (let i = from; i < to; i++) {
    hash = Math.imul(hash ^ (bytes[i] as number), MIX);
    hash ^= hash >>> 15;
  }
  return hash & HASH_BITS;
}

/** Hashes have 31 bits: numbers above are no longer small integers to the engine, and slow. */
export const HASH_BITS = 0x7fff_ffff;
/** `textHash`, byte by byte: begin with `HASH_START`, and take the `HASH_BITS` of it at the end. */
export const HASH_START = SEED;
export function hashByte(hash: number, byte: number): number {
  const mixed = Math.imul(hash ^ byte, MIX);
  return mixed ^ (mixed >>> 15);
}
const SLOTS_MIN = 64;
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
  readonly #hashes = new UintColumn();
  /** Open addressing by hash: numbers of texts plus one. */
  #slots = new Int32Array(SLOTS_MIN);
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

  /** `intern` of a text in UTF-8, with its hash. */
  internBytes(from: Uint8Array, at: number, end: number, hash: number): number {
    const length = end - at;
    const known = this.#find(hash, from, at, length);
    if (known >= 0) return known;
    const start = this.end;
    this.#copy(from, at, length);
    return this.#take(hash, start, length);
  }

  /** `push` of a text in UTF-8. */
  pushBytes(from: Uint8Array, at: number, end: number): void {
    this.#copy(from, at, end - at);
    this.end += end - at;
    this.lengths.push(end - at);
  }

  #copy(from: Uint8Array, at: number, length: number): void {
    if (this.end + length > this.bytes.length) this.#grow(length);
    const { bytes, end } = this;
    let seen = 0;
    for (let i = 0; i < length; i++) {
      const byte = from[at + i] as number;
      seen |= byte;
      bytes[end + i] = byte;
    }
    if (seen >= 0x80) this.ascii = false;
  }

  /** The number of an equal text, -1 where there is none; then `#slot` is where it belongs. */
  #find(hash: number, from: Uint8Array, at: number, length: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const number = (this.#slots[slot] as number) - 1;
      if (number < 0) break;
      if (this.#hashes.items[number] === hash && this.#equals(number, from, at, length)) {
        this.wasNew = false;
        return number;
      }
      slot = (slot + 1) & mask;
    }
    this.#slot = slot;
    return -1;
  }

  #take(hash: number, start: number, length: number): number {
    this.wasNew = true;
    this.end += length;
    this.lengths.push(length);
    this.#starts.push(start);
    this.#hashes.push(hash);
    const count = this.lengths.length;
    this.#slots[this.#slot] = count;
    if (count * 2 >= this.#slots.length) this.#spread(this.#slots.length * 2);
    return count - 1;
  }

  #equals(number: number, from: Uint8Array, at: number, length: number): boolean {
    if (this.lengths.items[number] !== length) return false;
    const { bytes } = this;
    const start = this.#starts.items[number] as number;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== from[at + i]) return false;
    return true;
  }

  #spread(size: number): void {
    const slots = new Int32Array(size);
    const mask = size - 1;
    for (let number = 0; number < this.#hashes.length; number++) {
      let slot = (this.#hashes.items[number] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.#slots = slots;
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
    const { count } = this;
    this.end = 0;
    this.ascii = true;
    this.lengths.length = 0;
    this.#starts.length = 0;
    this.#hashes.length = 0;
    if (this.bytes.length > TEXT_BYTES_KEPT) this.bytes = Buffer.allocUnsafeSlow(256);
    if (this.#slots.length > SLOTS_MIN && count * 16 < this.#slots.length) {
      this.#slots = new Int32Array(this.#slots.length / 2);
    } else this.#slots.fill(0);
  }
}
