/**
 * The contacts in memory, page by page. Rows are decoded when first touched; a row that nobody touched is written
 * back as the bytes it came in. Pages that are clean can be dropped and brought again.
 *
 * What is known of a page are numbers in a few arrays, and its stored bytes lie in the slab beside what is decoded: of
 * millions of contacts that nobody touches the garbage collector sees nothing.
 */
import { ByteReader, ByteWriter } from "../kernel/bytes.ts";
import { LIMITS } from "../kernel/limits.ts";
import { readPageHeader, writePageHeader } from "../kernel/page.ts";
import { Contact, type RestReader } from "../dsl/contact/contact.ts";
import { ContactMemory, PAGE_SHIFT, PLACE_MASK } from "../dsl/contact/memory.ts";
import { freeContact, touchLists } from "../dsl/contact/numbers.ts";
import { createRestReader, putToRest, readRow, writeRow } from "../dsl/contact/row.ts";
import { chunkOf, offsetOf } from "../dsl/contact/slab.ts";
import type { BoundPlan } from "../dsl/registry.ts";

/** Objects of contacts may take this part of what pages may take: the garbage collector goes through them again and again. */
const OBJECTS_SHARE = 1 / 8;
/** Blocks for stored bytes come in steps of so many units, so that one that is given back fits another page. */
const STORED_STEP = 64;
const FIRST_PAGES = 64;
/** What a writer for single rows keeps of its room. */
const SCRATCH_BYTES_MAX = 256 * 1024;

if (LIMITS.page_contacts > 32) throw new Error("which contacts of a page are decoded has to fit 32 bits");

/** The bytes of a contact's id: those of `buffer` from `from` up to but without `to`. */
export interface IdBytes {
  buffer: Uint8Array;
  from: number;
  to: number;
}

export function pageOf(slot: number): number {
  return slot >>> PAGE_SHIFT;
}

/** What is known of each page, by its number. */
class PageTable {
  /** Contacts so far. */
  counts = new Uint8Array(FIRST_PAGES);
  /** The block with the page's bytes as they were stored, 0 for none; how long it is; the contacts that have rows in it. */
  stored = new Int32Array(FIRST_PAGES);
  storedBytes = new Int32Array(FIRST_PAGES);
  storedCounts = new Uint8Array(FIRST_PAGES);
  /** By slot: where its row begins in those bytes, with its length. */
  starts = new Int32Array(FIRST_PAGES << PAGE_SHIFT);
  /** A bit for each contact that is decoded. */
  decoded = new Int32Array(FIRST_PAGES);
  dirty = new Uint8Array(FIRST_PAGES);
  /** The step that used it last. */
  used = new Float64Array(FIRST_PAGES);
  /** The step that it held when it was loaded: recovery leaves it alone up to there. 0 for a page made in memory. */
  seqs = new Float64Array(FIRST_PAGES);

  widen(pages: number): void {
    this.counts = widened(this.counts, new Uint8Array(pages));
    this.stored = widened(this.stored, new Int32Array(pages));
    this.storedBytes = widened(this.storedBytes, new Int32Array(pages));
    this.storedCounts = widened(this.storedCounts, new Uint8Array(pages));
    this.starts = widened(this.starts, new Int32Array(pages << PAGE_SHIFT));
    this.decoded = widened(this.decoded, new Int32Array(pages));
    this.dirty = widened(this.dirty, new Uint8Array(pages));
    this.used = widened(this.used, new Float64Array(pages));
    this.seqs = widened(this.seqs, new Float64Array(pages));
  }
}

function widened<T extends Uint8Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

export class Pages {
  readonly memory = new ContactMemory<RestReader>();
  readonly #table = new PageTable();
  /** One more than the greatest number of a page so far. */
  #end = 0;
  #count = 0;
  /** For work of its own; whoever asks for contacts has another. */
  readonly #contact = new Contact(this.memory);
  readonly #scratch = new ByteWriter(1024, SCRATCH_BYTES_MAX);
  #unread = 0;
  readonly #id: IdBytes = { buffer: new Uint8Array(0), from: 0, to: 0 };

  /** Memory of the pages that are here, that of objects estimated, and how many these are. */
  get bytes(): number {
    return this.memory.objectBytes + this.memory.slab.bytes;
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
    if (!this.memory.isOpen(page)) throw new Error(`page ${page} is not in memory`);
    return this.#table.counts[page] as number;
  }

  /** Notes that a step uses a page, which must be here. */
  use(page: number, seq: number): void {
    if (!this.memory.isOpen(page)) throw new Error(`page ${page} was not brought before the step`);
    this.#table.used[page] = seq;
  }

