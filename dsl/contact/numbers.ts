/** What features keep for a contact as numbers: one, or a list of them (the table `NUMBERS` of tables.ts). */
import type { Contact } from "./contact.ts";
import * as layout from "./head.ts";
import * as slabs from "./slab.ts";
import * as tables from "./tables.ts";
import { freeTags } from "./tags.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { ARMED, HELD, MEMBERS, NUMBERS } = layout;
const { chunkOf, offsetOf, roomFor } = slabs;
const { clear, insertAt, keyAt, numberAt, removeAt, setNumberAt } = tables;

/** A run of numbers in memory: valid until anything of its contact comes, goes or changes its length. */
export interface NumberList {
  f64: Float64Array;
  from: number;
  length: number;
}

/** The list that was opened last. One for all: readers are done with it before the next is opened. */
export const list: NumberList = { f64: new Float64Array(0), from: 0, length: 0 };

/** Where a feature stands among the contact's numbers, or `-1 - place` where it would be put. */
export function numberPlace(contact: Contact, feature: number): number {
  const { numberCursor, i32, base, slab } = contact;
  const count = i32[base + NUMBERS + 1] as number;
  if (count === 0) return -1;
  const ref = i32[base + NUMBERS] as number;
  const keys = slab.i32[chunkOf(ref)] as Int32Array;
  const from = offsetOf(ref) * 2;
  if (numberCursor < count && (keys[from + numberCursor] as number) >>> 1 === feature) return numberCursor;
  let low = 0;
  let high = count - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = (keys[from + middle] as number) >>> 1;
    if (found === feature) {
      contact.numberCursor = middle;
      return middle;
    }
    if (found < feature) low = middle + 1;
    else high = middle - 1;
  }
  return -1 - low;
}

/** What a feature of a single number keeps; undefined for nothing. */
export function numberOf(contact: Contact, feature: number): number | undefined {
  const place = numberPlace(contact, feature);
  return place < 0 ? undefined : numberAt(contact, NUMBERS, place);
}

export function setNumber(contact: Contact, feature: number, value: number): void {
  const place = numberPlace(contact, feature);
  if (place < 0) addNumber(contact, -1 - place, feature, value);
  else setNumberAt(contact, NUMBERS, place, value);
}

/** `place` as `numberPlace` says where it would be put. */
export function addNumber(contact: Contact, place: number, feature: number, value: number): void {
  insertAt(contact, NUMBERS, place, feature * 2, value);
  contact.numberCursor = place;
  contact.addedNumber = place;
}

export function featureAt(contact: Contact, place: number): number {
  return keyAt(contact, NUMBERS, place) >>> 1;
}

/** Leaves in `list` what the feature keeps, a single number as a list of one; gives the length, 0 for nothing. */
export function openList(contact: Contact, feature: number): number {
  const place = numberPlace(contact, feature);
  return place < 0 ? (list.length = 0) : openListAt(contact, place);
}

/** The same by the feature's place. */
export function openListAt(contact: Contact, place: number): number {
  const { i32, base, slab } = contact;
  const ref = i32[base + NUMBERS] as number;
  const chunk = chunkOf(ref);
  const offset = offsetOf(ref);
  const cell = offset + (roomFor(i32[base + NUMBERS + 1] as number) >>> 1) + place;
  const integers = slab.i32[chunk] as Int32Array;
  if (((integers[offset * 2 + place] as number) & 1) === 0) {
    list.f64 = slab.f64[chunk] as Float64Array;
    list.from = cell;
    return (list.length = 1);
  }
  const block = integers[cell * 2] as number;
  list.f64 = slab.f64[chunkOf(block)] as Float64Array;
  list.from = offsetOf(block);
  return (list.length = integers[cell * 2 + 1] as number);
}

/**
 * Reads where each of a contact's lists begins, so that all will be at hand: they lie all over the memory, and the waits
 * for them overlap where nothing is decided by what is read. Gives an integer of no meaning.
 */
export function touchLists(contact: Contact): number {
  const { i32: head, base, slab } = contact;
  const { i32 } = slab;
  const ref = head[base + NUMBERS] as number;
  const count = head[base + NUMBERS + 1] as number;
  const integers = i32[chunkOf(ref)] as Int32Array;
  const keys = offsetOf(ref) * 2;
  const cells = keys + roomFor(count);
  let read = 0;
  for (let place = 0; place < count; place++) {
    // No block is the first one, which is always at hand.
    const block = ((integers[keys + place] as number) & 1) * (integers[cells + place * 2] as number);
    read ^= (i32[chunkOf(block)] as Int32Array)[offsetOf(block) * 2] as number;
  }
  return read;
}

