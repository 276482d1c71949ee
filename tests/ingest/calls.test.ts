import { describe, expect, test } from "vitest";
import { readBatch, readCall, type Reception } from "../../ingest/calls.ts";
import { parseObject } from "../../ingest/json.ts";
import { SluiceError } from "../../kernel/errors.ts";
import type { CallKind, Event, JsonObject } from "../../kernel/event.ts";

const NOW = Date.UTC(2026, 0, 31, 12);
const DAY = 86_400_000;
const iso = (instant: number): string => new Date(instant).toISOString();

const WALL: Reception = {
  receivedAt: NOW,
  clockMode: "wall",
  limits: { event_bytes_max: 32 * 1024, batch_events_max: 2_500 },
  sender: "server",
};
const REPLAY: Reception = { ...WALL, clockMode: "event" };

function parse(text: string): JsonObject {
  return parseObject(Buffer.from(text));
}

function read(call: unknown, kind: CallKind = "track", reception = WALL): Event {
  return readCall(parse(JSON.stringify(call)), kind, reception);
}

const base = { event: "Order Completed", userId: "u1", messageId: "m1" };

function track(over: Record<string, unknown>, reception = WALL): Event {
  return read({ ...base, ...over }, "track", reception);
}

/** The code, the field and the message that a call is refused with. */
function refusal(run: () => unknown): { code: string; field: unknown; message: string } {
  try {
    run();
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const field = (error.details as { field?: unknown } | undefined)?.field;
    return { code: error.code, field, message: error.message };
  }
  throw new Error("the call was taken");
}

describe("the kinds of calls", () => {
  test("a track call has its event as name and its properties", () => {
    expect(track({ properties: { total: 30 }, context: { ip: "10.0.0.1" } })).toEqual({
      kind: "track",
      name: "Order Completed",
      userId: "u1",
      anonymousId: null,
      messageId: "m1",
      timestamp: NOW,
      properties: { total: 30 },
      context: { ip: "10.0.0.1" },
      traits: {},
    });
  });

  test("a page and a screen call may have a name", () => {
    expect(read({ userId: "u1", name: "Home", properties: { url: "/" } }, "page")).toMatchObject({
      kind: "page",
      name: "Home",
      properties: { url: "/" },
    });
    expect(read({ userId: "u1" }, "screen")).toMatchObject({ kind: "screen", name: null, properties: {} });
    expect(read({ userId: "u1", name: "" }, "page").name).toBeNull();
    expect(read({ userId: "u1", name: null }, "page").name).toBeNull();
  });

  test("an identify call has its traits as properties and as traits to set", () => {
    const event = read({ userId: "u1", traits: { email: "a@example.org", phone: null } }, "identify");
    expect(event).toMatchObject({ kind: "identify", name: null });
    expect(event.properties).toEqual({ email: "a@example.org", phone: null });
    expect(event.traits).toEqual(event.properties);
    expect(read({ userId: "u1" }, "identify")).toMatchObject({ properties: {}, traits: {} });
  });

  test.each(["group", "alias"] as const)("%s calls are refused by name", (kind) => {
    expect(refusal(() => read({ userId: "u1", groupId: "g", previousId: "p" }, kind))).toMatchObject({
      code: "not_supported",
      message: `${kind} calls are not supported yet`,
    });
  });

  test.each([
    ["a missing event", { event: undefined }],
    ["a null event", { event: null }],
    ["an empty event", { event: "" }],
    ["an event that is a number", { event: 5 }],
    ["an event that is an object", { event: { name: "x" } }],
    ["an endless event", { event: "x".repeat(1_001) }],
  ])("a track call with %s is refused", (_, over) => {
    expect(refusal(() => track(over))).toMatchObject({ code: "invalid_call", field: "event" });
  });

  test("a page whose name is no string is refused", () => {
    expect(refusal(() => read({ userId: "u1", name: ["Home"] }, "page"))).toMatchObject({ field: "name" });
  });

  test.each([
    ["properties", "track"],
    ["context", "track"],
    ["traits", "identify"],
  ] as const)("%s that are no object are refused", (field, kind) => {
    for (const wrong of [[], "text", 5, true]) {
      expect(refusal(() => read({ ...base, [field]: wrong }, kind))).toMatchObject({ code: "invalid_call", field });
    }
    expect(read({ ...base, [field]: null }, kind)).toMatchObject({ properties: {}, context: {}, traits: {} });
  });
});