  markDirty(page: number): void {
    this.#table.dirty[page] = 1;
  }

  seqOf(page: number): number {
    return this.#table.seqs[page] as number;
  }

  /** Takes a copy of a page's bytes. */
  load(page: number, bytes: Buffer, used: number): void {
    if (this.has(page)) return;
    const input = new ByteReader(bytes);
    const { count, seq } = readPageHeader(input);
    if (count > LIMITS.page_contacts) throw new RangeError(`page ${page} has ${count} contacts`);
    this.#open(page, used);
    const table = this.#table;
    for (let slot = page << PAGE_SHIFT, end = slot + count; slot < end; slot++) {
      table.starts[slot] = input.at;
      input.skipBlock();
    }
    const { slab } = this.memory;
    const stored = slab.alloc(storedUnits(input.at));
    bytes.copy(slab.u8[chunkOf(stored)] as Buffer, offsetOf(stored) * 8, 0, input.at);
    table.counts[page] = count;
    table.stored[page] = stored;
    table.storedBytes[page] = input.at;
    table.storedCounts[page] = count;
    table.seqs[page] = seq;
  }

  create(page: number, used: number): void {
    this.#open(page, used);
    this.#table.dirty[page] = 1;
  }

  /** The plan of contacts that are decoded from here on. */
  setPlan(plan: BoundPlan): void {
    this.memory.setRestReader(createRestReader(plan));
  }

  /** Adds to the estimate of a contact that grew, if it has objects; numbers are known exactly. */
  grew(contact: Contact, bytes: number): void {
    const objects = contact.objectsHere;
    if (objects !== null) this.memory.objectsGrew(objects, bytes);
  }

  /** Makes `into` a new contact of the slot, which must be the next one of its page. */
  begin(slot: number, into: Contact, id: Uint8Array, timestamp: number, stage: number): void {
    const page = pageOf(slot);
    if ((slot & PLACE_MASK) !== this.contactsOn(page)) throw new Error(`page ${page} has a gap before slot ${slot}`);
    this.#table.counts[page] = (slot & PLACE_MASK) + 1;
    this.#markDecoded(slot);
    into.moveTo(slot).begin(id, timestamp, stage);
  }

