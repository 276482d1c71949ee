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
      const { cap } = retention;
      const enough = cap !== null && cap <= entriesMax;
      const most = enough ? cap : entriesMax;
      const place = featurePlace(contact, index);
      if (place < 0) {
        addFeatureState(contact, -1 - place, index, at);
        return true;
      }
      const state = contact.featureStates[place] as TimesState;
      if (typeof state !== "number") {
        if (!insertTime(state, at, oldest, most) && !enough) contact.saturated = true;
      } else if (state <= oldest) contact.featureStates[place] = at;
      else if (most > 1) contact.featureStates[place] = pairOf(state, at);
      else {
        if (!enough) contact.saturated = true;
        if (at > state) contact.featureStates[place] = at;
      }
      return true;
    },
  };
}

/** A single timestamp stands for a list of one: most lists never have a second. */
export type TimesState = number | number[];

const NONE: readonly number[] = [];
const single = [0.5];

/** The list that a state stands for; to be done with before the next is asked for. */
export function timesIn(state: TimesState | undefined): readonly number[] {
  if (typeof state !== "number") return state ?? NONE;
  single[0] = state;
  return single;
}

function pairOf(a: number, b: number): number[] {
  const times = shortList(0.5);
  times.push(Math.min(a, b), Math.max(a, b));
  return times;
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

/** The newest as its distance from `lastSeen`, then each older one as its distance from the one after it. */
export const timesCodec: FeatureCodec = {
  write(out, state, { lastSeen }) {
    const times = timesIn(state as TimesState);
    out.varint(times.length);
    let after = lastSeen;
    for (let i = times.length - 1; i >= 0; i--) {
      const at = times[i] as number;
      out.svarint(after - at);
      after = at;
    }
  },
  read(input, _tagNames, lastSeen) {
    const count = input.varint();
    let at = lastSeen;
    if (count === 1) return at - input.svarint();
    const times: number[] = [];
    for (let n = count; n > 0; n--) {
      at -= input.svarint();
      times.push(at);
    }
    return times.reverse();
  },
};
