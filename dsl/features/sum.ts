/** The exact sum and the number of the values at a path, of all events or of those since a fixed instant. */
import { toMicros, VALUE_MAX } from "../../kernel/decimal.ts";
import { featureState, setFeatureState } from "../contact/contact.ts";
import type { EachValue } from "../plan/event-view.ts";
import type { Value } from "../value.ts";
import { highOf, lowOf } from "./exact-sum.ts";
import type { Feature, FeatureCodec } from "./feature.ts";
import type { SumState } from "./state.ts";

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
        let state = featureState(contact, index) as SumState | undefined;
        if (state === undefined) {
          state = { high: 0, low: 0, count: 0 };
          setFeatureState(contact, index, state);
        }
        state.high += highOf(micros);
        state.low += lowOf(micros);
        state.count++;
        changed = true;
      });
      return changed;
    },
  };
}

export const sumCodec: FeatureCodec = {
  write(out, state) {
    const { high, low, count } = state as SumState;
    out.svarint(high);
    out.varint(low);
    out.varint(count);
  },
  read: (input) => ({ high: input.svarint(), low: input.varint(), count: input.varint() }),
};
