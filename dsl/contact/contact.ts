/**
 * A contact in memory: everything that its events, the model and the time have made of it.
 *
 * Numbers and tags lie in a slab (slab.ts): a head of fixed size, and from there tables of what it has (tables.ts,
 * tags.ts). What else there is (traits, values of properties) are objects, which only those contacts have that need them,
 * and only while they are worked on (awake.ts). `Contact` is a window onto one contact
 * after the other: whoever works on contacts has one and moves it, so that a contact at rest is no object at all.
 */
import type { Json } from "../../kernel/event.ts";
import { estimateObjects, type ContactObjects, type Trait } from "./awake.ts";
import * as layout from "./head.ts";
import { ContactMemory } from "./memory.ts";
import * as slabs from "./slab.ts";
import type { Slab } from "./slab.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { CHANGE, CHANGED, MOVES, FIRST_SEEN, FLAGS, HEAD_UNITS, ID, ID_BYTES, ID_INLINE_BYTES_MAX } = layout;
const { KNOWN, LAST_SEEN, NEXT_FLIP, OBJECTS, SATURATED, SCORE, STAGE, USED } = layout;
const { chunkOf, offsetOf } = slabs;

/** Most contacts have no traits, and an empty map takes more room than all else that they have. */
export const NO_TRAITS: ReadonlyMap<string, Trait> = new Map();

