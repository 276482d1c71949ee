/**
 * The exact sum and the number of the values at a path, of all events or of those since a fixed instant. State: a list
 * of the sum's halves (exact-sum.ts) and the number.
 */
import { toMicros, VALUE_MAX } from "../../kernel/decimal.ts";
import type { Contact } from "../contact/contact.ts";
import { gatherList } from "../contact/gathered.ts";
import { list, newList, openList, openListAt } from "../contact/numbers.ts";
import type { EachValue } from "../plan/event-view.ts";
import type { Value } from "../value.ts";
import { highOf, lowOf } from "./exact-sum.ts";
import { NO_FEATURE, type Feature, type FeatureCodec } from "./feature.ts";

const HIGH = 0;
const LOW = 1;
const COUNT = 2;
const LENGTH = 3;

/** A value in micro units; null for what aggregates over numbers ignore. */
export function microsOf(value: Value): number | null {
  if (typeof value !== "number" || Math.abs(value) > VALUE_MAX) return null;
  return toMicros(value);
}

export function sumFeature(index: number, key: string, each: EachValue, since: number | null): Feature {
  const from = since ?? -Infinity;
  return {
    index,
    key,
    kind: "sum",
    add(contact, view, event, at) {
      if (at < from) return false;
      let changed = false;
      each(view, event, (value) => {
        const micros = microsOf(value);
        if (micros === null) return;
        if (openList(contact, index) === 0) {
          newList(contact, index, LENGTH);
          setSum(0, 0, 0);
        }
        const { f64, from: at } = list;
        f64[at + HIGH] = (f64[at + HIGH] as number) + highOf(micros);
        f64[at + LOW] = (f64[at + LOW] as number) + lowOf(micros);
        f64[at + COUNT] = (f64[at + COUNT] as number) + 1;
        changed = true;
      });
      return changed;
    },
  };
}

/** Fills the list that is open. */
function setSum(high: number, low: number, count: number): void {
  const { f64, from } = list;
  f64[from + HIGH] = high;
  f64[from + LOW] = low;
  f64[from + COUNT] = count;
}

/** What `value` makes of the sum's halves and the number of values; of zeros where there are none. */
export function readSum<T>(
  contact: Contact,
  feature: number,
  value: (high: number, low: number, count: number) => T,
): T {
  if (openList(contact, feature) === 0) return value(0, 0, 0);
  const { f64, from } = list;
  return value(f64[from + HIGH] as number, f64[from + LOW] as number, f64[from + COUNT] as number);
}

export const sumCodec: FeatureCodec = {
  keeps: "numbers",
  write(out, contact, place) {
    openListAt(contact, place);
    const { f64, from } = list;
    out.svarint(f64[from + HIGH] as number);
    out.varint(f64[from + LOW] as number);
    out.varint(f64[from + COUNT] as number);
  },
  read(input, contact, feature) {
    const high = input.svarint();
    const low = input.varint();
    const count = input.varint();
    if (feature === NO_FEATURE) return;
    gatherList(contact, feature, LENGTH);
    setSum(high, low, count);
  },
};
