/** The smallest or largest number at a path, of all events or of those since a fixed instant. State: micro units. */
import { featureState, setFeatureState } from "../contact/contact.ts";
import type { EachValue } from "../plan/event-view.ts";
import type { Feature, FeatureCodec } from "./feature.ts";
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
        const known = featureState(contact, index) as number | undefined;
        if (known !== undefined && (which === "min" ? micros >= known : micros <= known)) return;
        setFeatureState(contact, index, micros);
        changed = true;
      });
      return changed;
    },
  };
}

export const extremeCodec: FeatureCodec = {
  write: (out, state) => out.f64(state as number),
  read: (input) => input.f64(),
};
