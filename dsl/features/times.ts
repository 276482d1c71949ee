/**
 * The timestamps that some window can still see, in ascending order: one list for all windows over one selector.
 *
 * A window of the last D that is only compared with n needs no more than the n newest, so a list that serves only
 * such windows keeps `cap` of them and stays exact: older ones can't change any answer.
 */
import { addFeatureState, featurePlace, insertAt, shortList } from "../contact/contact.ts";
import type { Feature, FeatureCodec } from "./feature.ts";

/** What the windows over one selector need. Mutable while a plan is compiled: each further window widens it. */
export interface Retention {
  /** The longest reach back, ms. */
  ageMax: number;
  /** The newest entries to keep at most; null: as many as the contract's bound allows. */
  cap: number | null;
}

export function timesFeature(index: number, key: string, retention: Retention, entriesMax: number): Feature {
  return {
    index,
    key,
    kind: "times",
    add(contact, _view, _event, at, now) {
      const oldest = now - retention.ageMax;
      if (at <= oldest) return false;
      const place = featurePlace(contact, index);
      if (place < 0) {
        const times = shortList(0.5);
        times.push(at);
        addFeatureState(contact, -1 - place, index, times);
        return true;
      }
      const times = contact.featureStates[place] as number[];
      const { cap } = retention;
      const enough = cap !== null && cap <= entriesMax;
      if (!insertTime(times, at, oldest, enough ? cap : entriesMax) && !enough) contact.saturated = true;
      return true;
    },
  };
}

/** Forgets what is not after `oldest` and keeps the newest `most`; false when that made it forget one that is. */
function insertTime(times: number[], at: number, oldest: number, most: number): boolean {
  const { length } = times;
  let drop = 0;
  while (drop < length && (times[drop] as number) <= oldest) drop++;
  const fits = length + 1 - drop <= most;
  if (!fits) drop = length + 1 - most;
  const place = length === 0 || (times[length - 1] as number) <= at ? length : firstAfter(times, at);
  if (drop === 0) insertAt(times, place, at);
  // It would be the first to be forgotten.
  else if (place < drop) times.splice(0, drop - 1);
  else {
    // The place of the last one forgotten is taken by what came after it, up to where the new one stands.
    for (let i = drop; i < place; i++) times[i - 1] = times[i] as number;
    times[place - 1] = at;
    if (drop > 1) times.splice(0, drop - 1);
  }
  return fits;
}

/** The place of the first timestamp greater than `at`; the list's length when there is none. */
export function firstAfter(times: readonly number[], at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const timesCodec: FeatureCodec = {
  write(out, state) {
    const times = state as number[];
    out.varint(times.length);
    let before = 0;
    for (const at of times) {
      out.varint(at - before);
      before = at;
    }
  },
  read(input) {
    const times: number[] = [];
    let at = 0;
    for (let n = input.varint(); n > 0; n--) {
      at += input.varint();
      times.push(at);
    }
    return times;
  },
};
