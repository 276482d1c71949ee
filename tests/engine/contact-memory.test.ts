import fc from "fast-check";
import { expect, test } from "vitest";
import { Contact } from "../../dsl/contact/contact.ts";
import { ARMED, HEAD_UNITS, MEMBERS } from "../../dsl/contact/head.ts";
import { ContactMemory } from "../../dsl/contact/memory.ts";
import {
  freeContact,
  list,
  newList,
  numberPlace,
  openList,
  removeNumber,
  resizeListAt,
  setNumber,
} from "../../dsl/contact/numbers.ts";
import { ReadAhead } from "../../dsl/contact/read-ahead.ts";
import { chunkOf, offsetOf, roomFor, Slab } from "../../dsl/contact/slab.ts";
import { countIn, insertAt, keysOf, leastIn, numberAt, placeOf, removeAt } from "../../dsl/contact/tables.ts";
import { LIMITS } from "../../kernel/limits.ts";

/** What happens to one of a few contacts. */
type Change =
  | { readonly kind: "member"; readonly contact: number; readonly key: number; readonly at: number }
  | { readonly kind: "armed"; readonly contact: number; readonly key: number; readonly at: number }
  | { readonly kind: "number"; readonly contact: number; readonly key: number; readonly at: number }
  | { readonly kind: "list"; readonly contact: number; readonly key: number; readonly length: number }
  | { readonly kind: "length"; readonly contact: number; readonly key: number; readonly length: number }
  | { readonly kind: "remove"; readonly contact: number; readonly key: number };

const CONTACTS = 3;
const contact = fc.nat(CONTACTS - 1);
const key = fc.nat(70);
const at = fc.oneof(fc.integer({ min: -5, max: 2 ** 41 }), fc.double({ noNaN: true }));
const length = fc.integer({ min: 1, max: 40 });
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant("member" as const), contact, key, at }),
  fc.record({ kind: fc.constant("armed" as const), contact, key, at }),
  fc.record({ kind: fc.constant("number" as const), contact, key, at }),
  fc.record({ kind: fc.constant("list" as const), contact, key, length }),
  fc.record({ kind: fc.constant("length" as const), contact, key, length }),
  fc.record({ kind: fc.constant("remove" as const), contact, key }),
);

/** The same things in maps. */
interface Model {
  readonly members: Map<number, number>;
  readonly armed: Map<number, number>;
  readonly numbers: Map<number, number[]>;
}

const ascending = <T>(map: ReadonlyMap<number, T>): [number, T][] => [...map].sort((a, b) => a[0] - b[0]);

/** Puts a key into a table where it isn't there, else takes it out. */
function toggle(contact: Contact, table: number, key: number, at: number, model: Map<number, number>): void {
  const place = placeOf(contact, table, key);
  if (place < 0) insertAt(contact, table, -1 - place, key, at);
  else removeAt(contact, table, place);
  if (!model.delete(key)) model.set(key, at);
}

function apply(contact: Contact, change: Change, model: Model): void {
  const { key } = change;
  switch (change.kind) {
    case "member":
      toggle(contact, MEMBERS, key, change.at, model.members);
      return;
    case "armed":
      toggle(contact, ARMED, key, change.at, model.armed);
      return;
    case "number":
      if ((model.numbers.get(key)?.length ?? 1) > 1) return;
      // A list of one is not a number: what is set is its first.
      if (numberPlace(contact, key) >= 0) removeNumber(contact, numberPlace(contact, key));
      setNumber(contact, key, change.at);
      model.numbers.set(key, [change.at]);
      return;
    case "list": {
      newList(contact, key, change.length);
      const items = Array.from({ length: change.length }, (_, i) => i * 1.5 + key);
      list.f64.set(items, list.from);
      model.numbers.set(key, items);
      return;
    }
    case "length": {
      const before = model.numbers.get(key);
      if (before === undefined || before.length < 2) return;
      resizeListAt(contact, numberPlace(contact, key), change.length);
      const items = Array.from({ length: change.length }, (_, i) => before[i] ?? -i);
      for (let i = before.length; i < change.length; i++) list.f64[list.from + i] = -i;
      model.numbers.set(key, items);
      return;
    }
    case "remove": {
      const place = numberPlace(contact, key);
      expect(place >= 0).toBe(model.numbers.delete(key));
      if (place >= 0) removeNumber(contact, place);
    }
  }
}

function numbersOf(contact: Contact, table: number): number[] {
  return Array.from({ length: countIn(contact, table) }, (_, place) => numberAt(contact, table, place));
}

