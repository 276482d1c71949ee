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
import type { EventView } from "../plan/event-view.ts";
import type { FeatureState } from "./state.ts";

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
 * be written as their distance from the contact's `lastSeen`, which readers are given.
 */
export interface FeatureCodec {
  write(out: ByteWriter, state: FeatureState, contact: Contact): void;
  read(input: ByteReader, tagNames: readonly string[], lastSeen: number): FeatureState;
}
