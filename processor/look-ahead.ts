/**
 * Looks up the contacts of an entry's events and reads something of each before any of them is taken. They lie all over
 * the memory: in loops that do nothing else the processor waits for many of them at a time instead of for one after the
 * other. Nothing is decided by what is read, or the processor would have to guess, and to begin again where it was wrong.
 */
import { ReadAhead } from "../dsl/contact/read-ahead.ts";
import type { Plan } from "../dsl/plan/plan.ts";
import type { EntryReader } from "../kernel/entry.ts";
import type { Directory } from "./directory.ts";
import type { Pages } from "./pages.ts";
import type { Seen } from "./seen.ts";

export interface LookAhead {
  /** Of the entry that was looked at last: the first slot with the hash of each event's contact, -1 for none. */
  readonly slots: Int32Array;
  /** What was read of memory, of no meaning. */
  readonly unread: number;
  /** The selectors that its events match must have been looked up. */
  look(entry: EntryReader, plan: Plan): void;
}

export function createLookAhead(seen: Seen, directory: Directory, pages: Pages): LookAhead {
  let slots = new Int32Array(1024);
  let heads = new Int32Array(1024);
  let rows = new Int32Array(1024);
  const { memory } = pages;
  const numbers = new ReadAhead(memory);
  let unread = 0;
  return {
    get slots() {
      return slots;
    },
    get unread() {
      return unread;
    },
    look({ count, idLo, idHi, seenLo, seenHi }, plan) {
      const { starts, items } = plan.selectorsFor;
      if (slots.length < count) {
        slots = new Int32Array(count * 2);
        heads = new Int32Array(count * 2);
        rows = new Int32Array(count * 2);
      }
      let read = 0;
      for (let i = 0; i < count; i++) read ^= seen.touch(seenLo[i] as number, seenHi[i] as number);
      for (let i = 0; i < count; i++) read ^= directory.touch(idHi[i] as number);
      for (let i = 0; i < count; i++) slots[i] = directory.find(idLo[i] as number, idHi[i] as number);
      let atRest = 0;
      for (let i = 0; i < count; i++) {
        const slot = slots[i] as number;
        const place = slot < 0 ? 0 : memory.placeOf(slot);
        heads[i] = Math.max(0, place);
        if (place < 0) rows[atRest++] = -place;
      }
      // Contacts at rest are about to be decoded: all of their rows.
      for (let i = 0; i < atRest; i++) read ^= memory.touchRow(rows[i] as number);
      for (let i = 0; i < atRest; i++) read ^= memory.touchRowLines(rows[i] as number);
      numbers.look(heads, count, starts, items, plan.effects);
      // Kept, so that the reads aren't left out.
      unread = read;
    },
  };
}
