/** Entries that wait for their step. */
import { describe, expect, test } from "vitest";
import { encodeControl } from "../../kernel/control.ts";
import { encodeEntry } from "../../kernel/entry.ts";
import type { Event } from "../../kernel/event.ts";
import { EMPTY_MODEL } from "../../kernel/model-record.ts";
import type { RawEntry } from "../../processor/entries.ts";
import { createBlockPool, createEntryQueue, type BlockPool } from "../../processor/entry-queue.ts";

function event(messageId: string, text = ""): Event {
  return {
    kind: "track",
    name: "A",
    userId: "u1",
    anonymousId: null,
    messageId,
    timestamp: 1_000,
    properties: { text },
    context: {},
    traits: {},
  };
}

function raw(id: string, field: string, value: Buffer): RawEntry {
  return [Buffer.from(id), [Buffer.from(field), value]];
}

function events(id: string, ...messages: readonly string[]): RawEntry {
  return raw(
    id,
    "e",
    encodeEntry(
      messages.map((message) => event(message)),
      1_000,
    ),
  );
}

/** What an entry of events holds, once opened. */
function messagesOf(entry: ReturnType<typeof createEntryQueue>["entries"][number] | undefined): string[] {
  const opened = entry?.open();
  if (opened?.kind !== "events") return [];
  return Array.from({ length: opened.events.count }, (_, i) => opened.events.messageId(i));
}

function countingPool(): BlockPool & { readonly out: number } {
  const pool = createBlockPool();
  let out = 0;
  return {
    get out() {
      return out;
    },
    take() {
      out++;
      return pool.take();
    },
    give(block) {
      out--;
      // Whoever still reads it is found out.
      block.fill(0xff);
      pool.give(block);
    },
  };
}

describe("entries that wait", () => {
  test("keep their order, and know their events before they are opened", () => {
    const queue = createEntryQueue(createBlockPool());
    queue.push(events("1-1", "a", "b"));
    queue.push(events("1-2", "c"));
    queue.push(raw("1-3", "c", encodeControl({ kind: "barrier", nonce: "n" })));
    queue.push(raw("1-4", "c", encodeControl({ kind: "model", record: EMPTY_MODEL })));
    expect(queue.entries.map(({ id, events: count, isModel }) => ({ id, count, isModel }))).toEqual([
      { id: "1-1", count: 2, isModel: false },
      { id: "1-2", count: 1, isModel: false },
      { id: "1-3", count: 0, isModel: false },
      { id: "1-4", count: 0, isModel: true },
    ]);
    expect(messagesOf(queue.entries[0])).toEqual(["a", "b"]);
    expect(queue.entries[2]?.open()).toEqual({
      id: "1-3",
      kind: "control",
      control: { kind: "barrier", nonce: "n" },
    });
  });

  test("do not change with the buffer that they came in", () => {
    const queue = createEntryQueue(createBlockPool());
    const entry = events("1-1", "a");
    queue.push(entry);
    for (const bytes of [entry[0], ...entry[1]]) bytes.fill(0);
    expect(queue.entries[0]?.id).toBe("1-1");
    expect(messagesOf(queue.entries[0])).toEqual(["a"]);
  });

  test("share blocks, which are used again when the last entry in them is dropped", () => {
    const pool = countingPool();
    const queue = createEntryQueue(pool);
    const other = createEntryQueue(pool);
    const long = "x".repeat(20_000);
    for (let i = 0; i < 100; i++) queue.push(raw(`1-${i}`, "e", encodeEntry([event(`m${i}`, `${long}${i}`)], 1_000)));
    other.push(events("2-1", "other"));
    const held = pool.out;
    expect(held).toBeGreaterThan(2);
    expect(queue.bytes).toBeGreaterThan(100 * long.length);
    for (let i = 0; i < 100; i++) {
      expect(messagesOf(queue.entries[0])).toEqual([`m${i}`]);
      queue.drop(1);
    }
    expect(queue.bytes).toBe(0);
    expect(pool.out).toBe(1);
    expect(messagesOf(other.entries[0])).toEqual(["other"]);
    queue.push(events("3-1", "again"));
    expect(messagesOf(queue.entries[0])).toEqual(["again"]);
    expect(pool.out).toBe(2);
  });

  test("of any size are kept", () => {
    const queue = createEntryQueue(createBlockPool());
    const long = "x".repeat(1_000_000);
    queue.push(raw("1-1", "e", encodeEntry([event("long", long)], 1_000)));
    queue.push(events("1-2", "short"));
    expect(queue.entries.map((entry) => messagesOf(entry))).toEqual([["long"], ["short"]]);
    queue.drop(1);
    expect(messagesOf(queue.entries[0])).toEqual(["short"]);
  });
});

describe("an entry that can't be read", () => {
  const damaged = events("1-2", "x")[1][1] ?? Buffer.alloc(0);
  test.each<[string, RawEntry, RegExp]>([
    ["is damaged", raw("1-2", "e", Buffer.concat([damaged, Buffer.from("?")])), /entry 1-2 can't be read/],
    ["is empty", raw("1-2", "e", Buffer.alloc(0)), /entry 1-2 can't be read/],
    ["is nothing but bits", raw("1-2", "e", Buffer.alloc(100, 0xff)), /entry 1-2 can't be read/],
    ["has a control of a later release", raw("1-2", "c", Buffer.from([0x81, 0xa4, 107, 105, 110, 100, 1])), /1-2/],
    ["has another field", raw("1-2", "x", Buffer.from("x")), /unknown field "x"/],
    ["has no field", [Buffer.from("1-2"), []], /0 fields/],
    ["has two fields", [Buffer.from("1-2"), ["e", "", "e", ""].map((text) => Buffer.from(text))], /2 fields/],
  ])("because it %s says so when it is opened, each time, and leaves the others alone", (_, entry, message) => {
    const queue = createEntryQueue(createBlockPool());
    queue.push(events("1-1", "before"));
    queue.push(entry);
    queue.push(events("1-3", "after"));
    expect(queue.entries.map(({ id }) => id)).toEqual(["1-1", "1-2", "1-3"]);
    expect(messagesOf(queue.entries[0])).toEqual(["before"]);
    expect(() => queue.entries[1]?.open()).toThrow(message);
    expect(() => queue.entries[1]?.open()).toThrow(message);
    expect(messagesOf(queue.entries[2])).toEqual(["after"]);
  });
});
