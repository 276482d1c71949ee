import { expect, test } from "vitest";
import { Contact, DamagedRest } from "../../dsl/contact/contact.ts";
import { nameOf } from "../../dsl/contact/names.ts";
import { addTagPoints, freeTags, tagsOf } from "../../dsl/contact/tags.ts";
import { planOf } from "../../dsl/registry.ts";
import { ByteWriter } from "../../kernel/bytes.ts";
import { LIMITS } from "../../kernel/limits.ts";
import { EMPTY_MODEL } from "../../kernel/model-record.ts";
import { writePageHeader } from "../../kernel/page.ts";
import { Pages } from "../../processor/pages.ts";

const CONTACTS = LIMITS.page_contacts;
const PLAN = planOf(EMPTY_MODEL, LIMITS);

/** Some ids are longer than what lies beside a contact's numbers. */
function idOf(slot: number): string {
  return `customer-${slot % 4 < 2 ? "" : "of a shop with a very long name, and of its branches as well, "}${String(slot).padStart(2, "0")}`;
}

function addTag(contact: Contact, tag: string, points: number): void {
  const { hash, bytes } = nameOf(tag);
  addTagPoints(contact, hash, bytes, 0, bytes.length, points, LIMITS.tags_max);
}

/** Every second contact has traits. */
function encodedPage(): Buffer {
  const pages = new Pages();
  const contact = new Contact(pages.memory);
  pages.create(0, 1);
  for (let slot = 0; slot < CONTACTS; slot++) {
    pages.begin(slot, contact, Buffer.from(idOf(slot)), 1_000 + slot, PLAN.startStage);
    if (slot % 2 === 1) contact.ownTraits().set("plan", { value: "professional", at: 1_000 + slot, by: "message" });
  }
  return pages.encode(0, 1, PLAN, new ByteWriter());
}

function headOf(seq: number): Buffer {
  const out = new ByteWriter();
  writePageHeader(out, { seq, model: PLAN.version, count: CONTACTS });
  return out.finish();
}

test("a page takes the memory of what is decoded of it, and gives all of it back", () => {
  const encoded = encodedPage();
  const pages = new Pages();
  const contact = new Contact(pages.memory);
  pages.load(0, encoded, 2);
  const loaded = pages.bytes;
  expect(loaded).toBeGreaterThan(encoded.length);

  pages.moveTo(0, contact, PLAN);
  expect(contact.id).toBe(idOf(0));
  // A head takes more than the row of a contact that has nothing.
  const one = pages.bytes - loaded;
  expect(one).toBeGreaterThan(0);
  pages.moveTo(1, contact, PLAN);
  expect(pages.bytes - loaded).toBeGreaterThan(2 * one);
  pages.moveTo(2, contact, PLAN);
  pages.moveTo(3, contact, PLAN);
  const four = pages.bytes - loaded;
  pages.moveTo(3, contact, PLAN);
  expect(pages.bytes - loaded).toBe(four);

  for (let slot = 4; slot < CONTACTS - 1; slot++) pages.moveTo(slot, contact, PLAN);
  // What is written is what was read, of rows that are decoded as of the one that isn't.
  expect(pages.encode(0, 3, PLAN, new ByteWriter())).toEqual(
    Buffer.concat([headOf(3), encoded.subarray(headOf(3).length)]),
  );
  pages.moveTo(CONTACTS - 1, contact, PLAN);
  expect(pages.encode(0, 3, PLAN, new ByteWriter())).toEqual(
    Buffer.concat([headOf(3), encoded.subarray(headOf(3).length)]),
  );

  pages.evict(0, () => PLAN);
  expect([pages.bytes, pages.count]).toEqual([0, 0]);
});

test("contacts that were not used again become rows first, and pages go when that is not enough", () => {
  const encoded = encodedPage();
  const pages = new Pages();
  pages.setPlan(PLAN);
  const contact = new Contact(pages.memory);
  for (const page of [0, 1]) pages.load(page, encoded, page);
  const loaded = pages.bytes;
  const slots = Array.from({ length: 2 * CONTACTS }, (_, slot) => slot);
  const rows = (): number[] => slots.filter((slot) => !pages.isDecoded(slot));
  for (const slot of slots) pages.moveTo(slot, contact, PLAN);
  pages.moveTo(2, contact, PLAN);
  contact.isUsed = true;
  const evictSome = (): void => pages.evict(pages.bytes - 1, () => PLAN);

  // Those that came first go first, but for one that was used again.
  evictSome();
  expect(rows()).toEqual([0]);
  for (let i = 0; i < 3; i++) evictSome();
  expect(rows()).toEqual([0, 1, 3, 4]);
  // It goes as well if it isn't used any more. A few stay decoded, while a page goes; the one that has changed does not.
  pages.markDirty(0);
  pages.evict(loaded, () => PLAN);
  expect([pages.has(0), pages.isDecoded(2), pages.count]).toEqual([true, true, 1]);
  pages.evict(0, () => PLAN);
  expect([pages.has(0), rows(), pages.count]).toEqual([true, slots, 1]);
  expect(pages.bytes).toBe(loaded / 2);
  expect(pages.encode(0, 1, PLAN, new ByteWriter())).toEqual(encoded);
  pages.evict(0, () => PLAN);
  expect([pages.bytes, pages.count]).toEqual([0, 0]);
});

