/** The packer against reading bodies by way of objects: what it takes, it takes as exactly that. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readBatch, readCall, type Reception } from "../../ingest/calls.ts";
import { parseObject } from "../../ingest/json.ts";
import { PACKER_CODE } from "../../ingest/packer-code.ts";
import { createPacker } from "../../ingest/packer.ts";
import { openEntry } from "../../kernel/entry.ts";
import { EntryWriter } from "../../kernel/entry-writer.ts";
import { CALL_KINDS, type CallKind, type Event } from "../../kernel/event.ts";
import { LIMITS } from "../../kernel/limits.ts";

const NOW = Date.UTC(2026, 0, 31, 12);
const RECEPTION: Reception = {
  receivedAt: NOW,
  clockMode: "wall",
  limits: { event_bytes_max: LIMITS.event_bytes_max, batch_events_max: 50 },
  sender: "server",
};
/** Entries that were written before must leave no trace in later ones. */
const writer = new EntryWriter();
const packer = createPacker({ partitions: 1, clockMode: "wall", limits: RECEPTION.limits });

/** An event and the hashes that stand beside it. */
interface Stored extends Event {
  readonly id: readonly unknown[];
  readonly seen: readonly unknown[];
}

function eventsOf(entry: Buffer): Stored[] {
  const reader = openEntry(entry);
  expect(reader.receivedAt).toBe(NOW);
  return Array.from({ length: reader.count }, (_, i) => ({
    ...reader.event(i),
    id: [reader.idLo[i], reader.idHi[i]],
    seen: [reader.seenLo[i], reader.seenHi[i]],
  }));
}

function written(add: () => void): Stored[] {
  add();
  return eventsOf(writer.finish(NOW));
}

/** What the packer makes of a body; null where it leaves it alone. */
function scanned(body: Buffer, kind: CallKind | "batch"): Stored[] | null {
  const count = packer.scan(body, kind, NOW);
  if (count < 0) return null;
  packer.collect();
  expect(packer.eventsIn(0)).toBe(count);
  return eventsOf(packer.finish(0, NOW));
}

/** What it must be. Throws where the body is refused. */
function read(body: Buffer, kind: CallKind | "batch"): Stored[] {
  const object = parseObject(body);
  if (kind !== "batch") return written(() => writer.add(readCall(object, kind, RECEPTION)));
  const { events, refused } = readBatch(object, RECEPTION);
  if (refused.length > 0) throw new Error(refused[0]?.message);
  return written(() => {
    for (const event of events) writer.add(event);
  });
}

const MADE = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Message ids that were made are different each time. */
function comparable(events: readonly Stored[]): unknown {
  return events.map((event) => (MADE.test(event.messageId) ? { ...event, messageId: "made", seen: [] } : event));
}

/** Gives whether the scan took the body. */
function check(body: Buffer, kind: CallKind | "batch"): boolean {
  const taken = scanned(body, kind);
  if (taken !== null) expect(comparable(taken)).toEqual(comparable(read(body, kind)));
  return taken !== null;
}

test("its code is what its sources make", async () => {
  const script = new URL("../../scripts/make-packer.mjs", import.meta.url).href;
  const { makePacker } = (await import(script)) as { readonly makePacker: () => Promise<Uint8Array> };
  expect(Buffer.from(await makePacker()).toString("base64")).toBe(PACKER_CODE);
});

const call = (over: object = {}): object => ({
  event: "Order Completed",
  userId: "customer-1",
  messageId: "m1",
  ...over,
});

