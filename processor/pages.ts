/**
 * The contacts in memory, page by page. Rows are decoded when first touched; a row that nobody touched is written
 * back as the bytes it came in. Pages that are clean can be dropped and brought again.
 */
import { ByteReader, ByteWriter } from "../kernel/bytes.ts";
import { LIMITS } from "../kernel/limits.ts";
import { readPageHeader, writePageHeader } from "../kernel/page.ts";
import { Contact, ContactMemory, type ContactBlock } from "../dsl/contact/contact.ts";
import { freeContact } from "../dsl/contact/numbers.ts";
import { readRow, writeRow } from "../dsl/contact/row.ts";
import type { BoundPlan } from "../dsl/registry.ts";

const PAGE_SHIFT = Math.log2(LIMITS.page_contacts);
const SLOT_MASK = LIMITS.page_contacts - 1;
/** The objects of a decoded contact take about this many times its bytes as a row, and never less than the second. */
const OBJECTS_FACTOR = 5;
const OBJECTS_BYTES_MIN = 400;
/** A row that is not decoded takes its bytes and so much for the object that points at them. */
const STORED_BYTES = 128;

export interface Page {
  readonly number: number;
  /** Of contacts so far. */
  count: number;
  /** Rows as they were stored, null once decoded. */
  readonly stored: (Buffer | null)[];
  readonly block: ContactBlock;
  /** The step that it held when it was loaded: recovery leaves it alone up to there. 0 for a page made in memory. */
  readonly seq: number;
  dirty: boolean;
  /** The step that used it last. */
  used: number;
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
  /** The list has no holes, which would make it slow: pages come in any order. */
  readonly #pages: (Page | undefined)[] = [];
  #count = 0;
  /** Of rows and objects. */
  #bytes = 0;
  /** For work of its own; whoever asks for contacts has another. */
  readonly #contact = new Contact(this.memory);
  readonly #writer = new ByteWriter(64 * 1024);
  readonly #id: IdBytes = { buffer: new Uint8Array(0), from: 0, to: 0 };

  /** Estimated memory of the pages that are here, and how many these are. */
  get bytes(): number {
    return this.#bytes + this.memory.slab.bytes;
  }

  get count(): number {
    return this.#count;
  }

  get(page: number): Page | undefined {
    return this.#pages[page];
  }

  load(number: number, bytes: Buffer, used: number): void {
    if (this.#pages[number] !== undefined) return;
    const input = new ByteReader(bytes);
    const header = readPageHeader(input);
    const stored: Buffer[] = [];
    for (let i = 0; i < header.count; i++) stored.push(input.block());
    const page = this.#put({ number, count: header.count, stored, seq: header.seq, dirty: false, used });
    this.#grew(page, bytes.length + header.count * STORED_BYTES);
  }

  create(number: number, used: number): Page {
    return this.#put({ number, count: 0, stored: [], seq: 0, dirty: true, used });
  }

  /** Adds to the estimate of a page of which a contact grew, if it has objects; numbers are known exactly. */
  grew(page: Page, contact: Contact, bytes: number): void {
    if (contact.objects !== null) this.#grew(page, bytes);
  }

  /** Makes `into` a new contact of the slot, which must be the next one of its page. */
  begin(page: Page, slot: number, into: Contact, id: Uint8Array, timestamp: number, stage: number): void {
    const place = slot & SLOT_MASK;
    if (place !== page.count) throw new Error(`page ${page.number} has a gap before slot ${slot}`);
    page.count++;
    page.stored.push(null);
    into.moveTo(slot, page.block, place).begin(id, timestamp, stage);
  }

  /** Moves `into` to the contact of a slot, decoded under `plan` when it was not yet. */
  moveTo(page: Page, slot: number, into: Contact, plan: BoundPlan): void {
    const place = slot & SLOT_MASK;
    into.moveTo(slot, page.block, place);
    const row = page.stored[place];
    if (row === null) return;
    this.#read(page, place, row, into, plan);
  }

  /** Moves `into` to the contact of a slot, read again under `plan` from what it is under `old`. */
  readAgain(page: Page, slot: number, into: Contact, old: BoundPlan, plan: BoundPlan): void {
    const place = slot & SLOT_MASK;
    into.moveTo(slot, page.block, place);
    let row = page.stored[place];
    if (row === null) {
      const out = new ByteWriter();
      writeRow(out, into, old);
      row = out.finish();
      freeContact(into);
    }
    this.#read(page, place, row, into, plan);
  }

  #read(page: Page, place: number, row: Buffer | undefined, into: Contact, plan: BoundPlan): void {
    if (row === undefined) throw new Error(`page ${page.number} has no contact at its place ${place}`);
    readRow(new ByteReader(row), into, plan);
    page.stored[place] = null;
    this.grew(page, into, Math.max(row.length * OBJECTS_FACTOR, OBJECTS_BYTES_MIN));
  }

