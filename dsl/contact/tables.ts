/**
 * Tables of a contact: for integers in ascending order a number each, in one block of the slab, all keys before all
 * numbers. The head has the block and how many entries there are; how many there is room for follows from that.
 *
 * `MEMBERS` has segments with since when, `ARMED` roots with the instant at which to look again, `HELD` stages (and no use
 * for a number). `NUMBERS` is what features keep. Its keys are twice the feature's number; a key that is odd has, instead of a number,
 * a list of numbers: its block and its length.
 */
import type { Contact } from "./contact.ts";
import * as layout from "./head.ts";
import * as slabs from "./slab.ts";
import type { Slab } from "./slab.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { MEMBERS } = layout;
const { chunkOf, offsetOf, roomFor } = slabs;

/** `NUMBERS`, `ARMED`, `MEMBERS` or `HELD`. */
export type Table = number;

function unitsOf(count: number): number {
  return (roomFor(count) * 3) >>> 1;
}

export function countIn(contact: Contact, table: Table): number {
  return contact.i32[contact.base + table + 1] as number;
}

/** Where a key stands, or `-1 - place` where it would be put. */
export function placeOf(contact: Contact, table: Table, key: number): number {
  const { i32, base } = contact;
  const count = i32[base + table + 1] as number;
  if (count === 0) return -1;
  const ref = i32[base + table] as number;
  return search(contact.slab.i32[chunkOf(ref)] as Int32Array, offsetOf(ref) * 2, count, key);
}

function search(keys: Int32Array, from: number, count: number, key: number): number {
  let low = 0;
  let high = count - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const value = keys[from + middle] as number;
    if (value === key) return middle;
    if (value < key) low = middle + 1;
    else high = middle - 1;
  }
  return -1 - low;
}

export function isMember(contact: Contact, segmentId: number): boolean {
  return placeOf(contact, MEMBERS, segmentId) >= 0;
}

export function keyAt(contact: Contact, table: Table, place: number): number {
  const ref = contact.i32[contact.base + table] as number;
  return (contact.slab.i32[chunkOf(ref)] as Int32Array)[offsetOf(ref) * 2 + place] as number;
}

export function numberAt(contact: Contact, table: Table, place: number): number {
  const { i32, base, slab } = contact;
  const ref = i32[base + table] as number;
  const room = roomFor(i32[base + table + 1] as number);
  return (slab.f64[chunkOf(ref)] as Float64Array)[offsetOf(ref) + (room >>> 1) + place] as number;
}

export function setNumberAt(contact: Contact, table: Table, place: number, value: number): void {
  const { i32, base, slab } = contact;
  const ref = i32[base + table] as number;
  const room = roomFor(i32[base + table + 1] as number);
  (slab.f64[chunkOf(ref)] as Float64Array)[offsetOf(ref) + (room >>> 1) + place] = value;
}

/** The keys in order, copied. */
export function keysOf(contact: Contact, table: Table): number[] {
  return Array.from({ length: countIn(contact, table) }, (_, place) => keyAt(contact, table, place));
}

/** The least of all numbers; Infinity where there are none. */
export function leastIn(contact: Contact, table: Table): number {
  const { i32, base, slab } = contact;
  const count = i32[base + table + 1] as number;
  if (count === 0) return Infinity;
  const ref = i32[base + table] as number;
  const f64 = slab.f64[chunkOf(ref)] as Float64Array;
  const from = offsetOf(ref) + (roomFor(count) >>> 1);
  let least = Infinity;
  for (let i = from; i < from + count; i++) if ((f64[i] as number) < least) least = f64[i] as number;
  return least;
}

/** Puts a key that is not there at the place where it belongs. */
export function insertAt(contact: Contact, table: Table, place: number, key: number, value: number): void {
  const { i32, base, slab } = contact;
  const count = i32[base + table + 1] as number;
  const ref = i32[base + table] as number;
  const room = roomFor(count + 1);
  if (count === 0 || roomFor(count) !== room) {
    const moved = slab.alloc(unitsOf(count + 1));
    if (count > 0) {
      copyEntries(slab, ref, roomFor(count), 0, moved, room, 0, place);
      copyEntries(slab, ref, roomFor(count), place, moved, room, place + 1, count - place);
      slab.free(ref, unitsOf(count));
    }
    i32[base + table] = moved;
    putEntry(slab, moved, room, place, key, value);
  } else {
    const keys = slab.i32[chunkOf(ref)] as Int32Array;
    const numbers = slab.f64[chunkOf(ref)] as Float64Array;
    const firstKey = offsetOf(ref) * 2;
    const first = offsetOf(ref) + (room >>> 1);
    for (let i = count; i > place; i--) {
      keys[firstKey + i] = keys[firstKey + i - 1] as number;
      numbers[first + i] = numbers[first + i - 1] as number;
    }
    keys[firstKey + place] = key;
    numbers[first + place] = value;
  }
  i32[base + table + 1] = count + 1;
}

