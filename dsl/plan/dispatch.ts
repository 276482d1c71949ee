/**
 * The selectors that a call matches, found by its kind and name, then by what its properties are: equalities in a
 * table by value, ranges in a tree. Filters that compare nothing with something fixed are tried one by one.
 */
import type { EntryReader } from "../../kernel/entry.ts";
import { CALL_KINDS, IDENTIFY, PAGE, SCREEN, TRACK } from "../../kernel/event.ts";
import type { EventSelector } from "../ast.ts";
import { VALUE_STRING } from "../../kernel/entry.ts";
import { isScalar, type Scalar } from "../value.ts";
import type { SelectorPlan } from "./builder.ts";
import { createEqualityIndex, type EqualityIndex } from "./equality-index.ts";
import { placeOfValue, property, valueAt, viewEntry, type EventView, type PropertyKeys } from "./event-view.ts";
import { createRangeIndex, type RangeIndex } from "./range-index.ts";

/** An entry as one plan sees it, with the selectors of each kind and name that was met in it. */
export interface DispatchView extends EventView {
  readonly groups: Map<number, SelectorGroup>;
  /** The plan's number of each string of the entry, by the string's own number; `UNKNOWN` until it is asked for. */
  readonly valueNumbers: Int32Array;
}

/** The selectors of one kind and name of call. */
interface SelectorGroup {
  readonly plain: readonly SelectorPlan[];
  readonly equalities: readonly Equalities[];
  readonly ranges: readonly Ranges[];
}

/** Selectors that want a property to be one of their values: a group of the plan's index. */
interface Equalities {
  readonly key: number;
  readonly group: number;
}

/** Selectors that want a property to be a number in their range. */
interface Ranges {
  readonly key: number;
  readonly index: RangeIndex;
  readonly selectors: readonly SelectorPlan[];
}

export interface Dispatch {
  groupOf(kind: number, name: string | null): SelectorGroup;
  readonly equalities: EqualityIndex;
}

/** One for all, since most groups have no use for most of their lists. */
const NONE: readonly never[] = [];
const EMPTY: SelectorGroup = { plain: NONE, equalities: NONE, ranges: NONE };

export function createDispatch(selectors: readonly SelectorPlan[]): Dispatch {
  const valued: Map<Scalar, SelectorPlan[]>[] = [];
  const byKind = CALL_KINDS.map((_, kind) => {
    const candidates = selectors.filter((plan) => coversKind(plan.selector, kind));
    const unnamed = candidates.filter(({ selector }) => selector.name === null);
    const byName = new Map<string, SelectorPlan[]>();
    for (const plan of candidates) {
      const { name } = plan.selector;
      if (name === null) continue;
      const list = byName.get(name.text);
      if (list === undefined) byName.set(name.text, [...unnamed, plan]);
      else list.push(plan);
    }
    const named = new Map([...byName].map(([name, list]) => [name, groupOf(list, valued)]));
    return { named, unnamed: groupOf(unnamed, valued) };
  });
  return {
    equalities: createEqualityIndex(valued),
    groupOf(kind, name) {
      const groups = byKind[kind];
      if (groups === undefined) return EMPTY;
      return (name === null ? undefined : groups.named.get(name)) ?? groups.unnamed;
    },
  };
}

const UNKNOWN = -2;

export function openView(entry: EntryReader, keys: PropertyKeys): DispatchView {
  const { places, keys: count } = viewEntry(entry, keys);
  const valueNumbers = new Int32Array(entry.stringCount).fill(UNKNOWN);
  return { entry, places, keys: count, groups: new Map(), valueNumbers };
}

/** Puts the selectors that an event matches into `into`, in the order of the plan; gives how many there are. */
export function matchEvent(dispatch: Dispatch, view: DispatchView, event: number, into: SelectorPlan[]): number {
  const group = groupFor(dispatch, view, event);
  let count = 0;
  let sources = 0;
  if (group.plain.length > 0) {
    count = takeAll(group.plain, 0, group.plain.length, view, event, into, 0);
    sources++;
  }
  for (const { key, group: own } of group.equalities) {
    const { equalities } = dispatch;
    const value = valueNumber(equalities, view, event, key);
    if (value < 0) continue;
    const from = equalities.find(own, value);
    if (equalities.count === 0) continue;
    count = takeAll(equalities.items, from, from + equalities.count, view, event, into, count);
    sources++;
  }
  for (const { key, index, selectors } of group.ranges) {
    const value = property(view, event, key);
    if (typeof value !== "number") continue;
    index.find(value, (place) => {
      const plan = selectors[place] as SelectorPlan;
      if (plan.rest === null || plan.rest(view, event)) into[count++] = plan;
    });
    // A tree gives them in an order of its own.
    sources += 2;
  }
  if (sources > 1) sort(into, count);
  return count;
}

