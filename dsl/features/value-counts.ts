/** How often each scalar at a path came, of all events or of those since a fixed instant. State: value -> times, and the most frequent. */
import { compareCodePoints } from "../../kernel/compare.ts";
import { readJson, writeJson } from "../../kernel/json-bytes.ts";
import { addObject, objectOf } from "../contact/objects.ts";
import type { EachValue } from "../plan/event-view.ts";
import { isScalar, type Scalar } from "../value.ts";
import { objectCodec, type Feature } from "./feature.ts";
import type { ValueCounts } from "./state.ts";

/** A contact that has seen `valuesMax` distinct values takes no further ones and is marked saturated. */
export function valueCountsFeature(
  index: number,
  key: string,
  each: EachValue,
  since: number | null,
  valuesMax: number,
): Feature {
  const from = since ?? -Infinity;
  return {
    index,
    key,
    kind: "value counts",
    add(contact, view, event, at) {
      if (at < from) return false;
      let changed = false;
      each(view, event, (value) => {
        if (!isScalar(value)) return;
        let state = objectOf(contact, index) as ValueCounts | undefined;
        if (state === undefined) {
          state = { counts: new Map(), most: undefined };
          addObject(contact, index, state);
        }
        const { counts } = state;
        const known = counts.get(value);
        if (known === undefined && counts.size >= valuesMax) {
          contact.saturated = true;
          return;
        }
        const count = (known ?? 0) + 1;
        counts.set(value, count);
        const { most } = state;
        if (most === undefined || comesFirst(value, count, most, counts.get(most) ?? 0)) state.most = value;
        changed = true;
      });
      return changed;
    },
  };
}

/** The most frequent value; of equally frequent ones the first: numbers, then strings, then booleans. */
export function mostFrequent(counts: ReadonlyMap<Scalar, number>): Scalar | undefined {
  let best: Scalar | undefined;
  let bestCount = 0;
  for (const [value, count] of counts) {
    if (best === undefined || comesFirst(value, count, best, bestCount)) {
      best = value;
      bestCount = count;
    }
  }
  return best;
}

/** Whether a value with a count is ahead of another one; equally frequent ones go by their order. */
export function comesFirst(value: Scalar, count: number, other: Scalar, otherCount: number): boolean {
  return count > otherCount || (count === otherCount && compareScalars(value, other) < 0);
}

const RANKS = { number: 0, string: 1, boolean: 2 } as const;

function rank(value: Scalar): number {
  return RANKS[typeof value as keyof typeof RANKS];
}

function compareScalars(a: Scalar, b: Scalar): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return compareCodePoints(a, b);
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  return rank(a) - rank(b);
}

export const valueCountsCodec = objectCodec<ValueCounts>(
  (out, { counts }) => {
    out.varint(counts.size);
    for (const [value, count] of counts) {
      writeJson(out, value);
      out.varint(count);
    }
  },
  (input) => {
    const counts = new Map<Scalar, number>();
    for (let n = input.varint(); n > 0; n--) counts.set(readJson(input) as Scalar, input.varint());
    return { counts, most: mostFrequent(counts) };
  },
);
