/**
 * Names with a number each, in one block of the slab: the tags of a contact with their points, and how often a rule gave
 * each of them. They lie there as UTF-8 and are found by their hash, so that no string is made of a name that an event
 * gives, or of those that a contact has.
 *
 * A block, with room for a number of names:
 *
 *   i32 names | i32 bytes of their texts | i32 units | i32 names that there is room for | i32 names that are gone | unused
 *   i32 hash of each | i32 of each where its text begins, doubled, and 1 more where it is marked | f64 of each its number
 *   where there is room for many: a table of i32, a name's place plus one where its hash says, or at the next free one
 *   the texts, one behind the other in the order of the names
 *
 * A name that is gone keeps its place, without a number, until `settle`.
 */
import { textHash } from "../../kernel/entry-texts.ts";
import * as slabs from "./slab.ts";
import type { Slab } from "./slab.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { chunkOf, offsetOf, roomFor } = slabs;

const HEAD_UNITS = 3;
/** With room for more names they are found by a table, twice as long at least. */
const WALKED_MAX = 32;
/** What a number is once its name is gone: no name has it otherwise. */
const GONE = NaN;

/** What an i32 of a block's head is, by its place. */
const COUNT = 0;
const TEXT_BYTES = 1;
const UNITS = 2;
const ROOM = 3;
const GONE_COUNT = 4;

/** A name outside of a contact: the first `length` of `bytes`, and its hash. */
export interface Name {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly hash: number;
}

/** Lone surrogates become U+FFFD, as in entries. */
export function nameOf(text: string): Name {
  // Of its own: in the pool of small buffers it would keep all that lies beside it.
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return { bytes, length: bytes.length, hash: textHash(bytes, 0, bytes.length) };
}

const SCRATCH_BYTES = 1024;
/** Room for longer names is not kept. */
const SCRATCH_BYTES_MAX = 64 * 1024;
const UTF8_BYTES_PER_UNIT_MAX = 3;
const written = { bytes: Buffer.allocUnsafeSlow(SCRATCH_BYTES), length: 0, hash: 0 };

/** The same as `nameOf` in a place that is used again: valid until the next call. */
export function writeName(text: string): Name {
  makeRoom(text.length * UTF8_BYTES_PER_UNIT_MAX);
  written.length = written.bytes.write(text);
  written.hash = textHash(written.bytes, 0, written.length);
  return written;
}

/** The same for a name with more UTF-8 behind it, from `from` up to but without `to`. */
export function joinName(head: Name, bytes: Uint8Array, from: number, to: number): Name {
  const length = head.length + to - from;
  makeRoom(length);
  const own = written.bytes;
  for (let i = 0; i < head.length; i++) own[i] = head.bytes[i] as number;
  for (let at = head.length, i = from; i < to; i++) own[at++] = bytes[i] as number;
  written.length = length;
  written.hash = textHash(own, 0, length);
  return written;
}

function makeRoom(most: number): void {
  const kept = written.bytes.length <= SCRATCH_BYTES_MAX;
  if (most > written.bytes.length || !kept) {
    written.bytes = Buffer.allocUnsafeSlow(Math.max(most, SCRATCH_BYTES));
  }
}

/** Units of a block: as many as a list of so many numbers has, so that it can be in the place of one. */
function unitsFor(room: number, textBytes: number): number {
  return roomFor(HEAD_UNITS + room * 2 + (slotsFor(room) >>> 1) + ((textBytes + 7) >>> 3));
}

/** A power of two; 0 where names are walked. */
function slotsFor(room: number): number {
  return room <= WALKED_MAX ? 0 : 2 << (32 - Math.clz32(room - 1));
}

/**
 * A window onto one block after the other: what it is opened on is valid until something else changes the same block.
 * 0 for no block is a block without names; `add` makes the first one.
 */
export class Names {
  /** The block, and how many units it has: to be asked for after `add`, `settle` and `free`. */
  ref = 0;
  units = 0;
  /** How many names there are, among them those that are gone. */
  count = 0;
  /** The chunk's bytes: a name's text lies from `textFrom` to `textTo`. */
  bytes: Buffer = Buffer.alloc(0);
  #room = 0;
  /** Of the table, where there is one. */
  #slots = 0;
  #mask = 0;
  #i32: Int32Array = new Int32Array(0);
  #f64: Float64Array = new Float64Array(0);
  /** Where in the chunk the block lies: its head and what there is of each name among integers, numbers, texts. */
  #head = 0;
  #hashes = 0;
  #places = 0;
  #numbers = 0;
  #texts = 0;

