/**
 * The memory of a partition's contacts: where their heads lie, what they have beside their numbers, and what has changed
 * of them.
 *
 * Traits, tags and values of properties are objects while a contact is worked on. At rest they are bytes in the slab, as
 * in its row: the garbage collector goes through all objects again and again, and a million contacts would be millions of
 * them. Those that were used last stay objects, within a bound.
 */
import type { Json } from "../../kernel/event.ts";
import { LIMITS } from "../../kernel/limits.ts";
import type { ObjectState } from "../features/state.ts";
import * as layout from "./head.ts";
import * as slabs from "./slab.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { HEAD_UNITS, NUMBERS, OWN } = layout;
const { chunkOf, offsetOf, Slab } = slabs;

/** One trait with the write that set it: the later timestamp wins, then the larger messageId. Null is "unset". */
export interface Trait {
  value: Json;
  at: number;
  by: string;
}

/** What a contact has beside its numbers. */
export interface ContactObjects {
  /** -1 once the contact has none any more, or is at rest. */
  slot: number;
  /** `NO_TRAITS` while there are none; null while they are only in the contact's block, as they were at rest. */
  traits: ReadonlyMap<string, Trait> | null;
  /** Whether they differ from those in the block. */
  traitsChanged: boolean;
  /** Tags that it has, with micro points; `NO_TAGS` while there are none. */
  tags: ReadonlyMap<string, number>;
  /** Local numbers of the features that keep an object, ascending, and their states beside them. */
  readonly features: number[];
  readonly states: ObjectState[];
  /** Memory that they take, estimated. */
  bytes: number;
  /** Whether they were asked for again since they came, or since that was looked at last. */
  isUsed: boolean;
}

/** Where a contact's head is: a `Contact`. */
interface Head {
  readonly i32: Int32Array;
  readonly base: number;
}

/** Where in a chunk the parts of a contact's block lie: tags, then all else. */
export interface RestBytes {
  chunk: Buffer;
  tagsFrom: number;
  ownFrom: number;
  end: number;
}

/** Objects take about this many times the bytes that they are at rest, and never less than the second. */
const OBJECTS_FACTOR = 8;
const OBJECTS_BYTES_MIN = 800;
/** So many that are gone may be remembered beside as many as there are. */
const GONE_MAX = 64;

export function estimateObjects(restBytes: number): number {
  return Math.max(restBytes * OBJECTS_FACTOR, OBJECTS_BYTES_MIN);
}

/** Of changes that a bit can't tell: ids of segments entered or left, each perhaps several times, and tags. */
export interface ChangeDetails {
  readonly segments: number[];
  readonly tags: Set<string>;
}

/** A slot is its page's number and, in the low bits, its place there. */
export const PAGE_SHIFT = Math.log2(LIMITS.page_contacts);
export const PLACE_MASK = LIMITS.page_contacts - 1;

/** `R`: what turns bytes into objects again (contact.ts). */
export class ContactMemory<R = never> {
  readonly slab = new Slab();
  /** By page: the first of its contacts' heads; 0 while it is not open. */
  #heads = new Int32Array(64);
  /** By slot; null for those at rest, and those that have none. */
  readonly #objects: ((ContactObjects | null)[] | null)[] = [];
  /** In the order in which they came, from `#oldest` on; with some that are gone. */
  #queue: ContactObjects[] = [];
  #oldest = 0;
  /** How many of them are gone. */
  #gone = 0;
  #objectBytes = 0;
  readonly #rest: RestBytes = { chunk: Buffer.alloc(0), tagsFrom: 0, ownFrom: 0, end: 0 };
  #restReader: R | null = null;
  /** Of contacts that changed since the last deltas, by number from 1 on; used again for the next. */
  readonly #details: ChangeDetails[] = [];
  #detailsUsed = 0;

