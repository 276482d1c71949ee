/**
 * Values that some window can still see, with their timestamps, in ascending order: one list for all windows over one
 * selector and path. `numbers` holds micro units for sums and their like, `scalars` any scalar for distinct and most.
 */
import { readJson, writeJson } from "../../kernel/json-bytes.ts";
import type { Contact } from "../contact/contact.ts";
import { addObject, objectOf } from "../contact/objects.ts";
import type { EachValue } from "../plan/event-view.ts";
import { isScalar, type Scalar, type Value } from "../value.ts";
import { highOf, lowOf } from "./exact-sum.ts";
import { objectCodec, type Feature } from "./feature.ts";
import type { Series } from "./state.ts";
import { microsOf } from "./sum.ts";
import type { Retention } from "./times.ts";

function emptySeries(): Series<Scalar> {
  return { at: [], values: [], highs: [0], lows: [0], ranges: [], dropped: 0, revision: 0 };
}

export function numbersFeature(
  index: number,
  key: string,
  each: EachValue,
  retention: Retention,
  entriesMax: number,
): Feature {
  return seriesFeature("numbers", index, key, each, microsOf, retention, entriesMax);
}

export function scalarsFeature(
  index: number,
  key: string,
  each: EachValue,
  retention: Retention,
  entriesMax: number,
): Feature {
  return seriesFeature("scalars", index, key, each, (v) => (isScalar(v) ? v : null), retention, entriesMax);
}

function seriesFeature(
  kind: "numbers" | "scalars",
  index: number,
  key: string,
  each: EachValue,
  read: (value: Value) => Scalar | null,
  retention: Retention,
  entriesMax: number,
): Feature {
  return {
    index,
    key,
    kind,
    add(contact, view, event, at, now) {
      const oldest = now - retention.ageMax;
      if (at <= oldest) return false;
      let changed = false;
      each(view, event, (raw) => {
        const value = read(raw);
        if (value === null) return;
        let series = objectOf(contact, index) as Series<Scalar> | undefined;
        if (series === undefined) {
          series = emptySeries();
          addObject(contact, index, series);
        }
        insert(series, at, value);
        forget(contact, series, oldest, entriesMax);
        changed = true;
      });
      return changed;
    },
  };
}

function insert(series: Series<Scalar>, at: number, value: Scalar): void {
  const place = firstAfter(series.at, at);
  if (place === series.at.length) {
    series.at.push(at);
    series.values.push(value);
    return;
  }
  series.at.splice(place, 0, at);
  series.values.splice(place, 0, value);
  series.revision++;
  cutSums(series, place);
}

function forget(contact: Contact, series: Series<Scalar>, oldest: number, entriesMax: number): void {
  let drop = firstAfter(series.at, oldest);
  if (series.at.length - drop > entriesMax) {
    drop = series.at.length - entriesMax;
    contact.saturated = true;
  }
  if (drop === 0) return;
  series.at.splice(0, drop);
  series.values.splice(0, drop);
  series.dropped += drop;
  cutSums(series, 0);
}

/** Sums before places after `place` are no longer true. */
function cutSums(series: Series<Scalar>, place: number): void {
  if (series.highs.length <= place + 1) return;
  series.highs.length = place + 1;
  series.lows.length = place + 1;
}

/** The place of the first timestamp greater than `at`; the list's length when there is none. */
export function firstAfter(times: readonly number[], at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Leaves in `rangeSum` the halves of the sum of the values from place `from` up to but without `to`. */
export function sumRange(series: Series<number>, from: number, to: number): void {
  const { highs, lows, values } = series;
  for (let i = highs.length - 1; i < to; i++) {
    const micros = values[i] as number;
    highs.push((highs[i] as number) + highOf(micros));
    lows.push((lows[i] as number) + lowOf(micros));
  }
  rangeSum.high = (highs[to] as number) - (highs[from] as number);
  rangeSum.low = (lows[to] as number) - (lows[from] as number);
}

export const rangeSum = { high: 0, low: 0 };

/** Of both kinds. */
export const seriesCodec = objectCodec<Series<Scalar>>(
  (out, { at, values }) => {
    out.varint(at.length);
    let before = 0;
    at.forEach((timestamp, i) => {
      out.varint(timestamp - before);
      before = timestamp;
      writeJson(out, values[i] as Scalar);
    });
  },
  (input) => {
    const series = emptySeries();
    let at = 0;
    for (let n = input.varint(); n > 0; n--) {
      at += input.varint();
      series.at.push(at);
      series.values.push(readJson(input) as Scalar);
    }
    return series;
  },
);
