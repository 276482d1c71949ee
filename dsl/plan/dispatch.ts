/** The selectors that a call matches, found in the plan's table by its kind and name and by what its properties are. */
import { carve } from "../../kernel/entry-items.ts";
import { VALUE_COMPLEX, VALUE_NULL, VALUE_NUMBER, VALUE_STRING, type EntryReader } from "../../kernel/entry.ts";
import { CALL_KINDS, IDENTIFY, PAGE, SCREEN, TRACK } from "../../kernel/event.ts";
import type { TextNumbers } from "../../kernel/text-numbers.ts";
import type { EventSelector } from "../ast.ts";
import { type Scalar } from "../value.ts";
import type { SelectorPlan } from "./builder.ts";
import { CELL, CELL_BITS, CELL_MASK, createTableBuilder, type DispatchTable } from "./dispatch-table.ts";
import { valueAt, type EventView, type PropertyKeys } from "./event-view.ts";
import type { FilterTest } from "./filter.ts";
import { countUpTo, searchTree } from "./range-index.ts";

/** V8 compiles constants of the module itself in, but reads and checks those of other modules at every use. */
const { nothing: NOTHING, selector: SELECTOR, all: ALL, equality: EQUALITY, range: RANGE, tree: TREE } = CELL;
const BITS = CELL_BITS;
const MASK = CELL_MASK;
const NULL = VALUE_NULL;
const STRING = VALUE_STRING;
const NUMBER = VALUE_NUMBER;
const COMPLEX = VALUE_COMPLEX;

/** An entry as one plan sees it, with the plan's numbers of its strings. */
export interface DispatchView extends EventView {
  readonly texts: TextNumbers;
  /** Behind the places: by string of the entry the number of its text plus `ASKED`; 0 until it is asked for. */
  readonly textsFrom: number;
}

/** Numbers of texts begin at -1, and 0 stands for what isn't known yet. */
const ASKED = 2;

export interface Dispatch extends DispatchTable {
  readonly selectors: readonly SelectorPlan[];
  /** What is left of each selector's filter. */
  readonly rests: readonly (FilterTest | null)[];
  /** What was looked up last; its entry's events meet the items from `starts[event]` on, ascending. */
  view: DispatchView | null;
  starts: Int32Array;
  items: Int32Array;
  /** Scratch: cells that are still to be visited. */
  readonly waiting: Int32Array;
}

/** `selectors` in the order of the plan. */
export function createDispatch(selectors: readonly SelectorPlan[], { texts }: PropertyKeys): Dispatch {
  const builder = createTableBuilder(texts);
  CALL_KINDS.forEach((_, kind) => {
    builder.addKind(
      kind,
      selectors.filter(({ selector }) => coversKind(selector, kind)),
    );
  });
  const table = builder.finish();
  return {
    ...table,
    selectors,
    rests: selectors.map(({ rest }) => rest),
    view: null,
    starts: new Int32Array(128),
    items: new Int32Array(1024),
    waiting: new Int32Array(table.cells.length),
  };
}

export function openView(entry: EntryReader, { texts, count, ofText }: PropertyKeys): DispatchView {
  const textsFrom = entry.shapeCount * count;
  const places = carve(Uint32Array, textsFrom + entry.stringCount);
  const view = { entry, places, keys: count, texts, textsFrom };
  if (count === 0) return view;
  const { shapeStarts, shapeKeyStrings } = entry;
  for (let shape = 0; shape < entry.shapeCount; shape++) {
    const from = shapeStarts[shape] as number;
    const to = shapeStarts[shape + 1] as number;
    for (let at = from; at < to; at++) {
      const text = textOf(view, shapeKeyStrings[at] as number);
      const key = text >= 0 && text < ofText.length ? (ofText[text] as number) : -1;
      if (key >= 0) places[shape * count + key] = at - from + 1;
    }
  }
  return view;
}

/** The plan's number of a string of the entry, -1 where it looks for no such text. Each string is looked up once. */
function textOf({ entry, texts, places, textsFrom }: DispatchView, string: number): number {
  const known = places[textsFrom + string] as number;
  if (known !== 0) return known - ASKED;
  const number = entry.stringNumber(string, texts);
  places[textsFrom + string] = number + ASKED;
  return number;
}

/** Looks up all events of an entry, before they are asked for one by one. */
export function matchAhead(dispatch: Dispatch, view: DispatchView): void {
  if (dispatch.view !== view) lookUp(dispatch, view);
}

/** Puts the selectors that an event matches into `into`, by their order and ascending; gives how many there are. */
export function matchEvent(dispatch: Dispatch, view: DispatchView, event: number, into: Int32Array): number {
  matchAhead(dispatch, view);
  const { items, starts } = dispatch;
  const end = starts[event + 1] as number;
  let count = 0;
  for (let i = starts[event] as number; i < end; i++) {
    const item = items[i] as number;
    const order = item >>> 1;
    if ((item & 1) !== 0 && dispatch.rests[order]?.(view, event) !== true) continue;
    into[count++] = order;
  }
  return count;
}

/**
 * Looks up all events of an entry: in one loop over its columns, in which the waits for memory overlap. What is left of
 * filters isn't tried here: one that throws is the fault of its event.
 */
