/**
 * The timestamps that some window can still see, in ascending order: one list for all windows over one selector.
 *
 * A window of the last D that is only compared with n needs no more than the n newest, so a list that serves only
 * such windows keeps `cap` of them and stays exact: older ones can't change any answer.
 */
import { featureState, setFeatureState, type Contact } from "../contact/contact.ts";
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
      let times = featureState(contact, index) as number[] | undefined;
      if (times === undefined) {
        times = [];
        setFeatureState(contact, index, times);
      }
      insertTime(times, at);
      forget(contact, times, oldest, retention.cap, entriesMax);
      return true;
    },
  };
}

function insertTime(times: number[], at: number): void {
  const last = times[times.length - 1];
  if (last === undefined || last <= at) times.push(at);
  else times.splice(firstAfter(times, at), 0, at);
}

function forget(contact: Contact, times: number[], oldest: number, cap: number | null, entriesMax: number): void {
  let drop = 0;
  while (drop < times.length && (times[drop] as number) <= oldest) drop++;
  const most = Math.min(cap ?? entriesMax, entriesMax);
  if (times.length - drop > most) {
    drop = times.length - most;
    if (cap === null || cap > entriesMax) contact.saturated = true;
  }
  if (drop > 0) times.splice(0, drop);
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
