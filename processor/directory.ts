/**
 * Which slot a contact has, by the hash of its id: 8 bytes of hash a contact and an open-addressed table over them.
 * A hash finds candidates only; the caller compares ids.
 */

export interface Directory {
  readonly size: number;
  /** Slots must be set once each, in any order. */
  set(slot: number, lo: number, hi: number): void;
  has(slot: number): boolean;
  lo(slot: number): number;
  hi(slot: number): number;
  /** Reads where a hash would stand, so that it will be at hand; gives an integer of no meaning. */
  touch(hi: number): number;
  /** The first slot with this hash, -1 when there is none. */
  find(lo: number, hi: number): number;
  /** The next slot with the same hash after `slot`, -1 when there is none. */
  findAfter(slot: number): number;
}

/** Numbers of one place of the table: slot plus one (0 is free), lo, hi, nothing; 16 bytes never straddle a line. */
const STRIDE = 4;

/** @param slots how many are about to be set: room for them is made at once */
export function createDirectory(slots = 0): Directory {
  const room = Math.max(1024, slots);
  let los = new Uint32Array(room);
  let his = new Uint32Array(room);
  let present = new Uint8Array(room);
  let mask = 2 ** Math.ceil(Math.log2(room * 2 + 2)) - 1;
  let table = new Int32Array((mask + 1) * STRIDE);
  let size = 0;

  const growSlots = (slot: number): void => {
    if (slot < los.length) return;
    const length = Math.max(los.length * 2, slot + 1);
    const grown = { los: new Uint32Array(length), his: new Uint32Array(length), present: new Uint8Array(length) };
    grown.los.set(los);
    grown.his.set(his);
    grown.present.set(present);
    ({ los, his, present } = grown);
  };

  /** Partitions are chosen by the low half, so places are by the high one. */
  const put = (slot: number, lo: number, hi: number): void => {
    let place = hi & mask;
    while (table[place * STRIDE] !== 0) place = (place + 1) & mask;
    const at = place * STRIDE;
    table[at] = slot + 1;
    table[at + 1] = lo;
    table[at + 2] = hi;
  };

  const growTable = (): void => {
    if (size * 2 < mask + 1) return;
    const old = table;
    mask = mask * 2 + 1;
    table = new Int32Array((mask + 1) * STRIDE);
    for (let at = 0; at < old.length; at += STRIDE) {
      if (old[at] !== 0) put((old[at] as number) - 1, old[at + 1] as number, old[at + 2] as number);
    }
  };

  const probe = (lo: number, hi: number, from: number): number => {
    const wantedLo = lo | 0;
    const wantedHi = hi | 0;
    for (let place = from & mask; ; place = (place + 1) & mask) {
      const at = place * STRIDE;
      const entry = table[at] as number;
      if (entry === 0) return -1;
      if (table[at + 1] === wantedLo && table[at + 2] === wantedHi) return entry - 1;
    }
  };

  return {
    get size() {
      return size;
    },
    set(slot, lo, hi) {
      growSlots(slot);
      if (present[slot] === 1) throw new Error(`slot ${slot} is taken`);
      size++;
      growTable();
      los[slot] = lo;
      his[slot] = hi;
      present[slot] = 1;
      put(slot, lo, hi);
    },
    has: (slot) => present[slot] === 1,
    lo: (slot) => los[slot] ?? 0,
    hi: (slot) => his[slot] ?? 0,
    touch: (hi) => table[(hi & mask) * STRIDE] as number,
    find: (lo, hi) => probe(lo, hi, hi),
    findAfter(slot) {
      const lo = los[slot] as number;
      const hi = his[slot] as number;
      let place = hi & mask;
      while (table[place * STRIDE] !== slot + 1) {
        if (table[place * STRIDE] === 0) throw new Error(`slot ${slot} is not in the directory`);
        place = (place + 1) & mask;
      }
      return probe(lo, hi, place + 1);
    },
  };
}