describe("ids", () => {
  test.each([
    null,
    "",
    "null",
    "undefined",
    "anonymous",
    "-1",
    -1,
    "0",
    0,
    "0000",
    "----",
    "00000000-0000-0000-0000-000000000000",
  ])("%j names nobody", (nobody) => {
    expect(track({ userId: nobody, anonymousId: "a1" })).toMatchObject({ userId: null, anonymousId: "a1" });
    expect(track({ anonymousId: nobody })).toMatchObject({ userId: "u1", anonymousId: null });
    expect(refusal(() => track({ userId: nobody, anonymousId: nobody }))).toMatchObject({
      code: "invalid_call",
      field: "userId",
    });
  });

  test("numbers become strings, unless digits of them are lost", () => {
    expect(track({ userId: 17850 }).userId).toBe("17850");
    expect(track({ userId: null, anonymousId: -2.5 }).anonymousId).toBe("-2.5");
    expect(refusal(() => readCall(parse('{"event":"x","userId":12345678901234567890}'), "track", WALL))).toMatchObject({
      field: "userId",
    });
  });

  test.each([[{ id: 1 }], [["u1"]], [true], [false]])("%j is no id", (wrong) => {
    expect(refusal(() => track({ userId: wrong }))).toMatchObject({ code: "invalid_call", field: "userId" });
    expect(refusal(() => track({ anonymousId: wrong }))).toMatchObject({ field: "anonymousId" });
  });

  test("of up to 255 characters are taken", () => {
    expect(track({ userId: "é".repeat(255) }).userId).toHaveLength(255);
    expect(refusal(() => track({ userId: "u".repeat(256) }))).toMatchObject({ field: "userId" });
    expect(refusal(() => track({ anonymousId: "a".repeat(256) }))).toMatchObject({ field: "anonymousId" });
  });

  test("a userId may not begin with ~, an anonymousId may", () => {
    expect(refusal(() => track({ userId: "~a1" }))).toMatchObject({ field: "userId" });
    expect(track({ userId: null, anonymousId: "~a1" }).anonymousId).toBe("~a1");
    expect(track({ userId: "u~1" }).userId).toBe("u~1");
  });

  test("both are kept where both are given", () => {
    expect(track({ anonymousId: "a1" })).toMatchObject({ userId: "u1", anonymousId: "a1" });
  });

  test("prototype members of a call are no fields of it", () => {
    const call = parse('{"event": "x", "__proto__": {"userId": "admin"}}');
    expect(refusal(() => readCall(call, "track", WALL))).toMatchObject({ field: "userId" });
  });
});