/** The bytes of a contact at rest are not what a contact wrote: no fault of the event in whose course that is found. */
export class DamagedRest extends Error {
  constructor(cause: unknown) {
    super(`a contact can't be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = "DamagedRest";
  }
}

/** How what contacts have at rest becomes objects again, under one plan (row.ts). All throw DamagedRest. */
export interface RestReader {
  /** Fills the empty objects of a contact from its block, but for the traits. */
  read(contact: Contact): void;
  readTraits(contact: Contact): ReadonlyMap<string, Trait>;
  /** The value of one of them, without making the others; `key` as UTF-8. Undefined where it has no such trait. */
  readTrait(contact: Contact, key: Uint8Array): Json | undefined;
}

const NO_CHUNK = { f64: new Float64Array(0), i32: new Int32Array(0), u8: Buffer.alloc(0) } as const;

export class Contact {
  readonly memory: ContactMemory<RestReader>;
  readonly slab: Slab;
  slot = -1;
  /** The chunk of the head, and where it begins: `at` among doubles, `base` among integers. */
  f64: Float64Array = NO_CHUNK.f64;
  i32: Int32Array = NO_CHUNK.i32;
  u8: Uint8Array = NO_CHUNK.u8;
  at = 0;
  base = 0;
  /** Where the feature that was looked up last stands: who adds to it is followed by who reads it. */
  numberCursor = 0;
  objectCursor = 0;
  /** The place of a feature that has just come, among numbers or among objects; -1 for none. */
  addedNumber = -1;
  addedObject = -1;
  #id: string | null = null;
  /** Undefined until they are asked for. */
  #objects: ContactObjects | null | undefined = null;

  constructor(memory: ContactMemory<RestReader>) {
    this.memory = memory;
    this.slab = memory.slab;
  }

  /** Looks at the contact of a slot from here on, which must have a head. */
  moveTo(slot: number): this {
    const head = this.memory.headOf(slot);
    const chunk = chunkOf(head);
    this.slot = slot;
    this.f64 = this.slab.f64[chunk] as Float64Array;
    this.i32 = this.slab.i32[chunk] as Int32Array;
    this.u8 = this.slab.u8[chunk] as Uint8Array;
    this.at = offsetOf(head);
    this.base = this.at * 2;
    this.#objects = ((this.i32[this.base + FLAGS] as number) & OBJECTS) === 0 ? null : undefined;
    this.numberCursor = 0;
    this.objectCursor = 0;
    this.addedNumber = -1;
    this.addedObject = -1;
    this.#id = null;
    return this;
  }

  /** Makes a new contact of the place looked at. `id` as UTF-8, of which a copy is made. */
  begin(id: Uint8Array, timestamp: number, stage: number): this {
    const { i32, base } = this;
    for (let i = base + STAGE; i < base + HEAD_UNITS * 2; i++) i32[i] = 0;
    i32[base + STAGE] = stage;
    this.#objects = null;
    const { length } = id;
    i32[base + ID_BYTES] = length;
    if (length > ID_INLINE_BYTES_MAX) i32[base + ID] = this.slab.alloc((length + 7) >>> 3);
    const { idChunk, idFrom } = this;
    for (let i = 0; i < length; i++) idChunk[idFrom + i] = id[i] as number;
    this.#id = null;
    this.addedNumber = -1;
    this.addedObject = -1;
    this.firstSeen = timestamp;
    this.lastSeen = timestamp;
    this.score = 0;
    this.nextFlip = Infinity;
    return this;
  }

  get id(): string {
    if (this.#id === null) {
      const from = this.idFrom;
      this.#id = Buffer.from(this.idChunk.subarray(from, from + this.idLength)).toString();
    }
    return this.#id;
  }

  /** The id as UTF-8: `idLength` bytes of the chunk from `idFrom` on. */
  get idChunk(): Uint8Array {
    if (this.idLength <= ID_INLINE_BYTES_MAX) return this.u8;
    return this.slab.u8[chunkOf(this.i32[this.base + ID] as number)] as Uint8Array;
  }

  get idFrom(): number {
    if (this.idLength <= ID_INLINE_BYTES_MAX) return (this.base + ID) * 4;
    return offsetOf(this.i32[this.base + ID] as number) * 8;
  }

  get idLength(): number {
    return this.i32[this.base + ID_BYTES] as number;
  }

  get firstSeen(): number {
    return this.f64[this.at + FIRST_SEEN] as number;
  }

  set firstSeen(value: number) {
    this.f64[this.at + FIRST_SEEN] = value;
  }

  get lastSeen(): number {
    return this.f64[this.at + LAST_SEEN] as number;
  }

  set lastSeen(value: number) {
    this.f64[this.at + LAST_SEEN] = value;
  }

  /** Micro points. */
  get score(): number {
    return this.f64[this.at + SCORE] as number;
  }

  set score(value: number) {
    this.f64[this.at + SCORE] = value;
  }

  /** The least instant in `ARMED`; Infinity when there is none. */
  get nextFlip(): number {
    return this.f64[this.at + NEXT_FLIP] as number;
  }

  set nextFlip(value: number) {
    this.f64[this.at + NEXT_FLIP] = value;
  }

  /** Stage id; -1 while none is reached. */
  get stage(): number {
    return this.i32[this.base + STAGE] as number;
  }

  set stage(value: number) {
    this.i32[this.base + STAGE] = value;
  }

  get known(): boolean {
    return ((this.i32[this.base + FLAGS] as number) & KNOWN) !== 0;
  }

  set known(value: boolean) {
    this.#flag(KNOWN, value);
  }

  get saturated(): boolean {
    return ((this.i32[this.base + FLAGS] as number) & SATURATED) !== 0;
  }

  set saturated(value: boolean) {
    this.#flag(SATURATED, value);
  }

  /** What it has beside its numbers, as objects; null for nothing. */
  get objects(): ContactObjects | null {
    return this.#objects === undefined ? this.#findObjects() : this.#objects;
  }

  /** The same, but null as well where it is at rest, and without a note that they are used. */
  get objectsHere(): ContactObjects | null {
    if (this.#objects !== undefined) return this.#objects;
    const here = this.memory.awake.of(this.slot);
    if (here !== null) this.#objects = here;
    return here;
  }

  get traits(): ReadonlyMap<string, Trait> {
    const { objects } = this;
    if (objects === null) return NO_TRAITS;
    objects.traits ??= this.memory.restReader?.readTraits(this) ?? NO_TRAITS;
    return objects.traits;
  }

  /** The value of a trait, undefined for none; `keyBytes`: the key as UTF-8. */
  trait(key: string, keyBytes: Uint8Array): Json | undefined {
    const { objectsHere, memory } = this;
    if (objectsHere !== null && objectsHere.traits !== null) return objectsHere.traits.get(key)?.value;
    return memory.restReader?.readTrait(this, keyBytes);
  }

  /** Whether it was worked on again since it came, or since that was looked at last. */
  get isUsed(): boolean {
    return ((this.i32[this.base + FLAGS] as number) & USED) !== 0;
  }

  set isUsed(value: boolean) {
    this.#flag(USED, value);
  }

  /** Bits of what changed since the last delta. */
  get change(): number {
    return this.i32[this.base + CHANGE] as number;
  }

  mark(bits: number): void {
    const at = this.base + CHANGE;
    this.i32[at] = (this.i32[at] as number) | CHANGED | bits;
  }

  /** Ids of the segments entered or left since then, each perhaps several times; null for none. */
  get moves(): readonly number[] | null {
    const number = this.i32[this.base + MOVES] as number;
    return number === 0 ? null : this.memory.moves(number);
  }

  addMove(segmentId: number): void {
    const at = this.base + MOVES;
    if (this.i32[at] === 0) this.i32[at] = this.memory.newMoves();
    this.mark(0);
    this.memory.moves(this.i32[at] as number).push(segmentId);
  }

  /** The delta of the contact has been written. */
  forgetChange(): void {
    this.i32[this.base + CHANGE] = 0;
    this.i32[this.base + MOVES] = 0;
  }

  ownObjects(): ContactObjects {
    return this.objects ?? this.#newObjects(NO_TRAITS, 0);
  }

  /** The contact's own traits, to be changed. */
  ownTraits(): Map<string, Trait> {
    const objects = this.ownObjects();
    if (this.traits === NO_TRAITS) objects.traits = new Map();
    objects.traitsChanged = true;
    return objects.traits as Map<string, Trait>;
  }

  /** Lets go of the objects, if there are any: all that the contact has is in its block, or there is nothing. */
  leaveObjects(): void {
    const here = this.objectsHere;
    if (here !== null) this.memory.awake.remove(here);
    const hasRest = this.memory.restOf(this) !== null;
    this.#flag(OBJECTS, hasRest);
    this.#objects = hasRest ? undefined : null;
  }

  /** Gives back what the contact has beside its head and its tables. */
  freeOwn(): void {
    const { idLength } = this;
    if (idLength > ID_INLINE_BYTES_MAX) {
      this.slab.free(this.i32[this.base + ID] as number, (idLength + 7) >>> 3);
    }
    this.memory.freeRest(this);
    this.leaveObjects();
  }

  #findObjects(): ContactObjects | null {
    const { memory } = this;
    const known = memory.awake.of(this.slot);
    if (known !== null) {
      known.isUsed = true;
      return (this.#objects = known);
    }
    const rest = memory.restOf(this);
    if (rest === null || memory.restReader === null) throw new Error("the objects of a contact are gone");
    const objects = this.#newObjects(null, rest.end - rest.from);
    memory.restReader.read(this);
    this.objectCursor = 0;
    this.addedObject = -1;
    return objects;
  }

  #newObjects(traits: ReadonlyMap<string, Trait> | null, restBytes: number): ContactObjects {
    const { slot } = this;
    const bytes = estimateObjects(restBytes);
    const objects: ContactObjects = {
      slot,
      traits,
      traitsChanged: false,
      features: [],
      states: [],
      bytes,
      isUsed: false,
    };
    this.memory.awake.add(objects);
    this.#objects = objects;
    this.#flag(OBJECTS, true);
    return objects;
  }

  #flag(bit: number, value: boolean): void {
    const at = this.base + FLAGS;
    const flags = this.i32[at] as number;
    this.i32[at] = value ? flags | bit : flags & ~bit;
  }
}

/** A contact in a memory of its own. */
export function newContact(id: string, timestamp: number, stage: number): Contact {
  const memory = new ContactMemory<RestReader>();
  memory.openHead(0);
  return new Contact(memory).moveTo(0).begin(Buffer.from(id), timestamp, stage);
}