  /** Makes heads for the contacts of a page, which say nothing until `Contact.begin`. */
  openPage(page: number): void {
    if (page >= this.#heads.length) {
      const heads = new Int32Array(Math.max(page + 1, this.#heads.length * 2));
      heads.set(this.#heads);
      this.#heads = heads;
    }
    this.#heads[page] = this.slab.alloc(LIMITS.page_contacts * HEAD_UNITS);
  }

  /** All of its contacts must have been given back. */
  closePage(page: number): void {
    this.slab.free(this.#heads[page] as number, LIMITS.page_contacts * HEAD_UNITS);
    this.#heads[page] = 0;
    if (page < this.#objects.length) this.#objects[page] = null;
  }

  isOpen(page: number): boolean {
    return page < this.#heads.length && this.#heads[page] !== 0;
  }

  /** The head of the contact of a slot. */
  headOf(slot: number): number {
    return (this.#heads[slot >>> PAGE_SHIFT] as number) + (slot & PLACE_MASK) * HEAD_UNITS;
  }

  objectsOf(slot: number): ContactObjects | null {
    return this.#objects[slot >>> PAGE_SHIFT]?.[slot & PLACE_MASK] ?? null;
  }

  /** Null where no contact is ever at rest. */
  get restReader(): R | null {
    return this.#restReader;
  }

  setRestReader(reader: R): void {
    this.#restReader = reader;
  }

  /** Memory of all objects, estimated. */
  get objectBytes(): number {
    return this.#objectBytes;
  }

  addObjects(objects: ContactObjects): void {
    const page = objects.slot >>> PAGE_SHIFT;
    // No holes, which would make the list slow: pages come in any order.
    while (this.#objects.length <= page) this.#objects.push(null);
    const known = this.#objects[page] ?? Array.from({ length: LIMITS.page_contacts }, () => null);
    known[objects.slot & PLACE_MASK] = objects;
    this.#objects[page] = known;
    this.#queue.push(objects);
    this.#objectBytes += objects.bytes;
  }

  /** Estimates anew what some objects take, from the bytes that they would be at rest. */
  estimate(objects: ContactObjects | null, restBytes: number): void {
    if (objects !== null) this.objectsGrew(objects, estimateObjects(restBytes) - objects.bytes);
  }

  /** The estimate of what some take has changed. */
  objectsGrew(objects: ContactObjects, bytes: number): void {
    objects.bytes += bytes;
    this.#objectBytes += bytes;
  }

  removeObjects(objects: ContactObjects): void {
    const page = this.#objects[objects.slot >>> PAGE_SHIFT];
    if (page) page[objects.slot & PLACE_MASK] = null;
    this.#objectBytes -= objects.bytes;
    objects.slot = -1;
    this.#gone++;
    // They would stay in memory.
    if (this.#gone * 2 > this.#queue.length + GONE_MAX) this.#tidyQueue();
  }

  /**
   * Calls `rest` with the slots of those that have not been used for the longest, which must put them at rest, until all
   * objects take at most `bytes`.
   */
  restBeyond(bytes: number, rest: (slot: number) => void): void {
    while (this.#objectBytes > bytes && this.#oldest < this.#queue.length) {
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
    if (this.#oldest * 2 >= this.#queue.length) this.#tidyQueue();
  }

  #tidyQueue(): void {
    const left: ContactObjects[] = [];
    for (let i = this.#oldest; i < this.#queue.length; i++) {
      const objects = this.#queue[i] as ContactObjects;
      if (objects.slot >= 0) left.push(objects);
    }
    this.#queue = left;
    this.#oldest = 0;
    this.#gone = 0;
  }

  /** Objects that are remembered, among them some that are gone. */
  get queued(): number {
    return this.#queue.length - this.#oldest;
  }

  /** Where a contact's bytes lie, valid until its block is replaced; null without any. One for all contacts. */
  restOf(contact: Head): RestBytes | null {
    const block = contact.i32[contact.base + OWN] as number;
    if (block === 0) return null;
    const integers = this.slab.i32[chunkOf(block)] as Int32Array;
    const at = offsetOf(block) * 2;
    const rest = this.#rest;
    rest.chunk = this.slab.u8[chunkOf(block)] as Buffer;
    rest.tagsFrom = (offsetOf(block) + 1) * 8;
    rest.ownFrom = rest.tagsFrom + (integers[at] as number);
    rest.end = rest.ownFrom + (integers[at + 1] as number);
    return rest;
  }

  /** Replaces a contact's block by a copy of some bytes: tags, and all else. */
  setRest(contact: Head, bytes: Buffer, tagsFrom: number, tagsTo: number, ownFrom: number, ownTo: number): void {
    const tagsBytes = tagsTo - tagsFrom;
    const block = this.slab.alloc(restUnits(tagsBytes + ownTo - ownFrom));
    const integers = this.slab.i32[chunkOf(block)] as Int32Array;
    integers[offsetOf(block) * 2] = tagsBytes;
    integers[offsetOf(block) * 2 + 1] = ownTo - ownFrom;
    const chunk = this.slab.u8[chunkOf(block)] as Buffer;
    const to = (offsetOf(block) + 1) * 8;
    bytes.copy(chunk, to, tagsFrom, tagsTo);
    bytes.copy(chunk, to + tagsBytes, ownFrom, ownTo);
    this.freeRest(contact);
    contact.i32[contact.base + OWN] = block;
  }

  freeRest(contact: Head): void {
    const rest = this.restOf(contact);
    if (rest === null) return;
    this.slab.free(contact.i32[contact.base + OWN] as number, restUnits(rest.end - rest.tagsFrom));
    contact.i32[contact.base + OWN] = 0;
  }

  /** Reads something of a head's lines, so that they will be at hand; gives an integer of no meaning. */
  touchHead(head: number): number {
    const i32 = this.slab.i32[chunkOf(head)] as Int32Array;
    const base = offsetOf(head) * 2;
    return (i32[base] as number) ^ (i32[base + NUMBERS] as number) ^ (i32[base + HEAD_UNITS * 2 - 1] as number);
  }

  newDetails(): number {
    if (this.#detailsUsed === this.#details.length) this.#details.push({ segments: [], tags: new Set() });
    return ++this.#detailsUsed;
  }

  details(number: number): ChangeDetails {
    return this.#details[number - 1] as ChangeDetails;
  }

  /** All deltas have been written. */
  forgetDetails(): void {
    for (let i = 0; i < this.#detailsUsed; i++) {
      const { segments, tags } = this.#details[i] as ChangeDetails;
      segments.length = 0;
      if (tags.size > 0) tags.clear();
    }
    this.#detailsUsed = 0;
  }
}

/** In steps, so that a block that is given back fits another contact. */
function restUnits(bytes: number): number {
  const units = 1 + ((bytes + 7) >>> 3);
  return units <= 16 ? (units + 1) & ~1 : (units + 7) & ~7;
}