describe("an ordinary call", () => {
  test.each<readonly [string, object, CallKind]>([
    [
      "with properties",
      call({ properties: { a: 1, b: "x", c: true, d: false, e: null, f: -1.25, g: 12.5e3 } }),
      "track",
    ],
    ["with nested properties", call({ properties: { items: [{ a: 1 }, { a: [] }], o: { p: { q: "r" } } } }), "track"],
    ["with a context", call({ context: { library: { name: "x", version: "1" }, ip: "::1" } }), "track"],
    [
      "with traits in its context",
      call({ context: { ip: "::1", traits: { plan: "gold", o: { a: [1] } }, os: {} } }),
      "track",
    ],
    ["with nothing else in it", call({ context: { traits: { a: null } } }), "page"],
    ["with traits there that are null or empty", call({ context: { traits: null, a: { traits: {} } } }), "track"],
    ["that identifies by its context alone", { userId: "u", context: { traits: { a: 1 } }, traits: {} }, "identify"],
    [
      "with a value like its context",
      call({ properties: { like: { traits: { a: 1 } } }, context: { traits: { a: 1 } } }),
      "track",
    ],
    ["with escapes in a value", call({ properties: { text: 'say "x"\n\\' } }), "track"],
    ["beyond ASCII", call({ event: "Größe", properties: { größe: "日本", emoji: "🙂" } }), "track"],
    ["of somebody unknown", { event: "x", anonymousId: "a1" }, "track"],
    ["with both ids", call({ anonymousId: "a1" }), "track"],
    ["with ids that are numbers", call({ userId: 7, anonymousId: 0, messageId: 123456789012345 }), "track"],
    ["with instants", call({ timestamp: "2026-01-31T10:00:00Z", sentAt: "2026-01-31T11:59:00.000Z" }), "track"],
    ["that identifies", { userId: "u1", traits: { plan: "gold", age: 3 } }, "identify"],
    ["of a page", { userId: "u1", name: "Home", properties: { url: "/" } }, "page"],
    ["of a screen without a name", { userId: "u1", name: "" }, "screen"],
    ["with fields that mean nothing", call({ integrations: { all: true }, channel: "server", version: 2 }), "track"],
    [
      "with a key named __proto__",
      JSON.parse('{"event":"x","userId":"u","properties":{"__proto__":1,"constructor":2}}') as object,
      "track",
    ],
  ])("%s is taken, in a batch too", (_, object, kind) => {
    expect(check(Buffer.from(JSON.stringify(object)), kind)).toBe(true);
    expect(check(Buffer.from(JSON.stringify({ batch: [{ ...object, type: kind }] })), "batch")).toBe(true);
    expect(
      check(
        Buffer.from(
          JSON.stringify(
            {
              batch: [
                { type: kind, ...object },
                { type: kind, ...object },
              ],
            },
            null,
            2,
          ),
        ),
        "batch",
      ),
    ).toBe(true);
  });

  test.each([
    ["letters beyond ASCII", '"Gr\\u00f6\\u00dfe \\u65E5"'],
    ["pairs", '"\\ud83d\\ude42 \\uD83D\\uDE42"'],
    ["halves of pairs", '"\\ud83d \\ude42 \\ud83dx \\ud83d\\n \\ud83d\\ud83d\\ude42 \\ud83d\\u0041"'],
    ["all short ones", '"\\"\\\\\\/\\b\\f\\n\\r\\t"'],
    ["zeros and ASCII", '"\\u0000\\u001f\\u007f\\u0041\\u07ff\\u0800\\uffff"'],
    ["a backslash before a u", '"\\\\u0041"'],
  ])("may have escapes, in names, values, keys and contexts: %s", (_, escaped) => {
    const fields = `"properties":{${escaped}:${escaped},"list":[${escaped},{${escaped}:1}]},"context":{"c":${escaped}}`;
    const call = `{"type":"track","event":${escaped},"userId":"\\u0075ser\\/1","messageId":"m\\/1",${fields}}`;
    expect(check(Buffer.from(call), "track")).toBe(true);
    expect(check(Buffer.from(`{"batch":[${call}, ${call}]}`), "batch")).toBe(true);
  });

  test("in a batch shares the batch's context and time of sending, wherever these stand", () => {
    const own = { context: { ip: "::2" }, timestamp: "2026-01-31T10:00:00Z", sentAt: "2026-01-31T11:58:00Z" };
    const batch = [
      { type: "track", ...call() },
      { type: "track", ...call({ timestamp: "2026-01-31T10:00:00Z" }) },
      { type: "track", ...call({ originalTimestamp: "2026-01-31T10:00:00Z", context: null, sentAt: null }) },
      { type: "track", ...call(own) },
    ];
    const shared = { context: { library: { name: "x" } }, sentAt: "2026-01-31T11:59:00Z" };
    for (const body of [
      { ...shared, batch },
      { batch, ...shared },
      { batch, sentAt: null, context: null },
    ]) {
      expect(check(Buffer.from(JSON.stringify(body)), "batch")).toBe(true);
    }
  });

  test("may have ids that name nobody beside one that does", () => {
    for (const anonymousId of ["null", "", "0000-0000-0000", "anonymous", "-1"]) {
      expect(check(Buffer.from(JSON.stringify(call({ anonymousId }))), "track")).toBe(true);
    }
  });
});

