/** How many events there have been in all, or since a fixed instant. State: the number. */
import { NUMBERS } from "../contact/head.ts";
import { addNumber, numberPlace } from "../contact/numbers.ts";
import { numberAt, setNumberAt } from "../contact/tables.ts";
import { numberCodec, type Feature } from "./feature.ts";

/** `since`: the earliest timestamp that counts, ms since 1970; null for all of time. */
export function countFeature(index: number, key: string, since: number | null): Feature {
  const from = since ?? -Infinity;
  return {
    index,
    key,
    kind: "count",
    add(contact, _view, _event, at) {
      if (at < from) return false;
      const place = numberPlace(contact, index);
      if (place < 0) addNumber(contact, -1 - place, index, 1);
      else setNumberAt(contact, NUMBERS, place, numberAt(contact, NUMBERS, place) + 1);
      return true;
    },
  };
}

export const countCodec = numberCodec(
  (out, count) => out.varint(count),
  (input) => input.varint(),
);
