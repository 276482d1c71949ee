/** Aggregates over one selector and window, read at an instant. Windows: LANGUAGE.md, Time. */
import type { AggregateName, Selector } from "../ast.ts";
import { featureState, type Contact } from "../contact/contact.ts";
import type { DatedValue } from "../features/dated.ts";
import { firstDatedAfter } from "../features/history.ts";
import { firstAfter, type Retention } from "../features/times.ts";
import type { Value } from "../value.ts";
import type { PlanBuilder, Reads } from "./builder.ts";
import { startOf } from "./compare.ts";
import { horizon } from "./horizon.ts";

export type Read = (contact: Contact, t: number) => Value;

export interface CompiledAggregate {
  readonly read: Read;
  /**
   * Set for a count in the last `length` ms: how it is kept. While only thresholds use the list, `retention.cap` says
   * from what number on a count may be larger than it reads.
   */
  readonly window: { readonly feature: number; readonly length: number; readonly retention: Retention } | null;
}

const NO_TIMES: readonly number[] = [];
const NO_VALUES: readonly DatedValue[] = [];

/**
 * Compiles `function(selector)`. `cap` is the largest count that the reader can tell apart from larger ones, null
 * when it needs the exact number.
 */
export function compileAggregate(
  name: AggregateName,
  selector: Selector,
  builder: PlanBuilder,
  reads: Reads,
  cap: number | null,
): CompiledAggregate {
  switch (name) {
    case "count":
      return compileCount(selector, builder, reads, cap);
    case "first":
    case "last":
      return { read: compileExtreme(name, selector, builder, reads), window: null };
    default:
      throw new Error(`the checker let an aggregate pass that is not live: ${name}`);
  }
}

function compileCount(selector: Selector, builder: PlanBuilder, reads: Reads, cap: number | null): CompiledAggregate {
  const { event, window } = selector;
  if (window === null || window.kind === "since") {
    const feature = builder.count(event, window === null ? null : startOf(window.date, builder.zone));
    reads.features.add(feature);
    const read: Read = (contact) => {
      horizon.at = Infinity;
      return (featureState(contact, feature) as number | undefined) ?? 0;
    };
    return { read, window: null };
  }
  if (window.kind === "last") {
    const length = window.duration.ms;
    const { feature, retention } = builder.times(event, length, cap);
    reads.features.add(feature);
    const read: Read = (contact, t) => {
      const times = timesOf(contact, feature);
      const from = firstAfter(times, t - length);
      horizon.at = from < times.length ? (times[from] as number) + length : Infinity;
      return times.length - from;
    };
    return { read, window: { feature, length, retention } };
  }
  if (window.kind !== "ago") throw new Error(`the checker let a window pass that is not live: ${window.kind}`);
  const [from, to] = [window.from.ms, window.to.ms];
  const { feature } = builder.times(event, from, null);
  reads.features.add(feature);
  const read: Read = (contact, t) => {
    const times = timesOf(contact, feature);
    const low = firstAfter(times, t - from);
    const high = firstAfter(times, t - to);
    horizon.at = nextInSpan(times[low], from, times[high], to);
    return high - low;
  };
  return { read, window: null };
}

/** When the first entry of a span leaves it, or the next one enters; each entry's timestamp, and the two reaches. */
function nextInSpan(first: number | undefined, from: number, next: number | undefined, to: number): number {
  return Math.min(first === undefined ? Infinity : first + from, next === undefined ? Infinity : next + to);
}

function timesOf(contact: Contact, feature: number): readonly number[] {
  return (featureState(contact, feature) as number[] | undefined) ?? NO_TIMES;
}

function valuesOf(contact: Contact, feature: number): readonly DatedValue[] {
  return (featureState(contact, feature) as DatedValue[] | undefined) ?? NO_VALUES;
}

/** `first` and `last`, of moments or of values. */
function compileExtreme(which: "first" | "last", selector: Selector, builder: PlanBuilder, reads: Reads): Read {
  const { window } = selector;
  if (window === null) return compileLifetime(which, selector, null, builder, reads);
  switch (window.kind) {
    case "since": {
      const since = startOf(window.date, builder.zone);
      return compileLifetime(which, selector, since, builder, reads);
    }
    case "last":
      if (which === "last") return compileLatestWithin(selector, window.duration.ms, builder, reads);
      return compileSpan(which, selector, window.duration.ms, 0, builder, reads);
    case "ago":
      return compileSpan(which, selector, window.from.ms, window.to.ms, builder, reads);
    default:
      throw new Error(`the checker let a window pass that is not live: ${window.kind}`);
  }
}

/** Of all events, or of those since an instant. */
function compileLifetime(
  which: "first" | "last",
  selector: Selector,
  since: number | null,
  builder: PlanBuilder,
  reads: Reads,
): Read {
  const { event, path } = selector;
  if (path === null) {
    const feature = builder.moment(event, which, since);
    reads.features.add(feature);
    return (contact) => {
      horizon.at = Infinity;
      return featureState(contact, feature) as number | undefined;
    };
  }
  const feature = builder.dated(event, path, which, since);
  reads.features.add(feature);
  return (contact) => {
    horizon.at = Infinity;
    return (featureState(contact, feature) as DatedValue | undefined)?.value;
  };
}

/** The latest in the last D is the latest of all, while that lies in the window: no list is needed. */
function compileLatestWithin(selector: Selector, length: number, builder: PlanBuilder, reads: Reads): Read {
  const { event, path } = selector;
  if (path === null) {
    const feature = builder.moment(event, "last", null);
    reads.features.add(feature);
    return (contact, t) => {
      const at = featureState(contact, feature) as number | undefined;
      const inside = at !== undefined && at > t - length;
      horizon.at = inside ? at + length : Infinity;
      return inside ? at : undefined;
    };
  }
  const feature = builder.dated(event, path, "last", null);
  reads.features.add(feature);
  return (contact, t) => {
    const dated = featureState(contact, feature) as DatedValue | undefined;
    const inside = dated !== undefined && dated.at > t - length;
    horizon.at = inside ? dated.at + length : Infinity;
    return inside ? dated.value : undefined;
  };
}

/** The earliest or latest with `t - from < timestamp <= t - to`. */
function compileSpan(
  which: "first" | "last",
  selector: Selector,
  from: number,
  to: number,
  builder: PlanBuilder,
  reads: Reads,
): Read {
  const { event, path } = selector;
  if (path === null) {
    const { feature } = builder.times(event, from, null);
    reads.features.add(feature);
    return (contact, t) => {
      const times = timesOf(contact, feature);
      const low = firstAfter(times, t - from);
      const high = firstAfter(times, t - to);
      horizon.at = nextInSpan(times[low], from, times[high], to);
      if (low >= high) return undefined;
      return which === "first" ? times[low] : times[high - 1];
    };
  }
  const feature = builder.history(event, path, from);
  reads.features.add(feature);
  return (contact, t) => {
    const values = valuesOf(contact, feature);
    const low = firstDatedAfter(values, t - from);
    const high = firstDatedAfter(values, t - to);
    horizon.at = nextInSpan(values[low]?.at, from, values[high]?.at, to);
    if (low >= high) return undefined;
    return which === "first" ? values[low]?.value : values[high - 1]?.value;
  };
}
