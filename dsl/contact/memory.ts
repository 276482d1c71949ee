/**
 * The memory of a partition's contacts: where each of them lies, and what has changed of them.
 *
 * A contact that nobody works on is a block with its row, as it is stored. One that is worked on is a head and what
 * hangs on it (contact.ts); what it has beside its numbers and tags is bytes in a block as well, as in its row, until it is
 * asked for and becomes objects (awake.ts).
 */
import { LIMITS } from "../../kernel/limits.ts";
import { AwakeObjects } from "./awake.ts";
import * as layout from "./head.ts";
import * as slabs from "./slab.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { HEAD_UNITS, NUMBERS, OWN } = layout;
const { chunkOf, LINE, offsetOf, Slab } = slabs;

/** Heads are made by so many at a time, so that they lie side by side. */
const HEADS_AT_ONCE = 32;
const FIRST_SLOTS = 64 * LIMITS.page_contacts;
/** What lies before bytes in their block: how many there are. */
const LENGTH_BYTES = 4;

/** Where a contact's head is: a `Contact`. */
interface Head {
  readonly i32: Int32Array;
  readonly base: number;
}

/** Where in a chunk a row lies, or what a contact has at rest. */
export interface BlockBytes {
  chunk: Buffer;
  from: number;
  end: number;
}

/** `R`: what turns bytes into objects again (contact.ts). */
export class ContactMemory<R = never> {
  readonly slab = new Slab();
  readonly awake = new AwakeObjects();
  /** By slot: the head of a contact, or below 0 the block with its row; 0 for one that isn't here. */
  #places = new Int32Array(FIRST_SLOTS);
  /** The first free head; each begins with the next. */
  #freeHead = 0;
  #freeHeads = 0;
  #rowUnits = 0;
  readonly #row: BlockBytes = { chunk: Buffer.alloc(0), from: 0, end: 0 };
  readonly #rest: BlockBytes = { chunk: Buffer.alloc(0), from: 0, end: 0 };
  #restReader: R | null = null;
  /**
   * Ids of the segments that were entered or left since the last deltas, each perhaps several times, by number from 1 on:
   * a contact that moved has one such list. Used again for the next.
   */
  readonly #moves: number[][] = [];
  #movesUsed = 0;

  /** Of all contacts, that of objects estimated. */
  get bytes(): number {
    return this.slab.bytes - this.#freeHeads * HEAD_UNITS * 8 + this.awake.bytes;
  }

  /** Of those that are rows. */
  get rowBytes(): number {
    return this.#rowUnits * 8;
  }

