import fc from "fast-check";
import { expect, test } from "vitest";
import { Contact, type RestReader } from "../../dsl/contact/contact.ts";
import { GivenTags } from "../../dsl/contact/given-tags.ts";
import { ContactMemory } from "../../dsl/contact/memory.ts";
import { nameOf, Names } from "../../dsl/contact/names.ts";
import { freeContact, setBlock } from "../../dsl/contact/numbers.ts";
import { readRow, writeRow } from "../../dsl/contact/row.ts";
import {
  addTagPoints,
  openTags,
  readTags,
  replaceTags,
  settleTags,
  tagPoints,
  tagsOf,
  writeTags,
} from "../../dsl/contact/tags.ts";
import { buildModelRecord, planOf } from "../../dsl/registry.ts";
import { ByteReader, ByteWriter } from "../../kernel/bytes.ts";
import { EMPTY_MODEL } from "../../kernel/model-record.ts";

/** The more are found by a table instead of one after the other. */
const TAGS_MAX = [12, 60] as const;
const CHANGES_MAX = 300;

/** Some are long, so that texts outgrow their block; some begin alike; some are no ASCII. */
const name = fc.oneof(
  fc.integer({ min: 0, max: 80 }).map((n) => `tag ${n}`),
  fc.integer({ min: 0, max: 5 }).map((n) => `${"x".repeat(40 * n)}${n}`),
  fc.constantFrom("à", "日本", "", "a", "ab"),
);
const points = fc.integer({ min: -3, max: 3 });
const change = fc.oneof(
  { weight: 30, arbitrary: fc.record({ kind: fc.constant("add" as const), name, points }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("replace" as const),
      tags: fc.uniqueArray(fc.tuple(name, points), { maxLength: TAGS_MAX[1], size: "max", selector: ([one]) => one }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("settle" as const, "store" as const) }) },
);

const gifts = new GivenTags();

function somebody(memory: ContactMemory, slot: number): Contact {
  memory.openHead(slot);
  return new Contact(memory).moveTo(slot).begin(Buffer.from("somebody"), 1_000, -1);
}

test("tags are what a map would be, through changes, deltas and rows, and give all of their memory back", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...TAGS_MAX),
      fc.array(change, { maxLength: CHANGES_MAX, size: "max" }),
      (tagsMax, changes) => {
        const memory = new ContactMemory();
        const begun = memory.bytes;
        let contact = somebody(memory, 0);
        const model = new Map<string, number>();
        /** Those that a delta has to tell. */
        const told = new Set<string>();
        for (const one of changes) {
          if (one.kind === "add") {
            const { hash, bytes } = nameOf(one.name);
            const fits = model.has(one.name) || model.size < tagsMax;
            expect(addTagPoints(contact, hash, bytes, 0, bytes.length, one.points, tagsMax)).toBe(fits);
            if (fits) {
              model.set(one.name, (model.get(one.name) ?? 0) + one.points);
              told.add(one.name);
            }
          } else if (one.kind === "replace") {
            const given = new Map(one.tags);
            const others = [...new Set([...model.keys(), ...given.keys()])].filter(
              (tag) => model.get(tag) !== given.get(tag),
            );
            // Rules give a tag in several parts.
            gifts.clear();
            for (const [tag, value] of given) gifts.give(nameOf(tag), value + 1);
            for (const tag of given.keys()) gifts.give(nameOf(tag), -1);
            expect(replaceTags(contact, gifts.names)).toBe(others.length > 0);
            for (const tag of others) told.add(tag);
            model.clear();
            for (const [tag, value] of given) model.set(tag, value);
          } else {
            settleTags(contact);
            told.clear();
            if (one.kind === "store") {
              const out = new ByteWriter();
              writeTags(out, contact);
              freeContact(contact);
              memory.closeHead(0);
              contact = somebody(memory, 0);
              readTags(new ByteReader(out.finish()), contact);
            }
          }
          expect(new Map(tagsOf(contact))).toEqual(model);
          for (const tag of ["tag 1", "à", ...model.keys()])
            expect(tagPoints(contact, nameOf(tag))).toBe(model.get(tag));
          const tags = openTags(contact);
          const marked = Array.from({ length: tags.count }, (_, place) => place).filter((place) =>
            tags.isMarked(place),
          );
          expect(new Set(marked.map((place) => tags.text(place)))).toEqual(told);
          const live = Array.from({ length: tags.count }, (_, place) => tags.placeOfLive(place));
          expect(live.filter((place) => place >= 0)).toEqual(Array.from({ length: model.size }, (_, place) => place));
        }
        freeContact(contact);
        memory.closeHead(0);
        expect(memory.bytes).toBe(begun);
      },
    ),
    { numRuns: 150 },
  );
});

test("a contact that is read from its row takes no more memory than it took before", () => {
  const rules = Array.from({ length: 20 }, (_, i) => `tag key${i} on "Event ${i}"`).join("\n");
  const built = buildModelRecord(EMPTY_MODEL, rules, 0, "test");
  if (!built.ok) throw new Error(JSON.stringify(built.diagnostics[0]));
  const plan = planOf(built.record);
  const memory = new ContactMemory<RestReader>();
  memory.openHead(0);
  memory.openHead(1);
  const contact = new Contact(memory).moveTo(0).begin(Buffer.from("somebody"), 1_000, -1);
  const before = memory.bytes;
  for (const { index, kind } of plan.features) {
    if (kind !== "tag counts") continue;
    const counts = new Names().open(memory.slab, 0);
    for (let i = 0; i < 50; i++) {
      const { hash, bytes } = nameOf(`a tag of rule ${index}, ${i}`);
      addTagPoints(contact, hash, bytes, 0, bytes.length, 1, 10_000);
      counts.add(memory.slab, hash, bytes, 0, bytes.length, i + 1);
    }
    setBlock(contact, index, counts.ref, counts.units);
  }
  const taken = memory.bytes - before;
  const out = new ByteWriter();
  writeRow(out, contact, plan);
  const row = out.finish();
  contact.moveTo(1);
  readRow(new ByteReader(row), contact, plan);
  expect(memory.bytes - before - taken).toBeLessThanOrEqual(taken);
  const again = new ByteWriter();
  writeRow(again, contact, plan);
  expect(again.finish()).toEqual(row);
});
