/**
 * A mapping: the file that says how the lines of somebody's data become calls of the API. JSON; docs/replay.md
 * explains it to its writers. This module knows its shape and says what is wrong with one, with the place.
 */

/** A value computed from a line. */
export type ValueSpec =
  | string
  | number
  | boolean
  | FieldSpec
  /** `"{year}-{month}"`: fields in braces. Missing when one of them is. */
  | { readonly text: string }
  /** The product of numbers, rounded to six decimals. */
  | { readonly multiply: readonly ValueSpec[] }
  | { readonly if: ConditionSpec; readonly then: ValueSpec; readonly else?: ValueSpec };

export interface FieldSpec {
  /** A column of a CSV file; in JSON a key, or keys with dots between them. */
  readonly field: string;
  /**
   * `text` and JSON's own types as they are (default); `number`; `boolean` (true, false, yes, no, 1, 0); `id`: text, a
   * whole number that was written with decimals (`17850.0`) without them.
   */
  readonly as?: "text" | "number" | "boolean" | "id";
  /** Of a number, without its sign. */
  readonly absolute?: boolean;
  /** Of a text, the first part that fits this regular expression; missing where none does. */
  readonly matching?: string;
  /** Replaces texts by others; one that isn't listed stays. */
  readonly names?: Readonly<Record<string, string>>;
}

export type ConditionSpec =
  | { readonly field: string; readonly is: "empty" | "set" }
  | { readonly field: string; readonly equals: string | number | boolean }
  | { readonly field: string; readonly in: readonly (string | number | boolean)[] }
  | { readonly field: string; readonly startsWith: string }
  | { readonly not: ConditionSpec }
  | { readonly all: readonly ConditionSpec[] }
  | { readonly any: readonly ConditionSpec[] };

export interface TimestampSpec {
  readonly value: ValueSpec;
  /** Of a text: YYYY, MM or M, DD or D, HH or H, mm or m, ss or s, SSS; other characters stand for themselves. */
  readonly format?: string;
  /** Of a number since 1970. With neither, the text is ISO 8601. */
  readonly unit?: "seconds" | "milliseconds";
  /** IANA name of the zone that the text is in, where it doesn't say; UTC by default. */
  readonly timezone?: string;
  readonly plusSeconds?: ValueSpec;
}

/** Inside a group's properties: over all its lines. */
export type AggregateSpec = { readonly sum: ValueSpec } | { readonly count: "lines" };

interface CallSpec {
  readonly type?: "track" | "page" | "screen" | "identify";
  /** The event of a track call, the name of a page or screen. */
  readonly event?: ValueSpec;
  readonly userId?: ValueSpec;
  readonly anonymousId?: ValueSpec;
  readonly timestamp: TimestampSpec;
  readonly traits?: Readonly<Record<string, ValueSpec>>;
}

/** One call for every line that fits. */
export interface EventSpec extends CallSpec {
  readonly when?: ConditionSpec;
  /** By default a hash of the line's content, so that the same line twice is one event. */
  readonly messageId?: ValueSpec;
  readonly properties?: Readonly<Record<string, ValueSpec>>;
}

/**
 * One call for all lines with the same `by`; a line that repeats another of its group exactly counts once. Values
 * that aren't aggregates are those of the group's last line.
 */
export interface GroupSpec extends CallSpec {
  readonly when?: ConditionSpec;
  readonly by: ValueSpec;
  /** A group is complete when this many lines passed without one of its own; what bounds the memory. */
  readonly keepOpenLines?: number;
  readonly properties?: Readonly<Record<string, ValueSpec | AggregateSpec>>;
}

export interface Mapping {
  readonly input: { readonly format: "csv" | "ndjson"; readonly delimiter?: string };
  /** JSON: the field with an array whose elements are the lines; they see the fields around them too. */
  readonly each?: string;
  /** Lines to set aside, by the first rule that fits. */
  readonly skip?: readonly { readonly when: ConditionSpec; readonly reason: string }[];
  readonly events: readonly EventSpec[];
  readonly groups?: readonly GroupSpec[];
}

export class MappingError extends Error {
  constructor(place: string, message: string) {
    super(place === "" ? message : `${place}: ${message}`);
    this.name = "MappingError";
  }
}

