/**
 * Comparisons of LANGUAGE.md, Missing values and types: no coercion; a comparison with a missing value or between
 * different types is false, and the negated forms (`!=`, `not in` …) are the negation of their positive twin.
 */
import { compareCodePoints } from "../../kernel/compare.ts";
import { compileRegex } from "../../kernel/regex.ts";
import type { ComparisonOf, ComparisonOperator, DateLiteral, Literal } from "../ast.ts";
import { dayRange, instantOf } from "../dates.ts";
import type { Zone } from "../timezone.ts";
import type { Value } from "../value.ts";

export type ValueTest = (value: Value) => boolean;

/** A value read as a moment: ms as they are, ISO 8601 text in the model's timezone; null when it is neither. */
export function momentOf(value: Value, zone: Zone): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "string") return instantOf(value, zone);
  return null;
}

/** The moments that a date of the model stands for: `start <= m < end`, or only `start` where `end` is null. */
interface Span {
  readonly start: number;
  readonly end: number | null;
}

function spanOf(date: DateLiteral, zone: Zone): Span {
  if (date.wholeDay) {
    const range = dayRange(date.text, zone);
    if (range !== null) return range;
  }
  const instant = instantOf(date.text, zone);
  if (instant === null) throw new Error(`the checker let a wrong date pass: ${date.text}`);
  return { start: instant, end: null };
}

/** The instant at which a date begins; a bare date begins at its midnight. */
export function startOf(date: DateLiteral, zone: Zone): number {
  return spanOf(date, zone).start;
}

function compareToSpan(moment: number, operator: ComparisonOperator, span: Span): boolean {
  const inside = span.end === null ? moment === span.start : moment >= span.start && moment < span.end;
  const before = moment < span.start;
  switch (operator) {
    case "=":
      return inside;
    case "!=":
      return !inside;
    case "<":
      return before;
    case "<=":
      return before || inside;
    case ">":
      return !before && !inside;
    case ">=":
      return !before;
  }
}

/** Orders two values of one type; null where they have no order or differ in type. */
function order(a: Value, b: Value): number | null {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return compareCodePoints(a, b);
  return null;
}

function equal(a: Value, b: Value): boolean {
  return a === b && a !== null && a !== undefined && typeof a !== "object";
}

function holds(operator: ComparisonOperator, order: number): boolean {
  switch (operator) {
    case "=":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

/** `left operator right` for two values known only at evaluation. */
export function compareValues(operator: ComparisonOperator, left: Value, right: Value): boolean {
  if (operator === "=") return equal(left, right);
  if (operator === "!=") return !equal(left, right);
  const between = order(left, right);
  return between !== null && holds(operator, between);
}

/** `left operator right` where both sides are read as moments. */
export function compareMoments(operator: ComparisonOperator, left: number | null, right: number | null): boolean {
  if (left === null || right === null) return operator === "!=";
  return holds(operator, left - right);
}

/** A comparison whose right side is fixed in the model, compiled for any left value. */
export function compileLiteralTest(comparison: ComparisonOf<Literal>, zone: Zone): ValueTest {
  switch (comparison.kind) {
    case "binary":
      return binaryTest(comparison.operator, comparison.right, zone);
    case "in": {
      const tests = comparison.values.map((literal) => binaryTest("=", literal, zone));
      const strings = comparison.values.every((literal) => literal.kind === "string");
      const set = new Set<Value>(
        comparison.values.map((literal) => (literal.kind === "date" ? undefined : literal.value)),
      );
      const test: ValueTest = strings
        ? (value) => typeof value === "string" && set.has(value)
        : (value) => tests.some((one) => one(value));
      return comparison.not ? (value) => !test(value) : test;
    }
    case "between": {
      const low = binaryTest(">=", comparison.low, zone);
      const high = binaryTest("<=", comparison.high, zone);
      return comparison.not ? (value) => !(low(value) && high(value)) : (value) => low(value) && high(value);
    }
    case "string": {
      const test = stringTest(comparison.operator, comparison.text.text, comparison.ignoringCase);
      return comparison.not ? (value) => !test(value) : test;
    }
    case "set":
      return comparison.not
        ? (value) => value === undefined || value === null
        : (value) => value !== undefined && value !== null;
  }
}

function binaryTest(operator: ComparisonOperator, literal: Literal, zone: Zone): ValueTest {
  if (literal.kind === "date") {
    const span = spanOf(literal, zone);
    return (value) => {
      const moment = momentOf(value, zone);
      return moment === null ? operator === "!=" : compareToSpan(moment, operator, span);
    };
  }
  const right = literal.value;
  switch (operator) {
    case "=":
      return (value) => value === right;
    case "!=":
      return (value) => value !== right;
    case "<":
    case "<=":
    case ">":
    case ">=":
      return orderTest(operator, right);
  }
}

function orderTest(operator: "<" | "<=" | ">" | ">=", right: string | number | boolean): ValueTest {
  if (typeof right === "number") {
    switch (operator) {
      case "<":
        return (value) => typeof value === "number" && value < right;
      case "<=":
        return (value) => typeof value === "number" && value <= right;
      case ">":
        return (value) => typeof value === "number" && value > right;
      case ">=":
        return (value) => typeof value === "number" && value >= right;
    }
  }
  return (value) => compareValues(operator, value, right);
}

function stringTest(operator: string, text: string, ignoringCase: boolean): ValueTest {
  if (operator === "matches") {
    const regex = compileRegex(text, ignoringCase);
    if ("error" in regex) throw new Error(`the checker let a wrong regular expression pass: ${regex.error}`);
    return (value) => typeof value === "string" && regex.test(value);
  }
  const wanted = ignoringCase ? text.toLowerCase() : text;
  const fold = (value: string): string => (ignoringCase ? value.toLowerCase() : value);
  switch (operator) {
    case "contains":
      return (value) =>
        typeof value === "string"
          ? fold(value).includes(wanted)
          : Array.isArray(value) && value.some((item) => typeof item === "string" && fold(item) === wanted);
    case "starts with":
      return (value) => typeof value === "string" && fold(value).startsWith(wanted);
    default:
      return (value) => typeof value === "string" && fold(value).endsWith(wanted);
  }
}