describe("what is left alone", () => {
  const body = (text: string): Buffer => Buffer.from(text);
  test.each([
    ["no JSON", body("{")],
    ["more behind the end", body('{"event":"x","userId":"u"} 1')],
    ["a key given twice", body('{"event":"x","userId":"u","userId":"v"}')],
    ["a property given twice", body('{"event":"x","userId":"u","properties":{"a":1,"a":2}}')],
    ["an escape that there isn't", body('{"event":"x","userId":"u","properties":{"a":"\\x41"}}')],
    ["a digit missing in an escape", body('{"event":"x","userId":"u","properties":{"a":"\\u00g0"}}')],
    ["an escape cut off", body('{"event":"x","userId":"u","properties":{"a":"\\u00"}}')],
    ["an escaped letter beyond ASCII in an id", body('{"event":"x","userId":"\\u00e9"}')],
    [
      "keys that are equal once escapes are replaced",
      body('{"event":"x","userId":"u","properties":{"a":1,"\\u0061":2}}'),
    ],
    ["keys that are halves of pairs", body('{"event":"x","userId":"u","properties":{"o":{"\\ud800":1,"\\udbff":2}}}')],
    ["escaped traits in the context that are none", body('{"event":"x","userId":"u","context":{"tr\\u0061its":1}}')],
    ["bad UTF-8", Buffer.concat([body('{"event":"'), Buffer.from([0xff]), body('","userId":"u"}')])],
    ["a control character", body('{"event":"a\tb","userId":"u"}')],
    ["a number too large", body('{"event":"x","userId":"u","properties":{"a":1e999}}')],
    ["such a number where it means nothing", body('{"event":"x","userId":"u","other":1e999}')],
    ["a number with a zero in front", body('{"event":"x","userId":"u","properties":{"a":01}}')],
    ["a number without digits", body('{"event":"x","userId":"u","properties":{"a":-}}')],
    ["a point without digits", body('{"event":"x","userId":"u","properties":{"a":1.}}')],
    ["nesting too deep", body(`{"event":"x","userId":"u","properties":{"a":${"[".repeat(40)}${"]".repeat(40)}}}`)],
    ["an id beyond ASCII", body('{"event":"x","userId":"é"}')],
    ["an id as a number with a point", body('{"event":"x","userId":7.0}')],
    ["as a number below zero", body('{"event":"x","userId":-7}')],
    ["as one that is too large to be exact", body('{"event":"x","userId":9007199254740993}')],
    ["as zero", body('{"event":"x","userId":0}')],
    ["an id with a tilde", body('{"event":"x","userId":"~uuuuuuuuuuuu"}')],
    ["a long id", body(`{"event":"x","userId":"${"u".repeat(256)}"}`)],
    ["nobody", body('{"event":"x","userId":"000000000000"}')],
    ["no event", body('{"userId":"u"}')],
    ["a large call", body(JSON.stringify(call({ properties: { text: "x".repeat(30_000) } })))],
    ["traits in the context that are none", body('{"event":"x","userId":"u","context":{"traits":[1]}}')],
    ["a date that is none", body('{"event":"x","userId":"u","timestamp":"yesterday"}')],
    ["a long message id", body(`{"event":"x","userId":"u","messageId":"${"m".repeat(101)}"}`)],
    ["a number with more behind it where it means nothing", body('{"event":"x","userId":"u","traits":1x}')],
    ["a number with a list behind it there", body('{"event":"x","userId":"u","traits":1.5"foo":[}')],
    ["properties that are none", body('{"event":"x","userId":"u","properties":[]}')],
    ["traits that are broken where they mean nothing", body('{"event":"x","userId":"u","traits":{"a":}}')],
  ])("%s", (_, bytes) => {
    expect(scanned(bytes, "track")).toBeNull();
  });

  test.each([
    ["no batch", '{"a":1}'],
    ["two batches", '{"batch":[],"batch":[]}'],
    ["two contexts", '{"batch":[],"context":{},"context":{}}'],
    [
      "traits of a call beside those of the context that it shares",
      '{"batch":[{"type":"identify","userId":"u","traits":{"b":1}}],"context":{"traits":{"a":1}}}',
    ],
    ["a context that is none", '{"batch":[],"context":1}'],
    ["a large context", JSON.stringify({ batch: [], context: { text: "x".repeat(30_000) } })],
    ["sent at no instant", '{"batch":[],"sentAt":"yesterday"}'],
    ["no calls", '{"batch":[1]}'],
    ["an unknown type", '{"batch":[{"type":"other","userId":"u"}]}'],
    ["no type", '{"batch":[{"event":"x","userId":"u"}]}'],
    [
      "properties that only begin like null, before the type",
      '{"batch":[{"properties":nullify,"event":"x","userId":"u","type":"track"}]}',
    ],
    ["a number with more behind it, before the type", '{"batch":[{"properties":7y,"type":"identify","userId":"u"}]}'],
    ["traits that do", '{"batch":[{"traits":null0,"userId":"u","type":"identify"}]}'],
    ["too many calls", JSON.stringify({ batch: Array.from({ length: 51 }, () => call({ type: "track" })) })],
  ])("a batch: %s", (_, text) => {
    expect(scanned(Buffer.from(text), "batch")).toBeNull();
  });
});

