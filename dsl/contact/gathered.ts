/**
 * The numbers of a contact that is read from its row, gathered before they become its table all at once: put in one by
 * one, they would move again and again as the table grows. One place for all contacts, read one after the other.
 */
import type { Contact } from "./contact.ts";
import { NUMBERS } from "./head.ts";
import { list } from "./numbers.ts";
import { chunkOf, offsetOf, roomFor } from "./slab.ts";
import { countIn, fill, sortEntries } from "./tables.ts";

let count = 0;
/** As in the table: twice the feature's number, and one more where there is a list. */
let keys = new Int32Array(64);
/** A number, or, as two integers, a list's block and length. */
let cells = new Float64Array(64);
let pairs = new Int32Array(cells.buffer);

/** Begins a contact anew, whatever was left of one that could not be read to its end. */
export function beginGathering(): void {
  count = 0;
}

export function gatherNumber(feature: number, value: number): void {
  // First the place: making room for it may replace `cells`.
  const place = add(feature * 2);
  cells[place] = value;
}

/** Gathers a list of that length, at least 1, with undefined numbers, and opens it. */
export function gatherList({ slab }: Contact, feature: number, length: number): void {
  const block = slab.alloc(roomFor(length));
  gatherBlock(feature, block, length);
  list.f64 = slab.f64[chunkOf(block)] as Float64Array;
  list.from = offsetOf(block);
  list.length = length;
}

/** Gathers a block in place of a list (names.ts), of as many units as a list of `units` numbers has. */
export function gatherBlock(feature: number, block: number, units: number): void {
  const place = add(feature * 2 + 1);
  pairs[place * 2] = block;
  pairs[place * 2 + 1] = units;
}

/** Fills the contact's table, which must be empty. */
export function fillNumbers(contact: Contact): void {
  if (countIn(contact, NUMBERS) > 0) throw new Error("a contact that is read has numbers already");
  // Another model may number the same features in another order.
  sortEntries(keys, cells, count);
  fill(contact, NUMBERS, keys, cells, count);
}

function add(key: number): number {
  if (count === keys.length) {
    const [widerKeys, widerCells] = [new Int32Array(count * 2), new Float64Array(count * 2)];
    widerKeys.set(keys);
    widerCells.set(cells);
    keys = widerKeys;
    cells = widerCells;
    pairs = new Int32Array(cells.buffer);
  }
  keys[count] = key;
  return count++;
}
