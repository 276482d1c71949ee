/**
 * Reads what the events of an entry are about to need of their contacts' numbers, in loops that do nothing else: a
 * processor waits for a dozen independent reads of memory as long as for one. Each loop reads what the one before it has
 * found, for all events; nothing else is decided by what is read, or the processor would have to guess and to begin
 * again where it guessed wrongly.
 */
import type { NumberFeatures } from "../plan/selector-effects.ts";
import * as layout from "./head.ts";
import type { ContactMemory } from "./memory.ts";
import * as slabs from "./slab.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { ARMED, MEMBERS, NUMBERS } = layout;
const { chunkOf, LINE, offsetOf, roomFor } = slabs;

/** The most keys of a table of which every line is read. */
const KEYS_MAX = 128;

export class ReadAhead {
  readonly #memory: ContactMemory<unknown>;
  /** Where the numbers lie that events will change; 0 where there is none yet. */
  #cells = new Int32Array(256);
  /** 1 where there is a list in place of a number, then its block. */
  #lists = new Int32Array(256);
  #unread = 0;

  constructor(memory: ContactMemory<unknown>) {
    this.#memory = memory;
  }

  /** What was read, of no meaning: kept, so that the reads aren't left out. */
  get unread(): number {
    return this.#unread;
  }

  /**
   * `heads`: of the contacts of the first `count` events, 0 for those that aren't in memory. `starts` and `items`: the
   * selectors that they match, as `Dispatch` has them.
   */
  look(heads: Int32Array, count: number, starts: Int32Array, items: Int32Array, effects: NumberFeatures): void {
    let read = this.#touchKeys(heads, count);
    const pairs = this.#findCells(heads, count, starts, items, effects);
    const { i32 } = this.#memory.slab;
    const cells = this.#cells;
    const lists = this.#lists;
    for (let i = 0; i < pairs; i++) {
      const cell = cells[i] as number;
      lists[i] = (lists[i] as number) * ((i32[chunkOf(cell)] as Int32Array)[offsetOf(cell) * 2] as number);
    }
    for (let i = 0; i < pairs; i++) {
      const block = lists[i] as number;
      read ^= (i32[chunkOf(block)] as Int32Array)[offsetOf(block) * 2] as number;
    }
    this.#unread = read;
  }

  #touchKeys(heads: Int32Array, count: number): number {
    let read = 0;
    for (let i = 0; i < count; i++) read ^= this.#memory.touchHead(heads[i] as number);
    for (let i = 0; i < count; i++) {
      const head = heads[i] as number;
      if (head === 0) continue;
      read ^= this.#touchTable(head, NUMBERS) ^ this.#touchTable(head, ARMED) ^ this.#touchTable(head, MEMBERS);
    }
    return read;
  }

  /** Reads a table's lines of keys. No block is the first one, which is always at hand. */
  #touchTable(head: number, table: number): number {
    const { i32 } = this.#memory.slab;
    const integers = i32[chunkOf(head)] as Int32Array;
    const at = offsetOf(head) * 2 + table;
    const ref = integers[at] as number;
    const keys = i32[chunkOf(ref)] as Int32Array;
    const from = offsetOf(ref) * 2;
    const to = from + Math.min(integers[at + 1] as number, KEYS_MAX);
    let read = 0;
    for (let key = from; key < to; key += LINE) read ^= keys[key] as number;
    return read;
  }

  /** Finds where the features of each event's selectors stand; gives how many there are of all. */
  #findCells(
    heads: Int32Array,
    count: number,
    starts: Int32Array,
    items: Int32Array,
    { starts: firsts, features }: NumberFeatures,
  ): number {
    const { i32 } = this.#memory.slab;
    let pairs = 0;
    for (let event = 0; event < count; event++) {
      const head = heads[event] as number;
      if (head === 0) continue;
      const integers = i32[chunkOf(head)] as Int32Array;
      const table = offsetOf(head) * 2 + NUMBERS;
      const ref = integers[table] as number;
      const entries = integers[table + 1] as number;
      if (entries === 0) continue;
      const keys = i32[chunkOf(ref)] as Int32Array;
      const from = offsetOf(ref) * 2;
      const numbers = ref + (roomFor(entries) >>> 1);
      const end = starts[event + 1] as number;
      for (let item = starts[event] as number; item < end; item++) {
        const order = (items[item] as number) >>> 1;
        const last = firsts[order + 1] as number;
        if (pairs + last - (firsts[order] as number) > this.#cells.length) this.#widen(pairs);
        for (let i = firsts[order] as number; i < last; i++) {
          const key = features[i] as number;
          // The last of the keys that are not greater than twice the feature's number plus one.
          let low = 0;
          for (let rest = entries; rest > 1;) {
            const half = rest >>> 1;
            low += half * Number((keys[from + low + half] as number) <= key);
            rest -= half;
          }
          const found = keys[from + low] as number;
          const known = Number(found >>> 1 === key >>> 1);
          this.#cells[pairs] = known * (numbers + low);
          this.#lists[pairs] = known * (found & 1);
          pairs++;
        }
      }
    }
    return pairs;
  }

  #widen(used: number): void {
    const cells = new Int32Array(this.#cells.length * 2 + used);
    const lists = new Int32Array(cells.length);
    cells.set(this.#cells);
    lists.set(this.#lists);
    this.#cells = cells;
    this.#lists = lists;
  }
}
