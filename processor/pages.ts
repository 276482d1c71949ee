/**
 * The contacts in memory, page by page. Rows are decoded when first touched; a row that nobody touched is written
 * back as the bytes it came in. Pages that are clean can be dropped and brought again.
 */
import { ByteReader, ByteWriter } from "../kernel/bytes.ts";
import { LIMITS } from "../kernel/limits.ts";
import { readPageHeader, writePageHeader } from "../kernel/page.ts";
import type { Contact } from "../dsl/contact/contact.ts";
import { readRow, writeRow } from "../dsl/contact/row.ts";
import type { BoundPlan } from "../dsl/registry.ts";

const PAGE_SHIFT = Math.log2(LIMITS.page_contacts);
const SLOT_MASK = LIMITS.page_contacts - 1;
/** A decoded contact takes about this many times its bytes as a row, and never less than the second figure. */
const DECODED_FACTOR = 6;
const CONTACT_BYTES_MIN = 600;

export interface Page {
  readonly number: number;
  readonly rows: (Contact | Buffer)[];
  /** The step that it held when it was loaded: recovery leaves it alone up to there. 0 for a page made in memory. */
  readonly seq: number;
  dirty: boolean;
  /** The step that used it last. */
  used: number;
  /** Estimated memory. */
  bytes: number;
}

export interface Pages {
  /** Estimated memory of the pages that are here, and how many these are. */
  readonly bytes: number;
  readonly count: number;
  get(page: number): Page | undefined;
  load(page: number, bytes: Buffer, used: number): void;
  create(page: number, used: number): Page;
  /** Adds to the estimate of a page whose contacts grew. */
  grew(page: Page, bytes: number): void;
  dirty(): number[];
  encode(page: Page, seq: number, plan: BoundPlan): Buffer;
  evict(bytes: number): void;
  all(): IterableIterator<Page>;
}

export function pageOf(slot: number): number {
  return slot >>> PAGE_SHIFT;
}

/** The id of a row, decoded or not. */
export function idOfRow(row: Contact | Buffer): string {
  return Buffer.isBuffer(row) ? new ByteReader(row).text() : row.id;
}

/** The contact of a slot, decoded under `plan` when it was not yet. */
export function contactIn(page: Page, slot: number, plan: BoundPlan): Contact {
  const place = slot & SLOT_MASK;
  const row = page.rows[place];
  if (row === undefined) throw new Error(`slot ${slot} is not on page ${page.number}`);
  if (!Buffer.isBuffer(row)) return row;
  const contact = readRow(new ByteReader(row), slot, plan);
  page.rows[place] = contact;
  return contact;
}

export function rowIn(page: Page, slot: number): Contact | Buffer | undefined {
  return page.rows[slot & SLOT_MASK];
}

export function createPages(): Pages {
  const pages = new Map<number, Page>();
  const writer = new ByteWriter(64 * 1024);
  const rowWriter = new ByteWriter(4096);
  let total = 0;

  const grew = (page: Page, bytes: number): void => {
    page.bytes += bytes;
    total += bytes;
  };

  const estimate = (page: Page, encoded: number): void => {
    grew(page, Math.max(encoded * DECODED_FACTOR, page.rows.length * CONTACT_BYTES_MIN) - page.bytes);
  };

  return {
    get bytes() {
      return total;
    },
    get count() {
      return pages.size;
    },
    get: (page) => pages.get(page),
    load(number, bytes, used) {
      if (pages.has(number)) return;
      const input = new ByteReader(bytes);
      const header = readPageHeader(input);
      const rows: Buffer[] = [];
      for (let i = 0; i < header.count; i++) rows.push(input.block());
      const page: Page = { number, rows, seq: header.seq, dirty: false, used, bytes: 0 };
      pages.set(number, page);
      estimate(page, bytes.length);
    },
    create(number, used) {
      const page: Page = { number, rows: [], seq: 0, dirty: true, used, bytes: 0 };
      pages.set(number, page);
      return page;
    },
    grew,
    dirty() {
      const numbers: number[] = [];
      for (const page of pages.values()) if (page.dirty) numbers.push(page.number);
      return numbers.sort((a, b) => a - b);
    },
    encode(page, seq, plan) {
      writer.reset();
      writePageHeader(writer, { seq, model: plan.version, count: page.rows.length });
      for (const row of page.rows) {
        if (Buffer.isBuffer(row)) {
          writer.block(row);
          continue;
        }
        rowWriter.reset();
        writeRow(rowWriter, row, plan);
        writer.block(rowWriter.view());
      }
      page.dirty = false;
      const bytes = writer.finish();
      estimate(page, bytes.length);
      return bytes;
    },
    evict(bytes) {
      if (total <= bytes) return;
      const clean = [...pages.values()].filter((page) => !page.dirty).sort((a, b) => a.used - b.used);
      // A little below the bound, so that not every commit has to look for pages again.
      const target = bytes * 0.9;
      for (const page of clean) {
        if (total <= target) return;
        pages.delete(page.number);
        total -= page.bytes;
      }
    },
    all: () => pages.values(),
  };
}
