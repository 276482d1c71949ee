/**
 * The contacts in memory, page by page. Rows are decoded when first touched; a row that nobody touched is written
 * back as the bytes it came in. Pages that are clean can be dropped and brought again.
 */
import { ByteReader, ByteWriter } from "../kernel/bytes.ts";
import { LIMITS } from "../kernel/limits.ts";
import { readPageHeader, writePageHeader } from "../kernel/page.ts";
import { blockOfSlot, newCells, type Contact } from "../dsl/contact/contact.ts";
import { readRow, writeRow } from "../dsl/contact/row.ts";
import type { BoundPlan } from "../dsl/registry.ts";

const PAGE_SHIFT = Math.log2(LIMITS.page_contacts);
const SLOT_MASK = LIMITS.page_contacts - 1;
/** A decoded contact takes about this many times its bytes as a row, and never less than the second figure. */
const DECODED_FACTOR = 6;
const CONTACT_BYTES_MIN = 600;
/** A row that is not decoded takes its bytes and so much for the object that points at them. */
const STORED_BYTES = 128;

export interface Page {
  readonly number: number;
  /** Null while the row is as it was stored, in `stored`. */
  readonly contacts: (Contact | null)[];
  readonly stored: (Buffer | null)[];
  /** Where its contacts keep their numbers. */
  readonly cells: Float64Array;
  /** The step that it held when it was loaded: recovery leaves it alone up to there. 0 for a page made in memory. */
  readonly seq: number;
  dirty: boolean;
  /** The step that used it last. */
  used: number;
  /** Estimated memory. */
  bytes: number;
  /** What all pages take together, this one included. */
  readonly account: { total: number };
}

export interface Pages {
  /** Estimated memory of the pages that are here, and how many these are. */
  readonly bytes: number;
  readonly count: number;
  get(page: number): Page | undefined;
  /** The contact of a slot if it is here, decoded; null for any other slot, also for -1. */
  peek(slot: number): Contact | null;
  load(page: number, bytes: Buffer, used: number): void;
  create(page: number, used: number): Page;
  /** Adds to the estimate of a page whose contacts grew. */
  grew(page: Page, bytes: number): void;
  dirty(): number[];
  encode(page: Page, seq: number, plan: BoundPlan): Buffer;
  evict(bytes: number): void;
}

export function pageOf(slot: number): number {
  return slot >>> PAGE_SHIFT;
}

/** The id of the contact of a slot, decoded or not. */
export function idIn(page: Page, slot: number): string {
  const place = slot & SLOT_MASK;
  const contact = page.contacts[place];
  if (contact !== null && contact !== undefined) return contact.id;
  return new ByteReader(storedRow(page, slot)).text();
}

/** The contact of a slot, decoded under `plan` when it was not yet. */
export function contactIn(page: Page, slot: number, plan: BoundPlan): Contact {
  const place = slot & SLOT_MASK;
  const known = page.contacts[place];
  if (known !== null && known !== undefined) return known;
  const row = storedRow(page, slot);
  const contact = readRow(new ByteReader(row), slot, plan, page.cells);
  putContact(page, slot, contact);
  const more = Math.max(row.length * DECODED_FACTOR, CONTACT_BYTES_MIN);
  page.bytes += more;
  page.account.total += more;
  return contact;
}

export function putContact(page: Page, slot: number, contact: Contact): void {
  page.contacts[slot & SLOT_MASK] = contact;
  page.stored[slot & SLOT_MASK] = null;
}

function storedRow(page: Page, slot: number): Buffer {
  const row = page.stored[slot & SLOT_MASK];
  if (row === null || row === undefined) throw new Error(`slot ${slot} is not on page ${page.number}`);
  return row;
}

export function createPages(): Pages {
  const pages: (Page | undefined)[] = [];
  let count = 0;
  const writer = new ByteWriter(64 * 1024);
  const rowWriter = new ByteWriter(4096);
  const account = { total: 0 };

  const grew = (page: Page, bytes: number): void => {
    page.bytes += bytes;
    account.total += bytes;
  };

  const blocks: Float64Array[] = [];
  const cellsOf = (page: number): Float64Array => {
    const block = blockOfSlot(page * LIMITS.page_contacts);
    while (blocks.length <= block) blocks.push(newCells());
    return blocks[block] as Float64Array;
  };

  /** The list has no holes, which would make it slow: pages come in any order. */
  const put = (page: Page): void => {
    while (pages.length <= page.number) pages.push(undefined);
    pages[page.number] = page;
    count++;
  };

  const estimate = (page: Page, encoded: number): void => {
    let decoded = 0;
    for (const contact of page.contacts) if (contact !== null) decoded++;
    const rows = Math.max(1, page.contacts.length);
    const more = Math.max((encoded / rows) * DECODED_FACTOR, CONTACT_BYTES_MIN) * decoded;
    grew(page, encoded + rows * STORED_BYTES + more - page.bytes);
  };

  return {
    get bytes() {
      return account.total;
    },
    get count() {
      return count;
    },
    get: (page) => pages[page],
    peek: (slot) => (slot < 0 ? null : (pages[slot >>> PAGE_SHIFT]?.contacts[slot & SLOT_MASK] ?? null)),
    load(number, bytes, used) {
      if (pages[number] !== undefined) return;
      const input = new ByteReader(bytes);
      const header = readPageHeader(input);
      const contacts: null[] = [];
      const stored: Buffer[] = [];
      for (let i = 0; i < header.count; i++) {
        contacts.push(null);
        stored.push(input.block());
      }
      const page: Page = {
        number,
        contacts,
        stored,
        cells: cellsOf(number),
        seq: header.seq,
        dirty: false,
        used,
        bytes: 0,
        account,
      };
      put(page);
      estimate(page, bytes.length);
    },
    create(number, used) {
      const page: Page = {
        number,
        contacts: [],
        stored: [],
        cells: cellsOf(number),
        seq: 0,
        dirty: true,
        used,
        bytes: 0,
        account,
      };
      put(page);
      return page;
    },
    grew,
    dirty() {
      const numbers: number[] = [];
      for (const page of pages) if (page?.dirty === true) numbers.push(page.number);
      return numbers;
    },
    encode(page, seq, plan) {
      writer.reset();
      writePageHeader(writer, { seq, model: plan.version, count: page.contacts.length });
      for (let place = 0; place < page.contacts.length; place++) {
        const contact = page.contacts[place];
        if (contact === null || contact === undefined) {
          writer.block(storedRow(page, place));
          continue;
        }
        rowWriter.reset();
        writeRow(rowWriter, contact, plan);
        writer.block(rowWriter.view());
      }
      page.dirty = false;
      const bytes = writer.finish();
      estimate(page, bytes.length);
      return bytes;
    },
    evict(bytes) {
      if (account.total <= bytes) return;
      const clean = pages.filter((page) => page?.dirty === false).sort((a, b) => (a?.used ?? 0) - (b?.used ?? 0));
      // A little below the bound, so that not every commit has to look for pages again.
      const target = bytes * 0.9;
      for (const page of clean) {
        if (account.total <= target || page === undefined) return;
        pages[page.number] = undefined;
        count--;
        account.total -= page.bytes;
      }
    },
  };
}
