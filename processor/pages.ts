/**
 * The contacts in memory, page by page. Rows are decoded when first touched; a row that nobody touched is written
 * back as the bytes it came in. Pages that are clean can be dropped and brought again.
 */
import { ByteReader, ByteWriter } from "../kernel/bytes.ts";
import { LIMITS } from "../kernel/limits.ts";
import { readPageHeader, writePageHeader } from "../kernel/page.ts";
import { Contact } from "../dsl/contact/contact.ts";
import { ContactMemory, PAGE_SHIFT, PLACE_MASK } from "../dsl/contact/memory.ts";
import { freeContact, touchLists } from "../dsl/contact/numbers.ts";
import { readRow, writeRow } from "../dsl/contact/row.ts";
import type { BoundPlan } from "../dsl/registry.ts";

/** The objects of a decoded contact take about this many times its bytes as a row, and never less than the second. */
const OBJECTS_FACTOR = 5;
const OBJECTS_BYTES_MIN = 400;
/** A row that is not decoded takes its bytes and so much for the object that points at them. */
const STORED_BYTES = 128;

if (LIMITS.page_contacts > 32) throw new Error("which contacts of a page are decoded has to fit 32 bits");

/** What is rarely needed of a page. */
interface Page {
  /** Of contacts so far. */
  count: number;
  /** Rows as they were stored, null once decoded; empty for a page made in memory. */
  readonly stored: (Buffer | null)[];
  /** Estimated memory of rows and objects; numbers are accounted for by the slab. */
  bytes: number;
}

/** The bytes of a contact's id: those of `buffer` from `from` up to but without `to`. */
export interface IdBytes {
  buffer: Uint8Array;
  from: number;
  to: number;
}

export function pageOf(slot: number): number {
  return slot >>> PAGE_SHIFT;
}

export class Pages {
  readonly memory = new ContactMemory();
  readonly #pages: (Page | null)[] = [];
  /** By page: a bit for each contact that is decoded. */
  #decoded = new Int32Array(64);
  #dirty = new Uint8Array(64);
  /** The step that used it last. */
  #used = new Float64Array(64);
  /** The step that it held when it was loaded: recovery leaves it alone up to there. 0 for a page made in memory. */
  #seqs = new Float64Array(64);
  #count = 0;
  /** Of rows and objects. */
  #bytes = 0;
  /** For work of its own; whoever asks for contacts has another. */
  readonly #contact = new Contact(this.memory);
  readonly #writer = new ByteWriter(64 * 1024);
  #unread = 0;
  readonly #id: IdBytes = { buffer: new Uint8Array(0), from: 0, to: 0 };

  /** Estimated memory of the pages that are here, and how many these are. */
  get bytes(): number {
    return this.#bytes + this.memory.slab.bytes;
  }

  get count(): number {
    return this.#count;
  }

  /** What was read ahead of being written, of no meaning: kept, so that the reads aren't left out. */
  get unread(): number {
    return this.#unread;
  }

  has(page: number): boolean {
    return this.memory.isOpen(page);
  }

  contactsOn(page: number): number {
    return this.#page(page).count;
  }

  /** Notes that a step uses a page, which must be here. */
  use(page: number, seq: number): void {
    if (!this.memory.isOpen(page)) throw new Error(`page ${page} was not brought before the step`);
    this.#used[page] = seq;
  }

  markDirty(page: number): void {
    this.#dirty[page] = 1;
  }

  seqOf(page: number): number {
    return this.#seqs[page] as number;
  }

  load(page: number, bytes: Buffer, used: number): void {
    if (this.has(page)) return;
    const input = new ByteReader(bytes);
    const { count, seq } = readPageHeader(input);
    const stored: Buffer[] = [];
    for (let i = 0; i < count; i++) stored.push(input.block());
    this.#put(page, count, stored, used);
    this.#seqs[page] = seq;
    this.#grew(page, bytes.length + count * STORED_BYTES);
  }

  create(page: number, used: number): void {
    this.#put(page, 0, [], used);
    this.#dirty[page] = 1;
  }

  /** Adds to the estimate of a contact that grew, if it has objects; numbers are known exactly. */
  grew(contact: Contact, bytes: number): void {
    if (contact.objects !== null) this.#grew(pageOf(contact.slot), bytes);
  }

  /** Makes `into` a new contact of the slot, which must be the next one of its page. */
  begin(slot: number, into: Contact, id: Uint8Array, timestamp: number, stage: number): void {
    const page = this.#page(pageOf(slot));
    const place = slot & PLACE_MASK;
    if (place !== page.count) throw new Error(`page ${pageOf(slot)} has a gap before slot ${slot}`);
    page.count++;
    page.stored.push(null);
    this.#markDecoded(slot);
    into.moveTo(slot).begin(id, timestamp, stage);
  }

