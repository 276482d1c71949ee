/**
 * Hash tables with open addressing. A slot is four integers: an item's hash, its number plus one (0 in an empty slot), and two
 * that whoever looks it up needs next, so that it needn't wait for another line of memory. Numbers are given out one after the
 * other from 0.
 */
import { allocate, bytesKept, release } from "./memory";

/** Chosen anew by every process, so that nobody can prepare texts that fall on one place of a table. */
let seed: u64 = 0;

export function setSeed(value: u64): void {
  seed = value;
}

export function hashSeed(): u64 {
  return seed;
}

/** Odd numbers of well-mixed bits: the golden ratio's, and one of SplitMix64 (Steele, Lea, Flood, 2014). */
const FACTOR: u64 = 0x9e3779b97f4a7c15;
const FACTOR_TOO: u64 = 0xbf58476d1ce4e5b9;

export function mixed(hash: u64, next: u64): u64 {
  // A product carries upwards only: what differs in the highest bits must come down and be carried up again, or two such
  // differences could cancel each other whatever the seed.
  let product = (hash ^ next) * FACTOR;
  product = (product ^ (product >> 32)) * FACTOR_TOO;
  return product ^ (product >> 29);
}

/** Reads up to seven bytes behind the text. */
export function textHash(from: usize, to: usize): u32 {
  let hash = seed ^ ((to - from) as u64);
  let at = from;
  for (; at + 8 <= to; at += 8) hash = mixed(hash, load<u64>(at));
  const rest = (to - at) << 3;
  if (rest > 0) hash = mixed(hash, load<u64>(at) & (((1 as u64) << rest) - 1));
  return mixed(hash, 0) as u32;
}

const SLOT_BYTES: usize = 16;
const SLOTS_MIN: u32 = 64;

@unmanaged
export class Slots {
  at: usize;
  mask: u32;
  count: u32;
}

export const SLOTS_BYTES: usize = 12;

export function openSlots(slots: Slots): void {
  fresh(slots, SLOTS_MIN);
}

function fresh(slots: Slots, size: u32): void {
  slots.at = allocate(size * SLOT_BYTES);
  slots.mask = size - 1;
  memory.fill(slots.at, 0, size * SLOT_BYTES);
}

export function firstSlot(slots: Slots, hash: u32): u32 {
  return hash & slots.mask;
}

export function nextSlot(slots: Slots, slot: u32): u32 {
  return (slot + 1) & slots.mask;
}

export function hashAt(slots: Slots, slot: u32): u32 {
  return load<u32>(slots.at + slot * SLOT_BYTES);
}

/** The number in a slot plus one; 0 where it is empty. */
export function itemAt(slots: Slots, slot: u32): u32 {
  return load<u32>(slots.at + slot * SLOT_BYTES, 4);
}

export function firstOf(slots: Slots, slot: u32): u32 {
  return load<u32>(slots.at + slot * SLOT_BYTES, 8);
}

export function secondOf(slots: Slots, slot: u32): u32 {
  return load<u32>(slots.at + slot * SLOT_BYTES, 12);
}

/** Puts a number into an empty slot, and what else stands there. */
export function putSlot(slots: Slots, slot: u32, hash: u32, number: u32, first: u32, second: u32): void {
  const at = slots.at + slot * SLOT_BYTES;
  store<u32>(at, hash);
  store<u32>(at, number + 1, 4);
  store<u32>(at, first, 8);
  store<u32>(at, second, 12);
  if (++slots.count * 2 > slots.mask) twice(slots);
}

function twice(slots: Slots): void {
  const at = slots.at;
  const size = slots.mask + 1;
  fresh(slots, size * 2);
  for (let i: u32 = 0; i < size; i++) {
    const from = at + i * SLOT_BYTES;
    if (load<u32>(from, 4) === 0) continue;
    let slot = firstSlot(slots, load<u32>(from));
    while (itemAt(slots, slot) !== 0) slot = nextSlot(slots, slot);
    v128.store(slots.at + slot * SLOT_BYTES, v128.load(from));
  }
  release(at, size * SLOT_BYTES);
}

/** Half as many slots, where far fewer would have done, and no more of them than are worth keeping. */
export function emptySlots(slots: Slots): void {
  const size = slots.mask + 1;
  const isLarge = size * SLOT_BYTES > bytesKept;
  if (size > SLOTS_MIN && (isLarge || slots.count * 16 < size)) {
    release(slots.at, size * SLOT_BYTES);
    fresh(slots, isLarge ? SLOTS_MIN : size / 2);
  } else if (slots.count > 0) memory.fill(slots.at, 0, size * SLOT_BYTES);
  slots.count = 0;
}