test("what a body that was given up has left behind in memory means nothing for the next", () => {
  const withList = (list: string): Buffer => Buffer.from(`{"event":"x","userId":"u","properties":{"a":[${list}]}}`);
  expect(check(withList('"\\u0041",bad'), "track")).toBe(false);
  expect(check(withList('"\\u00"'), "track")).toBe(false);
  expect(check(withList('"zzzzzz\\\\ude42",bad'), "track")).toBe(false);
  expect(check(withList('"\\ud83d"'), "track")).toBe(true);
  expect(check(withList('{"aaaaaaa":1},bad'), "track")).toBe(false);
  expect(check(withList('{"":1}'), "track")).toBe(true);
});

const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "b", "coats", "customer-12345", "anonymous", "0", "x".repeat(60)) },
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 6 }),
);
const numberText = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 18n }), fc.nat(20)).map(([digits, point]) => {
    const all = String(digits).padStart(point + 1, "0");
    return `${all.slice(0, all.length - point)}${point === 0 ? "" : `.${all.slice(-point)}`}`;
  }),
  fc.constantFrom("-0", "0.1", "1E5", "1e-7", "123456789012345", "0.30000000000000004", "9007199254740993"),
);
/** A number is written as it stands. */
const numeral = (digits: string): object => ({ toJSON: () => `#${digits}#` });
const jsonValue = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 4, arbitrary: numberText.map(numeral) },
  fc.boolean(),
  fc.constant(null),
  fc.jsonValue({ maxDepth: 3 }),
);
const key = fc.oneof({ weight: 6, arbitrary: fc.constantFrom("a", "b", "price", "10", "2", "__proto__") }, text);
const properties = fc.array(fc.tuple(key, jsonValue), { maxLength: 6 });
const fields = fc.record(
  {
    type: fc.constantFrom<unknown>("track", "track", "track", "identify", "page", "screen", "alias", 3),
    event: fc.oneof({ weight: 5, arbitrary: text }, fc.constantFrom<unknown>(null, 3, "")),
    name: fc.oneof(text, fc.constant(null)),
    userId: fc.oneof(
      { weight: 5, arbitrary: text },
      fc.constantFrom<unknown>(null, 12, 0, 999999999999999, 1.5, "~x", "null"),
    ),
    anonymousId: fc.oneof({ weight: 5, arbitrary: text }, fc.constantFrom<unknown>(null, 12)),
    messageId: fc.oneof({ weight: 5, arbitrary: text }, fc.constantFrom<unknown>(null, 12, "")),
    timestamp: fc.constantFrom<unknown>("2026-01-31T10:00:00Z", 1_700_000_000_000, null, "x", "2027-01-01"),
    sentAt: fc.constantFrom<unknown>("2026-01-31T11:59:00Z", null),
    properties: fc.oneof({ weight: 8, arbitrary: properties.map((list) => Object.fromEntries(list)) }, jsonValue),
    traits: properties.map((list) => Object.fromEntries(list)),
    context: fc.oneof(fc.dictionary(fc.constantFrom("ip", "library", "traits"), jsonValue), fc.constant(null)),
    integrations: jsonValue,
  },
  { requiredKeys: [] },
);

