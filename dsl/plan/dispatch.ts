/** The selectors that a call matches, found in the plan's table by its kind and name and by what its properties are. */
import { carve } from "../../kernel/entry-items.ts";
import { VALUE_NUMBER, VALUE_STRING, type EntryReader } from "../../kernel/entry.ts";
import { CALL_KINDS, IDENTIFY, PAGE, SCREEN, TRACK } from "../../kernel/event.ts";
import type { TextNumbers } from "../../kernel/text-numbers.ts";
import type { EventSelector } from "../ast.ts";
import { isScalar } from "../value.ts";
import type { SelectorPlan } from "./builder.ts";
import { CELL, CELL_BITS, CELL_MASK, createTableBuilder, type DispatchTable } from "./dispatch-table.ts";
import { placeOfValue, property, valueAt, type EventView, type PropertyKeys } from "./event-view.ts";
import type { FilterTest } from "./filter.ts";
import { countUpTo, searchTree } from "./range-index.ts";

/** An entry as one plan sees it, with the plan's numbers of its strings. */
export interface DispatchView extends EventView {
  readonly texts: TextNumbers;
  /** By string of the entry: the number of its text plus `ASKED`; 0 until it is asked for. */
  readonly textNumbers: Uint32Array;
}

/** Numbers of texts begin at -1, and 0 stands for what isn't known yet. */
const ASKED = 2;

export interface Dispatch extends DispatchTable {
  readonly selectors: readonly SelectorPlan[];
  /** What is left of each selector's filter. */
  readonly rests: readonly (FilterTest | null)[];
  /** Scratch: the orders of those that the event matches, how many there are, and whether they ascend. */
  readonly found: Int32Array;
  count: number;
  ascending: boolean;
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
  const rests = selectors.map(({ rest }) => rest);
  return { ...builder.finish(), selectors, rests, found: new Int32Array(selectors.length), count: 0, ascending: true };
}

export function openView(entry: EntryReader, { texts, count, ofText }: PropertyKeys): DispatchView {
  const places = carve(Uint32Array, entry.shapeCount * count);
  const view = { entry, places, keys: count, texts, textNumbers: carve(Uint32Array, entry.stringCount) };
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
function textOf({ entry, texts, textNumbers }: DispatchView, string: number): number {
  const known = textNumbers[string] as number;
  if (known !== 0) return known - ASKED;
  const number = entry.stringNumber(string, texts);
  textNumbers[string] = number + ASKED;
  return number;
}

/** Puts the selectors that an event matches into `into`, in the order of the plan; gives how many there are. */
export function matchEvent(dispatch: Dispatch, view: DispatchView, event: number, into: SelectorPlan[]): number {
  const { cells, selectors, found } = dispatch;
  const { entry } = view;
  dispatch.count = 0;
  dispatch.ascending = true;
  const kind = (entry.kinds[event] as number) * 2;
  const name = entry.names[event] as number;
  visit(dispatch, cells[kind] as number, view, event);
  if (name !== 0) visit(dispatch, choose(dispatch, cells[kind + 1] as number, textOf(view, name - 1)), view, event);
  const { count } = dispatch;
  if (!dispatch.ascending) sort(found, count);
  for (let i = 0; i < count; i++) into[i] = selectors[found[i] as number] as SelectorPlan;
  return count;
}

/** Takes the selectors that an event meets in a cell and behind it. */
function visit(dispatch: Dispatch, first: number, view: DispatchView, event: number): void {
  const { cells } = dispatch;
  let cell = first;
  for (;;) {
    const at = cell >>> CELL_BITS;
    switch (cell & CELL_MASK) {
      case CELL.nothing:
        return;
      case CELL.selector:
        take(dispatch, at, view, event);
        return;
      case CELL.equality:
      case CELL.sparse:
        cell = choose(dispatch, cell, valueNumber(dispatch, view, event, cells[at] as number));
        break;
      case CELL.range:
        cell = chooseInterval(dispatch, at, view, event);
        break;
      case CELL.tree:
        takeTree(dispatch, at, view, event);
        return;
      default: {
        const count = cells[at] as number;
        for (let i = 1; i <= count; i++) visit(dispatch, cells[at + i] as number, view, event);
        return;
      }
    }
  }
}

/** The cell for a number in a choice; nothing for numbers that it doesn't have, as -1 is. */
function choose({ cells, numbers }: Dispatch, choice: number, number: number): number {
  if (number < 0) return CELL.nothing;
  const at = choice >>> CELL_BITS;
  if ((choice & CELL_MASK) === CELL.equality) {
    const place = number - (cells[at + 1] as number);
    return place >= 0 && place < (cells[at + 2] as number) ? (cells[at + 3 + place] as number) : CELL.nothing;
  }
  if (choice === CELL.nothing) return CELL.nothing;
  const count = cells[at + 1] as number;
  const from = cells[at + 2] as number;
  const place = countUpTo(numbers, number, from, from + count) - 1;
  return place >= 0 && numbers[from + place] === number ? (cells[at + 3 + place] as number) : CELL.nothing;
}

function chooseInterval({ cells, numbers }: Dispatch, at: number, view: DispatchView, event: number): number {
  const { entry } = view;
  const place = placeOfValue(view, event, cells[at] as number);
  if (place < 0 || entry.valueTypes[place] !== VALUE_NUMBER) return CELL.nothing;
  const count = cells[at + 1] as number;
  const from = cells[at + 2] as number;
  const interval = countUpTo(numbers, entry.valueNumbers[place] as number, from, from + count);
  return cells[at + 3 + interval] as number;
}

function takeTree(dispatch: Dispatch, at: number, view: DispatchView, event: number): void {
  const { cells, trees, found, count } = dispatch;
  const value = property(view, event, cells[at] as number);
  const tree = trees[cells[at + 1] as number];
  if (typeof value !== "number" || tree === undefined) return;
  const end = searchTree(tree, value, found, count);
  for (let i = count; i < end; i++) take(dispatch, found[i] as number, view, event);
}

function take(dispatch: Dispatch, item: number, view: EventView, event: number): void {
  const order = item >>> 1;
  if ((item & 1) !== 0 && dispatch.rests[order]?.(view, event) !== true) return;
  const { found, count } = dispatch;
  if (count > 0 && (found[count - 1] as number) > order) dispatch.ascending = false;
  found[count] = order;
  dispatch.count = count + 1;
}

/** The plan's number of a property's value, -1 where no selector wants it. */
function valueNumber(dispatch: Dispatch, view: DispatchView, event: number, key: number): number {
  const at = placeOfValue(view, event, key);
  if (at < 0) return -1;
  const { entry } = view;
  if (entry.valueTypes[at] === VALUE_STRING) return textOf(view, entry.valueNumbers[at] as number);
  const value = valueAt(entry, at);
  return isScalar(value) ? (dispatch.others.get(value) ?? -1) : -1;
}

const FEW = 16;

function sort(numbers: Int32Array, count: number): void {
  if (count > FEW) {
    numbers.subarray(0, count).sort();
    return;
  }
  for (let i = 1; i < count; i++) {
    const number = numbers[i] as number;
    let place = i;
    while (place > 0 && (numbers[place - 1] as number) > number) {
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
