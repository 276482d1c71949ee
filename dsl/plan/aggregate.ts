/** Aggregates over one selector and window, read at an instant. Windows: LANGUAGE.md, Time; functions: Aggregates. */
import type { AggregateName, Path, Selector } from "../ast.ts";
import { fromMicros } from "../../kernel/decimal.ts";
import { featureState, type Contact } from "../contact/contact.ts";
import type { DatedValue } from "../features/dated.ts";
import { averageValue, sumValue } from "../features/exact-sum.ts";
import { firstDatedAfter } from "../features/history.ts";
import { countRange } from "../features/range-counts.ts";
import { rangeSum, sumRange } from "../features/series.ts";
import type { Series, SumState, ValueCounts } from "../features/state.ts";
import { firstAfter, timesIn, type Retention, type TimesState } from "../features/times.ts";
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

/** A read of a state that time alone doesn't change. */
function timeless(feature: number, { reads }: Context, value: (state: unknown) => Value): Read {
  reads.features.add(feature);
  return (contact) => {
    horizon.at = Infinity;
    return value(featureState(contact, feature));
  };
}

const NO_TIMES: readonly number[] = [];

/** A read over the places `from` up to but without `to` of a list, by the timestamps beside it. */
function overRange<S>(
  feature: number,
  span: Span,
  { reads }: Context,
  timesOf: (state: S) => readonly number[],
  value: (state: S | undefined, from: number, to: number) => Value,
): Read {
  reads.features.add(feature);
  return (contact, t) => {
    const state = featureState(contact, feature) as S | undefined;
    const times = state === undefined ? NO_TIMES : timesOf(state);
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
    return { read: timeless(feature, context, (state) => (state as number | undefined) ?? 0), window: null };
  }
  const last = selector.window?.kind === "last";
  const { feature, retention } = builder.times(selector.event, span.ageMax, last ? cap : null);
  const read = overRange<TimesState>(feature, span, context, timesIn, (_, from, to) => to - from);
  return { read, window: last ? { feature, length: span.ageMax, retention } : null };
}

/** `first` and `last`, of moments or of values. */
function compileEnd(which: "first" | "last", selector: Selector, span: Span | null, context: Context): Read {
  const { builder } = context;
  const { event, path } = selector;
  if (span === null) {
    const since = sinceOf(selector, context);
    if (path === null) {
      return timeless(builder.moment(event, which, since), context, (state) => state as number | undefined);
    }
    return timeless(
      builder.dated(event, path, which, since),
      context,
      (state) => (state as DatedValue | undefined)?.value,
    );
  }
  if (which === "last" && !span.delayed) return compileLatest(selector, span, context);
  const pick = (from: number, to: number): number => (which === "first" ? from : to - 1);
  if (path === null) {
    const { feature } = builder.times(event, span.ageMax, null);
    return overRange<TimesState>(feature, span, context, timesIn, (times, from, to) =>
      from < to ? timesIn(times)[pick(from, to)] : undefined,
    );
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
    const values = (featureState(contact, feature) as DatedValue[] | undefined) ?? [];
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
      const at = featureState(contact, feature) as number | undefined;
      const inside = at !== undefined && at > span.low(t);
      horizon.at = inside ? span.change(t, at, undefined) : Infinity;
      return inside ? at : undefined;
    };
  }
  const feature = builder.dated(event, path, "last", null);
  reads.features.add(feature);
  return (contact, t) => {
    const dated = featureState(contact, feature) as DatedValue | undefined;
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
    return timeless(feature, context, (state) => {
      const sum = state as SumState | undefined;
      return sum === undefined ? value(0, 0, 0) : value(sum.high, sum.low, sum.count);
    });
  }
  const feature = context.builder.numbers(selector.event, path, span.ageMax);
  return overRange<Series<number>>(feature, span, context, timesOf, (series, from, to) => {
    if (series === undefined || from >= to) return value(0, 0, 0);
    sumRange(series, from, to);
    return value(rangeSum.high, rangeSum.low, to - from);
  });
}

function timesOf(series: Series<Scalar>): readonly number[] {
  return series.at;
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
    return timeless(feature, context, (state) => (state === undefined ? undefined : fromMicros(state as number)));
  }
  const feature = context.builder.numbers(selector.event, path, span.ageMax);
  return overRange<Series<number>>(feature, span, context, timesOf, (series, from, to) => {
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
    return timeless(feature, context, (state) => {
      const values = state as ValueCounts | undefined;
      return name === "distinct" ? (values?.counts.size ?? 0) : values?.most;
    });
  }
  const feature = context.builder.scalars(selector.event, path, span.ageMax);
  const reader = context.builder.reader();
  context.reads.follows = true;
  return overRange<Series<Scalar>>(feature, span, context, timesOf, (series, from, to) => {
    if (series === undefined) return name === "distinct" ? 0 : undefined;
    const range = countRange(series, reader, from, to);
    if (name === "distinct") return range.counts.size;
    range.most ??= mostFrequent(range.counts);
    return range.most;
  });
}
