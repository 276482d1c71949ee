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
  /** `NO_TRAITS` while there are none. */
  traits: ReadonlyMap<string, Trait>;
  /** Local numbers of the features that have a state, ascending, and the states beside them. */
  featureIndexes: number[];
  featureStates: FeatureState[];
  /** The place of the feature that was looked up last: who adds to a state is followed by who reads it. */
  cursor: number;
  /** Micro points. */
  score: number;
  /** Tags that it has, with micro points; `NO_TAGS` while there are none. */
  tags: ReadonlyMap<string, number>;
  /** Stage id; -1 while none is reached. */
  stage: number;
  /** Ids of the stages whose `when` was true at the last evaluation. Empty lists are `NO_NUMBERS`, here and below. */
  held: readonly number[];
  /** Ids of its segments, ascending, and since when it is in each. */
  members: readonly number[];
  since: readonly number[];
  /** Roots whose truth will change by time alone, ascending, and when each is to be looked at again. */
  armedRoots: readonly number[];
  armedAt: readonly number[];
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
  /** Ids of segments entered or left, possibly both, each perhaps several times. */
  segments: number[] | null;
  tags: Set<string> | null;
}

/** Most contacts have neither traits nor tags, and an empty map takes more room than all else that they have. */
export const NO_TRAITS: ReadonlyMap<string, Trait> = new Map();
export const NO_TAGS: ReadonlyMap<string, number> = new Map();

/** One for all, so that a contact without segments costs nothing and looking at its list meets nothing new. */
export const NO_NUMBERS: readonly number[] = [];

/** Numbers of each contact that lie in `cells`. */
const CELLS = 4;
const FIRST_SEEN = 0;
const LAST_SEEN = 1;
const SCORE = 2;
const NEXT_FLIP = 3;
/** Contacts whose cells lie in one block. */
const BLOCK_CONTACTS = 4096;

/** Room for the numbers of the contacts of a block of slots; `blockOfSlot` says which. */
export function newCells(): Float64Array {
  return new Float64Array(BLOCK_CONTACTS * CELLS);
}

export function blockOfSlot(slot: number): number {
  return Math.floor(slot / BLOCK_CONTACTS);
}

/**
 * Numbers that nearly every event reads or writes lie side by side in memory: as fields of the object each would be an
 * object of its own, somewhere.
 */
class ContactRecord implements Contact {
  readonly slot: number;
  readonly id: string;
  readonly #cells: Float64Array;
  readonly #at: number;
  featureIndexes: number[] = [];
  featureStates: FeatureState[] = [];
  cursor = 0;
  change: ContactChange | null = null;
  armedRoots = NO_NUMBERS;
  armedAt = NO_NUMBERS;
  members = NO_NUMBERS;
  since = NO_NUMBERS;
  tags = NO_TAGS;
  traits = NO_TRAITS;
  stage: number;
  held = NO_NUMBERS;
  known = false;
  saturated = false;

  constructor(slot: number, id: string, timestamp: number, stage: number, cells: Float64Array | null) {
    this.slot = slot;
    this.id = id;
    this.stage = stage;
    this.#cells = cells ?? new Float64Array(CELLS);
    this.#at = cells === null ? 0 : (slot % BLOCK_CONTACTS) * CELLS;
    this.firstSeen = timestamp;
    this.lastSeen = timestamp;
    this.score = 0;
    this.nextFlip = Infinity;
  }

  get firstSeen(): number {
    return this.#cells[this.#at + FIRST_SEEN] as number;
  }

  set firstSeen(value: number) {
    this.#cells[this.#at + FIRST_SEEN] = value;
  }

  get lastSeen(): number {
    return this.#cells[this.#at + LAST_SEEN] as number;
  }

  set lastSeen(value: number) {
    this.#cells[this.#at + LAST_SEEN] = value;
  }

  get score(): number {
    return this.#cells[this.#at + SCORE] as number;
  }

  set score(value: number) {
    this.#cells[this.#at + SCORE] = value;
  }

  get nextFlip(): number {
    return this.#cells[this.#at + NEXT_FLIP] as number;
  }

  set nextFlip(value: number) {
    this.#cells[this.#at + NEXT_FLIP] = value;
  }
}

