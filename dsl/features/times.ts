/**
 * The timestamps that some window can still see, in ascending order: one list for all windows over one selector. A
 * single one is kept as a number: most lists never have a second.
 *
 * A window of the last D that is only compared with n needs no more than the n newest, so a list that serves only
 * such windows keeps `cap` of them and stays exact: older ones can't change any answer.
 */
import * as bytes from "../../kernel/bytes.ts";
import type { Contact } from "../contact/contact.ts";
import { gatherList, gatherNumber } from "../contact/gathered.ts";
import * as numbers from "../contact/numbers.ts";
import type { NumberList } from "../contact/numbers.ts";
import { NO_FEATURE, type Feature, type FeatureCodec } from "./feature.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { putSvarint, putVarint, VARINT_BYTES_MAX } = bytes;
const { addNumber, list, newList, numberPlace, openListAt, resizeListAt } = numbers;

/** What the windows over one selector need. Mutable while a plan is compiled: each further window widens it. */
export interface Retention {
  /** The longest reach back, ms. */
  ageMax: number;
  /** The newest entries to keep at most; null: as many as the contract's bound allows. */
  cap: number | null;
}

/** Events are added by `addTime`, with what the plan has of it in columns: it is the commonest kind by far. */
export function timesFeature(index: number, key: string): Feature {
  return {
    index,
    key,
    kind: "times",
    add() {
      throw new Error("timestamps are added by addTime");
    },
  };
}

/** The newest entries that are kept at most; below zero where windows may need more of them. */
export function keptOf({ cap }: Retention, entriesMax: number): number {
  return cap !== null && cap <= entriesMax ? cap : -entriesMax;
}

/**
 * Takes up a timestamp, if it is after `oldest`. Gives how many there are then; 0 where it wasn't taken up. `kept` as
 * `keptOf` says.
 */
export function addTime(contact: Contact, feature: number, at: number, oldest: number, kept: number): number {
  if (at <= oldest) return 0;
  const place = numberPlace(contact, feature);
  if (place < 0) {
    addNumber(contact, -1 - place, feature, at);
    return 1;
  }
  const fits = insertTime(contact, feature, place, at, oldest, Math.abs(kept));
  if (!fits && kept < 0) contact.saturated = true;
  return list.length;
}

/**
 * Forgets what is not after `oldest` and keeps the newest `most`; false when that made it forget one that is. Leaves the
 * list open.
 */
function insertTime(
  contact: Contact,
  feature: number,
  featurePlace: number,
  at: number,
  oldest: number,
  most: number,
): boolean {
  const length = openListAt(contact, featurePlace);
  const { f64, from } = list;
  if (length === 1) return insertSecond(contact, feature, f64[from] as number, at, oldest, most);
  let drop = 0;
  while (drop < length && (f64[from + drop] as number) <= oldest) drop++;
  const fits = length + 1 - drop <= most;
  if (!fits) drop = length + 1 - most;
  const place = (f64[from + length - 1] as number) <= at ? length : firstAfter(list, at);
  // It would be the first to be forgotten.
  if (place < drop) {
    f64.copyWithin(from, from + drop - 1, from + length);
    resizeListAt(contact, featurePlace, length - drop + 1);
  } else if (drop === 0) {
    resizeListAt(contact, featurePlace, length + 1);
    const { f64: grown, from: first } = list;
    for (let i = first + length; i > first + place; i--) grown[i] = grown[i - 1] as number;
    grown[first + place] = at;
  } else {
    // Up to where the new one stands all move on by those that are forgotten, behind it by one less.
    for (let i = drop; i < place; i++) f64[from + i - drop] = f64[from + i] as number;
    f64[from + place - drop] = at;
    if (drop > 1) {
      for (let i = place; i < length; i++) f64[from + i - drop + 1] = f64[from + i] as number;
      resizeListAt(contact, featurePlace, length - drop + 1);
    }
  }
  return fits;
}

/** Of a list of one, which is open. */
function insertSecond(
  contact: Contact,
  feature: number,
  known: number,
  at: number,
  oldest: number,
  most: number,
): boolean {
  const over = known <= oldest;
  if (over || most <= 1) {
    if (over || at > known) {
      const { f64, from } = list;
      f64[from] = at;
    }
    return over;
  }
  newList(contact, feature, 2);
  list.f64[list.from] = Math.min(known, at);
  list.f64[list.from + 1] = Math.max(known, at);
  return true;
}

/** The place of the first timestamp of a list greater than `at`; the list's length when there is none. */
export function firstAfter({ f64, from, length }: NumberList, at: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((f64[from + middle] as number) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The newest as its distance from `lastSeen`, then each older one as its distance from the one after it. */
export const timesCodec: FeatureCodec = {
  keeps: "numbers",
  write(out, contact, place) {
    const length = openListAt(contact, place);
    const { f64, from } = list;
    let end = out.claim((length + 1) * VARINT_BYTES_MAX);
    const { buffer } = out;
    end = putVarint(buffer, end, length);
    let after = contact.lastSeen;
    for (let i = length - 1; i >= 0; i--) {
      const at = f64[from + i] as number;
      end = putSvarint(buffer, end, after - at);
      after = at;
    }
    out.settle(end);
  },
  read(input, contact, feature) {
    const length = input.varint();
    const kept = feature !== NO_FEATURE && length > 0;
    if (kept && length > 1) gatherList(contact, feature, length);
    const { f64, from } = list;
    let at = contact.lastSeen;
    for (let i = length - 1; i >= 0; i--) {
      at -= input.svarint();
      if (!kept) continue;
      if (length === 1) gatherNumber(feature, at);
      else f64[from + i] = at;
    }
  },
};
