import { describe, expect, test } from "vitest";
import type { Call } from "../../../cli/replay/call.ts";
import { checkColumns, createMapper, type Mapped } from "../../../cli/replay/mapper.ts";
import { parseMapping } from "../../../cli/replay/mapping.ts";
import type { Line } from "../../../cli/replay/values.ts";

const timestamp = { value: { field: "at" } };
const base = { event: "Bought", userId: { field: "who" }, timestamp };
const line = { who: "u1", at: "2026-01-02T03:04:05Z" };

function mapAll(mapping: object, lines: readonly Line[]): Mapped {
  const mapper = createMapper(parseMapping(JSON.stringify({ input: { format: "csv" }, ...mapping })));
  const calls: Call[] = [];
  const aside: string[] = [];
  for (const mapped of [...lines.map((one) => mapper.take(one)), mapper.end()]) {
    calls.push(...mapped.calls);
    aside.push(...mapped.aside);
  }
  return { calls, aside };
}

function properties(specs: object, fields: Line, mapping: object = {}): unknown {
  const { calls, aside } = mapAll({ ...mapping, events: [{ ...base, properties: specs }] }, [{ ...line, ...fields }]);
  return calls[0]?.properties ?? aside;
}

test("a line becomes a call", () => {
  const { calls } = mapAll({ events: [{ ...base, properties: { sku: { field: "sku" } } }] }, [{ ...line, sku: "x" }]);
  expect(calls).toEqual([
    {
      type: "track",
      messageId: expect.stringMatching(/^[\w-]{22}$/),
      userId: "u1",
      event: "Bought",
      timestamp: "2026-01-02T03:04:05.000Z",
      properties: { sku: "x" },
    },
  ]);
});

describe("values", () => {
  test("text stays as it is, numbers are read from text", () => {
    const specs = { a: { field: "a" }, b: { field: "b", as: "number" }, c: 7, d: "fixed", e: true };
    expect(properties(specs, { a: " 007 ", b: "-1.5e3" })).toEqual({ a: " 007 ", b: -1500, c: 7, d: "fixed", e: true });
  });

  test("an empty cell is a missing property", () => {
    expect(properties({ a: { field: "a" }, b: { field: "b", as: "number" } }, { a: "", b: "" })).toEqual({});
  });

  test("what should be a number and is none sets the line aside", () => {
    for (const a of ["x", "1,5", "0x10", "Infinity", "NaN", "1e999", "--1"]) {
      expect(properties({ a: { field: "a", as: "number" } }, { a })).toEqual(['"a" is not a number']);
    }
  });

  test("an id loses the decimals of a whole number and nothing else", () => {
    const spec = { a: { field: "a", as: "id" } };
    const ids = { "17850.0": "17850", "17850": "17850", " 5.00 ": "5", "1.5": "1.5", "a.0": "a.0", "007.0": "007" };
    for (const [written, id] of Object.entries(ids)) expect(properties(spec, { a: written })).toEqual({ a: id });
  });

  test("truth is written in several ways", () => {
    const spec = { a: { field: "a", as: "boolean" } };
    for (const a of [" TRUE", "yes", "1"]) expect(properties(spec, { a })).toEqual({ a: true });
    for (const a of ["false", "No", "0"]) expect(properties(spec, { a })).toEqual({ a: false });
    expect(properties(spec, { a: "maybe" })).toEqual(['"a" is not true or false']);
  });

  test("names replace what they list and leave the rest", () => {
    const spec = { a: { field: "a", names: { "1": "trousers" } } };
    expect(properties(spec, { a: "1" })).toEqual({ a: "trousers" });
    expect(properties(spec, { a: "2" })).toEqual({ a: "2" });
    expect(properties(spec, { a: "constructor" })).toEqual({ a: "constructor" });
  });

  test("a pattern takes a part of a text, and where it fits nowhere the property is missing", () => {
    const spec = { a: { field: "a", matching: "\\d{5}", names: { "85123": "hearts" } } };
    expect(properties(spec, { a: "x84029G" })).toEqual({ a: "84029" });
    expect(properties(spec, { a: "85123A" })).toEqual({ a: "hearts" });
    expect(properties(spec, { a: "POST" })).toEqual({});
  });

  test("a text is put together, and missing when a part is", () => {
    const spec = { a: { text: "{x}-{y}!" } };
    expect(properties(spec, { x: "1", y: "2" })).toEqual({ a: "1-2!" });
    expect(properties(spec, { x: "1", y: "" })).toEqual({});
  });

  test("a product is exact to six decimals", () => {
    const spec = {
      a: {
        multiply: [
          { field: "q", as: "number", absolute: true },
          { field: "p", as: "number" },
        ],
      },
    };
    expect(properties(spec, { q: "-6", p: "2.55" })).toEqual({ a: 15.3 });
    expect(properties(spec, { q: "6", p: "" })).toEqual({});
    expect(properties(spec, { q: "9e9", p: "9e9" })).toEqual(["a number is too large"]);
    expect(properties({ a: { multiply: [{ field: "q" }] } }, { q: "6" })).toEqual(["a factor is not a number"]);
  });

  test("a condition chooses", () => {
    const spec = { a: { if: { field: "n", startsWith: "C" }, then: "back", else: { field: "n" } } };
    expect(properties(spec, { n: "C1" })).toEqual({ a: "back" });
    expect(properties(spec, { n: "1" })).toEqual({ a: "1" });
    expect(properties({ a: { if: { field: "n", is: "set" }, then: 1 } }, { n: "" })).toEqual({});
  });

  test("JSON keeps its types, and a path leads into objects", () => {
    const json = { input: { format: "ndjson" } };
    const specs = { a: { field: "x.y" }, b: { field: "x.z" }, c: { field: "list" } };
    expect(properties(specs, { x: { y: 5, z: null }, list: [1, 2] }, json)).toEqual({ a: 5, c: [1, 2] });
    // A CSV column may be called "x.y".
    expect(properties({ a: { field: "x.y" } }, { "x.y": "5" })).toEqual({ a: "5" });
  });

  test("keys that every object has are no fields", () => {
    const specs = { a: { field: "toString" }, b: { field: "constructor.name" } };
    expect(properties(specs, {}, { input: { format: "ndjson" } })).toEqual({});
  });
});

