/**
 * The selectors of a plan as one flat table of numbers: which of them an event matches is told by its kind and name,
 * then by equalities, then by ranges, and with thousands of selectors every object on that way would be a wait for
 * memory.
 *
 * The table is made of cells. A cell's lowest bits say what is met there (`CELL`), the bits above what or where:
 *
 *   nothing   all bits are 0
 *   selector  its item
 *   all       where in the table: count | a cell for each
 *   equality  where: key | first | count | a cell for each text or number that the property may be, from `first` on
 *   sparse    where: key | count | where in `numbers` they stand, ascending, as they are too far apart | a cell for each
 *   range     where: key | count | where in `numbers` the cuts stand | a cell for each interval, one more than cuts
 *   tree      where: key | number of the tree
 *
 * An item is a selector's order times two, plus one where a rest of its filter has to be tried.
 */
import type { TextNumbers } from "../../kernel/text-numbers.ts";
import type { Scalar } from "../value.ts";
import type { SelectorPlan } from "./builder.ts";
import type { Probe } from "./probe.ts";
import { createRangeTree, intervalsOf, type RangeTree } from "./range-index.ts";

export interface DispatchTable {
  /** By kind two cells: for calls of any name, and by name; behind those of all kinds, what they lead to. */
  readonly cells: Int32Array;
  /** Of sparse equalities and of ranges. */
  readonly numbers: Float64Array;
  readonly trees: readonly RangeTree[];
  /** The numbers of values that are no strings. */
  readonly others: ReadonlyMap<Scalar, number>;
}

export const CELL = { nothing: 0, selector: 1, all: 2, equality: 3, sparse: 4, range: 5, tree: 6 } as const;
export const CELL_BITS = 3;
export const CELL_MASK = 7;
/** Codes of kinds in an entry are bytes. */
const KINDS = 256;
/** Cells that an equality may have for each of its numbers. */
const CELLS_PER_NUMBER_MAX = 4;

/** Stands where the key would in choices by name. */
const NO_KEY = -1;

export interface TableBuilder {
  /** The selectors of a kind, each in the order of the plan, named or not. */
  addKind(kind: number, selectors: readonly SelectorPlan[]): void;
  finish(): DispatchTable;
}

export function createTableBuilder(texts: TextNumbers): TableBuilder {
  const cells = Array.from({ length: KINDS * 2 }, (): number => CELL.nothing);
  const numbers: number[] = [];
  const trees: RangeTree[] = [];
  const others = new Map<Scalar, number>();

  const numberOf = (value: Scalar): number => {
    if (typeof value === "string") return texts.add(value);
    const number = others.get(value) ?? texts.reserve();
    others.set(value, number);
    return number;
  };

  const write = (tag: number, head: readonly number[], tail: readonly number[]): number => {
    const at = cells.length;
    for (const number of head) cells.push(number);
    for (const cell of tail) cells.push(cell);
    return (at << CELL_BITS) | tag;
  };

  const writeNumbers = (list: Iterable<number>): number => {
    const at = numbers.length;
    for (const number of list) numbers.push(number);
    return at;
  };

  /** All that is met in some cells. */
  const allOf = (parts: readonly number[]): number => {
    const [only = CELL.nothing, ...more] = parts;
    return more.length === 0 ? only : write(CELL.all, [parts.length], parts);
  };

  /** A choice by text, or by number of another value. */
  const choiceOf = (key: number, byNumber: ReadonlyMap<number, number>): number => {
    const wanted = [...byNumber.keys()].sort((a, b) => a - b);
    const first = wanted[0] ?? 0;
    const size = (wanted.at(-1) ?? -1) + 1 - first;
    const cellFor = (number: number): number => byNumber.get(number) ?? CELL.nothing;
    return size > wanted.length * CELLS_PER_NUMBER_MAX
      ? write(CELL.sparse, [key, wanted.length, writeNumbers(wanted)], wanted.map(cellFor))
      : write(
          CELL.equality,
          [key, first, size],
          Array.from({ length: size }, (_, i) => cellFor(first + i)),
        );
  };

  /** Of selectors whose first `depth` probes have been looked up. */
  const cellOf = (plans: readonly SelectorPlan[], depth: number): number => {
    const here = plans.filter(({ probes }) => probes.length === depth);
    return allOf([
      ...here.map((plan) => (itemOf(plan) << CELL_BITS) | CELL.selector),
      ...[...byKey(plans, depth, "equals")].map(([key, own]) => equalityOf(key, own, depth)),
      ...[...byKey(plans, depth, "range")].map(([key, own]) => rangeOf(key, own, depth)),
    ]);
  };

  const equalityOf = (key: number, plans: readonly SelectorPlan[], depth: number): number => {
    const byValue = new Map<number, SelectorPlan[]>();
    for (const plan of plans) {
      const probe = plan.probes[depth];
      if (probe?.kind === "equals") for (const value of probe.values) push(byValue, numberOf(value), plan);
    }
    return choiceOf(key, new Map([...byValue].map(([number, own]) => [number, cellOf(own, depth + 1)])));
  };

  const rangeOf = (key: number, plans: readonly SelectorPlan[], depth: number): number => {
    const ranges = plans.flatMap(({ probes }) => {
      const probe = probes[depth];
      return probe?.kind === "range" ? [probe.range] : [];
    });
    const intervals = intervalsOf(ranges);
    // A range is the last that is looked up, so that what a tree finds is met.
    if (intervals === null)
      return write(CELL.tree, [key, trees.push(createRangeTree(ranges, plans.map(itemOf))) - 1], []);
    const own = intervals.places.map((places) =>
      cellOf(
        places.flatMap((place) => plans[place] ?? []),
        depth + 1,
      ),
    );
    return write(CELL.range, [key, intervals.cuts.length, writeNumbers(intervals.cuts)], own);
  };

  return {
    addKind(kind, selectors) {
      const byName = new Map<string, SelectorPlan[]>();
      for (const plan of selectors) {
        const { name } = plan.selector;
        if (name !== null) push(byName, name.text, plan);
      }
      const unnamed = selectors.filter(({ selector }) => selector.name === null);
      const names = [...byName].map(([name, own]): [number, number] => [texts.add(name), cellOf(own, 0)]);
      cells[kind * 2] = cellOf(unnamed, 0);
      cells[kind * 2 + 1] = names.length === 0 ? CELL.nothing : choiceOf(NO_KEY, new Map(names));
    },
    finish() {
      return { cells: Int32Array.from(cells), numbers: Float64Array.from(numbers), trees, others };
    },
  };
}

function itemOf({ order, rest }: SelectorPlan): number {
  return order * 2 + (rest === null ? 0 : 1);
}

function byKey(plans: readonly SelectorPlan[], depth: number, kind: Probe["kind"]): Map<number, SelectorPlan[]> {
  const byKey = new Map<number, SelectorPlan[]>();
  for (const plan of plans) {
    const probe = plan.probes[depth];
    if (probe?.kind === kind) push(byKey, probe.key, plan);
  }
  return byKey;
}

function push<K, T>(map: Map<K, T[]>, key: K, item: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [item]);
  else list.push(item);
}
