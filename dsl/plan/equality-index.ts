/**
 * Which selectors want a property to be one of their values: one table for all kinds and names of calls, in which a
 * look-up reads one line of memory. With maps for each name thousands of selectors would mean a handful of waits for
 * memory an event, since events of many names rarely find theirs at hand.
 */
import type { Scalar } from "../value.ts";
import type { SelectorPlan } from "./builder.ts";

export interface EqualityIndex {
  /** A number for each value that some selector wants; -1 for any other one. */
  numberOf(value: Scalar): number;
  /** Where the selectors that a group of them has for a value lie in `items`, and how many there are, by `count`. */
  find(group: number, value: number): number;
  /** Of the last `find`; 0 when it found none. */
  readonly count: number;
  readonly items: readonly SelectorPlan[];
}

/** `groups[g]` says what group g has for which value. */
export type EqualityGroups = readonly ReadonlyMap<Scalar, readonly SelectorPlan[]>[];

/** Numbers of one place of the table: how many selectors (0 is free), the group, the value, the first selector. */
const STRIDE = 4;

export function createEqualityIndex(groups: EqualityGroups): EqualityIndex {
  const numbers = new Map<Scalar, number>();
  const items: SelectorPlan[] = [];
  const pairs = groups.reduce((sum, byValue) => sum + byValue.size, 0);
  const mask = 2 ** Math.ceil(Math.log2(Math.max(1, pairs) * 2)) - 1;
  const table = new Int32Array((mask + 1) * STRIDE);
  const first = (group: number, value: number): number =>
    (Math.imul(group, 0x9e3779b1) ^ Math.imul(value, 0x85ebca6b)) >>> 7;

  groups.forEach((byValue, group) => {
    for (const [value, selectors] of byValue) {
      const number = numbers.get(value) ?? numbers.size;
      numbers.set(value, number);
      let place = first(group, number) & mask;
      while (table[place * STRIDE] !== 0) place = (place + 1) & mask;
      table.set([selectors.length, group, number, items.length], place * STRIDE);
      items.push(...selectors);
    }
  });

  let count = 0;
  return {
    items,
    get count() {
      return count;
    },
    numberOf: (value) => numbers.get(value) ?? -1,
    find(group, value) {
      for (let place = first(group, value) & mask; ; place = (place + 1) & mask) {
        const at = place * STRIDE;
        count = table[at] as number;
        if (count === 0) return 0;
        if (table[at + 1] === group && table[at + 2] === value) return table[at + 3] as number;
      }
    },
  };
}