/** `cells`: those of its slot's block, which no other contact of the slot may use any more; null for cells of its own. */
export function newContact(
  slot: number,
  id: string,
  timestamp: number,
  stage: number,
  cells: Float64Array | null,
): Contact {
  return new ContactRecord(slot, id, timestamp, stage, cells);
}

/**
 * An empty list with room for four numbers: one that starts as `[]` gets room for seventeen with its first item.
 * `sample` is a number like those that will be in it, a whole one or not: the two sorts are kept differently.
 */
export function shortList(sample: number): number[] {
  const list = [sample, sample, sample, sample];
  list.pop();
  list.pop();
  list.pop();
  list.pop();
  return list;
}

/**
 * Changes that deltas are done with, to be used again: nearly every event begins one, and a long-lived contact that
 * points to something new is work for the garbage collector.
 */
const spare: ContactChange[] = [];
const SPARE_MAX = 32_768;

export function changeOf(contact: Contact): ContactChange {
  contact.change ??= spare.pop() ?? { isNew: false, score: false, stage: false, segments: null, tags: null };
  return contact.change;
}

/** The delta of the contact has been written. */
export function forgetChange(contact: Contact): void {
  const { change } = contact;
  if (change === null) return;
  contact.change = null;
  if (spare.length >= SPARE_MAX) return;
  change.isNew = false;
  change.score = false;
  change.stage = false;
  change.segments = null;
  change.tags = null;
  spare.push(change);
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

/** Puts an item at a place of a list. Unlike `splice` it makes no list of what it removed. */
export function insertAt<T>(list: T[], place: number, item: T): void {
  list.push(item);
  for (let i = list.length - 1; i > place; i--) list[i] = list[i - 1] as T;
  list[place] = item;
}

export function removeAt(list: unknown[], place: number): void {
  for (let i = place + 1; i < list.length; i++) list[i - 1] = list[i];
  list.pop();
}

/** Where a feature's state stands in `featureStates`, or `-1 - place` where it would be put. */
export function featurePlace(contact: Contact, feature: number): number {
  const { cursor, featureIndexes } = contact;
  if (cursor < featureIndexes.length && featureIndexes[cursor] === feature) return cursor;
  const place = placeOf(featureIndexes, feature);
  if (place >= 0) contact.cursor = place;
  return place;
}

export function featureState(contact: Contact, feature: number): FeatureState | undefined {
  const place = featurePlace(contact, feature);
  return place < 0 ? undefined : contact.featureStates[place];
}

export function setFeatureState(contact: Contact, feature: number, state: FeatureState): void {
  const place = featurePlace(contact, feature);
  if (place >= 0) contact.featureStates[place] = state;
  else addFeatureState(contact, -1 - place, feature, state);
}

/** `place` as `featurePlace` says where it would be put. */
export function addFeatureState(contact: Contact, place: number, feature: number, state: FeatureState): void {
  insertAt(contact.featureIndexes, place, feature);
  insertAt(contact.featureStates, place, state);
  contact.cursor = place;
}

/** The list itself, to be changed, or a new one in place of `NO_NUMBERS`; `sample` as for `shortList`. */
export function ownList(list: readonly number[], sample: number): number[] {
  return list === NO_NUMBERS ? shortList(sample) : (list as number[]);
}

/** Reads something of all that an event is likely to need of a contact, so that it will be at hand; never negative. */
export function touchContact({ id, featureIndexes, featureStates }: Contact): number {
  const { length } = featureIndexes;
  if (length === 0) return 0;
  const read = (featureIndexes[length >>> 1] as number) + id.charCodeAt(0);
  return typeof featureStates[length - 1] === "number" ? read : read + 1;
}

/** The contact's own tags, to be changed. */
export function ownTags(contact: Contact): Map<string, number> {
  if (contact.tags === NO_TAGS) contact.tags = new Map();
  return contact.tags as Map<string, number>;
}

/** The contact's own traits, to be changed. */
export function ownTraits(contact: Contact): Map<string, Trait> {
  if (contact.traits === NO_TRAITS) contact.traits = new Map();
  return contact.traits as Map<string, Trait>;
}

export function isMember(contact: Contact, segmentId: number): boolean {
  return placeOf(contact.members, segmentId) >= 0;
}
