/**
 * What contacts have beside their numbers and tags while they are worked on: traits and values of properties as objects.
 *
 * The garbage collector goes through all objects again and again, and a million contacts would be millions of them. So
 * only those that were used last stay objects, within a bound; at rest they are bytes (memory.ts).
 */
import type { Json } from "../../kernel/event.ts";
import { LIMITS } from "../../kernel/limits.ts";
import type { ObjectState } from "../features/state.ts";
import { pageOf, placeOnPage } from "./slots.ts";

/** One trait with the write that set it: the later timestamp wins, then the larger messageId. Null is "unset". */
export interface Trait {
  value: Json;
  at: number;
  by: string;
}

/** What a contact has beside its numbers and tags. */
export interface ContactObjects {
  /** -1 once the contact has none any more, or is at rest. */
  slot: number;
  /** `NO_TRAITS` while there are none; null while they are only in the contact's block, as they were at rest. */
  traits: ReadonlyMap<string, Trait> | null;
  /** Whether they differ from those in the block. */
  traitsChanged: boolean;
  /** Local numbers of the features that keep an object, ascending, and their states beside them. */
  readonly features: number[];
  readonly states: ObjectState[];
  /** Memory that they take, estimated. */
  bytes: number;
  /** Whether they were asked for again since they came, or since that was looked at last. */
  isUsed: boolean;
}

/** Objects take about this many times the bytes that they are at rest, and never less than the second. */
const OBJECTS_FACTOR = 8;
const OBJECTS_BYTES_MIN = 800;
/** So many that are gone may be remembered beside as many as there are. */
const GONE_MAX = 64;

export function estimateObjects(restBytes: number): number {
  return Math.max(restBytes * OBJECTS_FACTOR, OBJECTS_BYTES_MIN);
}

/** The objects of a partition's contacts. */
export class AwakeObjects {
  /** By slot; null for those at rest, and those that have none. */
  readonly #objects: ((ContactObjects | null)[] | null)[] = [];
  /** In the order in which they came, from `#oldest` on; with some that are gone. */
  #queue: ContactObjects[] = [];
  #oldest = 0;
  /** How many of them are gone. */
  #gone = 0;
  #bytes = 0;

  /** Memory of all of them, estimated. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Those that are remembered, among them some that are gone. */
  get queued(): number {
    return this.#queue.length - this.#oldest;
  }

  of(slot: number): ContactObjects | null {
    return this.#objects[pageOf(slot)]?.[placeOnPage(slot)] ?? null;
  }

  add(objects: ContactObjects): void {
    const page = pageOf(objects.slot);
    // No holes, which would make the list slow: pages come in any order.
    while (this.#objects.length <= page) this.#objects.push(null);
    const known = this.#objects[page] ?? Array.from({ length: LIMITS.page_contacts }, () => null);
    known[placeOnPage(objects.slot)] = objects;
    this.#objects[page] = known;
    this.#queue.push(objects);
    this.#bytes += objects.bytes;
  }

  remove(objects: ContactObjects): void {
    const page = this.#objects[pageOf(objects.slot)];
    if (page) page[placeOnPage(objects.slot)] = null;
    this.#bytes -= objects.bytes;
    objects.slot = -1;
    this.#gone++;
    // They would stay in memory.
    if (this.#gone * 2 > this.#queue.length + GONE_MAX) this.#tidy();
  }

  /** The contacts of a page have none any more. */
  leavePage(page: number): void {
    if (page < this.#objects.length) this.#objects[page] = null;
  }

  /** Estimates anew what some take, from the bytes that they would be at rest. */
  estimate(objects: ContactObjects | null, restBytes: number): void {
    if (objects !== null) this.grew(objects, estimateObjects(restBytes) - objects.bytes);
  }

  /** The estimate of what some take has changed. */
  grew(objects: ContactObjects, bytes: number): void {
    objects.bytes += bytes;
    this.#bytes += bytes;
  }

  /**
   * Calls `rest` with the slots of those that have not been used for the longest, which must put them at rest, until all
   * take at most `bytes`.
   */
  restBeyond(bytes: number, rest: (slot: number) => void): void {
    while (this.#bytes > bytes && this.#oldest < this.#queue.length) {
      const objects = this.#queue[this.#oldest++] as ContactObjects;
      if (objects.slot < 0) this.#gone--;
      else if (objects.isUsed) {
        objects.isUsed = false;
        this.#queue.push(objects);
      } else {
        rest(objects.slot);
        // It left the queue before it went.
        if (this.#gone > 0) this.#gone--;
      }
    }
    if (this.#oldest * 2 >= this.#queue.length) this.#tidy();
  }

  #tidy(): void {
    const left: ContactObjects[] = [];
    for (let i = this.#oldest; i < this.#queue.length; i++) {
      const objects = this.#queue[i] as ContactObjects;
      if (objects.slot >= 0) left.push(objects);
    }
    this.#queue = left;
    this.#oldest = 0;
    this.#gone = 0;
  }
}