describe("conditions", () => {
  const holds = (when: object, fields: Line): boolean =>
    mapAll({ events: [{ ...base, when }] }, [{ ...line, ...fields }]).calls.length === 1;

  test("compare texts, also of numbers", () => {
    expect(holds({ field: "n", equals: 1 }, { n: "1" })).toBe(true);
    expect(holds({ field: "n", equals: "1" }, { n: 1 })).toBe(true);
    expect(holds({ field: "n", in: ["a", 2] }, { n: "2" })).toBe(true);
    expect(holds({ field: "n", in: ["a", 2] }, { n: "" })).toBe(false);
  });

  test("combine", () => {
    const set = { field: "n", is: "set" };
    const empty = { field: "m", is: "empty" };
    expect(holds({ all: [set, empty] }, { n: "1", m: "" })).toBe(true);
    expect(holds({ all: [set, empty] }, { n: "1", m: "1" })).toBe(false);
    expect(holds({ any: [set, empty] }, { n: "", m: "" })).toBe(true);
    expect(holds({ not: { any: [set, empty] } }, { n: "", m: "" })).toBe(false);
  });
});

describe("timestamps", () => {
  const moment = (spec: object, at: Line[string]): string | undefined => {
    const { calls, aside } = mapAll({ events: [{ ...base, timestamp: { value: { field: "at" }, ...spec } }] }, [
      { ...line, at: at ?? "" },
    ]);
    return calls[0]?.timestamp ?? aside[0];
  };
  const unreadable = "the timestamp can't be read";

  test("ISO 8601 without a format", () => {
    expect(moment({}, "2026-03-01T10:00:00+02:00")).toBe("2026-03-01T08:00:00.000Z");
    expect(moment({ timezone: "Europe/Rome" }, "2026-07-01")).toBe("2026-06-30T22:00:00.000Z");
    expect(moment({}, "1 March 2026")).toBe(unreadable);
  });

  test("a format of any order", () => {
    expect(moment({ format: "YYYY-MM-DD HH:mm:ss" }, "2010-12-01 08:26:00")).toBe("2010-12-01T08:26:00.000Z");
    expect(moment({ format: "M/D/YYYY H:mm" }, "12/1/2010 8:26")).toBe("2010-12-01T08:26:00.000Z");
    expect(moment({ format: "DD.MM.YYYY ss,SSS" }, "01.12.2010 07,089")).toBe("2010-12-01T00:00:07.089Z");
    expect(moment({ format: "YYYY-MM-DD HH:mm", timezone: "America/New_York" }, "2026-07-04 00:00")).toBe(
      "2026-07-04T04:00:00.000Z",
    );
  });

  test("days and times that there are not can't be read", () => {
    const format = "YYYY-MM-DD HH:mm:ss";
    for (const at of [
      "2010-02-29 00:00:00",
      "2010-13-01 00:00:00",
      "2010-01-01 24:00:00",
      "2010-01-01 00:60:00",
      "x",
    ]) {
      expect(moment({ format }, at)).toBe(unreadable);
    }
    expect(moment({ format }, "2010-01-01 00:00:00 and more")).toBe(unreadable);
    expect(moment({ format }, "")).toBe("there is no timestamp");
  });

  test("numbers since 1970", () => {
    expect(moment({ unit: "milliseconds" }, 1_659_304_800_025)).toBe("2022-07-31T22:00:00.025Z");
    expect(moment({ unit: "seconds" }, "1659304800.5")).toBe("2022-07-31T22:00:00.500Z");
    expect(moment({ unit: "seconds" }, "soon")).toBe(unreadable);
    expect(moment({ unit: "seconds" }, "1e300")).toBe(unreadable);
    expect(moment({ unit: "milliseconds" }, 9e15)).toBe(unreadable);
  });

  test("seconds can be added", () => {
    const mapping = { events: [{ ...base, timestamp: { ...timestamp, plusSeconds: { field: "n", as: "number" } } }] };
    const { calls } = mapAll(mapping, [{ ...line, at: "2008-04-01", n: "90" }]);
    expect(calls[0]?.timestamp).toBe("2008-04-01T00:01:30.000Z");
  });
});

