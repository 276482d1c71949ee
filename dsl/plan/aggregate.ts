/** Aggregates over one selector and window, read at an instant. Windows: LANGUAGE.md, Time; functions: Aggregates. */
import type { AggregateName, Path, Selector } from "../ast.ts";
import { fromMicros } from "../../kernel/decimal.ts";
import type { Contact } from "../contact/contact.ts";
import { list, numberOf, openList } from "../contact/numbers.ts";
import { objectOf } from "../contact/objects.ts";
import type { DatedValue } from "../features/dated.ts";
import { averageValue, sumValue } from "../features/exact-sum.ts";
import { firstDatedAfter } from "../features/history.ts";
import { countRange } from "../features/range-counts.ts";
import { firstAfter, rangeSum, sumRange } from "../features/series.ts";
import type { ObjectState, Series, ValueCounts } from "../features/state.ts";
import { readSum } from "../features/sum.ts";
import { firstAfter as firstTimeAfter, type Retention } from "../features/times.ts";
import { mostFrequent } from "../features/value-counts.ts";
import type { Scalar, Value } from "../value.ts";
import type { PlanBuilder, Reads } from "./builder.ts";
import { startOf } from "./compare.ts";
import { horizon } from "./horizon.ts";
import { spanOf, type Span } from "./span.ts";

export type Read = (contact: Contact, t: number) => Value;

export interface CompiledAggregate {
  readonly read: Read;
  /**
   * Set for a count in the last `length` ms: how it is kept. While only thresholds use the list, `retention.cap` says
   * from what number on a count may be larger than it reads.
   */
  readonly window: { readonly feature: number; readonly length: number; readonly retention: Retention } | null;
}

/** What the functions below share: where features come from, and who is told of those that are read. */
interface Context {
  readonly builder: PlanBuilder;
  readonly reads: Reads;
}

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
  const context: Context = { builder, reads };
  const span = spanOf(selector.window, builder.zone);
  if (name === "count") return compileCount(selector, span, context, cap);
  const plain = (read: Read): CompiledAggregate => ({ read, window: null });
  if (name === "first" || name === "last") return plain(compileEnd(name, selector, span, context));
  if (selector.path === null) throw new Error(`the checker let ${name} without a path pass`);
  switch (name) {
    case "sum":
    case "avg":
      return plain(compileSum(name, selector, selector.path, span, context));
    case "min":
    case "max":
      return plain(compileExtreme(name, selector, selector.path, span, context));
    case "distinct":
    case "most":
      return plain(compileValues(name, selector, selector.path, span, context));
  }
}

/** The instant of a `since` window; null for all of time. */
function sinceOf({ window }: Selector, { builder }: Context): number | null {
  return window?.kind === "since" ? startOf(window.date, builder.zone) : null;
}

/** A read of a number that time alone doesn't change. */
function timelessNumber(feature: number, { reads }: Context, value: (kept: number | undefined) => Value): Read {
  reads.features.add(feature);
  return (contact) => {
    horizon.at = Infinity;
    return value(numberOf(contact, feature));
  };
}

/** A read of an object that time alone doesn't change. */
function timelessObject(feature: number, { reads }: Context, value: (state: ObjectState | undefined) => Value): Read {
  reads.features.add(feature);
  return (contact) => {
    horizon.at = Infinity;
    return value(objectOf(contact, feature));
  };
}

/** A read over the timestamps that a window selects: those at the places `from` up to but without `to` of `list`. */
function overTimes(feature: number, span: Span, { reads }: Context, value: (from: number, to: number) => Value): Read {
  reads.features.add(feature);
  return (contact, t) => {
    const length = openList(contact, feature);
    const from = firstTimeAfter(list, span.low(t));
    const to = span.delayed ? firstTimeAfter(list, span.high(t)) : length;
    horizon.at = span.change(t, from < length ? timeAt(from) : undefined, to < length ? timeAt(to) : undefined);
    return value(from, to);
  };
}

function timeAt(place: number): number {
  return list.f64[list.from + place] as number;
}

const NO_TIMES: readonly number[] = [];

/** A read over the places `from` up to but without `to` of a series. */
function overSeries<V extends Scalar>(
  feature: number,
  span: Span,
  { reads }: Context,
  value: (series: Series<V> | undefined, from: number, to: number) => Value,
): Read {
  reads.features.add(feature);
  return (contact, t) => {
    const state = objectOf(contact, feature) as Series<V> | undefined;
    const times = state === undefined ? NO_TIMES : state.at;
    const from = firstAfter(times, span.low(t));
    const to = span.delayed ? firstAfter(times, span.high(t)) : times.length;
    horizon.at = span.change(t, times[from], times[to]);
    return value(state, from, to);
  };
}

function compileCount(selector: Selector, span: Span | null, context: Context, cap: number | null): CompiledAggregate {
  const { builder } = context;
  if (span === null) {
    const feature = builder.count(selector.event, sinceOf(selector, context));
    return { read: timelessNumber(feature, context, (count) => count ?? 0), window: null };
  }
  const last = selector.window?.kind === "last";
  const { feature, retention } = builder.times(selector.event, span.ageMax, last ? cap : null);
  const read = overTimes(feature, span, context, (from, to) => to - from);
  return { read, window: last ? { feature, length: span.ageMax, retention } : null };
}