/** Calls with nothing odd in them, or little. */
const ordinary = fc.record(
  {
    event: fc.oneof({ weight: 3, arbitrary: fc.constantFrom("Order Completed", "Größe", "x") }, text),
    userId: fc.constantFrom("customer-12345", "customer-7", "u", "00123456789", "null"),
    anonymousId: fc.constantFrom("6b0a2a51-5d8c-4a0b", "a1", "anonymous", "0000-0000"),
    messageId: fc.constantFrom("m1", "", "e2f7c5d0-9f0e-4d9c-8a52-000000000001", null),
    timestamp: fc.constantFrom("2026-01-31T10:00:00Z", "2026-01-31T11:59:30.123+02:00", 1_700_000_000_000, null),
    sentAt: fc.constantFrom("2026-01-31T11:59:00Z", null),
    properties: fc
      .array(
        fc.tuple(
          fc.oneof({ weight: 8, arbitrary: fc.constantFrom("a", "b", "price", "10", "größe", "__proto__") }, key),
          fc.oneof(
            { weight: 8, arbitrary: fc.oneof(numberText.map(numeral), fc.constantFrom("x", 'a "b"\n', "日本")) },
            jsonValue,
          ),
        ),
        { maxLength: 6 },
      )
      .map((list) => Object.fromEntries(list)),
    traits: fc.dictionary(fc.constantFrom("plan", "age"), fc.oneof(fc.integer(), fc.constantFrom("gold", null))),
    context: fc.oneof(
      fc.dictionary(fc.constantFrom("ip", "library"), fc.jsonValue({ maxDepth: 2 })),
      fc.record({ ip: fc.constant("::1"), traits: fc.dictionary(key, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 }) }),
      fc.constant(null),
    ),
    integrations: fc.constant({ All: true }),
  },
  { requiredKeys: ["event"] },
);
/** What a batch may say for all of its calls. */
const sharedFields = fc.record(
  {
    context: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom({ ip: "::1" }, { traits: { vip: true } }, {}, null) },
      jsonValue,
    ),
    sentAt: fc.oneof({ weight: 3, arbitrary: fc.constantFrom("2026-01-31T11:59:00Z", null) }, jsonValue),
  },
  { requiredKeys: [] },
);
const anyCall = fc.oneof({ weight: 2, arbitrary: ordinary }, fields);
const kinds = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("track", "identify", "page") },
  fc.constantFrom(...CALL_KINDS),
);

/** How clients write JSON: as short as can be, with white space, or with every letter beyond ASCII and each slash escaped. */
const STYLES = ["short", "spaced", "escaped"] as const;
type Style = (typeof STYLES)[number];

function textOf(value: unknown, style: Style): string {
  const text = JSON.stringify(value, null, style === "spaced" ? 1 : 0).replace(/"#([-+.0-9eE]+)#"/g, "$1");
  if (style !== "escaped") return text;
  const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return text.replaceAll("/", "\\/").replace(/[\u0080-\uffff]/g, escape);
}

const LIKELY = { event: "Order Completed", userId: "customer-12345", type: "track" };

describe("random bodies", () => {
  test("single calls are taken as they are read, or left alone", () => {
    let taken = 0;
    fc.assert(
      fc.property(anyCall, kinds, fc.constantFrom(...STYLES), (object, kind, style) => {
        if (check(Buffer.from(textOf({ ...LIKELY, ...object }, style)), kind)) taken++;
      }),
      { numRuns: 1_500 },
    );
    expect(taken).toBeGreaterThan(500);
  });

  test("batches too", () => {
    let taken = 0;
    fc.assert(
      fc.property(
        fc.array(anyCall, { maxLength: 4 }),
        sharedFields,
        fc.constantFrom(...STYLES),
        (list, shared, style) => {
          const batch = list.map((object) => ({ ...LIKELY, ...object }));
          if (check(Buffer.from(textOf({ batch, ...shared }, style)), "batch")) taken++;
        },
      ),
      { numRuns: 1_000 },
    );
    expect(taken).toBeGreaterThan(200);
  });

  test("bytes changed, removed or doubled", () => {
    let taken = 0;
    const whole = Buffer.from(
      JSON.stringify({
        batch: [
          { type: "track", ...call({ properties: { a: 1.5, b: "x", c: [1, { d: null }] }, context: { ip: "1" } }) },
          { type: "identify", userId: "u", traits: { plan: "gold", n: -3 }, timestamp: "2026-01-31T10:00:00Z" },
          { properties: { a: 1, o: ["\u0001"] }, type: "page", name: "\u0001", userId: 7, traits: 12 },
        ],
      }),
    );
    const place = fc.nat(whole.length - 1);
    const byte = fc.oneof(
      fc.constantFrom(...'{}[]:,"\\ 0e.-ntu'.split("").map((char) => char.charCodeAt(0))),
      fc.nat(255),
    );
    fc.assert(
      fc.property(place, fc.nat(3), fc.array(byte, { maxLength: 3 }), (at, removed, added) => {
        const body = Buffer.concat([whole.subarray(0, at), Buffer.from(added), whole.subarray(at + removed)]);
        if (check(body, "batch")) taken++;
      }),
      { numRuns: 4_000 },
    );
    expect(taken).toBeGreaterThan(0);
  });
});