  /** Slots below `end` may be used from here on. */
  widen(end: number): void {
    if (end <= this.#places.length) return;
    const places = new Int32Array(Math.max(end, this.#places.length * 2));
    places.set(this.#places);
    this.#places = places;
  }

  /** Whether the contact of a slot has a head. */
  isDecoded(slot: number): boolean {
    return (this.#places[slot] as number) > 0;
  }

  /** The head of a contact that has one. */
  headOf(slot: number): number {
    return this.#places[slot] as number;
  }

  /** The head of a contact that has one; below 0 the block of a row; 0 for a contact that isn't here. */
  placeOf(slot: number): number {
    return slot < this.#places.length ? (this.#places[slot] as number) : 0;
  }

  /** Gives a slot a head, which says nothing until `Contact.begin`. A row that it had stays in its block, `freeRow`'s. */
  openHead(slot: number): void {
    if (this.#freeHead === 0) this.#makeHeads();
    const head = this.#freeHead;
    this.#freeHead = (this.slab.i32[chunkOf(head)] as Int32Array)[offsetOf(head) * 2] as number;
    this.#freeHeads--;
    this.#places[slot] = head;
  }

  /** Takes it back; all that hangs on it must have been given back before. */
  closeHead(slot: number): void {
    this.#giveHead(this.#places[slot] as number);
    this.#places[slot] = 0;
  }

  /** Makes the contact of a slot that has no head a row, of which a copy is made. */
  setRow(slot: number, bytes: Buffer, from: number, to: number): void {
    const units = rowUnits(to - from);
    this.#rowUnits += units;
    this.#places[slot] = -this.#copyOf(bytes, from, to, units);
  }

  /** Where the row of a contact that has no head lies. One for all contacts. Throws where it isn't here. */
  rowOf(slot: number): BlockBytes {
    const block = -(this.#places[slot] as number);
    if (!(block > 0)) throw new Error(`slot ${slot} has no row in memory`);
    return this.#open(block, this.#row);
  }

  /** Takes the row of a slot out of memory; gives its block, in which it stands until `freeRow`. */
  takeRow(slot: number): number {
    const block = -(this.#places[slot] as number);
    this.#places[slot] = 0;
    return block;
  }

  freeRow(block: number): void {
    const units = rowUnits((this.slab.i32[chunkOf(block)] as Int32Array)[offsetOf(block) * 2] as number);
    this.#rowUnits -= units;
    this.slab.free(block, units);
  }

  /** Null where no contact is ever at rest. */
  get restReader(): R | null {
    return this.#restReader;
  }

  setRestReader(reader: R): void {
    this.#restReader = reader;
  }

  /** Where a contact's bytes lie, valid until its block is replaced; null without any. One for all contacts. */
  restOf(contact: Head): BlockBytes | null {
    const block = contact.i32[contact.base + OWN] as number;
    if (block === 0) return null;
    return this.#open(block, this.#rest);
  }

  /** Replaces a contact's block by a copy of some bytes. */
  setRest(contact: Head, bytes: Buffer, from: number, to: number): void {
    const block = this.#copyOf(bytes, from, to, restUnits(to - from));
    this.freeRest(contact);
    contact.i32[contact.base + OWN] = block;
  }

  freeRest(contact: Head): void {
    const rest = this.restOf(contact);
    if (rest === null) return;
    this.slab.free(contact.i32[contact.base + OWN] as number, restUnits(rest.end - rest.from));
    contact.i32[contact.base + OWN] = 0;
  }

  /** Reads something of a head's lines, so that they will be at hand; gives an integer of no meaning. */
  touchHead(head: number): number {
    const i32 = this.slab.i32[chunkOf(head)] as Int32Array;
    const base = offsetOf(head) * 2;
    return (i32[base] as number) ^ (i32[base + NUMBERS] as number) ^ (i32[base + HEAD_UNITS * 2 - 1] as number);
  }

  /** The same for the first line of a row's block. */
  touchRow(block: number): number {
    return (this.slab.i32[chunkOf(block)] as Int32Array)[offsetOf(block) * 2] as number;
  }

  /** The same for the other lines, once the first is at hand. */
  touchRowLines(block: number): number {
    const i32 = this.slab.i32[chunkOf(block)] as Int32Array;
    const from = offsetOf(block) * 2;
    const to = from + ((i32[from] as number) >>> 2);
    let read = 0;
    for (let at = from + LINE; at < to; at += LINE) read ^= i32[at] as number;
    return read;
  }

  newMoves(): number {
    if (this.#movesUsed === this.#moves.length) this.#moves.push([]);
    return ++this.#movesUsed;
  }

  moves(number: number): number[] {
    return this.#moves[number - 1] as number[];
  }

  /** All deltas have been written. */
  forgetMoves(): void {
    for (let i = 0; i < this.#movesUsed; i++) (this.#moves[i] as number[]).length = 0;
    this.#movesUsed = 0;
  }

  /** A block with some bytes behind their length. */
  #copyOf(bytes: Buffer, from: number, to: number, units: number): number {
    const block = this.slab.alloc(units);
    const chunk = chunkOf(block);
    const at = offsetOf(block);
    (this.slab.i32[chunk] as Int32Array)[at * 2] = to - from;
    bytes.copy(this.slab.u8[chunk] as Buffer, at * 8 + LENGTH_BYTES, from, to);
    return block;
  }

  /** The bytes that `#copyOf` copied. */
  #open(block: number, into: BlockBytes): BlockBytes {
    const chunk = chunkOf(block);
    const at = offsetOf(block);
    into.chunk = this.slab.u8[chunk] as Buffer;
    into.from = at * 8 + LENGTH_BYTES;
    into.end = into.from + ((this.slab.i32[chunk] as Int32Array)[at * 2] as number);
    return into;
  }

  #makeHeads(): void {
    const first = this.slab.alloc(HEADS_AT_ONCE * HEAD_UNITS);
    // The first of them is to be the first that is given out.
    for (let i = HEADS_AT_ONCE - 1; i >= 0; i--) this.#giveHead(first + i * HEAD_UNITS);
  }

  #giveHead(head: number): void {
    (this.slab.i32[chunkOf(head)] as Int32Array)[offsetOf(head) * 2] = this.#freeHead;
    this.#freeHead = head;
    this.#freeHeads++;
  }
}

/** In steps, so that a block that is given back fits another contact. */
function restUnits(bytes: number): number {
  const units = (LENGTH_BYTES + bytes + 7) >>> 3;
  return units <= 16 ? (units + 1) & ~1 : (units + 7) & ~7;
}

/** In smaller ones: of most contacts there is nothing else. */
function rowUnits(bytes: number): number {
  return (((LENGTH_BYTES + bytes + 7) >>> 3) + 3) & ~3;
}
