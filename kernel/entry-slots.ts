/**
 * Hash tables of an entry under construction: open addressing in pairs, an item's hash and its number plus one; the
 * second is 0 in an empty slot. A hash's search begins at its low bits.
 */

export const SLOT_ITEMS = 2;
const SLOTS_MIN = 64;
/** A multiplier of avalanche: the golden ratio's bits, odd. */
const MIX = 0x9e3779b1;
/** Chosen anew by every process, so that nobody can prepare texts that fall on one place of a table. */
export const SEED = Math.floor(Math.random() * 0x1_0000_0000) | 0;
/** Hashes have 31 bits: numbers above are no longer small integers to the engine, and slow. */
export const HASH_BITS = 0x7fff_ffff;

/** A step of a hash that begins with `SEED` and ends with the `HASH_BITS` of it: takes the next number up. */
export function mixed(hash: number, next: number): number {
  const product = Math.imul(hash ^ next, MIX);
  return product ^ (product >>> 15);
}

export function newSlots(count = SLOTS_MIN): Int32Array {
  return new Int32Array(count * SLOT_ITEMS);
}

/** The slots for the `count` items they hold and another one: twice as many, where they are half full. */
export function withRoom(slots: Int32Array, count: number): Int32Array {
  if (count * 2 * SLOT_ITEMS < slots.length) return slots;
  const larger = newSlots((slots.length / SLOT_ITEMS) * 2);
  const mask = larger.length - 1;
  for (let from = 0; from < slots.length; from += SLOT_ITEMS) {
    const number = slots[from + 1] as number;
    if (number === 0) continue;
    const hash = slots[from] as number;
    let slot = (hash << 1) & mask;
    while (larger[slot + 1] !== 0) slot = (slot + SLOT_ITEMS) & mask;
    larger[slot] = hash;
    larger[slot + 1] = number;
  }
  return larger;
}

/** The slots without the `count` items they hold; half as many, where far fewer would have done. */
export function emptied(slots: Int32Array, count: number): Int32Array {
  const size = slots.length / SLOT_ITEMS;
  return size > SLOTS_MIN && count * 16 < size ? newSlots(size / 2) : slots.fill(0);
}
