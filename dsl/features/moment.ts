/** The earliest or latest timestamp of all events, or of those since a fixed instant. State: ms since 1970. */
import { numberOf, setNumber } from "../contact/numbers.ts";
import { numberCodec, type Feature } from "./feature.ts";

export function momentFeature(index: number, key: string, which: "first" | "last", since: number | null): Feature {
  const from = since ?? -Infinity;
  return {
    index,
    key,
    kind: "moment",
    add(contact, _view, _event, at) {
      if (at < from) return false;
      const known = numberOf(contact, index);
      if (known !== undefined && (which === "first" ? at >= known : at <= known)) return false;
      setNumber(contact, index, at);
      return true;
    },
  };
}

export const momentCodec = numberCodec(
  (out, at) => out.varint(at),
  (input) => input.varint(),
);
