/** The texts of an entry, one behind the other in UTF-8, as they stand in it. With `intern` equal ones are one. */
import { Buf, BUF_BYTES, claim, empty, reserve } from "./memory";
import {
  emptySlots,
  firstOf,
  firstSlot,
  hashAt,
  itemAt,
  nextSlot,
  openSlots,
  putSlot,
  secondOf,
  Slots,
  SLOTS_BYTES,
} from "./table";

const VECTOR_BYTES: usize = 16;

@unmanaged
export class Texts {
  beyondAscii: u32;
  /** All lengths, or-ed: as wide as the widest. */
  lengths: u32;
  count: u32;
}

const BYTES: usize = 12;
const LENGTHS: usize = BYTES + BUF_BYTES;
const SLOTS: usize = LENGTHS + BUF_BYTES;
export const TEXTS_BYTES: usize = SLOTS + SLOTS_BYTES;

export function bytesOf(texts: Texts): Buf {
  return changetype<Buf>(changetype<usize>(texts) + BYTES);
}

function lengthsOf(texts: Texts): Buf {
  return changetype<Buf>(changetype<usize>(texts) + LENGTHS);
}

function slotsOf(texts: Texts): Slots {
  return changetype<Slots>(changetype<usize>(texts) + SLOTS);
}

/** Where the lengths are, as u32. */
export function lengthsAt(texts: Texts): usize {
  return lengthsOf(texts).at;
}

export function openTexts(texts: Texts): void {
  openSlots(slotsOf(texts));
}

/** Adds a text; gives its number. */
export function push(texts: Texts, from: usize, length: u32): u32 {
  const bytes = bytesOf(texts);
  const start = bytes.end;
  // Whole vectors are copied, so the last may reach behind the text.
  texts.beyondAscii |= copyText(reserve(bytes, length + VECTOR_BYTES), from, length);
  bytes.end = start + length;
  store<u32>(claim(lengthsOf(texts), 4), length);
  texts.lengths |= length;
  return texts.count++;
}

/** Gives something else than 0 where a byte is not ASCII. */
function copyText(to: usize, from: usize, length: u32): u32 {
  let at: usize = 0;
  let beyond: u32 = 0;
  for (; at + VECTOR_BYTES <= length; at += VECTOR_BYTES) {
    const bytes = v128.load(from + at);
    v128.store(to + at, bytes);
    beyond |= i8x16.bitmask(bytes);
  }
  const bytes = v128.load(from + at);
  v128.store(to + at, bytes);
  return beyond | (i8x16.bitmask(bytes) & ((1 << (length - at)) - 1));
}

/** The number of a text; the one that it has already, where it has. Its `textHash` is given. */
export function intern(texts: Texts, from: usize, to: usize, hash: u32): u32 {
  const slots = slotsOf(texts);
  const length = (to - from) as u32;
  let slot = firstSlot(slots, hash);
  for (;;) {
    const item = itemAt(slots, slot);
    if (item === 0) break;
    const isSort = hashAt(slots, slot) === hash && secondOf(slots, slot) === length;
    if (isSort && isSame(bytesOf(texts).at + firstOf(slots, slot), from, length)) return item - 1;
    slot = nextSlot(slots, slot);
  }
  const start = bytesOf(texts).end as u32;
  const number = push(texts, from, length);
  putSlot(slots, slot, hash, number, start, length);
  return number;
}

/** Reads up to fifteen bytes behind both. */
export function isSame(a: usize, b: usize, length: u32): bool {
  let at: usize = 0;
  for (; at + VECTOR_BYTES <= length; at += VECTOR_BYTES) {
    if (v128.any_true(v128.xor(v128.load(a + at), v128.load(b + at)))) return false;
  }
  const rest = length - at;
  if (rest === 0) return true;
  const same = i8x16.bitmask(i8x16.eq(v128.load(a + at), v128.load(b + at)));
  return (~same & ((1 << rest) - 1)) === 0;
}

export function emptyTexts(texts: Texts): void {
  texts.beyondAscii = 0;
  texts.lengths = 0;
  texts.count = 0;
  empty(bytesOf(texts));
  empty(lengthsOf(texts));
  emptySlots(slotsOf(texts));
}
