/** The value of the earliest or latest event that has a scalar at a path. State: that value with its event's place. */
import { addObject, objectOf } from "../contact/objects.ts";
import type { PathReader } from "../plan/event-view.ts";
import { isScalar } from "../value.ts";
import { compareDated, readDated, writeDated, type DatedValue } from "./dated.ts";
import { objectCodec, type Feature } from "./feature.ts";

export function datedFeature(
  index: number,
  key: string,
  which: "first" | "last",
  path: PathReader,
  since: number | null,
): Feature {
  const from = since ?? -Infinity;
  return {
    index,
    key,
    kind: "dated",
    add(contact, view, event, at) {
      if (at < from) return false;
      const value = path(view, event);
      if (!isScalar(value)) return false;
      const known = objectOf(contact, index) as DatedValue | undefined;
      const by = view.entry.messageId(event);
      if (known === undefined) {
        addObject(contact, index, { at, by, value });
        return true;
      }
      const order = compareDated(at, by, known);
      if (which === "first" ? order >= 0 : order <= 0) return false;
      known.at = at;
      known.by = by;
      known.value = value;
      return true;
    },
  };
}

export const datedCodec = objectCodec<DatedValue>(writeDated, readDated);
