/**
 * The ids of a partition's contacts, both ways: slot -> id and id -> slot. Ids lie end to end as UTF-8 in one byte
 * arena, each behind its length; an open-addressed table finds their slots by hash. About 12 bytes a contact beside the
 * id itself, where a Map of strings takes 86.
 */
import { hash, hash64, hash64Ascii } from "../kernel/ids.ts";
import { grownLength, grownUint32 } from "./columns.ts";

const START_SLOTS = 64;
/** An id has at most 255 characters (and `~`), each at most 3 bytes of UTF-8 a UTF-16 unit. */
const ID_BYTES_MAX = 4096;
/** Places in the arena are 32 bits. */
const ARENA_BYTES_MAX = 2 ** 32 - 1;
/** Lengths take two bytes from this on: the low seven bits with the eighth set, then the rest. */
const LONG = 0x80;

export class IdTable {
  /** Position 0 is no id's. */
  #arena: Buffer = Buffer.allocUnsafeSlow(START_SLOTS * 16);
  #used = 1;
  /** Where a slot's id begins; 0 for none. */
  #starts = new Uint32Array(START_SLOTS);
  /**
   * Slot plus one in the low bits, as many as number the places of the table; in the other bits those of the hash, so
   * that hardly any id is compared in vain. 0 is free. The length is a power of two, at most three quarters are taken.
   *
   * By the high half of the hash: the low half chose the partition, within one its low bits are all alike.
   */
  #table = new Uint32Array(START_SLOTS * 2);
  #entries = 0;
  readonly #scratch = Buffer.allocUnsafe(ID_BYTES_MAX);

  /** Makes room for so many slots at once. */
  reserve(slots: number): void {
    if (slots > this.#starts.length) {
      const starts = new Uint32Array(slots);
      starts.set(this.#starts);
      this.#starts = starts;
    }
    if (slots > tableRoom(this.#table.length)) this.#rebuild(tableFor(slots));
  }

  /** The id at a slot; "" where none was ever put. */
  id(slot: number): string {
    const start = this.#starts[slot] ?? 0;
    if (start === 0) return "";
    const from = this.#textAt(start);
    return this.#arena.toString("utf8", from, from + this.#lengthAt(start));
  }

  /** The slot of an id, or -1. */
  find(id: string): number {
    hash64(id);
    return this.findHashed(id, hash.hi);
  }

  /** `find` for whoever has the high half of the id's `hash64` already. */
  findHashed(id: string, hi: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    for (let at = hi & mask; ; at = (at + 1) & mask) {
      const entry = table[at] ?? 0;
      if (entry === 0) return -1;
      if (((entry ^ hi) & ~mask) !== 0) continue;
      const slot = (entry & mask) - 1;
      if (this.#holds(slot, id)) return slot;
    }
  }

  #holds(slot: number, id: string): boolean {
    const start = this.#starts[slot] ?? 0;
    const length = this.#lengthAt(start);
    // UTF-8 is as long as the text only where all of it is ASCII.
    if (length !== id.length) return length > id.length && this.id(slot) === id;
    const from = this.#textAt(start);
    for (let i = 0; i < length; i++) if (this.#arena[from + i] !== id.charCodeAt(i)) return false;
    return true;
  }

  put(slot: number, id: string): void {
    if (id.length > ID_BYTES_MAX / 3) throw new RangeError(`the id of slot ${slot} is ${id.length} characters long`);
    const bytes = this.#scratch.write(id, 0, "utf8");
    hash64(id);
    this.#put(slot, this.#scratch, 0, bytes, hash.hi);
  }

  /** `put` of an id that lies as UTF-8 in a buffer. */
  putBytes(slot: number, buffer: Buffer, from: number, to: number): void {
    if (to - from > ID_BYTES_MAX) throw new RangeError(`the id of slot ${slot} is ${to - from} bytes long`);
    hashOfBytes(buffer, from, to);
    this.#put(slot, buffer, from, to, hash.hi);
  }

  #put(slot: number, buffer: Buffer, from: number, to: number, hi: number): void {
    this.#starts = grownUint32(this.#starts, slot + 1);
    const length = to - from;
    const start = this.#starts[slot] ?? 0;
    if (start !== 0 && this.#lengthAt(start) === length && this.#isText(start, buffer, from, length)) return;
    this.#starts[slot] = this.#append(buffer, from, length);
    // The entry of an id that the slot had before stays behind: it is compared, found different, and passed over.
    if (++this.#entries > tableRoom(this.#table.length) || slot + 2 > this.#table.length) {
      this.#rebuild(tableFor(Math.max(this.#entries, slot + 1)));
    } else {
      insert(this.#table, slot, hi);
    }
  }

  #isText(start: number, buffer: Buffer, from: number, length: number): boolean {
    const at = this.#textAt(start);
    for (let i = 0; i < length; i++) if (this.#arena[at + i] !== buffer[from + i]) return false;
    return true;
  }

  #append(buffer: Buffer, from: number, length: number): number {
    const start = this.#used;
    const end = start + 2 + length;
    if (end > ARENA_BYTES_MAX) throw new RangeError("the ids of one partition take more than 4 GiB");
    if (end > this.#arena.length) {
      const grown = Buffer.allocUnsafeSlow(grownLength(this.#arena.length, end));
      this.#arena.copy(grown, 0, 0, this.#used);
      this.#arena = grown;
    }
    const arena = this.#arena;
    let at = start;
    if (length < LONG) {
      arena[at++] = length;
    } else {
      arena[at++] = (length & (LONG - 1)) | LONG;
      arena[at++] = length >>> 7;
    }
    for (let i = 0; i < length; i++) arena[at + i] = buffer[from + i] ?? 0;
    this.#used = at + length;
    return start;
  }

  #lengthAt(start: number): number {
    const first = this.#arena[start] ?? 0;
    return first < LONG ? first : (first & (LONG - 1)) | ((this.#arena[start + 1] ?? 0) << 7);
  }

  #textAt(start: number): number {
    return (this.#arena[start] ?? 0) < LONG ? start + 1 : start + 2;
  }

  #rebuild(length: number): void {
    const table = new Uint32Array(length);
    this.#entries = 0;
    for (let slot = 0; slot < this.#starts.length; slot++) {
      const start = this.#starts[slot] ?? 0;
      if (start === 0) continue;
      const from = this.#textAt(start);
      hashOfBytes(this.#arena, from, from + this.#lengthAt(start));
      insert(table, slot, hash.hi);
      this.#entries++;
    }
    this.#table = table;
  }
}

function tableRoom(length: number): number {
  return (length >>> 2) * 3;
}

/** The length of a table for so many entries: a slot plus one must fit the bits that number its places. */
function tableFor(entries: number): number {
  let length = START_SLOTS * 2;
  while (tableRoom(length) < entries || length < entries + 2) length *= 2;
  return length;
}

function insert(table: Uint32Array, slot: number, hi: number): void {
  const mask = table.length - 1;
  let at = hi & mask;
  while (table[at] !== 0) at = (at + 1) & mask;
  table[at] = (hi & ~mask) | (slot + 1);
}

/** `hash64` of the text that lies as UTF-8 in a buffer. */
function hashOfBytes(buffer: Buffer, from: number, to: number): void {
  if (!hash64Ascii(buffer, from, to)) hash64(buffer.toString("utf8", from, to));
}