  isDecoded(slot: number): boolean {
    return (((this.#decoded[slot >>> PAGE_SHIFT] as number) >>> (slot & PLACE_MASK)) & 1) === 1;
  }

  /** Moves `into` to the contact of a slot, decoded under `plan` when it was not yet. */
  moveTo(slot: number, into: Contact, plan: BoundPlan): void {
    into.moveTo(slot);
    if (!this.isDecoded(slot)) this.#read(slot, this.#storedRow(slot), into, plan);
  }

  /** Moves `into` to the contact of a slot, read again under `plan` from what it is under `old`. */
  readAgain(slot: number, into: Contact, old: BoundPlan, plan: BoundPlan): void {
    into.moveTo(slot);
    if (!this.isDecoded(slot)) {
      this.#read(slot, this.#storedRow(slot), into, plan);
      return;
    }
    const out = new ByteWriter();
    writeRow(out, into, old);
    freeContact(into);
    this.#read(slot, out.finish(), into, plan);
  }

  /** The id of a contact that is not decoded; valid until it is asked for another one. */
  storedId(slot: number): IdBytes {
    const row = this.#storedRow(slot);
    const input = new ByteReader(row);
    const length = input.varint();
    const id = this.#id;
    id.buffer = row;
    id.from = input.at;
    id.to = input.at + length;
    return id;
  }

  /** A copy of the id of a slot's contact, decoded or not. */
  idOf(slot: number): Buffer {
    if (this.isDecoded(slot)) {
      const { idChunk, idFrom, idLength } = this.#contact.moveTo(slot);
      return Buffer.from(idChunk.subarray(idFrom, idFrom + idLength));
    }
    const { buffer, from, to } = this.storedId(slot);
    return Buffer.from(buffer.subarray(from, to));
  }

  dirty(): number[] {
    const numbers: number[] = [];
    for (let page = 0; page < this.#pages.length; page++) if (this.#dirty[page] === 1) numbers.push(page);
    return numbers;
  }

  /** The page's bytes as of step `seq`; it is clean from then on. */
  encode(page: number, seq: number, plan: BoundPlan): Buffer {
    const { count, bytes: before } = this.#page(page);
    const writer = this.#writer;
    const contact = this.#contact;
    writer.reset();
    writePageHeader(writer, { seq, model: plan.version, count });
    let bytes = 0;
    for (let slot = page << PAGE_SHIFT; slot < (page << PAGE_SHIFT) + count; slot++) {
      const from = writer.length;
      if (this.isDecoded(slot)) {
        const begun = writer.beginBlock();
        this.#unread = touchLists(contact.moveTo(slot));
        writeRow(writer, contact, plan);
        writer.endBlock(begun);
        if (contact.objects !== null) bytes += Math.max((writer.length - from) * OBJECTS_FACTOR, OBJECTS_BYTES_MIN);
      } else {
        const row = this.#storedRow(slot);
        writer.block(row);
        bytes += row.length + STORED_BYTES;
      }
    }
    this.#dirty[page] = 0;
    this.#grew(page, bytes - before);
    return writer.finish();
  }

  /** Drops clean pages, longest unused first, until `bytes` is reached or none is left to drop. */
  evict(bytes: number): void {
    if (this.bytes <= bytes) return;
    const clean: number[] = [];
    for (let page = 0; page < this.#pages.length; page++) {
      if (this.has(page) && this.#dirty[page] === 0) clean.push(page);
    }
    clean.sort((a, b) => (this.#used[a] as number) - (this.#used[b] as number));
    // A little below the bound, so that not every commit has to look for pages again.
    const target = bytes * 0.9;
    for (const page of clean) {
      if (this.bytes <= target) return;
      this.#drop(page);
    }
  }

  #page(page: number): Page {
    const found = this.#pages[page] ?? null;
    if (found === null) throw new Error(`page ${page} is not in memory`);
    return found;
  }

  #storedRow(slot: number): Buffer {
    const row = this.#page(pageOf(slot)).stored[slot & PLACE_MASK] ?? null;
    if (row === null) throw new Error(`slot ${slot} is not on page ${pageOf(slot)}`);
    return row;
  }

  #read(slot: number, row: Buffer, into: Contact, plan: BoundPlan): void {
    readRow(new ByteReader(row), into, plan);
    this.#page(pageOf(slot)).stored[slot & PLACE_MASK] = null;
    this.#markDecoded(slot);
    this.grew(into, Math.max(row.length * OBJECTS_FACTOR, OBJECTS_BYTES_MIN));
  }

  #markDecoded(slot: number): void {
    const page = slot >>> PAGE_SHIFT;
    this.#decoded[page] = (this.#decoded[page] as number) | (1 << (slot & PLACE_MASK));
  }

  #put(page: number, count: number, stored: (Buffer | null)[], used: number): void {
    // No holes, which would make the list slow: pages come in any order.
    while (this.#pages.length <= page) this.#pages.push(null);
    if (page >= this.#used.length) this.#widen(Math.max(page + 1, this.#used.length * 2));
    this.memory.openPage(page);
    this.#pages[page] = { count, stored, bytes: 0 };
    this.#decoded[page] = 0;
    this.#dirty[page] = 0;
    this.#seqs[page] = 0;
    this.#used[page] = used;
    this.#count++;
  }

  #widen(pages: number): void {
    const decoded = new Int32Array(pages);
    const dirty = new Uint8Array(pages);
    const used = new Float64Array(pages);
    const seqs = new Float64Array(pages);
    decoded.set(this.#decoded);
    dirty.set(this.#dirty);
    used.set(this.#used);
    seqs.set(this.#seqs);
    this.#decoded = decoded;
    this.#dirty = dirty;
    this.#used = used;
    this.#seqs = seqs;
  }

  #grew(page: number, bytes: number): void {
    const grown = this.#page(page);
    grown.bytes += bytes;
    this.#bytes += bytes;
  }

  #drop(page: number): void {
    const { count, bytes } = this.#page(page);
    for (let slot = page << PAGE_SHIFT; slot < (page << PAGE_SHIFT) + count; slot++) {
      if (this.isDecoded(slot)) freeContact(this.#contact.moveTo(slot));
    }
    this.memory.closePage(page);
    this.#pages[page] = null;
    this.#decoded[page] = 0;
    this.#count--;
    this.#bytes -= bytes;
  }
}
