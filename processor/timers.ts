/**
 * When each contact changes next without an event. A binary heap over (instant, slot) that is mended lazily: a flip
 * that moves later leaves its old entry in the heap until that comes to the top, so that the common case, a contact
 * whose flips move on with every event, costs no heap work.
 */

export interface Timers {
  /** Infinity for never. */
  set(slot: number, at: number): void;
  get(slot: number): number;
  /** As `set` for a slot that was never set: for many at once, which are put in order when a timer is asked for. */
  restore(slot: number, at: number): void;
  /** The earliest instant; Infinity when there is none. */
  next(): number;
  /** The slot of the earliest instant; only while `next()` is finite. Stays until `set` moves it. */
  nextSlot(): number;
  /** Calls `visit` with every slot due up to `at`, in no order, some of them perhaps later ones. */
  due(at: number, visit: (slot: number) => void): void;
  /** The instant of the `count`-th timer due up to `at`, or null when at most `count` are due. */
  instantOf(count: number, at: number): number | null;
}

/** Entries of the heap that there is room for at first. */
const FIRST_ENTRIES = 1024;

/** @param room slots that are about to be set */
export function createTimers(room = 0): Timers {
  /**
   * Two for each slot, side by side: when it flips, and the earliest instant under which the heap holds it; Infinity for
   * never and for not there.
   */
  let instants = new Float64Array(Math.max(FIRST_ENTRIES, room) * 2).fill(Infinity);
  /**
   * The heap. Slots in an array of integers, or V8 would sooner or later take them for numbers with fractions, and with
   * them whatever is told a slot.
   */
  let ats = new Float64Array(Math.max(FIRST_ENTRIES, room));
  let slots = new Int32Array(ats.length);
  let count = 0;

  const before = (a: number, b: number): boolean =>
    (ats[a] as number) < (ats[b] as number) || (ats[a] === ats[b] && (slots[a] as number) < (slots[b] as number));

  const swap = (a: number, b: number): void => {
    const at = ats[a] as number;
    const slot = slots[a] as number;
    ats[a] = ats[b] as number;
    slots[a] = slots[b] as number;
    ats[b] = at;
    slots[b] = slot;
  };

  /** Behind all others, without regard to its order. */
  const append = (at: number, slot: number): void => {
    if (count === ats.length) {
      const grown = { ats: new Float64Array(count * 2), slots: new Int32Array(count * 2) };
      grown.ats.set(ats);
      grown.slots.set(slots);
      ({ ats, slots } = grown);
    }
    ats[count] = at;
    slots[count++] = slot;
  };

  const push = (at: number, slot: number): void => {
    append(at, slot);
    for (let i = count - 1; i > 0;) {
      const parent = (i - 1) >>> 1;
      if (!before(i, parent)) break;
      swap(i, parent);
      i = parent;
    }
  };

  const sink = (from: number): void => {
    for (let i = from; ;) {
      const left = 2 * i + 1;
      if (left >= count) return;
      const child = left + 1 < count && before(left + 1, left) ? left + 1 : left;
      if (!before(child, i)) return;
      swap(i, child);
      i = child;
    }
  };

  const pop = (): void => {
    count--;
    if (count === 0) return;
    swap(0, count);
    sink(0);
  };

  /** Whether entries were added without regard to their order. */
  let heaped = true;
  /** Floyd's way: from the last parent up, in linear time. */
  const heapify = (): void => {
    heaped = true;
    for (let i = (count >>> 1) - 1; i >= 0; i--) sink(i);
  };

  const grow = (slot: number): void => {
    if (slot * 2 < instants.length) return;
    const grown = new Float64Array(Math.max(instants.length * 2, (slot + 1) * 2)).fill(Infinity);
    grown.set(instants);
    instants = grown;
  };

  /** Drops and re-queues until the top of the heap is true. */
  const settle = (): void => {
    if (!heaped) heapify();
    while (count > 0) {
      const at = ats[0] as number;
      const slot = slots[0] as number;
      const flip = instants[slot * 2] as number;
      if (at !== instants[slot * 2 + 1]) {
        pop();
      } else if (at !== flip) {
        pop();
        instants[slot * 2 + 1] = flip;
        if (flip !== Infinity) push(flip, slot);
      } else return;
    }
  };

  const set = (slot: number, at: number): void => {
    grow(slot);
    instants[slot * 2] = at;
    if (at < (instants[slot * 2 + 1] as number)) {
      if (!heaped) heapify();
      instants[slot * 2 + 1] = at;
      push(at, slot);
    }
  };

  const next = (): number => {
    settle();
    return count === 0 ? Infinity : (ats[0] as number);
  };

  return {
    set,
    restore(slot, at) {
      grow(slot);
      instants[slot * 2] = at;
      if (at === Infinity) return;
      instants[slot * 2 + 1] = at;
      append(at, slot);
      heaped = false;
    },
    get: (slot) => instants[slot * 2] ?? Infinity,
    next,
    nextSlot() {
      settle();
      if (count === 0) throw new Error("there is no timer");
      return slots[0] as number;
    },
    due(at, visit) {
      if (!heaped) heapify();
      const pending = [0];
      for (let i = pending.pop(); i !== undefined; i = pending.pop()) {
        if (i >= count || (ats[i] as number) > at) continue;
        visit(slots[i] as number);
        pending.push(2 * i + 1, 2 * i + 2);
      }
    },
    instantOf(limit, at) {
      const flips: number[] = [];
      const taken: number[] = [];
      let instant: number | null = null;
      while (next() <= at) {
        if (taken.length === limit) {
          instant = flips[limit - 1] ?? null;
          break;
        }
        flips.push(ats[0] as number);
        taken.push(slots[0] as number);
        pop();
      }
      for (const [i, slot] of taken.entries()) push(flips[i] as number, slot);
      return instant;
    },
  };
}
