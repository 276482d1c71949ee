/** A contact in memory: everything that its events, the model and the time have made of it. */
import type { Json } from "../../kernel/event.ts";
import type { FeatureState } from "../features/state.ts";

/** One trait with the write that set it: the later timestamp wins, then the larger messageId. Null is "unset". */
export interface Trait {
  value: Json;
  at: number;
  by: string;
}

export interface Contact {
  readonly slot: number;
  readonly id: string;
  known: boolean;
  firstSeen: number;
  lastSeen: number;
  traits: Map<string, Trait>;
  /** Local numbers of the features that have a state, ascending, and the states beside them. */
  featureIndexes: number[];
  featureStates: FeatureState[];
  /** Micro points. */
  score: number;
  /** Tags that it has, with micro points. */
  tags: Map<string, number>;
  /** Stage id; -1 while none is reached. */
  stage: number;
  /** Ids of the stages whose `when` was true at the last evaluation. */
  held: number[];
  /** Ids of its segments, ascending, and since when it is in each. */
  members: number[];
  since: number[];
  /** Roots whose truth will change by time alone, ascending, and when each is to be looked at again. */
  armedRoots: number[];
  armedAt: number[];
  /** The least of `armedAt`; Infinity when there is none. */
  nextFlip: number;
  saturated: boolean;
  /** What changed since the last delta; null when nothing did. */
  change: ContactChange | null;
}

/** Collected between two deltas. Values are read from the contact when the delta is written. */
export interface ContactChange {
  isNew: boolean;
  score: boolean;
  stage: boolean;
  /** Ids of segments entered or left, possibly both. */
  segments: Set<number> | null;
  tags: Set<string> | null;
}

export function newContact(slot: number, id: string, timestamp: number, stage: number): Contact {
  return {
    slot,
    id,
    known: false,
    firstSeen: timestamp,
    lastSeen: timestamp,
    traits: new Map(),
    featureIndexes: [],
    featureStates: [],
    score: 0,
    tags: new Map(),
    stage,
    held: [],
    members: [],
    since: [],
    armedRoots: [],
    armedAt: [],
    nextFlip: Infinity,
    saturated: false,
    change: null,
  };
}

export function changeOf(contact: Contact): ContactChange {
  contact.change ??= { isNew: false, score: false, stage: false, segments: null, tags: null };
  return contact.change;
}

/** Where `key` stands in an ascending list, or `-1 - place` where it would be put. */
export function placeOf(list: readonly number[], key: number): number {
  let low = 0;
  let high = list.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const value = list[middle] as number;
    if (value === key) return middle;
    if (value < key) low = middle + 1;
    else high = middle - 1;
  }
  return -1 - low;
}

export function featureState(contact: Contact, feature: number): FeatureState | undefined {
  const place = placeOf(contact.featureIndexes, feature);
  return place < 0 ? undefined : contact.featureStates[place];
}

export function setFeatureState(contact: Contact, feature: number, state: FeatureState): void {
  const place = placeOf(contact.featureIndexes, feature);
  if (place >= 0) {
    contact.featureStates[place] = state;
    return;
  }
  contact.featureIndexes.splice(-1 - place, 0, feature);
  contact.featureStates.splice(-1 - place, 0, state);
}

export function isMember(contact: Contact, segmentId: number): boolean {
  return placeOf(contact.members, segmentId) >= 0;
}