function expectEqual(contact: Contact, model: Model): void {
  expect(keysOf(contact, MEMBERS)).toEqual(ascending(model.members).map(([one]) => one));
  expect(numbersOf(contact, MEMBERS)).toEqual(ascending(model.members).map(([, one]) => one));
  expect(keysOf(contact, ARMED)).toEqual(ascending(model.armed).map(([one]) => one));
  expect(leastIn(contact, ARMED)).toBe(Math.min(...model.armed.values()));
  for (let key = 0; key <= 70; key++) {
    const kept = openList(contact, key);
    expect(Array.from(list.f64.subarray(list.from, list.from + kept))).toEqual(model.numbers.get(key) ?? []);
  }
}

test("tables and lists of contacts are what maps would be, and give all of their memory back", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 300 }), (changes) => {
      const memory = new ContactMemory();
      const empty = memory.bytes;
      const contact = new Contact(memory);
      const models: Model[] = [];
      for (let slot = 0; slot < CONTACTS; slot++) {
        memory.openHead(slot);
        contact.moveTo(slot).begin(Buffer.from(`contact ${slot} ${"x".repeat(slot * 40)}`), slot, -1);
        models.push({ members: new Map(), armed: new Map(), numbers: new Map() });
      }
      for (const one of changes) apply(contact.moveTo(one.contact), one, models[one.contact] as Model);
      for (const [slot, model] of models.entries()) {
        expectEqual(contact.moveTo(slot), model);
        expect(contact.id).toBe(`contact ${slot} ${"x".repeat(slot * 40)}`);
      }
      for (let slot = 0; slot < CONTACTS; slot++) {
        freeContact(contact.moveTo(slot));
        memory.closeHead(slot);
      }
      expect(memory.bytes).toBe(empty);
    }),
    { numRuns: 200 },
  );
});

test("what is read ahead is changed by nothing, whatever the contacts have", () => {
  const memory = new ContactMemory();
  const contact = new Contact(memory);
  for (let slot = 0; slot < 4; slot++) {
    memory.openHead(slot);
    contact.moveTo(slot).begin(Buffer.from(`contact ${slot}`), slot, -1);
    for (let feature = 0; feature < slot * 300; feature++) setNumber(contact, feature, feature);
    if (slot > 1) newList(contact, 7, 5);
  }
  for (const bytes of [1, 60, 500]) memory.setRow(4 + bytes, Buffer.alloc(bytes, 7), 0, bytes);
  const before = memory.slab.f64.map((chunk) => Array.from(chunk));
  const heads = Int32Array.from([0, 1, 2, 3, -1], (slot) => (slot < 0 ? 0 : memory.headOf(slot)));
  // Each event meets both selectors, which have features that contacts keep and one that none has.
  const starts = Int32Array.from([0, 2, 4, 6, 8, 10]);
  const items = Int32Array.from([0, 2, 0, 2, 0, 2, 0, 2, 0, 2]);
  const features = { starts: Int32Array.from([0, 400, 402]), features: new Int32Array(402) };
  for (let i = 0; i < 402; i++) features.features[i] = (i < 400 ? i : 5_000) * 2 + 1;
  new ReadAhead(memory).look(heads, 5, starts, items, features);
  const rows = [1, 60, 500].map((bytes) => -memory.placeOf(4 + bytes));
  for (const row of rows) {
    expect(row).toBeGreaterThan(0);
    memory.touchRow(row);
    memory.touchRowLines(row);
  }
  expect(memory.slab.f64.map((chunk) => Array.from(chunk))).toEqual(before);
});

test("blocks never overlap, and what was given back is used again", () => {
  const slab = new Slab();
  const sizes = [1, 3, 16, 500, 513, 1_000, 131_072, 200_000];
  const live: { readonly ref: number; readonly units: number; readonly mark: number }[] = [];
  let mark = 0;
  for (let round = 0; round < 40; round++) {
    for (const units of sizes) {
      const ref = slab.alloc(units);
      expect(ref).not.toBe(0);
      (slab.f64[chunkOf(ref)] as Float64Array).fill(++mark, offsetOf(ref), offsetOf(ref) + units);
      live.push({ ref, units, mark });
    }
    for (const { ref, units, mark: own } of live) {
      const block = (slab.f64[chunkOf(ref)] as Float64Array).subarray(offsetOf(ref), offsetOf(ref) + units);
      expect([block[0], block[units - 1], block.length]).toEqual([own, own, units]);
    }
    for (const { ref, units } of live.splice(0, round % 2 === 0 ? 5 : live.length)) slab.free(ref, units);
  }
  const chunks = slab.f64.length;
  for (let i = 0; i < 200; i++) slab.free(slab.alloc(500), 500);
  expect(slab.f64).toHaveLength(chunks);
});

test("room grows with what is in it, by less than the half of it", () => {
  for (let count = 1; count <= LIMITS.window_entries_max; count++) {
    const room = roomFor(count);
    expect(room % 2).toBe(0);
    expect(room).toBeGreaterThanOrEqual(count);
    if (count > 2) expect(room).toBeLessThan(count * 1.5);
  }
  expect(HEAD_UNITS % 2).toBe(0);
});
