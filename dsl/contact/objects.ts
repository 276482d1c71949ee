/** What features keep for a contact as objects: states by the feature's number, in ascending order. */
import type { ObjectState } from "../features/state.ts";
import type { Contact } from "./contact.ts";

/** Where a feature stands among the contact's objects, or `-1 - place` where it would be put. */
export function objectPlace(contact: Contact, feature: number): number {
  const { objects, objectCursor } = contact;
  if (objects === null) return -1;
  const { features } = objects;
  if (objectCursor < features.length && features[objectCursor] === feature) return objectCursor;
  let low = 0;
  let high = features.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = features[middle] as number;
    if (found === feature) {
      contact.objectCursor = middle;
      return middle;
    }
    if (found < feature) low = middle + 1;
    else high = middle - 1;
  }
  return -1 - low;
}

export function objectOf(contact: Contact, feature: number): ObjectState | undefined {
  const place = objectPlace(contact, feature);
  return place < 0 ? undefined : contact.objects?.states[place];
}

/** The feature must not have a state yet. */
export function addObject(contact: Contact, feature: number, state: ObjectState): void {
  const place = -1 - objectPlace(contact, feature);
  const { features, states } = contact.ownObjects();
  features.splice(place, 0, feature);
  states.splice(place, 0, state);
  contact.objectCursor = place;
  contact.addedObject = place;
}

export function removeObject(contact: Contact, place: number): void {
  if (contact.objects === null) throw new Error("a contact without objects can't lose one");
  contact.objects.features.splice(place, 1);
  contact.objects.states.splice(place, 1);
}