function groupFor(dispatch: Dispatch, { entry, groups }: DispatchView, event: number): SelectorGroup {
  const kind = entry.kinds[event] as number;
  const name = entry.names[event] as number;
  const code = name * CALL_KINDS.length + kind;
  let group = groups.get(code);
  if (group === undefined) {
    group = dispatch.groupOf(kind, name === 0 ? null : entry.string(name - 1));
    groups.set(code, group);
  }
  return group;
}

/** The plan's number of a property's value, -1 where no selector wants it. Each string of an entry is told once. */
function valueNumber(
  equalities: EqualityIndex,
  { entry, places, keys, valueNumbers }: DispatchView,
  event: number,
  key: number,
): number {
  const at = placeOfValue(entry, places, keys, event, key);
  if (at < 0) return -1;
  if (entry.valueTypes[at] !== VALUE_STRING) {
    const value = valueAt(entry, at);
    return isScalar(value) ? equalities.numberOf(value) : -1;
  }
  const string = entry.valueNumbers[at] as number;
  let number = valueNumbers[string] as number;
  if (number === UNKNOWN) {
    number = equalities.numberOf(entry.string(string));
    valueNumbers[string] = number;
  }
  return number;
}

/** Those of `selectors` from place `from` up to but without `to` whose filter holds, into `into` from `count` on. */
function takeAll(
  selectors: readonly SelectorPlan[],
  from: number,
  to: number,
  view: EventView,
  event: number,
  into: SelectorPlan[],
  count: number,
): number {
  let taken = count;
  for (let i = from; i < to; i++) {
    const plan = selectors[i] as SelectorPlan;
    if (plan.rest === null || plan.rest(view, event)) into[taken++] = plan;
  }
  return taken;
}

const FEW = 16;

function sort(plans: SelectorPlan[], count: number): void {
  if (count > FEW) {
    const sorted = plans.slice(0, count).sort((a, b) => a.order - b.order);
    for (let i = 0; i < count; i++) plans[i] = sorted[i] as SelectorPlan;
    return;
  }
  for (let i = 1; i < count; i++) {
    const plan = plans[i] as SelectorPlan;
    let place = i;
    while (place > 0 && (plans[place - 1] as SelectorPlan).order > plan.order) {
      plans[place] = plans[place - 1] as SelectorPlan;
      place--;
    }
    plans[place] = plan;
  }
}

/** Puts what it finds by value into `valued`, a map for each of the group's `equalities`. */
function groupOf(selectors: readonly SelectorPlan[], valued: Map<Scalar, SelectorPlan[]>[]): SelectorGroup {
  const ordered = [...selectors].sort((a, b) => a.order - b.order);
  const equalities = new Map<number, Map<Scalar, SelectorPlan[]>>();
  const ranges = new Map<number, SelectorPlan[]>();
  for (const plan of ordered) {
    const { probe } = plan;
    if (probe === null) continue;
    if (probe.kind === "range") {
      push(ranges, probe.key, plan);
      continue;
    }
    const byValue = equalities.get(probe.key) ?? new Map<Scalar, SelectorPlan[]>();
    equalities.set(probe.key, byValue);
    for (const value of probe.values) push(byValue, value, plan);
  }
  return {
    plain: orNone(ordered.filter(({ probe }) => probe === null)),
    equalities: orNone([...equalities].map(([key, byValue]) => ({ key, group: valued.push(byValue) - 1 }))),
    ranges: orNone([...ranges].map(([key, plans]) => rangesOf(key, plans))),
  };
}

function rangesOf(key: number, selectors: readonly SelectorPlan[]): Ranges {
  const ranges = selectors.flatMap(({ probe }) => (probe?.kind === "range" ? [probe.range] : []));
  return { key, index: createRangeIndex(ranges), selectors };
}

function orNone<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? NONE : list;
}

function push<K, T>(map: Map<K, T[]>, key: K, item: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [item]);
  else list.push(item);
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
