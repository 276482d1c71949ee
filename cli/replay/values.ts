/** Compiles the parts of a mapping that compute something from one line. Pure. */
import { fromMicros, toMicros, VALUE_MAX } from "../../kernel/decimal.ts";
import type { Json, JsonObject } from "../../kernel/event.ts";
import { MappingError, type ConditionSpec, type FieldSpec, type ValueSpec } from "./mapping.ts";

/** A line of the input: its fields by name. Cells of a CSV file are strings. */
export type Line = JsonObject;

/** Computes a value; undefined where the line has none. Throws an `UnfitLine`. */
export type Value = (line: Line) => Json | undefined;
export type Condition = (line: Line) => boolean;

/** The line can't become what the mapping asks for. The message is the reason that is counted, without values. */
export class UnfitLine extends Error {}

/** What the compiled parts read, so that a misspelt column is noticed at the start. */
export interface Compiler {
  readonly fields: Set<string>;
  /** JSON has keys inside keys; a column of a CSV file may have dots in its name. */
  readonly nested: boolean;
}

/** The text of a string, a number or a boolean; null of anything else. */
export function scalarText(value: Json | undefined): string | null {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "boolean":
      return String(value);
    default:
      return null;
  }
}

export function isFields(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function compileValue(spec: ValueSpec, compiler: Compiler): Value {
  if (typeof spec !== "object") return () => spec;
  if ("field" in spec) return compileField(spec, compiler);
  if ("text" in spec) return compileText(spec.text, compiler);
  if ("multiply" in spec) {
    const factors = spec.multiply.map((factor) => compileNumber(factor, compiler, "a factor"));
    return (line) => {
      let product = 1;
      for (const factor of factors) {
        const value = factor(line);
        if (value === undefined) return undefined;
        product *= value;
      }
      return exact(product);
    };
  }
  const condition = compileCondition(spec.if, compiler);
  const then = compileValue(spec.then, compiler);
  const otherwise = spec.else === undefined ? (): undefined => undefined : compileValue(spec.else, compiler);
  return (line) => (condition(line) ? then(line) : otherwise(line));
}

/** A value that must be a number where it is there; `what` names it in the reason. */
export function compileNumber(spec: ValueSpec, compiler: Compiler, what: string): (line: Line) => number | undefined {
  const value = compileValue(spec, compiler);
  return (line) => {
    const number = value(line);
    if (number !== undefined && typeof number !== "number") throw new UnfitLine(`${what} is not a number`);
    return number;
  };
}

/** Six decimals, as the engine keeps values: 6 times 2.55 is 15.3 and not 15.299999999999999. */
export function exact(value: number): number {
  if (!(Math.abs(value) <= VALUE_MAX)) throw new UnfitLine("a number is too large");
  return fromMicros(toMicros(value));
}

export function compileCondition(spec: ConditionSpec, compiler: Compiler): Condition {
  if ("not" in spec) {
    const part = compileCondition(spec.not, compiler);
    return (line) => !part(line);
  }
  if ("all" in spec) {
    const parts = spec.all.map((part) => compileCondition(part, compiler));
    return (line) => parts.every((part) => part(line));
  }
  if ("any" in spec) {
    const parts = spec.any.map((part) => compileCondition(part, compiler));
    return (line) => parts.some((part) => part(line));
  }
  const read = reader(spec.field, compiler);
  if ("is" in spec) {
    const wanted = spec.is === "set";
    return (line) => (read(line) !== undefined) === wanted;
  }
  if ("startsWith" in spec) {
    return (line) => {
      const value = read(line);
      return typeof value === "string" && value.startsWith(spec.startsWith);
    };
  }
  // Cells are text, so 1 and "1" are the same here.
  const texts = new Set(("in" in spec ? spec.in : [spec.equals]).map(String));
  return (line) => {
    const text = scalarText(read(line));
    return text !== null && texts.has(text);
  };
}

function compileField({ field, as = "text", absolute, matching, names }: FieldSpec, compiler: Compiler): Value {
  const read = reader(field, compiler);
  const pattern = matching === undefined ? null : new RegExp(matching, "u");
  const cut = (value: Json): Json | undefined =>
    pattern !== null && typeof value === "string" ? pattern.exec(value)?.[0] : value;
  const renamed = (value: Json | undefined): Json | undefined =>
    names !== undefined && typeof value === "string" && Object.hasOwn(names, value) ? names[value] : value;
  const convert = conversion(as, field, absolute === true);
  return (line) => {
    const value = read(line);
    return value === undefined ? undefined : renamed(cut(convert(value)));
  };
}

function conversion(as: NonNullable<FieldSpec["as"]>, field: string, absolute: boolean): (value: Json) => Json {
  switch (as) {
    case "text":
      return (value) => value;
    case "number":
      return (value) => {
        const number = typeof value === "number" ? value : Number(NUMBER.exec(scalarText(value) ?? "")?.[1]);
        if (!Number.isFinite(number)) throw new UnfitLine(`${JSON.stringify(field)} is not a number`);
        return absolute ? Math.abs(number) : number;
      };
    case "boolean":
      return (value) => {
        const truth = TRUTHS.get((scalarText(value) ?? "").trim().toLowerCase());
        if (truth === undefined) throw new UnfitLine(`${JSON.stringify(field)} is not true or false`);
        return truth;
      };
    case "id":
      return (value) => (scalarText(value) ?? "").trim().replace(WHOLE_WITH_DECIMALS, "$1");
  }
}

const NUMBER = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*$/;
const WHOLE_WITH_DECIMALS = /^(\d+)\.0+$/;
const TRUTHS = new Map([
  ["true", true],
  ["yes", true],
  ["1", true],
  ["false", false],
  ["no", false],
  ["0", false],
]);

function compileText(template: string, compiler: Compiler): Value {
  const parts = template.split(/\{([^{}]*)\}/);
  const reads = parts.map((part, i) => (i % 2 === 1 ? reader(part, compiler) : null));
  return (line) => {
    let text = "";
    for (const [i, part] of parts.entries()) {
      const read = reads[i] ?? null;
      const piece = read === null ? part : scalarText(read(line));
      if (piece === null) return undefined;
      text += piece;
    }
    return text;
  };
}

/** Reads a field; an empty cell and null are missing. */
function reader(field: string, compiler: Compiler): Value {
  if (field === "") throw new MappingError("", "a field has no name");
  compiler.fields.add(field);
  const path = compiler.nested ? field.split(".") : [field];
  return (line) => {
    let value: Json | undefined = line;
    for (const key of path) {
      if (!isFields(value) || !Object.hasOwn(value, key)) return undefined;
      value = value[key];
    }
    return value === null || value === "" ? undefined : value;
  };
}
