/** Groups in which events come as bodies and as objects: nothing is lost, and each way keeps its order in a partition. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GroupEntries, type Entry } from "../../ingest/entries.ts";
import { INGEST_LIMITS } from "../../ingest/limits.ts";
import { createPacker } from "../../ingest/packer.ts";
import type { Clock } from "../../kernel/clock.ts";
import { openEntry } from "../../kernel/entry.ts";
import type { Event } from "../../kernel/event.ts";
import { partitionOf } from "../../kernel/ids.ts";

const NOW = Date.UTC(2026, 0, 31);
const PARTITIONS = 4;
const clock: Clock = { now: () => NOW };
const packer = createPacker({ partitions: PARTITIONS, clockMode: "wall", limits: INGEST_LIMITS });
const entries = new GroupEntries(packer, PARTITIONS, clock);

function eventsOf({ bytes }: Pick<Entry, "bytes">): Event[] {
  const reader = openEntry(bytes);
  return Array.from({ length: reader.count }, (_, i) => reader.event(i));
}

function eventOf(userId: string, messageId: string): Event {
  return {
    kind: "track",
    name: "x",
    userId,
    anonymousId: null,
    messageId,
    timestamp: NOW,
    properties: { n: messageId },
    traits: {},
    context: {},
  };
}

function scan(list: readonly { readonly userId: string; readonly messageId: string }[]): void {
  const batch = list.map(({ userId, messageId }) => ({
    type: "track",
    event: "x",
    userId,
    messageId,
    properties: { n: messageId },
  }));
  expect(packer.scan(Buffer.from(JSON.stringify({ batch })), "batch", NOW)).toBe(list.length);
}

const user = fc.nat(20).map((n) => `user-${n}`);
const parts = fc.array(fc.record({ isScanned: fc.boolean(), users: fc.array(user, { minLength: 1, maxLength: 8 }) }), {
  minLength: 1,
  maxLength: 12,
});

describe("entries of a group", () => {
  test("hold every event once, each way in its order, in two entries for a partition at most, and count it", () => {
    fc.assert(
      fc.property(parts, (list) => {
        const sent: { readonly userId: string; readonly messageId: string; readonly isScanned: boolean }[] = [];
        for (const { isScanned, users } of list) {
          const calls = users.map((userId, i) => ({ userId, messageId: `m${sent.length + i}`, isScanned }));
          sent.push(...calls);
          if (isScanned) {
            scan(calls);
            const { events, touched } = entries.addScanned();
            expect(events).toBe(calls.length);
            const wanted = new Set(users.map((userId) => partitionOf(userId, PARTITIONS)));
            expect(new Set(touched)).toEqual(wanted);
            expect(touched.length).toBe(wanted.size);
          } else for (const { userId, messageId } of calls) entries.add(eventOf(userId, messageId));
        }
        expect(entries.events).toBe(sent.length);
        const taken = entries.take();
        expect(entries.events).toBe(0);
        expect(entries.take()).toEqual([]);
        for (const entry of taken) expect(eventsOf(entry).length).toBe(entry.events);
        for (let partition = 0; partition < PARTITIONS; partition++) {
          const got = taken.filter((entry) => entry.partition === partition).map(eventsOf);
          const own = sent.filter(({ userId }) => partitionOf(userId, PARTITIONS) === partition);
          const wanted = [true, false].map((way) =>
            own.filter(({ isScanned }) => isScanned === way).map(({ userId, messageId }) => eventOf(userId, messageId)),
          );
          expect(got).toEqual(wanted.filter(({ length }) => length > 0));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("a group of ordinary bodies has one entry for each partition, of about as many bytes as are said", () => {
    const calls = Array.from({ length: 2_000 }, (_, i) => ({ userId: `user-${i % 500}`, messageId: `message-${i}` }));
    scan(calls);
    entries.addScanned();
    const { bytes } = entries;
    const taken = entries.take();
    expect(taken.length).toBe(PARTITIONS);
    const real = taken.reduce((sum, entry) => sum + entry.bytes.length, 0);
    expect(bytes / real).toBeGreaterThan(0.7);
    expect(bytes / real).toBeLessThan(1.4);
  });
});

describe("the packer", () => {
  test("tells of each form of calls once: its kind, name and keys", () => {
    const own = createPacker({ partitions: 2, clockMode: "wall", limits: INGEST_LIMITS });
    const outlines = (...batch: readonly object[]): unknown => {
      own.scan(Buffer.from(JSON.stringify({ batch })), "batch", NOW);
      return own.collect().outlines;
    };
    const track = { type: "track", event: "Größe", userId: "u1", properties: { a: 1, größe: "x" } };
    const identify = { type: "identify", anonymousId: "a1", traits: { plan: "gold" } };
    expect(outlines(track, { ...track, properties: { a: "other", größe: null } }, identify)).toEqual([
      { kind: "track", name: "Größe", properties: { a: null, größe: null }, traits: {} },
      { kind: "identify", name: null, properties: { plan: null }, traits: { plan: null } },
    ]);
    expect(outlines(track, identify)).toEqual([]);
    const mobile = { ...track, context: { traits: { vip: true } } };
    expect(outlines(mobile, { ...mobile, context: { ip: "::1", traits: { vip: 1 } } })).toEqual([
      { kind: "track", name: "Größe", properties: { a: null, größe: null }, traits: { vip: null } },
    ]);
    expect(outlines({ ...track, properties: { größe: 1, a: 1 } }, { ...track, event: "y" })).toHaveLength(2);
  });

  test("collects once what it has scanned", () => {
    expect(() => packer.collect()).toThrow("nothing to collect");
    scan([{ userId: "u1", messageId: "m1" }]);
    packer.collect();
    expect(() => packer.collect()).toThrow("nothing to collect");
    expect(packer.scan(Buffer.from("{}"), "batch", NOW)).toBe(-1);
    expect(() => packer.collect()).toThrow("nothing to collect");
    const partition = partitionOf("u1", PARTITIONS);
    expect(eventsOf({ bytes: packer.finish(partition, NOW) })).toEqual([eventOf("u1", "m1")]);
  });

  test("goes on with much that differs: nested values, forms, contacts, long texts", () => {
    const own = createPacker({ partitions: 1, clockMode: "wall", limits: INGEST_LIMITS });
    let sent = 0;
    for (let round = 0; round < 120; round++) {
      const batch = Array.from({ length: 250 }, (_, i) => ({
        type: "track",
        event: `event ${sent + i}`,
        userId: `user-${sent + i}`,
        messageId: `m${sent + i}`,
        properties: { [`key ${sent + i}`]: "v".repeat(i), nested: { list: [sent + i, { deep: `${sent + i}` }] } },
        context: { page: { path: `/${(sent + i) % 700}` }, library: { name: "x" } },
      }));
      sent += batch.length;
      expect(own.scan(Buffer.from(JSON.stringify({ batch })), "batch", NOW)).toBe(batch.length);
      expect(own.collect().outlines.length).toBe(batch.length);
      if (round % 3 !== 2) continue;
      const events = eventsOf({ bytes: own.finish(0, NOW) });
      expect(events.length).toBe(750);
      const last = events.slice(-batch.length);
      expect(last.map(({ name }) => name)).toEqual(batch.map(({ event }) => event));
      expect(last.map(({ userId, properties, context }) => ({ userId, properties, context }))).toEqual(
        batch.map(({ userId, properties, context }) => ({ userId, properties, context })),
      );
    }
  });
});
