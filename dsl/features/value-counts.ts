/** How often each scalar at a path came, of all events or of those since a fixed instant. State: value -> times. */
import { compareCodePoints } from "../../kernel/compare.ts";
import { readJson, writeJson } from "../../kernel/json-bytes.ts";
import { featureState, setFeatureState } from "../contact/contact.ts";
import type { EachValue } from "../plan/event-view.ts";
import { isScalar, type Scalar } from "../value.ts";
import type { Feature, FeatureCodec } from "./feature.ts";

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
        let counts = featureState(contact, index) as Map<Scalar, number> | undefined;
        if (counts === undefined) {
          counts = new Map();
          setFeatureState(contact, index, counts);
        }
        const known = counts.get(value);
        if (known === undefined && counts.size >= valuesMax) {
          contact.saturated = true;
          return;
        }
        counts.set(value, (known ?? 0) + 1);
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
    if (count > bestCount || (count === bestCount && best !== undefined && compareScalars(value, best) < 0)) {
      best = value;
      bestCount = count;
    }
  }
  return best;
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

export const valueCountsCodec: FeatureCodec = {
  write(out, state) {
    const counts = state as Map<Scalar, number>;
    out.varint(counts.size);
    for (const [value, count] of counts) {
      writeJson(out, value);
      out.varint(count);
    }
  },
  read(input) {
    const counts = new Map<Scalar, number>();
    for (let n = input.varint(); n > 0; n--) counts.set(readJson(input) as Scalar, input.varint());
    return counts;
  },
};