  isDecoded(slot: number): boolean {
    return (((this.#table.decoded[slot >>> PAGE_SHIFT] as number) >>> (slot & PLACE_MASK)) & 1) === 1;
  }

  /** Moves `into` to the contact of a slot, decoded under `plan` when it was not yet. */
  moveTo(slot: number, into: Contact, plan: BoundPlan): void {
    into.moveTo(slot);
    if (!this.isDecoded(slot)) this.#decode(slot, into, plan);
  }

  /** Moves `into` to the contact of a slot, read again under `plan` from what it is under `old`. */
  readAgain(slot: number, into: Contact, old: BoundPlan, plan: BoundPlan): void {
    into.moveTo(slot);
    if (!this.isDecoded(slot)) {
      this.#decode(slot, into, plan);
      return;
    }
    const out = this.#scratch;
    out.reset();
    writeRow(out, into, old);
    freeContact(into);
    readRow(new ByteReader(out.view()), into, plan);
  }

  /** The id of a contact that is not decoded; valid until it is asked for another one. */
  storedId(slot: number): IdBytes {
    const row = this.#storedRow(slot);
    const length = row.skipText();
    const id = this.#id;
    id.buffer = row.buffer;
    id.from = row.at - length;
    id.to = row.at;
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
    for (let page = 0; page < this.#end; page++) if (this.#table.dirty[page] === 1) numbers.push(page);
    return numbers;
  }

  /** The page's bytes as of step `seq`, behind what `writer` has; it is clean from then on. Valid until a reset. */
  encode(page: number, seq: number, plan: BoundPlan, writer: ByteWriter): Buffer {
    const count = this.contactsOn(page);
    const table = this.#table;
    const contact = this.#contact;
    const begin = writer.length;
    writePageHeader(writer, { seq, model: plan.version, count });
    const first = page << PAGE_SHIFT;
    for (let slot = first; slot < first + count;) {
      if (!this.isDecoded(slot)) {
        slot = this.#writeStored(writer, page, slot);
        continue;
      }
      const begun = writer.beginBlock();
      this.#unread = touchLists(contact.moveTo(slot));
      const restBytes = writeRow(writer, contact, plan);
      writer.endBlock(begun);
      this.memory.estimate(contact.objectsHere, restBytes);
      slot++;
    }
    table.dirty[page] = 0;
    return writer.view(begin);
  }

  /**
   * Puts contacts at rest, longest unused first, until objects take no more than their share of `bytes`; then drops clean
   * pages, longest unused first, until `bytes` is reached or none is left to drop.
   */
  evict(bytes: number, planOfPage: (page: number) => BoundPlan): void {
    this.memory.restBeyond(bytes * OBJECTS_SHARE, (slot) => {
      putToRest(this.#contact.moveTo(slot), planOfPage(pageOf(slot)), this.#scratch);
    });
    if (this.bytes <= bytes) return;
    const { dirty, used } = this.#table;
    const clean: number[] = [];
    for (let page = 0; page < this.#end; page++) {
      if (this.has(page) && dirty[page] === 0) clean.push(page);
    }
    clean.sort((a, b) => (used[a] as number) - (used[b] as number));
    // A little below the bound, so that not every commit has to look for pages again.
    const target = bytes * 0.9;
    for (const page of clean) {
      if (this.bytes <= target) return;
      this.#drop(page);
    }
  }

  /** The row of a contact that is not decoded. */
  #storedRow(slot: number): ByteReader {
    const page = pageOf(slot);
    const table = this.#table;
    const stored = table.stored[page] as number;
    if (stored === 0 || (slot & PLACE_MASK) >= (table.storedCounts[page] as number)) {
      throw new Error(`slot ${slot} is not on page ${page}`);
    }
    const begin = offsetOf(stored) * 8;
    const bytes = this.memory.slab.u8[chunkOf(stored)] as Buffer;
    const row = new ByteReader(
      bytes,
      begin + (table.starts[slot] as number),
      begin + (table.storedBytes[page] as number),
    );
    const length = row.varint();
    return new ByteReader(bytes, row.at, row.at + length);
  }

  /** Writes the rows from `slot` on that are not decoded, as they are; gives the slot behind them. */
  #writeStored(writer: ByteWriter, page: number, slot: number): number {
    const { stored, storedBytes, storedCounts, starts } = this.#table;
    const end = (page << PAGE_SHIFT) + (storedCounts[page] as number);
    if (slot >= end) throw new Error(`slot ${slot} is not on page ${page}`);
    let next = slot + 1;
    while (next < end && !this.isDecoded(next)) next++;
    const ref = stored[page] as number;
    const begin = offsetOf(ref) * 8;
    const to = next < end ? (starts[next] as number) : (storedBytes[page] as number);
    writer.copy(this.memory.slab.u8[chunkOf(ref)] as Buffer, begin + (starts[slot] as number), begin + to);
    return next;
  }

  #decode(slot: number, into: Contact, plan: BoundPlan): void {
    readRow(this.#storedRow(slot), into, plan);
    this.#markDecoded(slot);
    const page = pageOf(slot);
    const { decoded, storedCounts } = this.#table;
    const rows = storedCounts[page] as number;
    const all = rows === 32 ? -1 : (1 << rows) - 1;
    if (((decoded[page] as number) & all) === all) this.#freeStored(page);
  }

  #markDecoded(slot: number): void {
    const { decoded } = this.#table;
    const page = slot >>> PAGE_SHIFT;
    decoded[page] = (decoded[page] as number) | (1 << (slot & PLACE_MASK));
  }

  #open(page: number, used: number): void {
    const table = this.#table;
    if (page >= table.counts.length) table.widen(Math.max(page + 1, table.counts.length * 2));
    this.memory.openPage(page);
    table.counts[page] = 0;
    table.stored[page] = 0;
    table.storedCounts[page] = 0;
    table.decoded[page] = 0;
    table.dirty[page] = 0;
    table.used[page] = used;
    table.seqs[page] = 0;
    this.#end = Math.max(this.#end, page + 1);
    this.#count++;
  }

  #freeStored(page: number): void {
    const { stored, storedBytes } = this.#table;
    if (stored[page] === 0) return;
    this.memory.slab.free(stored[page] as number, storedUnits(storedBytes[page] as number));
    stored[page] = 0;
  }

  #drop(page: number): void {
    const { counts, decoded } = this.#table;
    const first = page << PAGE_SHIFT;
    for (let slot = first; slot < first + (counts[page] as number); slot++) {
      if (this.isDecoded(slot)) freeContact(this.#contact.moveTo(slot));
    }
    this.#freeStored(page);
    this.memory.closePage(page);
    decoded[page] = 0;
    this.#count--;
  }
}

function storedUnits(bytes: number): number {
  const units = (bytes + 7) >>> 3;
  return Math.ceil(units / STORED_STEP) * STORED_STEP;
}
