/**
 * Contacts let go of states that have left every window: with thousands of selectors they would otherwise keep one of
 * each that they ever met. A state is looked at when another one comes to stand beside it, so what is kept stays about
 * as long as what is still of use, and what is let go depends on the contact alone.
 */
import type { Contact } from "./contact.ts";
import { NUMBERS } from "./head.ts";
import { featureAt, list, openListAt, removeNumber } from "./numbers.ts";
import { removeObject } from "./objects.ts";
import { countIn } from "./tables.ts";
import { newestIn } from "../features/state.ts";

/** Looks at the neighbours of the states that have just come, if any have; `reaches` as in the plan. */
export function forgetNeighbours(contact: Contact, reaches: Float64Array, now: number): void {
  const { addedNumber, addedObject } = contact;
  if (addedNumber >= 0) {
    contact.addedNumber = -1;
    if (isOverNumber(contact, addedNumber + 1, reaches, now)) removeNumber(contact, addedNumber + 1);
    if (isOverNumber(contact, addedNumber - 1, reaches, now)) {
      removeNumber(contact, addedNumber - 1);
      contact.numberCursor = addedNumber - 1;
    }
  }
  if (addedObject >= 0) {
    contact.addedObject = -1;
    if (isOverObject(contact, addedObject + 1, reaches, now)) removeObject(contact, addedObject + 1);
    if (isOverObject(contact, addedObject - 1, reaches, now)) {
      removeObject(contact, addedObject - 1);
      contact.objectCursor = addedObject - 1;
    }
  }
}

function isOverNumber(contact: Contact, place: number, reaches: Float64Array, now: number): boolean {
  if (place < 0 || place >= countIn(contact, NUMBERS)) return false;
  const reach = reaches[featureAt(contact, place)] as number;
  if (reach === Infinity) return false;
  const length = openListAt(contact, place);
  return (list.f64[list.from + length - 1] as number) <= now - reach;
}

function isOverObject({ objects }: Contact, place: number, reaches: Float64Array, now: number): boolean {
  const state = objects?.states[place];
  if (objects === null || state === undefined) return false;
  const reach = reaches[objects.features[place] as number] as number;
  return reach !== Infinity && newestIn(state) <= now - reach;
}