test("contacts whose pages go are forgotten by those that wait to become rows", () => {
  const encoded = encodedPage();
  const pages = new Pages();
  const contact = new Contact(pages.memory);
  for (let round = 0; round < 200; round++) {
    pages.load(round % 3, encoded, round);
    for (let place = 0; place < CONTACTS; place++) pages.moveTo((round % 3) * CONTACTS + place, contact, PLAN);
    // More than a quarter of it is not decoded by then.
    if (round % 3 === 2) pages.evict(0, () => PLAN);
  }
  expect(pages.count).toBe(2);
});

test("an id is told from rows that are decoded as from those that are not", () => {
  const pages = new Pages();
  const contact = new Contact(pages.memory);
  pages.load(0, encodedPage(), 2);
  const idAt = (slot: number): string => pages.idOf(slot).toString();
  expect(idAt(7)).toBe(idOf(7));
  pages.moveTo(7, contact, PLAN);
  expect(idAt(7)).toBe(idOf(7));
  expect(idAt(5)).toBe(idOf(5));
});

test("what contacts have beside their numbers comes to rest, and back when it is asked for", () => {
  const pages = new Pages();
  pages.setPlan(PLAN);
  const contact = new Contact(pages.memory);
  pages.create(0, 1);
  for (let slot = 0; slot < CONTACTS; slot++) {
    pages.begin(slot, contact, Buffer.from(idOf(slot)), 1_000 + slot, PLAN.startStage);
    if (slot % 2 === 1) contact.ownTraits().set("plan", { value: "pro", at: 1_000 + slot, by: "message" });
    if (slot % 3 === 1) addTag(contact, "shoes", slot * 1_000_000);
    contact.isUsed = true;
  }
  const encoded = pages.encode(0, 1, PLAN, new ByteWriter());
  pages.markDirty(0);
  for (let slot = 0; slot < CONTACTS; slot++) expect(contact.moveTo(slot).traits.size).toBe(slot % 2);
  expect(pages.memory.awake.bytes).toBeGreaterThan(0);
  const awake = pages.bytes;
  pages.evict(0, () => PLAN);
  // The page stays, as it is dirty.
  expect([pages.count, pages.memory.awake.bytes]).toEqual([1, 0]);
  expect(pages.bytes).toBeLessThan(awake);
  expect(pages.encode(0, 1, PLAN, new ByteWriter())).toEqual(encoded);
  for (let slot = 0; slot < CONTACTS; slot++) {
    pages.moveTo(slot, contact, PLAN);
    expect([...contact.traits.keys()]).toEqual(slot % 2 === 1 ? ["plan"] : []);
    expect(tagsOf(contact)).toEqual(slot % 3 === 1 ? [["shoes", slot * 1_000_000]] : []);
    if (slot % 2 === 0) contact.isUsed = true;
  }
  expect(pages.memory.awake.bytes).toBeGreaterThan(0);
  expect(pages.encode(0, 1, PLAN, new ByteWriter())).toEqual(encoded);
  // Those that were not used again are rows from then on.
  const decoded = Array.from({ length: CONTACTS }, (_, slot) => pages.isDecoded(slot));
  expect(decoded).toEqual(decoded.map((_, slot) => slot % 2 === 0));
  expect(pages.encode(0, 1, PLAN, new ByteWriter())).toEqual(encoded);
  expect(pages.isDecoded(0)).toBe(false);
  // One that loses all of it has nothing at rest either.
  pages.markDirty(0);
  pages.moveTo(5, contact, PLAN);
  contact.ownTraits().clear();
  pages.moveTo(4, contact, PLAN);
  freeTags(contact);
  pages.evict(0, () => PLAN);
  for (const slot of [4, 5]) {
    pages.moveTo(slot, contact, PLAN);
    expect([contact.objects, tagsOf(contact)]).toEqual([null, []]);
  }
  pages.encode(0, 2, PLAN, new ByteWriter());
  pages.evict(0, () => PLAN);
  expect([pages.bytes, pages.count]).toEqual([0, 0]);
});

test("what is gone is not remembered, however seldom anything comes to rest", () => {
  const encoded = encodedPage();
  const pages = new Pages();
  pages.setPlan(PLAN);
  const contact = new Contact(pages.memory);
  for (let page = 0; page < 100; page++) {
    pages.load(page, encoded, page);
    for (let slot = page * CONTACTS; slot < (page + 1) * CONTACTS; slot++) {
      pages.moveTo(slot, contact, PLAN);
      expect(contact.traits.size).toBe(slot % 2);
    }
    // Room for the objects of two pages and no page that stays.
    pages.evict(page % 3 === 0 ? 0 : 400_000, () => PLAN);
    expect(pages.memory.awake.queued).toBeLessThan(CONTACTS * 12);
  }
  pages.evict(0, () => PLAN);
  expect(pages.memory.awake.bytes).toBe(0);
});

test("bytes at rest that nobody wrote are told from a fault of an event", () => {
  const encoded = encodedPage();
  const pages = new Pages();
  pages.setPlan(PLAN);
  const contact = new Contact(pages.memory);
  pages.load(0, encoded, 1);
  pages.moveTo(1, contact, PLAN);
  const rest = pages.memory.restOf(contact);
  if (rest === null) throw new Error("the contact has nothing at rest");
  rest.chunk.fill(0xff, rest.from, rest.end);
  expect(() => contact.objects).toThrow(DamagedRest);
});
