/**
 * Contacts let go of states that have left every window: with thousands of selectors they would otherwise keep one of
 * each that they ever met. A state is looked at when another one comes to stand beside it, so what is kept stays about
 * as long as what is still of use, and what is let go depends on the contact alone.
 */
import type { FeatureState } from "../features/state.ts";
import { removeAt, type Contact } from "./contact.ts";

/** Looks at the neighbours of the state at `contact.cursor`, which has just come; `reaches` as in the plan. */
export function forgetNeighbours(contact: Contact, reaches: Float64Array, now: number): void {
  const { cursor } = contact;
  if (isOver(contact, cursor + 1, reaches, now)) drop(contact, cursor + 1);
  if (!isOver(contact, cursor - 1, reaches, now)) return;
  drop(contact, cursor - 1);
  contact.cursor = cursor - 1;
}

function isOver(
  { featureIndexes, featureStates }: Contact,
  place: number,
  reaches: Float64Array,
  now: number,
): boolean {
  if (place < 0 || place >= featureIndexes.length) return false;
  const reach = reaches[featureIndexes[place] as number] as number;
  return reach !== Infinity && newest(featureStates[place] as FeatureState) <= now - reach;
}

/** The latest timestamp that a feature with a window keeps. */
function newest(state: FeatureState): number {
  if (typeof state === "number") return state;
  const list = Array.isArray(state) ? state : "at" in state ? state.at : null;
  if (!Array.isArray(list)) throw new Error("a feature without timestamps has a window");
  const last = list[list.length - 1];
  return typeof last === "object" ? last.at : (last ?? -Infinity);
}

function drop({ featureIndexes, featureStates }: Contact, place: number): void {
  removeAt(featureIndexes, place);
  removeAt(featureStates, place);
}