/** Gives a feature a list of that length, at least 1, with undefined numbers, in place of what it kept; opens it. */
export function newList(contact: Contact, feature: number, length: number): void {
  let place = numberPlace(contact, feature);
  if (place >= 0) freeListAt(contact, place);
  else {
    place = -1 - place;
    addNumber(contact, place, feature, 0);
  }
  setListAt(contact, place, contact.slab.alloc(roomFor(length)), length);
  openListAt(contact, place);
}

/** Changes the length of the list at a place, keeping the first numbers, and opens it; it must be a list. */
export function resizeListAt(contact: Contact, place: number, length: number): void {
  openListAt(contact, place);
  const before = list.length;
  const room = roomFor(length);
  if (room === roomFor(before)) {
    const cell = cellOf(contact, place);
    cell.i32[cell.at + 1] = length;
    list.length = length;
    return;
  }
  const { f64, from } = list;
  const { slab } = contact;
  const block = slab.alloc(room);
  const moved = slab.f64[chunkOf(block)] as Float64Array;
  const to = offsetOf(block);
  for (let i = Math.min(before, length) - 1; i >= 0; i--) moved[to + i] = f64[from + i] as number;
  freeListAt(contact, place);
  setListAt(contact, place, block, length);
  openListAt(contact, place);
}

/** The block that a feature has in place of a list of numbers (names.ts), 0 for none: what it says of itself. */
export function blockOf(contact: Contact, feature: number): number {
  const place = numberPlace(contact, feature);
  return place < 0 ? 0 : blockAt(contact, place);
}

/** The same by the feature's place; it must have one. */
export function blockAt(contact: Contact, place: number): number {
  const at = cellOf(contact, place);
  return at.i32[at.at] as number;
}

/** Gives a feature a block that has taken the place of the one that it had, which was given back. */
export function setBlock(contact: Contact, feature: number, block: number, units: number): void {
  let place = numberPlace(contact, feature);
  if (place < 0) {
    place = -1 - place;
    addNumber(contact, place, feature, 0);
  }
  setListAt(contact, place, block, units);
}

export function removeNumber(contact: Contact, place: number): void {
  freeListAt(contact, place);
  removeAt(contact, NUMBERS, place);
}

/** Gives back all memory of a contact but its head. */
export function freeContact(contact: Contact): void {
  const count = contact.i32[contact.base + NUMBERS + 1] as number;
  for (let place = 0; place < count; place++) freeListAt(contact, place);
  clear(contact, NUMBERS);
  clear(contact, ARMED);
  clear(contact, MEMBERS);
  clear(contact, HELD);
  freeTags(contact);
  contact.freeOwn();
}

const cell: { i32: Int32Array; at: number } = { i32: new Int32Array(0), at: 0 };

/** Where the number at a place lies, as two integers. */
function cellOf(contact: Contact, place: number): typeof cell {
  const { i32, base, slab } = contact;
  const ref = i32[base + NUMBERS] as number;
  cell.i32 = slab.i32[chunkOf(ref)] as Int32Array;
  cell.at = (offsetOf(ref) + (roomFor(i32[base + NUMBERS + 1] as number) >>> 1) + place) * 2;
  return cell;
}

function setListAt(contact: Contact, place: number, block: number, length: number): void {
  const at = cellOf(contact, place);
  at.i32[at.at] = block;
  at.i32[at.at + 1] = length;
  const ref = contact.i32[contact.base + NUMBERS] as number;
  const keys = contact.slab.i32[chunkOf(ref)] as Int32Array;
  const key = offsetOf(ref) * 2 + place;
  keys[key] = (keys[key] as number) | 1;
}

/** Gives back the list at a place, if there is one: what stands there is then a number again, of no meaning. */
function freeListAt(contact: Contact, place: number): void {
  const ref = contact.i32[contact.base + NUMBERS] as number;
  const keys = contact.slab.i32[chunkOf(ref)] as Int32Array;
  const key = offsetOf(ref) * 2 + place;
  if (((keys[key] as number) & 1) === 0) return;
  const at = cellOf(contact, place);
  contact.slab.free(at.i32[at.at] as number, roomFor(at.i32[at.at + 1] as number));
  keys[key] = (keys[key] as number) & ~1;
}
