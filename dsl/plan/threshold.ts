/** `count(… in last D) >= n`, the commonest predicate. */
import type { Contact } from "../contact/contact.ts";
import * as numbers from "../contact/numbers.ts";
import * as horizons from "./horizon.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { list, openList } = numbers;
const { horizon } = horizons;

/** True while the feature's list has at least `count` timestamps of the last `length` ms. */
export interface Threshold {
  readonly feature: number;
  /** At least 1. */
  readonly count: number;
  readonly length: number;
}

/** True until the count-th newest leaves the window; when false, only an event can help. */
export function isReached(contact: Contact, feature: number, count: number, length: number, t: number): boolean {
  horizon.at = Infinity;
  const kept = openList(contact, feature);
  if (kept < count) return false;
  const nth = list.f64[list.from + kept - count] as number;
  if (nth <= t - length) return false;
  horizon.at = nth + length;
  return true;
}