  /** The id of the contact of a slot, decoded or not; valid until it is asked for another one. */
  idOf(page: Page, slot: number): IdBytes {
    const place = slot & SLOT_MASK;
    const row = page.stored[place];
    const id = this.#id;
    if (row === null) {
      const contact = this.#contact.moveTo(slot, page.block, place);
      id.buffer = contact.idChunk;
      id.from = contact.idFrom;
      id.to = id.from + contact.idLength;
      return id;
    }
    if (row === undefined) throw new Error(`slot ${slot} is not on page ${page.number}`);
    const input = new ByteReader(row);
    const length = input.varint();
    id.buffer = row;
    id.from = input.at;
    id.to = input.at + length;
    return id;
  }

  /** The head of a slot's contact where it is here and decoded, else 0. */
  headOf(slot: number): number {
    const page = slot < 0 ? undefined : this.#pages[slot >>> PAGE_SHIFT];
    const place = slot & SLOT_MASK;
    return page === undefined || page.stored[place] !== null ? 0 : this.memory.headOf(page.block, place);
  }

  dirty(): number[] {
    const numbers: number[] = [];
    for (const page of this.#pages) if (page?.dirty === true) numbers.push(page.number);
    return numbers;
  }

  /** The page's bytes as of step `seq`; it is clean from then on. */
  encode(page: Page, seq: number, plan: BoundPlan): Buffer {
    const writer = this.#writer;
    const contact = this.#contact;
    writer.reset();
    writePageHeader(writer, { seq, model: plan.version, count: page.count });
    let bytes = 0;
    for (let place = 0; place < page.count; place++) {
      const row = page.stored[place];
      const from = writer.length;
      if (row === null || row === undefined) {
        const begun = writer.beginBlock();
        writeRow(writer, contact.moveTo(-1, page.block, place), plan);
        writer.endBlock(begun);
        if (contact.objects !== null) bytes += Math.max((writer.length - from) * OBJECTS_FACTOR, OBJECTS_BYTES_MIN);
      } else {
        writer.block(row);
        bytes += row.length + STORED_BYTES;
      }
    }
    page.dirty = false;
    this.#grew(page, bytes - page.bytes);
    return writer.finish();
  }

  /** Drops clean pages, longest unused first, until `bytes` is reached or none is left to drop. */
  evict(bytes: number): void {
    if (this.bytes <= bytes) return;
    const clean = this.#pages.filter((page) => page?.dirty === false).sort((a, b) => (a?.used ?? 0) - (b?.used ?? 0));
    // A little below the bound, so that not every commit has to look for pages again.
    const target = bytes * 0.9;
    for (const page of clean) {
      if (this.bytes <= target || page === undefined) return;
      this.#drop(page);
    }
  }

  #put(page: Omit<Page, "block" | "bytes">): Page {
    const whole: Page = { ...page, block: this.memory.newBlock(LIMITS.page_contacts), bytes: 0 };
    while (this.#pages.length <= page.number) this.#pages.push(undefined);
    this.#pages[page.number] = whole;
    this.#count++;
    return whole;
  }

  #grew(page: Page, bytes: number): void {
    page.bytes += bytes;
    this.#bytes += bytes;
  }

  #drop(page: Page): void {
    for (let place = 0; place < page.count; place++) {
      if (page.stored[place] === null) freeContact(this.#contact.moveTo(-1, page.block, place));
    }
    this.memory.freeBlock(page.block);
    this.#pages[page.number] = undefined;
    this.#count--;
    this.#bytes -= page.bytes;
  }
}