  open(slab: Slab, ref: number): this {
    this.ref = ref;
    if (ref === 0) {
      this.units = 0;
      this.count = 0;
      this.#room = 0;
      this.#mask = 0;
      return this;
    }
    const chunk = chunkOf(ref);
    const at = offsetOf(ref);
    this.bytes = slab.u8[chunk] as Buffer;
    this.#i32 = slab.i32[chunk] as Int32Array;
    this.#f64 = slab.f64[chunk] as Float64Array;
    this.#head = at * 2;
    this.count = this.#i32[this.#head + COUNT] as number;
    this.units = this.#i32[this.#head + UNITS] as number;
    this.#lay(at, this.#i32[this.#head + ROOM] as number);
    return this;
  }

  /** Names that are not gone. */
  get live(): number {
    return this.count - this.#gone;
  }

  get #gone(): number {
    return this.count === 0 ? 0 : (this.#i32[this.#head + GONE_COUNT] as number);
  }

  /** Bytes of all texts. */
  get #textBytes(): number {
    return this.count === 0 ? 0 : (this.#i32[this.#head + TEXT_BYTES] as number);
  }

  /**
   * The place of a name, gone or not; -1 where it never was. Its UTF-8 lies from `from` up to but without `to`. `likely` is
   * looked at first.
   */
  find(hash: number, bytes: Uint8Array, from: number, to: number, likely = 0): number {
    const i32 = this.#i32;
    const hashes = this.#hashes;
    const { count } = this;
    if (likely < count && i32[hashes + likely] === hash && this.#is(likely, bytes, from, to)) return likely;
    if (this.#mask !== 0) return this.#look(hash, bytes, from, to);
    for (let place = 0; place < count; place++) {
      if (i32[hashes + place] === hash && this.#is(place, bytes, from, to)) return place;
    }
    return -1;
  }

  /** The place of a name among those that are not gone; -1 for one that is, and for no place. */
  placeOfLive(place: number): number {
    if (place < 0 || this.isGone(place)) return -1;
    if (this.#gone === 0) return place;
    let live = place;
    for (let before = 0; before < place; before++) if (this.isGone(before)) live--;
    return live;
  }

  hash(place: number): number {
    return this.#i32[this.#hashes + place] as number;
  }

  textFrom(place: number): number {
    return this.#texts + ((this.#i32[this.#places + place] as number) >>> 1);
  }

  textTo(place: number): number {
    if (place === this.count - 1) return this.#texts + this.#textBytes;
    return this.textFrom(place + 1);
  }

  text(place: number): string {
    return this.bytes.toString("utf8", this.textFrom(place), this.textTo(place));
  }

  isGone(place: number): boolean {
    return Number.isNaN(this.#f64[this.#numbers + place]);
  }

  /** NaN of a name that is gone. */
  number(place: number): number {
    return this.#f64[this.#numbers + place] as number;
  }

  /** Also of a name that is gone, which comes back. */
  setNumber(place: number, value: number): void {
    if (this.isGone(place)) this.#addGone(-1);
    this.#f64[this.#numbers + place] = value;
  }

  /** Of a name that is not gone yet. */
  remove(place: number): void {
    this.#addGone(1);
    this.#f64[this.#numbers + place] = GONE;
  }

  isMarked(place: number): boolean {
    return ((this.#i32[this.#places + place] as number) & 1) !== 0;
  }

  mark(place: number): void {
    const at = this.#places + place;
    this.#i32[at] = (this.#i32[at] as number) | 1;
  }

  /** Adds a name that it has not; gives its place. Makes another block of it where this one is full. */
  add(slab: Slab, hash: number, bytes: Uint8Array, from: number, to: number, value: number): number {
    const place = this.count;
    const end = this.#textBytes;
    const textBytes = end + to - from;
    const room = this.#room;
    if (place === room) this.#move(slab, roomFor(place + 1), textBytes);
    else if (unitsFor(room, textBytes) > this.units) this.#move(slab, room, textBytes);
    this.#i32[this.#head + COUNT] = this.count = place + 1;
    this.#i32[this.#head + TEXT_BYTES] = textBytes;
    this.#i32[this.#hashes + place] = hash;
    this.#i32[this.#places + place] = end * 2;
    this.#f64[this.#numbers + place] = value;
    if (this.#mask !== 0) this.#enter(place);
    const own = this.bytes;
    for (let at = this.#texts + end, i = from; i < to; i++) own[at++] = bytes[i] as number;
    return place;
  }

  /** Adds to a name's number, or adds the name; of a block in which none is gone. */
  increase(slab: Slab, hash: number, bytes: Uint8Array, from: number, to: number, by: number): void {
    const place = this.find(hash, bytes, from, to);
    if (place < 0) this.add(slab, hash, bytes, from, to, by);
    else this.setNumber(place, this.number(place) + by);
  }

  /** Takes the marks away, and the names that are gone. */
  settle(slab: Slab): void {
    if (this.ref === 0) return;
    const i32 = this.#i32;
    const { live, count, bytes } = this;
    if (live === 0) {
      this.free(slab);
      return;
    }
    if (live === count) {
      const end = this.#places + count;
      for (let at = this.#places; at < end; at++) i32[at] = (i32[at] as number) & ~1;
      return;
    }
    let kept = 0;
    let end = 0;
    for (let place = 0; place < count; place++) {
      const from = this.textFrom(place);
      const to = this.textTo(place);
      if (this.isGone(place)) continue;
      if (kept < place) {
        bytes.copyWithin(this.#texts + end, from, to);
        i32[this.#hashes + kept] = i32[this.#hashes + place] as number;
        this.#f64[this.#numbers + kept] = this.#f64[this.#numbers + place] as number;
      }
      i32[this.#places + kept] = end * 2;
      kept++;
      end += to - from;
    }
    i32[this.#head + COUNT] = this.count = kept;
    i32[this.#head + TEXT_BYTES] = end;
    i32[this.#head + GONE_COUNT] = 0;
    this.#enterAll();
  }

  /** Forgets all names and keeps the block. */
  clear(): void {
    if (this.ref === 0) return;
    this.#i32[this.#head + COUNT] = this.count = 0;
    this.#i32[this.#head + TEXT_BYTES] = 0;
    this.#i32[this.#head + GONE_COUNT] = 0;
    this.#enterAll();
  }

  /** Gives the block back. */
  free(slab: Slab): void {
    if (this.ref !== 0) slab.free(this.ref, this.units);
    this.open(slab, 0);
  }

  /** Begins a block with room for so many names and bytes of texts, which are then added; the one before is forgotten. */
  begin(slab: Slab, names: number, textBytes: number): void {
    this.open(slab, 0);
    this.#move(slab, roomFor(names), textBytes);
  }

  /** To a block with room for so many names and bytes; the old one, if there is one, is given back. */
  #move(slab: Slab, room: number, textRoom: number): void {
    const { ref, units, count, bytes } = this;
    const [i32, f64, textBytes] = [this.#i32, this.#f64, this.#textBytes];
    const [hashes, places, numbers, texts] = [this.#hashes, this.#places, this.#numbers, this.#texts];
    const wider = unitsFor(room, textRoom);
    const moved = slab.alloc(wider);
    const integers = slab.i32[chunkOf(moved)] as Int32Array;
    const head = offsetOf(moved) * 2;
    integers[head + COUNT] = count;
    integers[head + TEXT_BYTES] = textBytes;
    integers[head + UNITS] = wider;
    integers[head + ROOM] = room;
    integers[head + GONE_COUNT] = this.#gone;
    this.open(slab, moved);
    for (let place = 0; place < count; place++) {
      integers[this.#hashes + place] = i32[hashes + place] as number;
      integers[this.#places + place] = i32[places + place] as number;
      this.#f64[this.#numbers + place] = f64[numbers + place] as number;
    }
    if (textBytes > 0) bytes.copy(this.bytes, this.#texts, texts, texts + textBytes);
    if (ref !== 0) slab.free(ref, units);
    this.#enterAll();
  }

  #lay(at: number, room: number): void {
    this.#room = room;
    this.#hashes = (at + HEAD_UNITS) * 2;
    this.#places = this.#hashes + room;
    this.#numbers = at + HEAD_UNITS + room;
    const slots = slotsFor(room);
    this.#slots = (this.#numbers + room) * 2;
    this.#mask = slots === 0 ? 0 : slots - 1;
    this.#texts = (this.#slots + slots) * 4;
  }

  /** `find` by the table. */
  #look(hash: number, bytes: Uint8Array, from: number, to: number): number {
    const i32 = this.#i32;
    for (let at = hash & this.#mask; ; at = (at + 1) & this.#mask) {
      const place = (i32[this.#slots + at] as number) - 1;
      if (place < 0) return -1;
      if (i32[this.#hashes + place] === hash && this.#is(place, bytes, from, to)) return place;
    }
  }

  #enter(place: number): void {
    const i32 = this.#i32;
    let at = (i32[this.#hashes + place] as number) & this.#mask;
    while (i32[this.#slots + at] !== 0) at = (at + 1) & this.#mask;
    i32[this.#slots + at] = place + 1;
  }

  /** Makes the table anew, where there is one. */
  #enterAll(): void {
    if (this.#mask === 0) return;
    this.#i32.fill(0, this.#slots, this.#slots + this.#mask + 1);
    for (let place = 0; place < this.count; place++) this.#enter(place);
  }

  #addGone(names: number): void {
    const at = this.#head + GONE_COUNT;
    this.#i32[at] = (this.#i32[at] as number) + names;
  }

  #is(place: number, bytes: Uint8Array, from: number, to: number): boolean {
    const own = this.bytes;
    let at = this.textFrom(place);
    if (this.textTo(place) - at !== to - from) return false;
    for (let i = from; i < to; i++) if (own[at++] !== bytes[i]) return false;
    return true;
  }
}
