/**
 * The ids of a partition's contacts, both ways: slot -> id and id -> slot. Ids lie end to end as UTF-8 in one byte
 * arena; an open-addressed table of slots finds them by hash. About 20 bytes a contact beside the id itself, where a
 * Map of strings takes 86.
 */
import { hash, hash64 } from "../kernel/ids.ts";

const START_SLOTS = 64;
/** An id has at most 255 characters (and `~`), each at most 3 bytes of UTF-8 a UTF-16 unit. */
const SCRATCH_BYTES = 4096;

export class IdTable {
  #arena: Buffer = Buffer.allocUnsafe(START_SLOTS * 16);
  #used = 0;
  #starts = new Float64Array(START_SLOTS);
  #lengths = new Uint16Array(START_SLOTS);
  /** The high half of the id's hash. The low half chose the partition: within one its low bits are all alike. */
  #hashes = new Uint32Array(START_SLOTS);
  /** Slot plus one; 0 is free. The length is a power of two. */
  #table = new Uint32Array(START_SLOTS * 2);
  #entries = 0;
  readonly #scratch = Buffer.allocUnsafe(SCRATCH_BYTES);

  /** The id at a slot; "" where none was ever put. */
  id(slot: number): string {
    const length = this.#lengths[slot] ?? 0;
    const start = this.#starts[slot] ?? 0;
    return this.#arena.toString("utf8", start, start + length);
  }

  /** The slot of an id, or -1. */
  find(id: string): number {
    const bytes = this.#scratch.write(id, 0, "utf8");
    if (id.length > SCRATCH_BYTES / 3) return -1;
    hash64(id);
    const hi = hash.hi;
    const mask = this.#table.length - 1;
    for (let at = hi & mask; ; at = (at + 1) & mask) {
      const entry = this.#table[at] ?? 0;
      if (entry === 0) return -1;
      if (this.#hashes[entry - 1] === hi && this.#holds(entry - 1, bytes)) return entry - 1;
    }
  }

  /** Whether the id at the slot is what the first `bytes` of the scratch hold. */
  #holds(slot: number, bytes: number): boolean {
    if (this.#lengths[slot] !== bytes) return false;
    const start = this.#starts[slot] ?? 0;
    return this.#scratch.compare(this.#arena, start, start + bytes, 0, bytes) === 0;
  }

  put(slot: number, id: string): void {
    if (id.length > SCRATCH_BYTES / 3) throw new RangeError(`the id of slot ${slot} is ${id.length} characters long`);
    this.#growSlots(slot);
    const bytes = this.#scratch.write(id, 0, "utf8");
    if (this.#holds(slot, bytes)) return;
    if (this.#used + bytes > this.#arena.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#used + bytes, this.#arena.length * 2));
      this.#arena.copy(grown, 0, 0, this.#used);
      this.#arena = grown;
    }
    this.#scratch.copy(this.#arena, this.#used, 0, bytes);
    this.#starts[slot] = this.#used;
    this.#lengths[slot] = bytes;
    this.#used += bytes;
    hash64(id);
    this.#hashes[slot] = hash.hi;
    // The entry of an id that the slot had before stays behind: it is compared, found different, and passed over.
    if (++this.#entries * 2 > this.#table.length) this.#rebuild(this.#table.length * 2);
    else this.#insert(this.#table, slot);
  }

  #insert(table: Uint32Array, slot: number): void {
    const mask = table.length - 1;
    let at = (this.#hashes[slot] ?? 0) & mask;
    while (table[at] !== 0) at = (at + 1) & mask;
    table[at] = slot + 1;
  }

  #rebuild(length: number): void {
    const table = new Uint32Array(length);
    this.#entries = 0;
    for (let slot = 0; slot < this.#lengths.length; slot++) {
      if (this.#lengths[slot] === 0) continue;
      this.#insert(table, slot);
      this.#entries++;
    }
    this.#table = table;
  }

  #growSlots(slot: number): void {
    if (slot < this.#lengths.length) return;
    const size = Math.max(slot + 1, this.#lengths.length * 2);
    const starts = new Float64Array(size);
    const lengths = new Uint16Array(size);
    const hashes = new Uint32Array(size);
    starts.set(this.#starts);
    lengths.set(this.#lengths);
    hashes.set(this.#hashes);
    this.#starts = starts;
    this.#lengths = lengths;
    this.#hashes = hashes;
  }
}