function lookUp(dispatch: Dispatch, view: DispatchView): void {
  const { cells, numbers, waiting } = dispatch;
  const { entry, places, textsFrom, keys } = view;
  const { count, kinds, names, shapes, valueStarts, valueTypes, valueNumbers } = entry;
  if (dispatch.starts.length <= count) dispatch.starts = new Int32Array(count * 2);
  const { starts } = dispatch;
  let { items } = dispatch;
  let total = 0;
  dispatch.view = null;
  for (let event = 0; event < count; event++) {
    starts[event] = total;
    if (total + dispatch.selectors.length >= items.length) {
      items = withRoom(items, total + dispatch.selectors.length + 1);
      dispatch.items = items;
    }
    const first = total;
    const kind = (kinds[event] as number) * 2;
    const name = names[event] as number;
    const row = (shapes[event] as number) * keys;
    const start = (valueStarts[event] as number) - 1;
    let depth = 0;
    let cell = cells[kind] as number;
    if (name !== 0) {
      const known = places[textsFrom + name - 1] as number;
      const text = known !== 0 ? known - ASKED : textOf(view, name - 1);
      const named = choose(cells, numbers, cells[kind + 1] as number, text);
      if (cell === NOTHING) cell = named;
      else waiting[depth++] = named;
    }
    for (;;) {
      const at = cell >>> BITS;
      const tag = cell & MASK;
      if (tag <= SELECTOR) {
        // Nothing or one selector, which nobody can foresee: to write in either case costs less than to branch.
        items[total] = at;
        total += tag;
        if (depth === 0) break;
        cell = waiting[--depth] as number;
        continue;
      }
      const key = cells[at] as number;
      if (tag === ALL) {
        for (let i = at + key; i > at; i--) waiting[depth++] = cells[i] as number;
        cell = waiting[--depth] as number;
        continue;
      }
      const place = places[row + key] as number;
      const type = place === 0 ? NULL : (valueTypes[start + place] as number);
      const value = valueNumbers[start + place] as number;
      if (tag === RANGE) {
        cell = type === NUMBER ? chooseInterval(cells, numbers, at, value) : NOTHING;
      } else if (tag === TREE) {
        const tree = dispatch.trees[cells[at + 1] as number];
        if (type === NUMBER && tree !== undefined) total = searchTree(tree, value, items, total);
        cell = NOTHING;
      } else {
        let number = -1;
        if (type === STRING) {
          const known = places[textsFrom + value] as number;
          number = known !== 0 ? known - ASKED : textOf(view, value);
        } else if (type !== NULL && type !== COMPLEX)
          number = dispatch.others.get(valueAt(entry, start + place) as Scalar) ?? -1;
        cell = choose(cells, numbers, cell, number);
      }
    }
    if (total - first > 1) sort(items, first, total);
  }
  starts[count] = total;
  dispatch.view = view;
}

/** Up to so many numbers a loop over all of them is faster than what has to be foreseen at every step. */
const FEW = 16;

/** The cell of the interval in which a value lies. */
function chooseInterval(cells: Int32Array, numbers: Float64Array, at: number, value: number): number {
  const count = cells[at + 1] as number;
  const from = cells[at + 2] as number;
  if (count > FEW) return cells[at + 3 + countUpTo(numbers, value, from, from + count)] as number;
  let interval = 0;
  for (let i = from; i < from + count; i++) interval += Number((numbers[i] as number) <= value);
  return cells[at + 3 + interval] as number;
}

/** The cell for a number in a choice; nothing for numbers that it doesn't have, as -1 is. */
function choose(cells: Int32Array, numbers: Float64Array, choice: number, number: number): number {
  if (number < 0) return NOTHING;
  const at = choice >>> BITS;
  if ((choice & MASK) === EQUALITY) {
    const place = number - (cells[at + 1] as number);
    return place >= 0 && place < (cells[at + 2] as number) ? (cells[at + 3 + place] as number) : NOTHING;
  }
  if (choice === NOTHING) return NOTHING;
  const count = cells[at + 1] as number;
  const from = cells[at + 2] as number;
  const place = countUpTo(numbers, number, from, from + count) - 1;
  return place >= 0 && numbers[from + place] === number ? (cells[at + 3 + place] as number) : NOTHING;
}

function withRoom(items: Int32Array, count: number): Int32Array {
  const larger = new Int32Array(Math.max(count, items.length * 2));
  larger.set(items);
  return larger;
}

function sort(numbers: Int32Array, from: number, to: number): void {
  if (to - from > FEW) {
    let ascending = true;
    for (let i = from + 1; i < to && ascending; i++) ascending = (numbers[i - 1] as number) < (numbers[i] as number);
    if (!ascending) numbers.subarray(from, to).sort();
    return;
  }
  for (let i = from + 1; i < to; i++) {
    const number = numbers[i] as number;
    let place = i;
    while (place > from && (numbers[place - 1] as number) > number) {
      numbers[place] = numbers[place - 1] as number;
      place--;
    }
    numbers[place] = number;
  }
}

function coversKind(selector: EventSelector, kind: number): boolean {
  switch (selector.kind) {
    case "track":
      return kind === TRACK;
    case "page":
      return kind === PAGE;
    case "screen":
      return kind === SCREEN;
    case "identify":
      return kind === IDENTIFY;
    case "any":
      return kind === TRACK || kind === PAGE || kind === SCREEN;
  }
}