describe("messageId", () => {
  test("is made where it is absent, a new one each time", () => {
    const made = [undefined, null, ""].map((messageId) => track({ messageId }).messageId);
    expect(new Set(made).size).toBe(3);
    for (const id of made) expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("has at most 100 characters", () => {
    expect(track({ messageId: "m".repeat(100) }).messageId).toHaveLength(100);
    expect(refusal(() => track({ messageId: "m".repeat(101) }))).toMatchObject({ field: "messageId" });
    expect(track({ messageId: 12 }).messageId).toBe("12");
    expect(refusal(() => track({ messageId: {} }))).toMatchObject({ field: "messageId" });
  });
});

describe("timestamps", () => {
  test("timestamp, else originalTimestamp, else the receipt", () => {
    const early = iso(NOW - 5_000);
    const earlier = iso(NOW - 9_000);
    expect(track({ timestamp: early, originalTimestamp: earlier }).timestamp).toBe(NOW - 5_000);
    expect(track({ timestamp: null, originalTimestamp: earlier }).timestamp).toBe(NOW - 9_000);
    expect(track({}).timestamp).toBe(NOW);
    expect(track({ timestamp: NOW - 7 }).timestamp).toBe(NOW - 7);
    expect(track({ timestamp: NOW - 7.5 }).timestamp).toBe(NOW - 8);
  });

  test("the client's clock error is added with the wall clock", () => {
    const wrong = NOW + 40 * DAY;
    const call = { timestamp: iso(wrong - 2_000), sentAt: iso(wrong) };
    expect(track(call).timestamp).toBe(NOW - 2_000);
    expect(track({ timestamp: iso(3_000), sentAt: iso(5_000) }).timestamp).toBe(NOW - 2_000);
    expect(refusal(() => track(call, REPLAY)).field).toBe("timestamp");
    expect(track({ timestamp: iso(3_000), sentAt: iso(5_000) }, REPLAY).timestamp).toBe(3_000);
    expect(track({ sentAt: iso(5_000) }).timestamp).toBe(NOW);
  });

  test("a future one becomes the receipt with the wall clock and stays in a replay", () => {
    expect(track({ timestamp: iso(NOW + 5_000) }).timestamp).toBe(NOW);
    expect(track({ timestamp: iso(NOW + DAY) }).timestamp).toBe(NOW);
    expect(track({ timestamp: iso(NOW + DAY) }, REPLAY).timestamp).toBe(NOW + DAY);
  });

  test.each([WALL, REPLAY])("more than a day ahead or before 1970 is refused with either clock", (reception) => {
    expect(refusal(() => track({ timestamp: iso(NOW + DAY + 1) }, reception))).toMatchObject({
      code: "invalid_call",
      field: "timestamp",
      message: "`timestamp` is more than a day ahead of the server's clock",
    });
    for (const old of ["0000-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", -1]) {
      expect(refusal(() => track({ timestamp: old }, reception)).message).toBe("`timestamp` is before 1970");
    }
    expect(track({ timestamp: 0 }, reception).timestamp).toBe(0);
    expect(refusal(() => track({ originalTimestamp: -1 }, reception)).field).toBe("originalTimestamp");
  });

  test.each(["+300000-01-01T00:00:00Z", "yesterday", "", "2026-02-30", true, {}, [], "1700000000000"])(
    "%j is no date",
    (wrong) => {
      expect(refusal(() => track({ timestamp: wrong }))).toMatchObject({ code: "invalid_call", field: "timestamp" });
      expect(refusal(() => track({ sentAt: wrong }))).toMatchObject({ field: "sentAt" });
    },
  );

  test("a number of the year 300000 is far ahead", () => {
    expect(refusal(() => track({ timestamp: 9.4e15 })).message).toContain("ahead");
  });
});

describe("traits", () => {
  test("of the context are set by every call and are no part of its context", () => {
    const event = track({ context: { ip: "10.0.0.1", traits: { plan: "gold" } } });
    expect(event.context).toEqual({ ip: "10.0.0.1" });
    expect(event.traits).toEqual({ plan: "gold" });
    expect(event.properties).toEqual({});
  });

  test("of an identify call win over those of its context; filters read its own", () => {
    const event = read(
      { userId: "u1", traits: { plan: null, city: "Torino" }, context: { traits: { plan: "gold", age: 30 } } },
      "identify",
    );
    expect(event.traits).toEqual({ plan: null, city: "Torino", age: 30 });
    expect(event.properties).toEqual({ plan: null, city: "Torino" });
  });

  test("of a context that are no object are refused", () => {
    expect(refusal(() => track({ context: { traits: "gold" } }))).toMatchObject({ field: "context.traits" });
    expect(track({ context: { traits: null } })).toMatchObject({ context: {}, traits: {} });
  });
});

describe("JSON that is out of bounds", () => {
  const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

  test("is refused beyond 32 levels of nesting", () => {
    const call = (levels: number): JsonObject => parse(`{"event": "x", "userId": "u1", "properties": ${deep(levels)}}`);
    expect(readCall(call(31), "track", WALL).name).toBe("x");
    expect(refusal(() => readCall(call(32), "track", WALL)).message).toBe(
      "the event is nested more than 32 levels deep",
    );
    expect(refusal(() => readCall(call(400_000), "track", WALL)).code).toBe("invalid_call");
  });

  test("is refused where a number is beyond the range of doubles", () => {
    const call = parse('{"event": "x", "userId": "u1", "properties": {"list": [1, {"n": -1e999}]}}');
    expect(refusal(() => readCall(call, "track", WALL))).toMatchObject({
      code: "invalid_call",
      field: "properties.list[1].n",
      message: "`properties.list[1].n` is a number beyond the range of doubles",
    });
    expect(track({ properties: { n: 1.7e308, tiny: 5e-324 } }).properties).toEqual({ n: 1.7e308, tiny: 5e-324 });
  });

  test("is refused where a key is endless", () => {
    expect(track({ properties: { ["k".repeat(1_000)]: 1 } }).properties).toEqual({ ["k".repeat(1_000)]: 1 });
    expect(refusal(() => track({ properties: { ["k".repeat(1_001)]: 1 } })).message).toContain("key");
  });

  test("is refused over 32 KB, measured as its shortest JSON text in UTF-8", () => {
    const size = (text: string): number => Buffer.byteLength(JSON.stringify({ ...base, properties: { text } }));
    const room = 32 * 1024 - size("");
    expect(track({ properties: { text: "x".repeat(room) } }).name).toBe("Order Completed");
    expect(refusal(() => track({ properties: { text: "x".repeat(room + 1) } })).code).toBe("too_large");
    expect(refusal(() => track({ properties: { text: "é".repeat(room / 2 + 1) } })).code).toBe("too_large");
    expect(refusal(() => track({ properties: { text: "\u0001".repeat(room / 6 + 1) } })).code).toBe("too_large");
  });

  test("keeps control characters, __proto__ and constructor as data", () => {
    const call = parse(
      '{"event":"x\\u0000","userId":"u1","properties":{"__proto__":{"a":1},"constructor":"c","n\\u0000":2}}',
    );
    const event = readCall(call, "track", WALL);
    expect(event.name).toBe("x\0");
    expect(JSON.stringify(event.properties)).toBe('{"__proto__":{"a":1},"constructor":"c","n\\u0000":2}');
  });

  test("has lone surrogates replaced everywhere and pairs kept", () => {
    const call = parse(
      '{"event":"\\ud83d\\ude00","userId":"u\\uD83D","properties":{"\\ude00":["\\udc00\\ud800",{"a":"ok"}]}}',
    );
    expect(readCall(call, "track", WALL)).toMatchObject({
      name: "😀",
      userId: "u\ufffd",
      properties: { "\ufffd": ["\ufffd\ufffd", { a: "ok" }] },
    });
  });
});

describe("a body", () => {
  test.each([
    ["nothing", ""],
    ["text", "hello"],
    ["half an object", '{"a": 1'],
    ["two objects", "{}{}"],
    ["a trailing comma", '{"a": 1,}'],
    ["an array", "[]"],
    ["a string", '"x"'],
    ["null", "null"],
    ["NaN", '{"a": NaN}'],
    ["nesting without end", "[".repeat(1_000_000)],
  ])("of %s is refused", (_, text) => {
    expect(refusal(() => parse(text)).code).toBe("invalid_json");
  });

  test.each([
    ["a lone continuation byte", [0x7b, 0x22, 0x80, 0x22, 0x7d]],
    ["an overlong sequence", [0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x7d]],
    ["an encoded surrogate", [0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x7d]],
    ["UTF-16", [...Buffer.from('\ufeff{"a":1}', "utf16le")]],
  ])("with %s is no UTF-8", (_, bytes) => {
    expect(refusal(() => parseObject(Buffer.from(bytes)))).toMatchObject({
      code: "invalid_json",
      message: "the body is not valid UTF-8",
    });
  });

  test("may begin with a byte order mark", () => {
    expect(parse('\ufeff{"a": 1}')).toEqual({ a: 1 });
  });
});

describe("a batch", () => {
  const batch = (body: unknown, reception = WALL) => readBatch(parse(JSON.stringify(body)), reception);
  const call = { type: "track", event: "x", userId: "u1" };

  test("takes the good ones and says what is wrong with the others", () => {
    const { events, refused } = batch({
      batch: [call, { ...call, userId: null }, { ...call, type: "page", name: "Home" }, 5, { ...call, type: "alias" }],
    });
    expect(events.map(({ kind }) => kind)).toEqual(["track", "page"]);
    expect(refused.map(({ index, code }) => [index, code])).toEqual([
      [1, "invalid_call"],
      [3, "invalid_call"],
      [4, "not_supported"],
    ]);
    expect(refused[1]?.call).toBe(5);
  });

  test.each([undefined, null, "Track", "toString", 5])("refuses a call of type %j", (type) => {
    expect(batch({ batch: [{ ...call, type }] }).refused[0]).toMatchObject({ code: "invalid_call" });
  });

  test("lends its context and sentAt to calls that have none", () => {
    const { events } = batch({
      context: { ip: "10.0.0.1", traits: { plan: "gold" } },
      sentAt: iso(NOW + 5_000),
      batch: [
        { ...call, timestamp: iso(NOW + 4_000) },
        { ...call, context: { ip: "10.0.0.2" }, timestamp: iso(NOW - 1_000), sentAt: iso(NOW) },
        { ...call, context: null, timestamp: NOW, sentAt: null },
      ],
    });
    expect(events[0]).toMatchObject({ context: { ip: "10.0.0.1" }, traits: { plan: "gold" }, timestamp: NOW - 1_000 });
    expect(events[1]).toMatchObject({ context: { ip: "10.0.0.2" }, traits: {}, timestamp: NOW - 1_000 });
    expect(events[2]).toMatchObject({ context: { ip: "10.0.0.1" }, timestamp: NOW - 5_000 });
  });

  test("with a bad context of its own loses only the calls that need it", () => {
    const { events, refused } = batch({ context: [], batch: [call, { ...call, context: {} }, call] });
    expect(events).toHaveLength(1);
    expect(refused.map(({ index }) => index)).toEqual([0, 2]);
  });

  test.each([undefined, null, {}, "x"])("of %j is no batch", (wrong) => {
    expect(refusal(() => batch({ batch: wrong }))).toMatchObject({ code: "invalid_call", field: "batch" });
  });

  test("has a largest length", () => {
    const limits = { event_bytes_max: 1_024, batch_events_max: 2 };
    expect(refusal(() => batch({ batch: [call, call, call] }, { ...WALL, limits })).code).toBe("too_large");
    const big = { ...call, properties: { text: "x".repeat(2_000) } };
    const { events, refused } = batch({ batch: [big, call] }, { ...WALL, limits });
    expect(events).toHaveLength(1);
    expect(refused[0]).toMatchObject({ index: 0, code: "too_large" });
    expect(batch({ batch: [] })).toEqual({ events: [], refused: [] });
  });
});
