/** The earliest or latest timestamp of all events, or of those since a fixed instant. State: ms since 1970. */
import { featureState, setFeatureState } from "../contact/contact.ts";
import type { Feature, FeatureCodec } from "./feature.ts";

export function momentFeature(index: number, key: string, which: "first" | "last", since: number | null): Feature {
  const from = since ?? -Infinity;
  return {
    index,
    key,
    kind: "moment",
    add(contact, _view, _event, at) {
      if (at < from) return false;
      const known = featureState(contact, index) as number | undefined;
      if (known !== undefined && (which === "first" ? at >= known : at <= known)) return false;
      setFeatureState(contact, index, at);
      return true;
    },
  };
}

export const momentCodec: FeatureCodec = {
  write: (out, state) => out.varint(state as number),
  read: (input) => input.varint(),
};
