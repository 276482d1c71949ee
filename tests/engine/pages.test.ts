import { expect, test } from "vitest";
import { newContact } from "../../dsl/contact/contact.ts";
import { planOf } from "../../dsl/registry.ts";
import { LIMITS } from "../../kernel/limits.ts";
import { EMPTY_MODEL } from "../../kernel/model-record.ts";
import { contactIn, createPages, putContact } from "../../processor/pages.ts";

const CONTACTS = LIMITS.page_contacts;
const PLAN = planOf(EMPTY_MODEL, LIMITS);

function encodedPage(): Buffer {
  const pages = createPages();
  const page = pages.create(0, 1);
  for (let slot = 0; slot < CONTACTS; slot++) {
    putContact(page, slot, newContact(slot, `customer-${slot}`, 1_000 + slot, PLAN.startStage, page.cells));
  }
  return pages.encode(page, 1, PLAN);
}

test("a page takes the memory of what is decoded of it, and gives all of it back", () => {
  const encoded = encodedPage();
  const pages = createPages();
  pages.load(0, encoded, 2);
  const page = pages.get(0);
  if (page === undefined) throw new Error("the page was just loaded");
  const stored = pages.bytes;
  expect(stored).toBeGreaterThan(encoded.length);

  contactIn(page, 0, PLAN);
  const one = pages.bytes - stored;
  expect(one).toBeGreaterThan(stored / CONTACTS);
  contactIn(page, 0, PLAN);
  expect(pages.bytes - stored).toBe(one);

  for (let slot = 1; slot < CONTACTS; slot++) contactIn(page, slot, PLAN);
  expect(pages.bytes - stored).toBe(one * CONTACTS);
  // What is told by then of what is written is what had been expected of what was read.
  expect(pages.encode(page, 3, PLAN)).toHaveLength(encoded.length);
  expect(pages.bytes - stored).toBe(one * CONTACTS);

  pages.evict(0);
  expect([pages.bytes, pages.count]).toEqual([0, 0]);
});
