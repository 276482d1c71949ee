import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createMapper } from "../../../cli/replay/mapper.ts";
import { MappingError, parseMapping } from "../../../cli/replay/mapping.ts";

const event = { event: "A", userId: { field: "u" }, timestamp: { value: { field: "t" } } };
const valid = { input: { format: "csv" }, events: [event] };

function refusal(mapping: unknown): string {
  try {
    createMapper(parseMapping(JSON.stringify(mapping)));
  } catch (error) {
    if (error instanceof MappingError) return error.message;
    throw error;
  }
  return "none";
}

test("every example is a valid mapping", () => {
  const examples = new URL("../../../examples/", import.meta.url);
  const files = readdirSync(examples).filter((name) => name.endsWith(".mapping.json"));
  expect(files.length).toBeGreaterThanOrEqual(3);
  for (const file of files) createMapper(parseMapping(readFileSync(new URL(file, examples), "utf8")));
});

test("the mapping in the documentation is a valid one", () => {
  const page = readFileSync(new URL("../../../docs/replay.md", import.meta.url), "utf8");
  const [, shown = ""] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  expect(createMapper(parseMapping(shown)).fields).toContain("invoice");
});

test("text that is not JSON is refused", () => {
  expect(() => parseMapping("{")).toThrow("the mapping is not JSON");
});

describe("what is wrong is told with its place", () => {
  const at = (change: object): object => ({ ...valid, events: [{ ...event, ...change }] });
  const group = (change: object): object => ({ ...valid, groups: [{ ...event, by: { field: "g" }, ...change }] });
  const cases: readonly (readonly [mapping: unknown, message: string])[] = [
    [[], "must be an object"],
    [{ events: [event] }, "input: is missing"],
    [{ input: { format: "xml" }, events: [event] }, 'input.format: must be one of "csv", "ndjson"'],
    [{ input: { format: "csv" } }, "events: must be a list with something in it"],
    [{ ...valid, events: [] }, "events: must be a list with something in it"],
    [{ ...valid, evnets: [] }, 'has an unknown key "evnets"; known are input, each, skip, events, groups, about'],
    [{ ...valid, each: "x" }, "each: is for ndjson only"],
    [{ ...valid, skip: [{ when: { field: "a", is: "empty" } }] }, "skip[0].reason: must be text"],
    [at({ event: undefined }), "events[0].event: is missing: the name of the event"],
    [at({ userId: undefined }), "events[0]: needs a userId or an anonymousId"],
    [at({ timestamp: undefined }), "events[0].timestamp: is missing"],
    [
      at({ timestamp: { value: "x", unit: "hours" } }),
      'events[0].timestamp.unit: must be one of "seconds", "milliseconds"',
    ],
    [
      at({ timestamp: { value: "x", timezone: "Europe/Rom" } }),
      'events[0].timestamp.timezone: there is no time zone "Europe/Rom"',
    ],
    [at({ timestamp: { value: "x", format: "HH:mm" } }), "events[0].timestamp.format: has no year"],
    [
      at({ timestamp: { value: "x", format: "YYYY-MM-DD", unit: "seconds" } }),
      "events[0].timestamp: is a number with a unit or a text with a format, not both",
    ],
    [at({ type: "alias" }), 'events[0].type: must be one of "track", "page", "screen", "identify"'],
    [at({ type: "identify" }), "events[0].event: an identify has none"],
    [
      at({ properties: { a: {} } }),
      'events[0].properties.a: must be text, a number, or have one of "field", "text", "multiply", "if"',
    ],
    [at({ properties: { a: null } }), "events[0].properties.a: must be an object"],
    [at({ properties: { a: { field: "" } } }), "events[0].properties.a.field: must be text"],
    [
      at({ properties: { a: { field: "x", as: "date" } } }),
      'events[0].properties.a.as: must be one of "text", "number", "boolean", "id"',
    ],
    [
      at({ properties: { a: { field: "x", absolute: true } } }),
      'events[0].properties.a.absolute: needs "as": "number"',
    ],
    [
      at({ properties: { a: { field: "x", ass: "id" } } }),
      'events[0].properties.a: has an unknown key "ass"; known are field, as, absolute, matching, names',
    ],
    [
      at({ properties: { a: { field: "x", matching: "(" } } }),
      "events[0].properties.a.matching: is not a regular expression",
    ],
    [
      at({ properties: { a: { field: "x", as: "number", matching: "1" } } }),
      "events[0].properties.a.matching: is for texts only",
    ],
    [
      at({ properties: { a: { sum: 1 } } }),
      'events[0].properties.a: must be text, a number, or have one of "field", "text", "multiply", "if"',
    ],
    [
      at({ properties: { a: { multiply: [] } } }),
      "events[0].properties.a.multiply: must be a list with something in it",
    ],
    [
      at({ when: { field: "a" } }),
      'events[0].when: must have "field" and one of "is", "equals", "in", "startsWith"; or "not", "all", "any"',
    ],
    [at({ when: { field: "a", is: "full" } }), 'events[0].when.is: must be one of "empty", "set"'],
    [
      at({ when: { any: [{ not: { field: "a", in: [[]] } }] } }),
      "events[0].when.any[0].not.in[0]: must be text, a number, true or false",
    ],
    [group({ by: undefined }), "groups[0].by: is missing"],
    [group({ keepOpenLines: -1 }), "groups[0].keepOpenLines: must be a whole number"],
    [group({ properties: { n: { count: "all" } } }), 'groups[0].properties.n.count: must be one of "lines"'],
    [group({ messageId: "x" }), expect.stringContaining('groups[0]: has an unknown key "messageId"')],
  ];
  test.each(cases)("%j", (mapping, message) => {
    expect(refusal(mapping)).toEqual(message);
  });
});
