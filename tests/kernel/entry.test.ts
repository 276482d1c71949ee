import { deepStrictEqual } from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  encodeEntry,
  openEntry,
  VALUE_COMPLEX,
  VALUE_FALSE,
  VALUE_NULL,
  VALUE_NUMBER,
  VALUE_STRING,
  VALUE_TRUE,
  type EntryReader,
} from "../../kernel/entry.ts";
import { EntryWriter } from "../../kernel/entry-writer.ts";
import { CALL_KINDS, IDENTIFY, TRACK, type Event, type JsonObject } from "../../kernel/event.ts";
import { contactIdOf, hash, hash64 } from "../../kernel/ids.ts";

const RECEIVED = 1_700_000_000_000;

function event(over: Partial<Event> = {}): Event {
  return {
    kind: "track",
    name: "Product Viewed",
    userId: "u1",
    anonymousId: null,
    messageId: "m1",
    timestamp: RECEIVED - 5,
    properties: {},
    context: {},
    traits: {},
    ...over,
  };
}

function roundTrip(events: readonly Event[]): Event[] {
  const reader = openEntry(encodeEntry(events, RECEIVED));
  return events.map((_, i) => reader.event(i));
}

function shapeKeys({ shapeKeyStrings, shapeStarts }: EntryReader, shape: number): Uint32Array {
  return shapeKeyStrings.subarray(shapeStarts[shape], shapeStarts[shape + 1]);
}

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const key = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("a", "b", "c", "price", "10", "2") },
  text,
  fc.constantFrom("__proto__", "constructor", "toString", ""),
);
const number = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
);
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    text,
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("json"), { maxLength: 4 }),
    fc.dictionary(key, tie("json"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const object = fc.dictionary(key, json, { maxKeys: 6, noNullPrototype: true }) as fc.Arbitrary<JsonObject>;
const ids = fc.oneof(
  fc.record({ userId: fc.constantFrom("u1", "u2", "é"), anonymousId: fc.constantFrom(null, "a1", "~x") }),
  fc.record({ userId: fc.constant(null), anonymousId: fc.constantFrom("a1", "~x", "ü") }),
);
const events = fc.array(
  fc
    .record({
      kind: fc.constantFrom(...CALL_KINDS),
      name: fc.option(text),
      ids,
      messageId: text,
      timestamp: fc.oneof(fc.integer({ min: RECEIVED - 1_000, max: RECEIVED }), fc.maxSafeInteger()),
      properties: object,
      context: object,
      traits: object,
      sameTraits: fc.boolean(),
    })
    .map(({ ids: { userId, anonymousId }, sameTraits, ...rest }): Event => ({
      ...rest,
      userId,
      anonymousId,
      traits: sameTraits ? rest.properties : rest.traits,
    })),
  { maxLength: 20 },
);

describe("an entry", () => {
  test("gives back every event as it was", () => {
    fc.assert(
      fc.property(events, (batch) => {
        expect(isDeepStrictEqual(roundTrip(batch), batch)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("has columns that say the same as its events", () => {
    fc.assert(
      fc.property(events, (batch) => {
        const reader = openEntry(encodeEntry(batch, RECEIVED));
        expect(reader.count).toBe(batch.length);
        expect(reader.receivedAt).toBe(RECEIVED);
        batch.forEach((one, i) => {
          expect(CALL_KINDS[reader.kinds[i] ?? -1]).toBe(one.kind);
          const name = reader.names[i] ?? -1;
          expect(name === 0 ? null : reader.string(name - 1)).toBe(one.name);
          expect(reader.timestamps[i]).toBe(one.timestamp);
          expect(reader.known(i)).toBe(one.userId !== null);
          const id = contactIdOf(one.userId, one.anonymousId);
          expect(reader.contactId(i)).toBe(id);
          expect(reader.anonymousId(i)).toBe(one.anonymousId);
          hash64(id);
          const [lo, hi] = [hash.lo, hash.hi];
          expect([reader.idLo[i], reader.idHi[i]]).toEqual([lo, hi]);
          hash64(one.messageId, lo, hi);
          expect([reader.seenLo[i], reader.seenHi[i]]).toEqual([hash.lo, hash.hi]);
          deepStrictEqual(reader.traits(i), Object.keys(one.traits).length === 0 ? null : one.traits);
          const keys = [...shapeKeys(reader, reader.shapes[i] ?? 0)].map((n) => reader.string(n));
          expect(keys).toEqual(Object.keys(one.properties));
          keys.forEach((name, k) => {
            deepStrictEqual(valueAt(reader, (reader.valueStarts[i] ?? 0) + k), one.properties[name]);
          });
        });
      }),
      { numRuns: 200 },
    );
  });

  test("does not depend on where its buffer begins", () => {
    const bytes = encodeEntry([event({ properties: { price: 9.99, n: 70_000 } })], RECEIVED);
    for (let offset = 0; offset < 8; offset++) {
      const moved = Buffer.alloc(bytes.length + 8).subarray(offset, offset + bytes.length);
      bytes.copy(moved);
      expect(openEntry(moved).event(0).properties).toEqual({ price: 9.99, n: 70_000 });
    }
  });

  test("keeps __proto__ as a key of its own at every depth and pollutes nothing", () => {
    const properties = JSON.parse(
      '{"__proto__": {"admin": true}, "deep": {"__proto__": 1}, "constructor": 2}',
    ) as JsonObject;
    const [back] = roundTrip([event({ properties, traits: properties })]);
    expect(JSON.stringify(back?.properties)).toBe(JSON.stringify(properties));
    expect(Object.getPrototypeOf(back?.properties)).toBe(Object.prototype);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test("turns negative zeros into zeros and lone surrogates into U+FFFD, also where two of them meet", () => {
    const [first, second] = roundTrip([
      event({ messageId: "x\ud83d", properties: { zero: -0, list: [-0], text: "a\ud83d" } }),
      event({ messageId: "\ude00y", properties: { text: "\ude00" } }),
    ]);
    expect(first?.properties).toStrictEqual({ zero: 0, list: [0], text: "a\ufffd" });
    expect(second?.properties).toStrictEqual({ text: "\ufffd" });
    expect([first?.messageId, second?.messageId]).toEqual(["x\ufffd", "\ufffdy"]);
  });

  test("stores a context and nested values that many events share once", () => {
    const context = (): JsonObject => ({
      ip: "10.1.2.3",
      library: { name: "a-library-of-some-name", version: "1.2.3" },
    });
    const many = Array.from({ length: 100 }, (_, i) => event({ messageId: `m${i}`, context: context() }));
    const bare = many.map((one) => ({ ...one, context: {} }));
    const cost = encodeEntry(many, RECEIVED).length - encodeEntry(bare, RECEIVED).length;
    expect(cost).toBeLessThan(100 + 200);
  });

  test("stores the traits of an identify call once when they are its properties", () => {
    const traits = (): JsonObject => ({ email: "somebody@example.org", address: { city: "Torino" } });
    const one = event({ kind: "identify", name: null, properties: traits(), traits: traits() });
    const reader = openEntry(encodeEntry([one], RECEIVED));
    expect(reader.kinds[0]).toBe(IDENTIFY);
    expect(reader.traits(0)).toEqual(traits());
    const none = encodeEntry([{ ...one, traits: {} }], RECEIVED);
    expect(encodeEntry([one], RECEIVED).length - none.length).toBeLessThan(3);
  });

  test("without events is empty", () => {
    expect(openEntry(encodeEntry([], RECEIVED)).count).toBe(0);
  });

  test("has defaults where events say nothing", () => {
    const reader = openEntry(encodeEntry([event({ name: null })], RECEIVED));
    expect(reader.kinds[0]).toBe(TRACK);
    expect(reader.names[0]).toBe(0);
    expect(reader.context(0)).toEqual({});
    expect(reader.traits(0)).toBeNull();
    expect(shapeKeys(reader, 0)).toHaveLength(0);
  });
});

describe("a damaged entry", () => {
  const good = encodeEntry([event({ properties: { a: 1, b: "two", c: [3] } })], RECEIVED);

  test("is refused whichever byte is wrong or missing", () => {
    for (let i = 0; i < good.length; i++) {
      const bad = Buffer.from(good);
      bad[i] = (bad[i] ?? 0) ^ 0x41;
      expect(() => openEntry(bad), `byte ${i}`).toThrow(RangeError);
      expect(() => openEntry(good.subarray(0, i)), `cut at ${i}`).toThrow(RangeError);
    }
    expect(() => openEntry(Buffer.concat([good, Buffer.alloc(1)]))).toThrow(RangeError);
  });

  test("is refused when it is of another version", () => {
    const other = Buffer.from(good);
    other[1] = 2;
    expect(() => openEntry(other)).toThrow("an entry has format 2, this release reads 1");
  });

  test("never gives anything but a RangeError for random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => openEntry(Buffer.from(bytes))).toThrow(RangeError);
      }),
    );
  });
});

describe("an entry writer", () => {
  test("writes the same bytes whether it is new or has written other entries before", () => {
    fc.assert(
      fc.property(events, events, (before, batch) => {
        const writer = new EntryWriter();
        for (const one of before) writer.add(one);
        writer.finish(1);
        expect(writer.count).toBe(0);
        for (const one of batch) writer.add(one);
        expect(writer.count).toBe(batch.length);
        expect(writer.finish(RECEIVED)).toEqual(encodeEntry(batch, RECEIVED));
      }),
      { numRuns: 200 },
    );
  });

  test("estimates the size of its entry within a factor of two", () => {
    for (const count of [1, 10, 300]) {
      const writer = new EntryWriter();
      for (let i = 0; i < count; i++) {
        writer.add(
          event({ userId: `user-${i}`, messageId: `message-${i}`, properties: { price: i / 7, sku: `s${i}` } }),
        );
      }
      const estimate = writer.bytes;
      const size = writer.finish(RECEIVED).length;
      expect(estimate).toBeGreaterThan(size / 2);
      expect(estimate).toBeLessThan(size * 2);
    }
  });

  test("takes an object with thousands of keys", () => {
    const properties = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`key ${i}`, i]));
    expect(roundTrip([event({ properties })])[0]?.properties).toEqual(properties);
  });
});

function valueAt(reader: ReturnType<typeof openEntry>, at: number): unknown {
  const number = reader.valueNumbers[at] ?? NaN;
  switch (reader.valueTypes[at]) {
    case VALUE_NULL:
      return null;
    case VALUE_FALSE:
      return false;
    case VALUE_TRUE:
      return true;
    case VALUE_NUMBER:
      return number;
    case VALUE_STRING:
      return reader.string(number);
    case VALUE_COMPLEX:
      return reader.complex(number);
    default:
      throw new Error("no such type");
  }
}
