/**
 * The selectors that a call matches, found by its kind and name, then by what its properties are: equalities in a
 * table by value, thresholds in sorted lists. Filters that compare nothing with something fixed are tried one by one.
 */
import { CALL_KINDS, IDENTIFY, PAGE, SCREEN, TRACK } from "../../kernel/event.ts";
import type { EventSelector } from "../ast.ts";
import { isScalar, type Scalar } from "../value.ts";
import type { SelectorPlan } from "./builder.ts";
import { property, type EventView } from "./event-view.ts";
import type { Probe } from "./probe.ts";

/** The selectors of one kind and name of call. */
export interface SelectorGroup {
  readonly plain: readonly SelectorPlan[];
  readonly equalities: readonly Equalities[];
  readonly thresholds: readonly Thresholds[];
}

/** Selectors that want a property to be one of their values. */
interface Equalities {
  readonly key: number;
  readonly byValue: ReadonlyMap<Scalar, readonly SelectorPlan[]>;
}

/** Selectors that want a property to be above, or below, their thresholds; those met by most numbers first. */
interface Thresholds {
  readonly key: number;
  readonly above: boolean;
  readonly thresholds: readonly number[];
  readonly strict: readonly boolean[];
  readonly selectors: readonly SelectorPlan[];
}

export type Dispatch = (kind: number, name: string | null) => SelectorGroup;

const EMPTY: SelectorGroup = { plain: [], equalities: [], thresholds: [] };

export function createDispatch(selectors: readonly SelectorPlan[]): Dispatch {
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
    const named = new Map([...byName].map(([name, list]) => [name, groupOf(list)]));
    return { named, unnamed: groupOf(unnamed) };
  });
  return (kind, name) => {
    const groups = byKind[kind];
    if (groups === undefined) return EMPTY;
    return (name === null ? undefined : groups.named.get(name)) ?? groups.unnamed;
  };
}

/** Puts the selectors that an event matches into `into`, in the order of the plan; gives how many there are. */
export function matchEvent(group: SelectorGroup, view: EventView, event: number, into: SelectorPlan[]): number {
  let count = 0;
  let sources = 0;
  if (group.plain.length > 0) {
    count = takeAll(group.plain, view, event, into, 0);
    sources++;
  }
  for (const { key, byValue } of group.equalities) {
    const value = property(view, event, key);
    const found = isScalar(value) ? byValue.get(value) : undefined;
    if (found === undefined) continue;
    count = takeAll(found, view, event, into, count);
    sources++;
  }
  for (const list of group.thresholds) {
    const value = property(view, event, list.key);
    if (typeof value !== "number") continue;
    count = takeMet(list, value, view, event, into, count);
    sources++;
  }
  if (sources > 1) sort(into, count);
  return count;
}

function takeAll(
  selectors: readonly SelectorPlan[],
  view: EventView,
  event: number,
  into: SelectorPlan[],
  from: number,
): number {
  let count = from;
  for (const plan of selectors) {
    if (plan.rest === null || plan.rest(view, event)) into[count++] = plan;
  }
  return count;
}

function takeMet(
  { above, thresholds, strict, selectors }: Thresholds,
  value: number,
  view: EventView,
  event: number,
  into: SelectorPlan[],
  from: number,
): number {
  let count = from;
  for (let i = 0; i < thresholds.length; i++) {
    const threshold = thresholds[i] as number;
    if (above ? value < threshold : value > threshold) break;
    if (value === threshold && strict[i] === true) break;
    const plan = selectors[i] as SelectorPlan;
    if (plan.rest === null || plan.rest(view, event)) into[count++] = plan;
  }
  return count;
}

/** By the order of the plan; the lists that were put one behind the other are sorted already. */
function sort(plans: SelectorPlan[], count: number): void {
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

function groupOf(selectors: readonly SelectorPlan[]): SelectorGroup {
  const ordered = [...selectors].sort((a, b) => a.order - b.order);
  const equalities = new Map<number, Map<Scalar, SelectorPlan[]>>();
  const thresholds = new Map<string, { plan: SelectorPlan; probe: Threshold }[]>();
  for (const plan of ordered) {
    const { probe } = plan;
    if (probe === null) continue;
    if (probe.kind === "equals") {
      const byValue = equalities.get(probe.key) ?? new Map<Scalar, SelectorPlan[]>();
      equalities.set(probe.key, byValue);
      for (const value of probe.values) push(byValue, value, plan);
    } else {
      push(thresholds, `${probe.kind} ${probe.key}`, { plan, probe });
    }
  }
  return {
    plain: ordered.filter(({ probe }) => probe === null),
    equalities: [...equalities].map(([key, byValue]) => ({ key, byValue })),
    thresholds: [...thresholds.values()].map(thresholdsOf),
  };
}

function push<K, T>(map: Map<K, T[]>, key: K, item: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [item]);
  else list.push(item);
}

type Threshold = Extract<Probe, { kind: "above" | "below" }>;

function thresholdsOf(list: readonly { plan: SelectorPlan; probe: Threshold }[]): Thresholds {
  const above = list[0]?.probe.kind === "above";
  const easiestFirst = [...list].sort(
    ({ probe: a }, { probe: b }) =>
      (above ? a.threshold - b.threshold : b.threshold - a.threshold) || Number(a.strict) - Number(b.strict),
  );
  return {
    key: list[0]?.probe.key ?? 0,
    above,
    thresholds: easiestFirst.map(({ probe }) => probe.threshold),
    strict: easiestFirst.map(({ probe }) => probe.strict),
    selectors: easiestFirst.map(({ plan }) => plan),
  };
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
