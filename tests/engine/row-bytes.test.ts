import { expect, test } from "vitest";
import { Contact } from "../../dsl/contact/contact.ts";
import { ContactMemory } from "../../dsl/contact/memory.ts";
import { newList, list, numberOf, setNumber } from "../../dsl/contact/numbers.ts";
import { readRow, writeRow } from "../../dsl/contact/row.ts";
import { buildModelRecord, planOf } from "../../dsl/registry.ts";
import { ByteReader, ByteWriter } from "../../kernel/bytes.ts";
import { EMPTY_MODEL } from "../../kernel/model-record.ts";

/** Counts, sums and windows under as many names. */
const NAMES = 150;
const SOURCE = Array.from({ length: NAMES }, (_, i) => [
  `segment "count ${i}" = count("Event ${i}") >= 3`,
  `segment "sum ${i}" = sum("Event ${i}".price) >= 3`,
  `segment "recent ${i}" = count("Event ${i}" in last 1 day) >= 2`,
])
  .flat()
  .join("\n");

function somebodyUnder(source: string) {
  const built = buildModelRecord(EMPTY_MODEL, source, 0, "test");
  if (!built.ok) throw new Error(JSON.stringify(built.diagnostics[0]));
  const plan = planOf(built.record);
  const memory = new ContactMemory();
  memory.openHead(0);
  memory.openHead(1);
  const contact = new Contact(memory).moveTo(0).begin(Buffer.from("somebody"), 1_000_000, -1);
  return { plan, memory, contact };
}

test("a row of more numbers than any before is read as it was written", () => {
  const source = Array.from({ length: 300 }, (_, i) => `segment "count ${i}" = count("Event ${i}") >= 3`).join("\n");
  const { plan, memory, contact } = somebodyUnder(source);
  for (const { index } of plan.features) setNumber(contact, index, 1 + index);
  const written = new ByteWriter();
  writeRow(written, contact, plan);
  const again = new Contact(memory).moveTo(1);
  readRow(new ByteReader(written.finish()), again, plan);
  expect(plan.features.map(({ index }) => numberOf(again, index))).toEqual(plan.features.map(({ index }) => 1 + index));
});

test("a row has the same bytes however often the writer has to make room", () => {
  const { plan, memory, contact } = somebodyUnder(SOURCE);
  for (const { index, kind } of plan.features) {
    if (kind === "count") setNumber(contact, index, index * 1_000);
    else {
      newList(contact, index, kind === "sum" ? 3 : 2);
      for (let i = 0; i < list.length; i++) list.f64[list.from + i] = 1_000 + index + i;
    }
  }
  const roomy = new ByteWriter(64 * 1024);
  writeRow(roomy, contact, plan);
  const expected = roomy.finish();
  expect(expected.length).toBeGreaterThan(2_000);
  for (let capacity = 1; capacity <= expected.length + 16; capacity++) {
    const tight = new ByteWriter(capacity);
    writeRow(tight, contact, plan);
    if (!tight.finish().equals(expected)) throw new Error(`other bytes with room for ${capacity} at first`);
  }
  const again = new Contact(memory).moveTo(1);
  readRow(new ByteReader(expected), again, plan);
  const rewritten = new ByteWriter();
  writeRow(rewritten, again, plan);
  expect(rewritten.finish()).toEqual(expected);
});
