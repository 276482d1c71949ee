/** The scalars at a path that some window can still see, with their events' places, in order. */
import { addObject, objectOf } from "../contact/objects.ts";
import type { PathReader } from "../plan/event-view.ts";
import { isScalar } from "../value.ts";
import { compareDated, readDated, writeDated, type DatedValue } from "./dated.ts";
import { objectCodec, type Feature } from "./feature.ts";
import type { Retention } from "./times.ts";

export function historyFeature(
  index: number,
  key: string,
  path: PathReader,
  retention: Retention,
  entriesMax: number,
): Feature {
  return {
    index,
    key,
    kind: "history",
    add(contact, view, event, at, now) {
      const oldest = now - retention.ageMax;
      if (at <= oldest) return false;
      const value = path(view, event);
      if (!isScalar(value)) return false;
      let values = objectOf(contact, index) as DatedValue[] | undefined;
      if (values === undefined) {
        values = [];
        addObject(contact, index, values);
      }
      insert(values, { at, by: view.entry.messageId(event), value });
      let drop = 0;
      while (drop < values.length && (values[drop] as DatedValue).at <= oldest) drop++;
      if (values.length - drop > entriesMax) {
        drop = values.length - entriesMax;
        contact.saturated = true;
      }
      if (drop > 0) values.splice(0, drop);
      return true;
    },
  };
}

function insert(values: DatedValue[], added: DatedValue): void {
  let place = values.length;
  while (place > 0 && compareDated(added.at, added.by, values[place - 1] as DatedValue) < 0) place--;
  values.splice(place, 0, added);
}

/** The place of the first entry later than `at`; the list's length when there is none. */
export function firstDatedAfter(values: readonly DatedValue[], at: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as DatedValue).at <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const historyCodec = objectCodec<DatedValue[]>(
  (out, values) => {
    out.varint(values.length);
    for (const dated of values) writeDated(out, dated);
  },
  (input) => {
    const values: DatedValue[] = [];
    for (let n = input.varint(); n > 0; n--) values.push(readDated(input));
    return values;
  },
);
