/**
 * The contract of a feature: what one aggregate keeps for a contact, updated by one event at a time.
 *
 * - `add` is called once for every event that its selector matches, in any order of timestamps, never twice for one
 *   message. The state that it leaves may depend on the set of events only, not on their order.
 * - It answers whether the state changed in a way that a reader could see.
 * - What has left every window that reads the feature by `now` may be forgotten: `now` never goes back.
 * - Bounds: a feature that has to forget something that a reader could still ask for marks the contact saturated.
 */
import type { ByteReader, ByteWriter } from "../../kernel/bytes.ts";
import type { Contact } from "../contact/contact.ts";
import { NUMBERS } from "../contact/head.ts";
import { gatherNumber } from "../contact/gathered.ts";
import { numberAt } from "../contact/tables.ts";
import type { EventView } from "../plan/event-view.ts";
import { addObject } from "../contact/objects.ts";
import type { ObjectState } from "./state.ts";

export interface Feature {
  /** Its place in the plan: what contacts in memory know it by. */
  readonly index: number;
  /** Its identity over all versions of the model, printed. */
  readonly key: string;
  readonly kind: FeatureKind;
  add(contact: Contact, view: EventView, event: number, at: number, now: number): boolean;
}

/** The codes under which states are stored; never renumbered. */
export const FEATURE_KINDS = [
  "count",
  "moment",
  "times",
  "dated",
  "history",
  "tag counts",
  "sum",
  "extreme",
  "value counts",
  "numbers",
  "scalars",
] as const;
export type FeatureKind = (typeof FEATURE_KINDS)[number];

/**
 * How one kind of state is stored. Reading gives what was written, whatever the model has become since. Timestamps may
 * be written as their distance from the contact's `lastSeen`, which is known before states are read, as its tags are.
 */
export interface FeatureCodec {
  readonly keeps: "numbers" | "objects";
  /** `place`: where the feature stands among the contact's numbers, or its objects. */
  write(out: ByteWriter, contact: Contact, place: number): void;
  /**
   * Numbers are gathered (contact/gathered.ts), objects added to the contact. With `NO_FEATURE` what is read is let go: the
   * model doesn't have it any more.
   */
  read(input: ByteReader, contact: Contact, feature: number): void;
}

export const NO_FEATURE = -1;

/** Of a kind that keeps a single number. */
export function numberCodec(
  write: (out: ByteWriter, value: number) => void,
  read: (input: ByteReader) => number,
): FeatureCodec {
  return {
    keeps: "numbers",
    write: (out, contact, place) => write(out, numberAt(contact, NUMBERS, place)),
    read(input, _contact, feature) {
      const value = read(input);
      if (feature !== NO_FEATURE) gatherNumber(feature, value);
    },
  };
}

/** Of a kind that keeps an object. */
export function objectCodec<S extends ObjectState>(
  write: (out: ByteWriter, state: S) => void,
  read: (input: ByteReader) => S,
): FeatureCodec {
  return {
    keeps: "objects",
    write(out, contact, place) {
      const state = contact.objects?.states[place];
      if (state === undefined) throw new Error("a contact keeps no object at the place that is to be written");
      write(out, state as S);
    },
    read(input, contact, feature) {
      const state = read(input);
      if (feature !== NO_FEATURE) addObject(contact, feature, state);
    },
  };
}
