/**
 * The contacts in memory, page by page. A contact is decoded when it is first touched. When memory gets short, those that
 * were not touched for the longest are rows again, which take less than half of the room, then pages that are clean go
 * altogether, and can be brought again.
 *
 * What is known of pages and contacts are numbers in a few arrays, and rows lie in the slab beside what is decoded: of
 * millions of contacts that nobody touches the garbage collector sees nothing.
 */
import { ByteReader, ByteWriter } from "../kernel/bytes.ts";
import type { TextBytes } from "../kernel/entry.ts";
import { LIMITS } from "../kernel/limits.ts";
import { readPageHeader, writePageHeader } from "../kernel/page.ts";
import { Contact, type RestReader } from "../dsl/contact/contact.ts";
import { ContactMemory } from "../dsl/contact/memory.ts";
import { freeContact, touchLists } from "../dsl/contact/numbers.ts";
import { createRestReader, putToRest, readRow, writeRow } from "../dsl/contact/row.ts";
import { firstSlotOf, pageOf, placeOnPage } from "../dsl/contact/slots.ts";
import type { BoundPlan } from "../dsl/registry.ts";
import { DecodedQueue } from "./decoded-queue.ts";

/** Objects of contacts may take this part of what pages may take: the garbage collector goes through them again and again. */
const OBJECTS_SHARE = 1 / 8;
/** When memory is short, decoded contacts may keep this part of it: a page that has gone is dearer than a row that is read. */
const DECODED_SHARE = 1 / 4;
/** Pages go until there is so much less than the bound, so that not every commit has to look for some. */
const DROP_TO = 0.9;
const FIRST_PAGES = 64;
/** What a writer for single rows keeps of its room. */
const SCRATCH_BYTES_MAX = 256 * 1024;

/** What is known of each page, by its number. */
class PageTable {
  /** Whether it is in memory. */
  here = new Uint8Array(FIRST_PAGES);
  /** Contacts so far. */
  counts = new Uint8Array(FIRST_PAGES);
  dirty = new Uint8Array(FIRST_PAGES);
  /** The step that used it last. */
  used = new Float64Array(FIRST_PAGES);
  /** The step that it held when it was loaded: recovery leaves it alone up to there. 0 for a page made in memory. */
  seqs = new Float64Array(FIRST_PAGES);

  widen(pages: number): void {
    this.here = widened(this.here, new Uint8Array(pages));
    this.counts = widened(this.counts, new Uint8Array(pages));
    this.dirty = widened(this.dirty, new Uint8Array(pages));
    this.used = widened(this.used, new Float64Array(pages));
    this.seqs = widened(this.seqs, new Float64Array(pages));
  }
}

