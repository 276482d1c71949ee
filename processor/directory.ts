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
  /** The first slot with this hash, -1 when there is none. */
  find(lo: number, hi: number): number;
  /** The next slot with the same hash after `slot`, -1 when there is none. */
  findAfter(slot: number): number;
}

export function createDirectory(): Directory {
  let los = new Uint32Array(1024);
  let his = new Uint32Array(1024);
  let present = new Uint8Array(1024);
  /** Slot plus one; 0 is free. Partitions are chosen by the low half, so places are by the high one. */
  let table = new Int32Array(2048);
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

  const place = (slot: number): void => {
    const mask = table.length - 1;
    let at = (his[slot] as number) & mask;
    while (table[at] !== 0) at = (at + 1) & mask;
    table[at] = slot + 1;
  };

  const growTable = (): void => {
    if (size * 2 < table.length) return;
    const old = table;
    table = new Int32Array(old.length * 2);
    for (const entry of old) if (entry !== 0) place(entry - 1);
  };

  const probe = (lo: number, hi: number, from: number): number => {
    const mask = table.length - 1;
    for (let at = from & mask; table[at] !== 0; at = (at + 1) & mask) {
      const slot = (table[at] as number) - 1;
      if (los[slot] === lo && his[slot] === hi) return slot;
    }
    return -1;
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
      place(slot);
    },
    has: (slot) => present[slot] === 1,
    lo: (slot) => los[slot] ?? 0,
    hi: (slot) => his[slot] ?? 0,
    find: (lo, hi) => probe(lo, hi, hi),
    findAfter(slot) {
      const [lo, hi] = [los[slot] as number, his[slot] as number];
      const mask = table.length - 1;
      let at = hi & mask;
      while (table[at] !== slot + 1) {
        if (table[at] === 0) throw new Error(`slot ${slot} is not in the directory`);
        at = (at + 1) & mask;
      }
      return probe(lo, hi, at + 1);
    },
  };
}