describe("messageIds", () => {
  const ids = (mapping: object, lines: readonly Line[]): string[] =>
    mapAll(mapping, lines).calls.map(({ messageId }) => messageId);

  test("lines with the same content have the same, others another", () => {
    const [first, second, third] = ids({ events: [base] }, [line, { ...line, x: "1" }, { ...line }]);
    expect(second).not.toBe(first);
    expect(third).toBe(first);
  });

  test("content that is split over other columns is other content", () => {
    const [first, second] = ids({ events: [base] }, [
      { ...line, a: "1", b: "23" },
      { ...line, a: "12", b: "3" },
    ]);
    expect(second).not.toBe(first);
  });

  test("several events of one line have several", () => {
    expect(new Set(ids({ events: [base, { ...base, event: "Paid" }] }, [line])).size).toBe(2);
  });

  test("a field can give it", () => {
    const mapping = { events: [{ ...base, messageId: { field: "id" } }] };
    expect(ids(mapping, [{ ...line, id: "m-1" }])).toEqual(["m-1"]);
    expect(mapAll(mapping, [{ ...line, id: "" }]).aside).toEqual(["there is no messageId"]);
  });
});

test("lines are set aside by the first rule that fits, or when no event does", () => {
  const mapping = {
    skip: [
      { when: { field: "who", is: "empty" }, reason: "nobody" },
      { when: { field: "kind", equals: "test" }, reason: "a test" },
    ],
    events: [{ ...base, when: { field: "kind", is: "set" } }],
  };
  const lines = [
    { ...line, who: "", kind: "test" },
    { ...line, kind: "test" },
    { ...line, kind: "" },
    { ...line, kind: "real" },
  ];
  const { calls, aside } = mapAll(mapping, lines);
  expect(aside).toEqual(["nobody", "a test", "no event of the mapping fits"]);
  expect(calls).toHaveLength(1);
});

test("a line without an id or a name is set aside", () => {
  expect(mapAll({ events: [base] }, [{ ...line, who: "" }]).aside).toEqual(["there is no userId and no anonymousId"]);
  expect(mapAll({ events: [{ ...base, event: { field: "e" } }] }, [{ ...line, e: "" }]).aside).toEqual([
    "the event has no name",
  ]);
});

test("traits travel in the context, an identify's in its traits", () => {
  const traits = { country: { field: "c" }, city: { field: "d" } };
  const { calls } = mapAll({ events: [{ ...base, traits }] }, [{ ...line, c: "Italy", d: "" }]);
  expect(calls[0]?.context).toEqual({ traits: { country: "Italy" } });
  const { event: _, ...nameless } = base;
  const identify = mapAll({ events: [{ ...nameless, type: "identify", traits }] }, [{ ...line, c: "Italy" }]);
  expect(identify.calls[0]).toMatchObject({ type: "identify", traits: { country: "Italy" } });
});

test("a page has a name", () => {
  const { calls } = mapAll({ events: [{ ...base, type: "page", event: "Home" }] }, [line]);
  expect(calls[0]).toMatchObject({ type: "page", name: "Home" });
});

