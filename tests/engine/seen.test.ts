import { expect, test } from "vitest";
import { createSeen, type Seen } from "../../processor/seen.ts";

const LIMITS = { dedupe_ms: 1000, dedupe_max: 1_000_000 };

function saved(seen: Seen, store: Map<string, Buffer>): ReturnType<Seen["take"]> {
  const taken = seen.take();
  for (const [field, bytes] of taken.write) store.set(field, bytes);
  for (const field of taken.remove) store.delete(field);
  return taken;
}

test("a message is known for at least the span after its arrival and forgotten within twice the span", () => {
  const seen = createSeen(LIMITS);
  seen.advance(5000);
  seen.add(1, 1);
  seen.advance(5999);
  expect(seen.has(1, 1)).toBe(true);
  seen.advance(6500);
  expect(seen.has(1, 1)).toBe(true);
  seen.advance(7500);
  expect(seen.has(1, 1)).toBe(false);
});

test("after a long pause nothing old is kept", () => {
  const seen = createSeen(LIMITS);
  seen.advance(5000);
  seen.add(1, 1);
  seen.advance(50_000);
  expect(seen.has(1, 1)).toBe(false);
});

test("the fingerprint of two zeros is one like any other", () => {
  const seen = createSeen(LIMITS);
  expect(seen.has(0, 0)).toBe(false);
  seen.add(0, 0);
  expect(seen.has(0, 0)).toBe(true);
});

test("what was saved is known again, up to the checkpoint and no further", () => {
  const store = new Map<string, Buffer>();
  const seen = createSeen(LIMITS);
  seen.advance(100);
  for (let i = 0; i < 20_000; i++) seen.add(i, i * 7);
  saved(seen, store);
  const state = seen.state;
  for (let i = 20_000; i < 20_100; i++) seen.add(i, i * 7);
  saved(seen, store);

  const again = createSeen(LIMITS, state, store);
  expect(again.has(0, 0)).toBe(true);
  expect(again.has(19_999, 19_999 * 7)).toBe(true);
  expect(again.has(20_000, 20_000 * 7)).toBe(false);

  for (let i = 20_000; i < 20_050; i++) again.add(i, i * 7);
  saved(again, store);
  const third = createSeen(LIMITS, again.state, store);
  expect(third.has(20_049, 20_049 * 7)).toBe(true);
  expect(third.has(20_050, 20_050 * 7)).toBe(false);
});

test("a generation that was dropped takes its chunks with it", () => {
  const store = new Map<string, Buffer>();
  const seen = createSeen(LIMITS);
  seen.advance(100);
  seen.add(1, 2);
  saved(seen, store);
  expect([...store.keys()]).toEqual(["1:0"]);
  seen.advance(1200);
  seen.add(3, 4);
  seen.advance(2300);
  const taken = saved(seen, store);
  expect(taken.remove).toEqual(["1:0"]);
  expect([...store.keys()]).toEqual(["2:0"]);
});

test("a full generation makes way early, so that memory stays bounded", () => {
  const seen = createSeen({ dedupe_ms: 1000, dedupe_max: 10 });
  for (let i = 1; i <= 25; i++) seen.add(i, i);
  expect(seen.has(25, 25)).toBe(true);
  expect(seen.has(11, 11)).toBe(true);
  expect(seen.has(10, 10)).toBe(false);
});

test("a missing chunk is a fault, not a forgotten message", () => {
  const state = { generations: [{ number: 1, startedAt: 0, count: 3 }] };
  expect(() => createSeen(LIMITS, state, new Map())).toThrow("missing or short");
});
