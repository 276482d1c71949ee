/** The memory of a partition's contacts: where their heads lie, what objects they have, and what has changed of them. */
import type { Json } from "../../kernel/event.ts";
import { LIMITS } from "../../kernel/limits.ts";
import type { ObjectState } from "../features/state.ts";
import * as layout from "./head.ts";
import * as slabs from "./slab.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { HEAD_UNITS, NUMBERS } = layout;
const { chunkOf, offsetOf, Slab } = slabs;

/** One trait with the write that set it: the later timestamp wins, then the larger messageId. Null is "unset". */
export interface Trait {
  value: Json;
  at: number;
  by: string;
}

/** What a contact has beside its numbers. */
export interface ContactObjects {
  /** `NO_TRAITS` while there are none. */
  traits: ReadonlyMap<string, Trait>;
  /** Tags that it has, with micro points; `NO_TAGS` while there are none. */
  tags: ReadonlyMap<string, number>;
  /** Local numbers of the features that keep an object, ascending, and their states beside them. */
  readonly features: number[];
  readonly states: ObjectState[];
}

/** Of changes that a bit can't tell: ids of segments entered or left, each perhaps several times, and tags. */
export interface ChangeDetails {
  readonly segments: number[];
  readonly tags: Set<string>;
}

/** A slot is its page's number and, in the low bits, its place there. */
export const PAGE_SHIFT = Math.log2(LIMITS.page_contacts);
export const PLACE_MASK = LIMITS.page_contacts - 1;

export class ContactMemory {
  readonly slab = new Slab();
  /** By page: the first of its contacts' heads; 0 while it is not open. */
  #heads = new Int32Array(64);
  readonly #objects: ((ContactObjects | null)[] | null)[] = [];
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

  setObjects(slot: number, objects: ContactObjects | null): void {
    const page = slot >>> PAGE_SHIFT;
    // No holes, which would make the list slow: pages come in any order.
    while (this.#objects.length <= page) this.#objects.push(null);
    const known = this.#objects[page] ?? Array.from({ length: LIMITS.page_contacts }, () => null);
    known[slot & PLACE_MASK] = objects;
    this.#objects[page] = known;
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
