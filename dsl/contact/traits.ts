/** Traits: a register per key, the latest write wins, whatever the order of arrival. */
import { compareCodePoints } from "../../kernel/compare.ts";
import type { Json, JsonObject } from "../../kernel/event.ts";
import type { Contact } from "./contact.ts";

/**
 * Sets the keys of `traits` as of a call's timestamp and messageId; calls `changed` with each key whose value is
 * another one now. A contact with `maximum` keys takes no further ones and is marked saturated.
 */
export function mergeTraits(
  contact: Contact,
  traits: JsonObject,
  at: number,
  by: string,
  maximum: number,
  changed: (key: string) => void,
): void {
  for (const [key, value] of Object.entries(traits)) {
    const known = contact.traits.get(key);
    if (known === undefined) {
      if (contact.traits.size >= maximum) {
        contact.saturated = true;
        continue;
      }
      contact.ownTraits().set(key, { value, at, by });
      if (value !== null) changed(key);
      continue;
    }
    if (at < known.at || (at === known.at && compareCodePoints(by, known.by) <= 0)) continue;
    // Its own from here on.
    contact.ownTraits();
    const same = sameScalar(known.value, value);
    known.value = value;
    known.at = at;
    known.by = by;
    if (!same) changed(key);
  }
}

function sameScalar(a: Json, b: Json): boolean {
  return a === b && (a === null || typeof a !== "object");
}
