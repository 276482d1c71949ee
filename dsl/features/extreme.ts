/** The smallest or largest number at a path, of all events or of those since a fixed instant. State: micro units. */
import { numberOf, setNumber } from "../contact/numbers.ts";
import type { EachValue } from "../plan/event-view.ts";
import { numberCodec, type Feature } from "./feature.ts";
import { microsOf } from "./sum.ts";

export function extremeFeature(
  index: number,
  key: string,
  which: "min" | "max",
  each: EachValue,
  since: number | null,
): Feature {
  const from = since ?? -Infinity;
  return {
    index,
    key,
    kind: "extreme",
    add(contact, view, event, at) {
      if (at < from) return false;
      let changed = false;
      each(view, event, (value) => {
        const micros = microsOf(value);
        if (micros === null) return;
        const known = numberOf(contact, index);
        if (known !== undefined && (which === "min" ? micros >= known : micros <= known)) return;
        setNumber(contact, index, micros);
        changed = true;
      });
      return changed;
    },
  };
}

export const extremeCodec = numberCodec(
  (out, micros) => out.f64(micros),
  (input) => input.f64(),
);
