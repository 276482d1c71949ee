import { expect, test } from "vitest";
import type { Event, JsonObject } from "../../kernel/event.ts";
import { createNameCollector, SEEN_LIMITS } from "../../kernel/seen-names.ts";

function event(kind: Event["kind"], name: string | null, properties: JsonObject = {}, traits: JsonObject = {}): Event {
  const ids = { userId: "u", anonymousId: null, messageId: "m" };
  return { kind, name, ...ids, timestamp: 0, properties, context: {}, traits };
}

test("names are new once", () => {
  const names = createNameCollector();
  names.note(event("track", "A", { x: 1 }, { plan: 1 }));
  names.note(event("track", "A", { x: 2 }, { plan: 2 }));
  names.note(event("page", "Home", { path: "/" }));
  expect(names.take()).toEqual([
    '["track","A"]',
    '["track","A","x"]',
    '["trait",null,"plan"]',
    '["page",null,"path"]',
    '["page","Home"]',
  ]);
  names.note(event("track", "A", { x: 3, y: 1 }));
  expect(names.take()).toEqual(['["track","A","y"]']);
  expect(names.hasNew).toBe(false);
});

test("what another process has stored is not new, and reads back as what was noted", () => {
  const one = createNameCollector();
  one.note(event("track", "A", { x: 1 }, { plan: 1 }));
  one.note(event("screen", "Start", { y: 1 }));
  const other = createNameCollector();
  // A key may come before its event.
  other.load([...one.take(), "nonsense", "[]", '["track"]', '["track","B",7]'].reverse());
  expect(other.seen).toEqual(one.seen);
  other.note(event("track", "A", { x: 1 }, { plan: 1 }));
  expect(other.hasNew).toBe(false);
});

test("what could not be stored is given back", () => {
  const names = createNameCollector();
  names.note(event("track", "A"));
  names.giveBack(names.take());
  expect(names.take()).toEqual(['["track","A"]']);
});

test("memory is bounded, whatever comes", () => {
  const names = createNameCollector();
  for (let i = 0; i < SEEN_LIMITS.names_max + 50; i++) names.note(event("track", `e${i}`));
  expect(names.seen.events.size).toBe(SEEN_LIMITS.names_max);
  for (let i = 0; i < SEEN_LIMITS.keys_max + 50; i++) names.note(event("track", "e1", { [`k${i}`]: 1 }));
  expect(names.seen.events.get("e1")?.size).toBe(SEEN_LIMITS.keys_max);
  for (let e = 2; e < 700; e++) {
    for (let i = 0; i < 150; i++) names.note(event("track", `e${e}`, { [`k${i}`]: 1 }));
  }
  let keys = 0;
  for (const set of names.seen.events.values()) keys += set.size;
  expect(keys).toBe(SEEN_LIMITS.all_keys_max);
  const long = createNameCollector();
  long.note(event("track", "x".repeat(SEEN_LIMITS.name_chars_max + 1), { ["y".repeat(300)]: 1 }));
  long.note(event("page", null, { ["y".repeat(300)]: 1 }));
  expect(long.take()).toEqual([]);
});