/** Brings the first `count` keys into ascending order, and their numbers with them; mostly they are in it. */
export function sortEntries(keys: Int32Array, numbers: Float64Array, count: number): void {
  for (let i = 1; i < count; i++) {
    const key = keys[i] as number;
    if ((keys[i - 1] as number) < key) continue;
    const number = numbers[i] as number;
    let place = i;
    for (; place > 0 && (keys[place - 1] as number) > key; place--) {
      keys[place] = keys[place - 1] as number;
      numbers[place] = numbers[place - 1] as number;
    }
    keys[place] = key;
    numbers[place] = number;
  }
}

/** Fills an empty table with the first `count` keys, which must be ascending, and their numbers. */
export function fill(contact: Contact, table: Table, keys: Int32Array, numbers: Float64Array, count: number): void {
  if (count === 0) return;
  const { i32, base, slab } = contact;
  const ref = slab.alloc(unitsOf(count));
  const toKeys = slab.i32[chunkOf(ref)] as Int32Array;
  const toNumbers = slab.f64[chunkOf(ref)] as Float64Array;
  const firstKey = offsetOf(ref) * 2;
  const first = offsetOf(ref) + (roomFor(count) >>> 1);
  for (let i = 0; i < count; i++) {
    toKeys[firstKey + i] = keys[i] as number;
    toNumbers[first + i] = numbers[i] as number;
  }
  i32[base + table] = ref;
  i32[base + table + 1] = count;
}

export function removeAt(contact: Contact, table: Table, place: number): void {
  const { i32, base, slab } = contact;
  const count = i32[base + table + 1] as number;
  const ref = i32[base + table] as number;
  const room = roomFor(count);
  if (count === 1) {
    slab.free(ref, unitsOf(1));
    i32[base + table] = 0;
  } else if (roomFor(count - 1) !== room) {
    const less = roomFor(count - 1);
    const moved = slab.alloc(unitsOf(count - 1));
    copyEntries(slab, ref, room, 0, moved, less, 0, place);
    copyEntries(slab, ref, room, place + 1, moved, less, place, count - 1 - place);
    slab.free(ref, unitsOf(count));
    i32[base + table] = moved;
  } else {
    const keys = slab.i32[chunkOf(ref)] as Int32Array;
    const numbers = slab.f64[chunkOf(ref)] as Float64Array;
    const firstKey = offsetOf(ref) * 2;
    const first = offsetOf(ref) + (room >>> 1);
    for (let i = place; i < count - 1; i++) {
      keys[firstKey + i] = keys[firstKey + i + 1] as number;
      numbers[first + i] = numbers[first + i + 1] as number;
    }
  }
  i32[base + table + 1] = count - 1;
}

/** Empties a table that has no lists. */
export function clear(contact: Contact, table: Table): void {
  const { i32, base, slab } = contact;
  const count = i32[base + table + 1] as number;
  if (count === 0) return;
  slab.free(i32[base + table] as number, unitsOf(count));
  i32[base + table] = 0;
  i32[base + table + 1] = 0;
}

/**
 * Numbers are copied as doubles though some are the block and the length of a list: a length is far below the exponent
 * of what is no number, so that every bit arrives.
 */
function copyEntries(
  slab: Slab,
  from: number,
  fromRoom: number,
  fromPlace: number,
  to: number,
  toRoom: number,
  toPlace: number,
  count: number,
): void {
  const fromKeys = slab.i32[chunkOf(from)] as Int32Array;
  const fromNumbers = slab.f64[chunkOf(from)] as Float64Array;
  const toKeys = slab.i32[chunkOf(to)] as Int32Array;
  const toNumbers = slab.f64[chunkOf(to)] as Float64Array;
  const fromKey = offsetOf(from) * 2 + fromPlace;
  const fromNumber = offsetOf(from) + (fromRoom >>> 1) + fromPlace;
  const toKey = offsetOf(to) * 2 + toPlace;
  const toNumber = offsetOf(to) + (toRoom >>> 1) + toPlace;
  for (let i = 0; i < count; i++) {
    toKeys[toKey + i] = fromKeys[fromKey + i] as number;
    toNumbers[toNumber + i] = fromNumbers[fromNumber + i] as number;
  }
}

function putEntry(slab: Slab, ref: number, room: number, place: number, key: number, value: number): void {
  (slab.i32[chunkOf(ref)] as Int32Array)[offsetOf(ref) * 2 + place] = key;
  (slab.f64[chunkOf(ref)] as Float64Array)[offsetOf(ref) + (room >>> 1) + place] = value;
}
