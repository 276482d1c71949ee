/**
 * Turns lines into calls as a mapping says. Pure and streaming: what it keeps is bounded by `keepOpenLines` of each
 * group, whatever the size of the input.
 */
import { createHash } from "node:crypto";
import type { Json, JsonObject } from "../../kernel/event.ts";
import { createGroup } from "./group.ts";
import { compileCall, type Call } from "./call.ts";
import { MappingError, type EventSpec, type Mapping } from "./mapping.ts";
import { compileCondition, compileValue, isFields, scalarText, UnfitLine, type Compiler, type Line } from "./values.ts";

/** What one line came to. */
export interface Mapped {
  /** In the order in which they are to be sent. */
  readonly calls: readonly Call[];
  /** Why the line, or a part of it, gave none; each counted once. */
  readonly aside: readonly string[];
}

export interface Mapper {
  /** The fields that the mapping reads; for CSV each must be a column. */
  readonly fields: ReadonlySet<string>;
  take(line: Line): Mapped;
  /** The calls of groups that are still open at the end of the input. */
  end(): Mapped;
}

/** Throws a `MappingError`. */
export function createMapper(mapping: Mapping): Mapper {
  const compiler: Compiler = { fields: new Set(), nested: mapping.input.format === "ndjson" };
  const rules = (mapping.skip ?? []).map(({ when, reason }) => ({ fits: compileCondition(when, compiler), reason }));
  const events = mapping.events.map((spec, i) => compileEvent(spec, i, compiler));
  const groups = (mapping.groups ?? []).map((spec, i) => createGroup(spec, i, compiler));
  const elements = mapping.each === undefined ? null : elementsOf(mapping.each);

  const takeOne = (line: Line, hash: string, calls: Call[], aside: string[]): void => {
    const rule = rules.find(({ fits }) => fits(line));
    if (rule !== undefined) {
      aside.push(rule.reason);
      return;
    }
    const made = calls.length;
    try {
      for (const event of events) event(line, hash, calls);
      if (calls.length === made) aside.push("no event of the mapping fits");
      else for (const group of groups) group.add(line, hash, aside);
    } catch (error) {
      if (!(error instanceof UnfitLine)) throw error;
      calls.length = made;
      aside.push(error.message);
    }
  };
  return {
    fields: compiler.fields,
    take(line) {
      const calls: Call[] = [];
      const aside: string[] = [];
      for (const group of groups) group.settle(false, calls, aside);
      if (elements === null) {
        takeOne(line, hashOf(line), calls, aside);
      } else {
        for (const element of elements(line, aside)) takeOne(element, hashOf(element), calls, aside);
      }
      return { calls, aside };
    },
    end() {
      const calls: Call[] = [];
      const aside: string[] = [];
      for (const group of groups) group.settle(true, calls, aside);
      return { calls, aside };
    },
  };
}

type EventMaker = (line: Line, hash: string, calls: Call[]) => void;

function compileEvent(spec: EventSpec, index: number, compiler: Compiler): EventMaker {
  const place = `events[${index}]`;
  const fits = spec.when === undefined ? (): boolean => true : compileCondition(spec.when, compiler);
  const call = compileCall(spec, compiler, place);
  const messageId = spec.messageId === undefined ? null : compileValue(spec.messageId, compiler);
  const properties = Object.entries(spec.properties ?? {}).map(
    ([name, value]) => [name, compileValue(value, compiler)] as const,
  );
  // The first event's ids are the bare hashes; a second event of the same line needs another.
  const suffix = index === 0 ? "" : `-${index}`;
  return (line, hash, calls) => {
    if (!fits(line)) return;
    const id = messageId === null ? hash + suffix : scalarText(messageId(line));
    if (id === null) throw new UnfitLine("there is no messageId");
    const values: Record<string, Json> = {};
    for (const [name, value] of properties) {
      const found = value(line);
      if (found !== undefined) values[name] = found;
    }
    calls.push(call(line, id, values));
  };
}

/** Elements of the array as lines of their own, each with the fields around the array. */
function elementsOf(field: string): (line: Line, aside: string[]) => Line[] {
  return (line, aside) => {
    const { [field]: elements, ...around } = line;
    if (!Array.isArray(elements)) {
      aside.push(`${JSON.stringify(field)} is not a list`);
      return [];
    }
    return elements.flatMap((element: Json) => {
      if (isFields(element)) return [{ ...around, ...element }];
      aside.push(`${JSON.stringify(field)} has an element that is not an object`);
      return [];
    });
  };
}

/** 132 bits of the line's content: the same content is the same event, wherever it stands. */
export function hashOf(line: JsonObject): string {
  return createHash("sha256").update(JSON.stringify(line)).digest("base64url").slice(0, 22);
}

/** Throws a `MappingError` that names the nearest columns when the mapping reads one that the file doesn't have. */
export function checkColumns(mapper: Mapper, columns: readonly string[]): void {
  const missing = [...mapper.fields].filter((field) => !columns.includes(field));
  if (missing.length === 0) return;
  const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(", ");
  throw new MappingError("", `the mapping reads ${quoted(missing)}, but the file's columns are ${quoted(columns)}`);
}
