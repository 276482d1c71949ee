import { describe, expect, test } from "vitest";
import { createMerge } from "../../../cli/demo/merge.ts";
import { createRandom } from "../../../cli/demo/random.ts";
import { createShop, type ShopOptions } from "../../../cli/demo/shop.ts";
import type { Call } from "../../../cli/replay/call.ts";
import { readBatch } from "../../../ingest/calls.ts";
import type { JsonObject } from "../../../kernel/event.ts";
import { LIMITS } from "../../../kernel/limits.ts";

const UNTIL = Date.UTC(2026, 5, 15, 15);
const DAY_MS = 86_400_000;

function shop(change: Partial<ShopOptions> = {}): ReturnType<typeof createShop> {
  return createShop({ seed: 1, contacts: 60, until: UNTIL, past_ms: 180 * DAY_MS, companies: false, ...change });
}

function past(change: Partial<ShopOptions> = {}): Call[] {
  return [...shop(change).past()].map(({ call }) => call);
}

test("the same seed and end give the same events, another seed others", () => {
  expect(past()).toEqual(past());
  expect(past({ seed: 2 })).not.toEqual(past());
});

test("events come in the order of their time, within the past, each with an id of its own", () => {
  const calls = past();
  const times = calls.map(({ timestamp }) => Date.parse(timestamp));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times[0]).toBeGreaterThanOrEqual(UNTIL - 180 * DAY_MS);
  expect(times.at(-1)).toBeLessThan(UNTIL);
  expect(new Set(calls.map(({ messageId }) => messageId)).size).toBe(calls.length);
});

test("another end is another life: no event of one looks like a repetition of the other", () => {
  const ids = new Set(past().map(({ messageId }) => messageId));
  expect(past({ until: UNTIL + 1 }).some(({ messageId }) => ids.has(messageId))).toBe(false);
});

test("the server takes every one", () => {
  const batch = JSON.parse(JSON.stringify(past().slice(-2_000))) as JsonObject[];
  const reception = { receivedAt: UNTIL, clockMode: "event", limits: LIMITS, sender: "server" } as const;
  expect(readBatch({ batch }, reception)).toMatchObject({ refused: [] });
});

test("it has all that happens in a shop", () => {
  const calls = past();
  const names = new Set(calls.map(({ type, event, name }) => `${type} ${event ?? name ?? ""}`.trim()));
  expect([...names].toSorted()).toEqual([
    "identify",
    "page Cart",
    "page Category",
    "page Home",
    "track Checkout Started",
    "track Email Opened",
    "track Order Completed",
    "track Product Added",
    "track Product Returned",
    "track Product Viewed",
    "track Review Written",
    "track Signed In",
    "track Signed Up",
  ]);
  const known = new Set(calls.filter(({ userId }) => userId !== undefined).map(({ anonymousId }) => anonymousId));
  const all = new Set(calls.map(({ anonymousId }) => anonymousId));
  expect(all.size).toBe(60);
  expect(known.size).toBeGreaterThan(20);
  expect(known.size).toBeLessThan(50);
});

test("an order's total is that of its products, to the cent", () => {
  const orders = past().filter(({ event }) => event === "Order Completed");
  expect(orders.length).toBeGreaterThan(50);
  for (const { properties } of orders) {
    const products = properties?.["products"] as { price: number; quantity: number }[];
    const cents = products.reduce((sum, { price, quantity }) => sum + Math.round(price * 100) * quantity, 0);
    expect(properties?.["total"]).toBe(cents / 100);
  }
});

test("nobody is known before an identify says who it is", () => {
  const identified = new Set<string>();
  for (const { type, userId } of past()) {
    if (userId === undefined) continue;
    if (type === "identify") identified.add(userId);
    expect(identified).toContain(userId);
  }
});

test("what is returned was ordered", () => {
  const ordered = new Set<unknown>();
  const wrong: Call[] = [];
  for (const call of past()) {
    const id = call.properties?.["order_id"];
    if (call.event === "Order Completed") ordered.add(id);
    if (call.event === "Product Returned" && !ordered.has(id)) wrong.push(call);
  }
  expect(wrong).toEqual([]);
});

test("companies come with group calls, and only when they are asked for", () => {
  const groups = past({ companies: true }).filter(({ type }) => type === "group");
  expect(groups.length).toBeGreaterThan(0);
  for (const { groupId, traits } of groups) {
    expect(groupId).toEqual(expect.any(String));
    expect(traits).toMatchObject({ name: expect.any(String), revenue: expect.any(Number) });
  }
});

test("no past is no events", () => {
  expect(past({ past_ms: 0 })).toEqual([]);
});

describe("the future", () => {
  test.each([0.5, 5, 50])("begins where the past ended, at about %d events a second, and has no end", (rate) => {
    const begin = UNTIL + 1_000;
    const calls: { at: number }[] = [];
    for (const timed of shop().future(begin, rate)) {
      calls.push(timed);
      if (calls.length === 5_000) break;
    }
    const times = calls.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(begin);
    const seconds = ((times.at(-1) ?? 0) - begin) / 1_000;
    expect(5_000 / seconds / rate).toBeGreaterThan(0.7);
    expect(5_000 / seconds / rate).toBeLessThan(1.4);
  });
});

test("streams are merged by time, equal times in the order of the streams", () => {
  const merge = createMerge();
  const random = createRandom(7);
  const expected: [number, number, number][] = [];
  for (let stream = 0; stream < 20; stream++) {
    const times = Array.from({ length: random.whole(0, 30) }, () => random.whole(0, 50)).sort((a, b) => a - b);
    const calls = times.map((at, n): Call => {
      expected.push([at, stream, n]);
      return { type: "page", messageId: `${stream}-${n}`, timestamp: new Date(at).toISOString() };
    });
    merge.add(calls.values());
  }
  expected.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
  const merged: string[] = [];
  for (let next = merge.next(); next !== null; next = merge.next()) merged.push(next.call.messageId);
  expect(merged).toEqual(expected.map(([, stream, n]) => `${stream}-${n}`));
  expect(merge.peek()).toBeNull();
});