/** `first` and `last`, of moments or of values. */
function compileEnd(which: "first" | "last", selector: Selector, span: Span | null, context: Context): Read {
  const { builder } = context;
  const { event, path } = selector;
  if (span === null) {
    const since = sinceOf(selector, context);
    if (path === null) {
      return timelessNumber(builder.moment(event, which, since), context, (moment) => moment);
    }
    return timelessObject(
      builder.dated(event, path, which, since),
      context,
      (state) => (state as DatedValue | undefined)?.value,
    );
  }
  if (which === "last" && !span.delayed) return compileLatest(selector, span, context);
  const pick = (from: number, to: number): number => (which === "first" ? from : to - 1);
  if (path === null) {
    const { feature } = builder.times(event, span.ageMax, null);
    return overTimes(feature, span, context, (from, to) => (from < to ? timeAt(pick(from, to)) : undefined));
  }
  return compileDatedEnd(builder.history(event, path, which, span.ageMax), span, context, pick);
}

function compileDatedEnd(
  feature: number,
  span: Span,
  { reads }: Context,
  pick: (from: number, to: number) => number,
): Read {
  reads.features.add(feature);
  return (contact, t) => {
    const values = (objectOf(contact, feature) as DatedValue[] | undefined) ?? [];
    const from = firstDatedAfter(values, span.low(t));
    const to = firstDatedAfter(values, span.high(t));
    horizon.at = span.change(t, values[from]?.at, values[to]?.at);
    return from < to ? values[pick(from, to)]?.value : undefined;
  };
}

/** The latest in a window that ends now is the latest of all, while that lies in it: no list is needed. */
function compileLatest(selector: Selector, span: Span, { builder, reads }: Context): Read {
  const { event, path } = selector;
  if (path === null) {
    const feature = builder.moment(event, "last", null);
    reads.features.add(feature);
    return (contact, t) => {
      const at = numberOf(contact, feature);
      const inside = at !== undefined && at > span.low(t);
      horizon.at = inside ? span.change(t, at, undefined) : Infinity;
      return inside ? at : undefined;
    };
  }
  const feature = builder.dated(event, path, "last", null);
  reads.features.add(feature);
  return (contact, t) => {
    const dated = objectOf(contact, feature) as DatedValue | undefined;
    const inside = dated !== undefined && dated.at > span.low(t);
    horizon.at = inside ? span.change(t, dated.at, undefined) : Infinity;
    return inside ? dated.value : undefined;
  };
}

function compileSum(name: "sum" | "avg", selector: Selector, path: Path, span: Span | null, context: Context): Read {
  const value = (high: number, low: number, count: number): Value => {
    if (name === "sum") return sumValue(high, low);
    return count === 0 ? undefined : averageValue(high, low, count);
  };
  if (span === null) {
    const feature = context.builder.sum(selector.event, path, sinceOf(selector, context));
    context.reads.features.add(feature);
    return (contact) => {
      horizon.at = Infinity;
      return readSum(contact, feature, value);
    };
  }
  const feature = context.builder.numbers(selector.event, path, span.ageMax);
  return overSeries<number>(feature, span, context, (series, from, to) => {
    if (series === undefined || from >= to) return value(0, 0, 0);
    sumRange(series, from, to);
    return value(rangeSum.high, rangeSum.low, to - from);
  });
}

function compileExtreme(
  which: "min" | "max",
  selector: Selector,
  path: Path,
  span: Span | null,
  context: Context,
): Read {
  if (span === null) {
    const feature = context.builder.extreme(selector.event, path, which, sinceOf(selector, context));
    return timelessNumber(feature, context, (micros) => (micros === undefined ? undefined : fromMicros(micros)));
  }
  const feature = context.builder.numbers(selector.event, path, span.ageMax);
  return overSeries<number>(feature, span, context, (series, from, to) => {
    if (series === undefined || from >= to) return undefined;
    let best = series.values[from] as number;
    for (let i = from + 1; i < to; i++) {
      const micros = series.values[i] as number;
      if (which === "min" ? micros < best : micros > best) best = micros;
    }
    return fromMicros(best);
  });
}

function compileValues(
  name: "distinct" | "most",
  selector: Selector,
  path: Path,
  span: Span | null,
  context: Context,
): Read {
  if (span === null) {
    const feature = context.builder.valueCounts(selector.event, path, sinceOf(selector, context));
    return timelessObject(feature, context, (state) => {
      const values = state as ValueCounts | undefined;
      return name === "distinct" ? (values?.counts.size ?? 0) : values?.most;
    });
  }
  const feature = context.builder.scalars(selector.event, path, span.ageMax);
  const reader = context.builder.reader();
  context.reads.follows = true;
  return overSeries<Scalar>(feature, span, context, (series, from, to) => {
    if (series === undefined) return name === "distinct" ? 0 : undefined;
    const range = countRange(series, reader, from, to);
    if (name === "distinct") return range.counts.size;
    range.most ??= mostFrequent(range.counts);
    return range.most;
  });
}
