/**
 * How often a rule gave each tag that it names by a property's value. State: tag -> times.
 *
 * Counts and not points, so that a model with other points rescores everybody without the history.
 */
import type { Contact } from "../contact/contact.ts";
import { addObject, objectOf } from "../contact/objects.ts";
import type { EachValue } from "../plan/event-view.ts";
import { isScalar, type Value } from "../value.ts";
import { objectCodec, type Feature } from "./feature.ts";

/** A rule's points are the sum over the declarations that share it; micro points. */
export function tagCountsFeature(
  index: number,
  key: string,
  prefix: string,
  each: EachValue,
  rule: { points: number },
  tagsMax: number,
): Feature {
  const give = (contact: Contact, value: Value): boolean => {
    if (!isScalar(value)) return false;
    const tag = prefix + String(value);
    if (tag === "") return false;
    if (!addTagPoints(contact, tag, rule.points, tagsMax)) return false;
    let counts = objectOf(contact, index) as Map<string, number> | undefined;
    if (counts === undefined) {
      counts = new Map();
      addObject(contact, index, counts);
    }
    counts.set(tag, (counts.get(tag) ?? 0) + 1);
    return true;
  };
  return {
    index,
    key,
    kind: "tag counts",
    add(contact, view, event) {
      let changed = false;
      each(view, event, (value) => {
        changed = give(contact, value) || changed;
      });
      return changed;
    },
  };
}

/** Adds micro points to a tag; false for a further tag of a contact that is at its bound, which marks it saturated. */
export function addTagPoints(contact: Contact, tag: string, points: number, tagsMax: number): boolean {
  const known = contact.tags.get(tag);
  if (known === undefined && contact.tags.size >= tagsMax) {
    contact.saturated = true;
    return false;
  }
  const sum = (known ?? 0) + points;
  if (!Number.isSafeInteger(sum)) contact.saturated = true;
  contact.ownTags().set(tag, sum);
  contact.ownDetails().tags.add(tag);
  return true;
}

/**
 * A tag is stored by its place in the row's head, plus one, where the contact has it; behind a 0 in full where it has
 * not: under another model the tags of other rules may come first and fill the bound.
 */
export const tagCountsCodec = objectCodec<Map<string, number>>(
  (out, counts, contact) => {
    const places = new Map<string, number>();
    for (const tag of contact.tags.keys()) places.set(tag, places.size);
    out.varint(counts.size);
    for (const [tag, times] of counts) {
      const place = places.get(tag);
      out.varint(place === undefined ? 0 : place + 1);
      if (place === undefined) out.text(tag);
      out.varint(times);
    }
  },
  (input, tagNames) => {
    const counts = new Map<string, number>();
    for (let n = input.varint(); n > 0; n--) {
      const place = input.varint();
      const tag = place === 0 ? input.text() : tagNames[place - 1];
      if (tag === undefined) throw new RangeError("a counted tag is not among the row's tags");
      counts.set(tag, input.varint());
    }
    return counts;
  },
);