/** Checks the whole shape, so that a misspelt key is an error and not a property that silently lacks. */
export function parseMapping(text: string): Mapping {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new MappingError("", `the mapping is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const mapping = objectAt(value, "", ["input", "each", "skip", "events", "groups", "about"]);
  const input = objectAt(mapping["input"], "input", ["format", "delimiter"]);
  oneOf(input["format"], "input.format", ["csv", "ndjson"]);
  optional(input["delimiter"], (delimiter) => textAt(delimiter, "input.delimiter"));
  optional(mapping["each"], (each) => textAt(each, "each"));
  if (mapping["each"] !== undefined && input["format"] === "csv") throw new MappingError("each", "is for ndjson only");
  optional(mapping["skip"], (skip) =>
    arrayAt(skip, "skip", (rule, place) => {
      const { when, reason } = objectAt(rule, place, ["when", "reason"]);
      conditionAt(when, `${place}.when`);
      textAt(reason, `${place}.reason`);
    }),
  );
  arrayAt(mapping["events"], "events", (event, place) => {
    const spec = objectAt(event, place, [...CALL_KEYS, "when", "messageId", "properties"]);
    callAt(spec, place);
    optional(spec["messageId"], (id) => valueAt(id, `${place}.messageId`));
    optional(spec["properties"], (map) => mapAt(map, `${place}.properties`, valueAt));
  });
  optional(mapping["groups"], (groups) =>
    arrayAt(groups, "groups", (group, place) => {
      const spec = objectAt(group, place, [...CALL_KEYS, "when", "by", "keepOpenLines", "properties"]);
      callAt(spec, place);
      valueAt(spec["by"], `${place}.by`);
      optional(spec["keepOpenLines"], (lines) => {
        if (!Number.isInteger(lines) || Number(lines) < 0) {
          throw new MappingError(`${place}.keepOpenLines`, "must be a whole number");
        }
      });
      optional(spec["properties"], (map) => mapAt(map, `${place}.properties`, groupValueAt));
    }),
  );
  return value as Mapping;
}

const CALL_KEYS = ["type", "event", "userId", "anonymousId", "timestamp", "traits"];

type Checker = (value: unknown, place: string) => void;

function callAt(spec: Record<string, unknown>, place: string): void {
  optional(spec["when"], (when) => conditionAt(when, `${place}.when`));
  optional(spec["type"], (type) => oneOf(type, `${place}.type`, ["track", "page", "screen", "identify"]));
  optional(spec["event"], (event) => valueAt(event, `${place}.event`));
  if ((spec["type"] ?? "track") === "track" && spec["event"] === undefined) {
    throw new MappingError(`${place}.event`, "is missing: the name of the event");
  }
  optional(spec["userId"], (id) => valueAt(id, `${place}.userId`));
  optional(spec["anonymousId"], (id) => valueAt(id, `${place}.anonymousId`));
  if (spec["userId"] === undefined && spec["anonymousId"] === undefined) {
    throw new MappingError(place, "needs a userId or an anonymousId");
  }
  const time = objectAt(spec["timestamp"], `${place}.timestamp`, [
    "value",
    "format",
    "unit",
    "timezone",
    "plusSeconds",
  ]);
  valueAt(time["value"], `${place}.timestamp.value`);
  optional(time["format"], (format) => textAt(format, `${place}.timestamp.format`));
  optional(time["unit"], (unit) => oneOf(unit, `${place}.timestamp.unit`, ["seconds", "milliseconds"]));
  optional(time["timezone"], (zone) => textAt(zone, `${place}.timestamp.timezone`));
  optional(time["plusSeconds"], (plus) => valueAt(plus, `${place}.timestamp.plusSeconds`));
  optional(spec["traits"], (map) => mapAt(map, `${place}.traits`, valueAt));
}

function valueAt(value: unknown, place: string): void {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return;
  const spec = objectAt(value, place, null);
  if ("field" in spec) {
    objectAt(value, place, ["field", "as", "absolute", "matching", "names"]);
    textAt(spec["field"], `${place}.field`);
    optional(spec["as"], (as) => oneOf(as, `${place}.as`, ["text", "number", "boolean", "id"]));
    optional(spec["absolute"], (absolute) => oneOf(absolute, `${place}.absolute`, [true, false]));
    if (spec["absolute"] === true && spec["as"] !== "number") {
      throw new MappingError(`${place}.absolute`, 'needs "as": "number"');
    }
    optional(spec["matching"], (pattern) => patternAt(pattern, `${place}.matching`));
    if (spec["matching"] !== undefined && !["text", "id", undefined].includes(spec["as"] as string | undefined)) {
      throw new MappingError(`${place}.matching`, "is for texts only");
    }
    optional(spec["names"], (names) => mapAt(names, `${place}.names`, textAt));
  } else if ("text" in spec) {
    objectAt(value, place, ["text"]);
    textAt(spec["text"], `${place}.text`);
  } else if ("multiply" in spec) {
    objectAt(value, place, ["multiply"]);
    arrayAt(spec["multiply"], `${place}.multiply`, valueAt);
  } else if ("if" in spec) {
    objectAt(value, place, ["if", "then", "else"]);
    conditionAt(spec["if"], `${place}.if`);
    valueAt(spec["then"], `${place}.then`);
    optional(spec["else"], (otherwise) => valueAt(otherwise, `${place}.else`));
  } else {
    throw new MappingError(place, `must be text, a number, or have one of "field", "text", "multiply", "if"`);
  }
}

function groupValueAt(value: unknown, place: string): void {
  if (!isAggregate(value)) return valueAt(value, place);
  if ("sum" in value) {
    objectAt(value, place, ["sum"]);
    valueAt(value.sum, `${place}.sum`);
  } else {
    objectAt(value, place, ["count"]);
    oneOf(value.count, `${place}.count`, ["lines"]);
  }
}

export function isAggregate(value: unknown): value is AggregateSpec {
  return typeof value === "object" && value !== null && ("sum" in value || "count" in value);
}

function conditionAt(value: unknown, place: string): void {
  const spec = objectAt(value, place, null);
  if ("not" in spec) {
    objectAt(value, place, ["not"]);
    conditionAt(spec["not"], `${place}.not`);
  } else if ("all" in spec || "any" in spec) {
    const key = "all" in spec ? "all" : "any";
    objectAt(value, place, [key]);
    arrayAt(spec[key], `${place}.${key}`, conditionAt);
  } else {
    const tests = ["is", "equals", "in", "startsWith"].filter((key) => key in spec);
    const [test] = tests;
    if (!("field" in spec) || test === undefined || tests.length > 1) {
      throw new MappingError(
        place,
        `must have "field" and one of "is", "equals", "in", "startsWith"; or "not", "all", "any"`,
      );
    }
    objectAt(value, place, ["field", test]);
    textAt(spec["field"], `${place}.field`);
    if (test === "is") oneOf(spec["is"], `${place}.is`, ["empty", "set"]);
    if (test === "equals") scalarAt(spec["equals"], `${place}.equals`);
    if (test === "in") arrayAt(spec["in"], `${place}.in`, scalarAt);
    if (test === "startsWith") textAt(spec["startsWith"], `${place}.startsWith`);
  }
}

/** An object, with no other keys than these; null allows any. */
function objectAt(value: unknown, place: string, keys: readonly string[] | null): Record<string, unknown> {
  if (value === undefined) throw new MappingError(place, "is missing");
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MappingError(place, "must be an object");
  }
  const unknown = keys === null ? undefined : Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    throw new MappingError(place, `has an unknown key ${JSON.stringify(unknown)}; known are ${keys?.join(", ")}`);
  }
  return value as Record<string, unknown>;
}

function arrayAt(value: unknown, place: string, check: Checker): void {
  if (!Array.isArray(value) || value.length === 0) throw new MappingError(place, "must be a list with something in it");
  for (const [i, element] of value.entries()) check(element, `${place}[${i}]`);
}

function mapAt(value: unknown, place: string, check: Checker): void {
  for (const [key, element] of Object.entries(objectAt(value, place, null))) check(element, `${place}.${key}`);
}

function textAt(value: unknown, place: string): void {
  if (typeof value !== "string" || value === "") throw new MappingError(place, "must be text");
}

function patternAt(value: unknown, place: string): void {
  textAt(value, place);
  try {
    void new RegExp(String(value), "u");
  } catch {
    throw new MappingError(place, "is not a regular expression");
  }
}

function scalarAt(value: unknown, place: string): void {
  if (!["string", "number", "boolean"].includes(typeof value)) {
    throw new MappingError(place, "must be text, a number, true or false");
  }
}

function oneOf(value: unknown, place: string, choices: readonly unknown[]): void {
  if (choices.includes(value)) return;
  throw new MappingError(place, `must be one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}`);
}

function optional(value: unknown, check: (value: unknown) => void): void {
  if (value !== undefined) check(value);
}