test("each element of a list is a line with the fields around it", () => {
  const mapping = {
    input: { format: "ndjson" },
    each: "events",
    events: [{ ...base, event: { field: "type" }, properties: { sku: { field: "sku" } } }],
  };
  const { calls, aside } = mapAll(mapping, [
    { who: "u1", at: "2026-01-01", events: [{ type: "View", sku: 1 }, "?", { type: "Buy", sku: 2, at: "2026-01-02" }] },
    { who: "u2", events: "none" },
  ]);
  expect(calls.map((call) => [call.userId, call.event, call.timestamp, call.properties])).toEqual([
    ["u1", "View", "2026-01-01T00:00:00.000Z", { sku: 1 }],
    ["u1", "Buy", "2026-01-02T00:00:00.000Z", { sku: 2 }],
  ]);
  expect(aside).toEqual(['"events" has an element that is not an object', '"events" is not a list']);
});

test("a column that the file lacks is named beside those it has", () => {
  const mapper = createMapper(parseMapping(JSON.stringify({ input: { format: "csv" }, events: [base] })));
  expect(() => checkColumns(mapper, ["who", "when"])).toThrow(
    `the mapping reads "at", but the file's columns are "who", "when"`,
  );
  expect(() => checkColumns(mapper, ["at", "who", "more"])).not.toThrow();
});

describe("groups", () => {
  const amount = { field: "n", as: "number" };
  const mapping = {
    events: [{ ...base, event: "Item" }],
    groups: [
      {
        ...base,
        event: "Order",
        when: { field: "order", is: "set" },
        by: { field: "order" },
        keepOpenLines: 1,
        properties: {
          id: { field: "order" },
          total: { sum: amount },
          lines: { count: "lines" },
          note: { field: "note" },
        },
      },
    ],
  };
  const item = (order: string, n: string, note = ""): Line => ({ ...line, order, n, note });
  const orders = (lines: readonly Line[], change: object = {}): Mapped => {
    const { calls, aside } = mapAll({ ...mapping, groups: [{ ...mapping.groups[0], ...change }] }, lines);
    return { calls: calls.filter(({ event }) => event === "Order"), aside };
  };

  test("sum exactly over their lines and take the rest from the last one", () => {
    const { calls } = orders([item("1", "0.1", "a"), item("1", "0.2", "b")]);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.properties).toEqual({ id: "1", total: 0.3, lines: 2, note: "b" });
  });

  test("a repeated line counts once", () => {
    const { calls } = orders([item("1", "5"), item("1", "5"), item("1", "5", "other")]);
    expect(calls[0]?.properties).toMatchObject({ total: 10, lines: 2 });
  });

  test("a missing amount counts nothing, an unreadable one sets the line aside and leaves the group whole", () => {
    const { calls, aside } = orders([item("1", "5"), item("1", ""), item("1", "x")]);
    expect(calls[0]?.properties).toMatchObject({ total: 5, lines: 2 });
    expect(aside).toEqual(['"n" is not a number']);
  });

  test("may be interleaved within keepOpenLines", () => {
    const { calls, aside } = orders([item("1", "1"), item("2", "10"), item("1", "2"), item("2", "20")]);
    expect(calls.map(({ properties }) => properties?.["total"])).toEqual([3, 30]);
    expect(aside).toEqual([]);
  });

  test("are sent when they are complete, before later lines", () => {
    const { calls } = mapAll({ ...mapping, groups: [{ ...mapping.groups[0], keepOpenLines: 0 }] }, [
      item("1", "1"),
      item("1", "2"),
      item("2", "10"),
      item("2", "20"),
    ]);
    expect(calls.map(({ event }) => event)).toEqual(["Item", "Item", "Item", "Order", "Item", "Order"]);
  });

  test("a piece that comes too late is reported, and the group is not sent twice", () => {
    const { calls, aside } = orders([item("1", "1"), item("2", "1"), item("3", "1"), item("4", "1"), item("1", "2")]);
    expect(calls.filter(({ properties }) => properties?.["id"] === "1")).toHaveLength(1);
    expect(aside).toEqual(["its group of groups[0] had ended more than 1 lines before (see keepOpenLines)"]);
  });

  test("lines without a key belong to none", () => {
    expect(orders([item("", "1")]).calls).toEqual([]);
  });

  test("have a messageId of their own that stays the same from run to run", () => {
    const [first] = orders([item("1", "1")]).calls;
    const [again] = orders([item("1", "1"), item("1", "2")]).calls;
    const [other] = orders([item("2", "1")]).calls;
    expect(again?.messageId).toBe(first?.messageId);
    expect(other?.messageId).not.toBe(first?.messageId);
  });

  test("a sum out of range sets the line aside", () => {
    const { calls, aside } = orders([item("1", "8e9"), item("1", "8e9", "again")]);
    expect(aside).toEqual(["a sum is too large"]);
    expect(calls[0]?.properties).toMatchObject({ total: 8e9 });
  });
});