function widened<T extends Uint8Array | Float64Array>(from: T, to: T): T {
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
  readonly #decoded = new DecodedQueue((slot) => this.memory.isDecoded(slot));
  #unread = 0;
  readonly #id: TextBytes = { bytes: Buffer.alloc(0), from: 0, to: 0 };

  /** Memory of the pages that are here, that of objects estimated, and how many these are. */
  get bytes(): number {
    return this.memory.bytes;
  }

  get count(): number {
    return this.#count;
  }

  /** What was read ahead of being written, of no meaning: kept, so that the reads aren't left out. */
  get unread(): number {
    return this.#unread;
  }

  has(page: number): boolean {
    return this.#table.here[page] === 1;
  }

  contactsOn(page: number): number {
    if (!this.has(page)) throw new Error(`page ${page} is not in memory`);
    return this.#table.counts[page] as number;
  }

  /** Notes that a step uses a page, which must be here. */
  use(page: number, seq: number): void {
    if (!this.has(page)) throw new Error(`page ${page} was not brought before the step`);
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
    for (let slot = firstSlotOf(page), end = slot + count; slot < end; slot++) {
      const length = input.varint();
      const from = input.at;
      input.skip(length);
      this.memory.setRow(slot, bytes, from, input.at);
    }
    this.#table.counts[page] = count;
    this.#table.seqs[page] = seq;
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
    if (objects !== null) this.memory.awake.grew(objects, bytes);
  }

  /** Makes `into` a new contact of the slot, which must be the next one of its page. */
  begin(slot: number, into: Contact, id: Uint8Array, timestamp: number, stage: number): void {
    const page = pageOf(slot);
    const place = placeOnPage(slot);
    if (place !== this.contactsOn(page)) throw new Error(`page ${page} has a gap before slot ${slot}`);
    this.#table.counts[page] = place + 1;
    this.memory.openHead(slot);
    this.#decoded.push(slot);
    into.moveTo(slot).begin(id, timestamp, stage);
  }

  isDecoded(slot: number): boolean {
    return this.memory.isDecoded(slot);
  }

  /** Moves `into` to the contact of a slot, decoded under `plan` when it was not yet. */
  moveTo(slot: number, into: Contact, plan: BoundPlan): void {
    if (this.isDecoded(slot)) into.moveTo(slot);
    else this.#decode(slot, into, plan);
  }

  /** Moves `into` to the contact of a slot, read again under `plan` from what it is under `old`. */
  readAgain(slot: number, into: Contact, old: BoundPlan, plan: BoundPlan): void {
    if (!this.isDecoded(slot)) {
      this.#decode(slot, into, plan);
      return;
    }
    const out = this.#scratch;
    out.reset();
    writeRow(out, into.moveTo(slot), old);
    freeContact(into);
    readRow(new ByteReader(out.view()), into, plan);
  }

  /** The id of a contact that is not decoded; valid until it is asked for another one. */
  storedId(slot: number): TextBytes {
    const row = this.#rowOf(slot);
    const length = row.skipText();
    const id = this.#id;
    id.bytes = row.buffer;
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
    const { bytes, from, to } = this.storedId(slot);
    return Buffer.from(bytes.subarray(from, to));
  }

  dirty(): number[] {
    const numbers: number[] = [];
    for (let page = 0; page < this.#end; page++) if (this.#table.dirty[page] === 1) numbers.push(page);
    return numbers;
  }

  /**
   * The page's bytes as of step `seq`, behind what `writer` has; it is clean from then on. Valid until a reset.
   * Contacts that were not used again since the last time become rows: so that those are not written anew each time who
   * share a page with others that are.
   */
  encode(page: number, seq: number, plan: BoundPlan, writer: ByteWriter): Buffer {
    const count = this.contactsOn(page);
    const { memory } = this;
    const contact = this.#contact;
    const begin = writer.length;
    writePageHeader(writer, { seq, model: plan.version, count });
    for (let slot = firstSlotOf(page), end = slot + count; slot < end; slot++) {
      const begun = writer.beginBlock();
      if (memory.isDecoded(slot)) {
        this.#unread = touchLists(contact.moveTo(slot));
        // From then on their bytes are copied.
        if (contact.objectsHere?.traitsChanged === true) putToRest(contact, plan, this.#scratch);
        const from = writer.length;
        memory.awake.estimate(contact.objectsHere, writeRow(writer, contact, plan));
        if (contact.isUsed) contact.isUsed = false;
        else this.#makeRow(contact, writer.buffer, from, writer.length);
      } else {
        const row = memory.rowOf(slot);
        writer.copy(row.chunk, row.from, row.end);
      }
      writer.endBlock(begun);
    }
    this.#table.dirty[page] = 0;
    return writer.view(begin);
  }

  /**
   * Puts what contacts have beside their numbers at rest until it takes no more than its share of `bytes`, and those that
   * were not used again altogether; then, until all takes no more than that, makes contacts rows, and drops clean pages:
   * what was not used for the longest goes first.
   */
  evict(bytes: number, planOfPage: (page: number) => BoundPlan): void {
    this.memory.awake.restBeyond(bytes * OBJECTS_SHARE, (slot) => {
      const contact = this.#contact.moveTo(slot);
      if (contact.isUsed) putToRest(contact, planOfPage(pageOf(slot)), this.#scratch);
      else this.#putAway(contact, planOfPage(pageOf(slot)));
    });
    if (this.bytes > bytes) this.#putAwayUnused(bytes, planOfPage);
    if (this.bytes > bytes) this.#dropClean(bytes * DROP_TO);
  }

  #putAwayUnused(bytes: number, planOfPage: (page: number) => BoundPlan): void {
    const { memory } = this;
    const contact = this.#contact;
    const decodedBytes = bytes * DECODED_SHARE;
    while (memory.bytes > bytes && memory.bytes - memory.rowBytes > decodedBytes) {
      const slot = this.#decoded.shift();
      if (slot < 0) return;
      if (!memory.isDecoded(slot)) continue;
      if (contact.moveTo(slot).isUsed) {
        contact.isUsed = false;
        this.#decoded.push(slot);
        continue;
      }
      this.#putAway(contact, planOfPage(pageOf(slot)));
    }
  }

  #putAway(contact: Contact, plan: BoundPlan): void {
    const scratch = this.#scratch;
    scratch.reset();
    writeRow(scratch, contact, plan);
    this.#makeRow(contact, scratch.buffer, 0, scratch.length);
  }

  /** Lets go of what is decoded of a contact: its row is here. */
  #makeRow(contact: Contact, bytes: Buffer, from: number, to: number): void {
    const { slot } = contact;
    freeContact(contact);
    this.memory.closeHead(slot);
    this.memory.setRow(slot, bytes, from, to);
  }

  #dropClean(bytes: number): void {
    const { here, dirty, used } = this.#table;
    const clean: number[] = [];
    for (let page = 0; page < this.#end; page++) if (here[page] === 1 && dirty[page] === 0) clean.push(page);
    clean.sort((a, b) => (used[a] as number) - (used[b] as number));
    for (const page of clean) {
      if (this.bytes <= bytes) return;
      this.#drop(page);
    }
  }

  #rowOf(slot: number): ByteReader {
    const { chunk, from, end } = this.memory.rowOf(slot);
    return new ByteReader(chunk, from, end);
  }

  #decode(slot: number, into: Contact, plan: BoundPlan): void {
    const { memory } = this;
    const row = this.#rowOf(slot);
    const block = memory.takeRow(slot);
    memory.openHead(slot);
    readRow(row, into.moveTo(slot), plan);
    memory.freeRow(block);
    this.#decoded.push(slot);
  }

  #open(page: number, used: number): void {
    const table = this.#table;
    if (page >= table.counts.length) table.widen(Math.max(page + 1, table.counts.length * 2));
    this.memory.widen(firstSlotOf(page + 1));
    table.here[page] = 1;
    table.counts[page] = 0;
    table.dirty[page] = 0;
    table.used[page] = used;
    table.seqs[page] = 0;
    this.#end = Math.max(this.#end, page + 1);
    this.#count++;
  }

  #drop(page: number): void {
    const { here, counts } = this.#table;
    const { memory } = this;
    for (let slot = firstSlotOf(page), end = slot + (counts[page] as number); slot < end; slot++) {
      if (memory.isDecoded(slot)) {
        freeContact(this.#contact.moveTo(slot));
        memory.closeHead(slot);
      } else memory.freeRow(memory.takeRow(slot));
    }
    memory.awake.leavePage(page);
    here[page] = 0;
    this.#count--;
  }
}
