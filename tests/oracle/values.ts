/** What an operand can be worth, and when a comparison of two such values holds. */
import type { ComparisonOf, ComparisonOperator, Literal } from "../../dsl/ast.ts";
import type { Json } from "../../kernel/event.ts";
import type { Calendar } from "./calendar.ts";
import { endOfDay, readMoment, startOf } from "./moments.ts";
import { compareCodePoints, compareScalars } from "./ordering.ts";
import type { Found } from "./paths.ts";
import { isScalar } from "./paths.ts";

export type Value =
  | { readonly kind: "missing" }
  /** A number, text, boolean, array or object, as found or computed. */
  | { readonly kind: "plain"; readonly json: Json }
  | { readonly kind: "moment"; readonly at: number }
  /** A bare date of the model: from `start` to before `end`. */
  | { readonly kind: "day"; readonly start: number; readonly end: number }
  | { readonly kind: "stage"; readonly name: string };

export const MISSING: Value = { kind: "missing" };

/** What comparisons need to know of the model. */
export interface Setting {
  readonly calendar: Calendar;
  /** The stages in declared order. */
  readonly stages: readonly string[];
}

export function plain(found: Found | null): Value {
  return found === undefined || found === null ? MISSING : { kind: "plain", json: found };
}

export function literalValue(literal: Literal, setting: Setting): Value {
  if (literal.kind !== "date") return { kind: "plain", json: literal.value };
  const start = startOf(literal, setting.calendar);
  if (!literal.wholeDay) return { kind: "moment", at: start };
  return { kind: "day", start, end: endOfDay(literal, setting.calendar) };
}

/** The value read as a moment, in milliseconds since 1970; null where it is none. */
export function momentOf(value: Value, setting: Setting): number | null {
  switch (value.kind) {
    case "moment":
      return value.at;
    case "day":
      return value.start;
    case "plain":
      return readMoment(value.json, setting.calendar);
    case "missing":
    case "stage":
      return null;
  }
}

/** `left operator right`. Missing values and different types are never equal nor in any order. */
export function holds(left: Value, operator: ComparisonOperator, right: Value, setting: Setting): boolean {
  if (operator === "!=") return !holds(left, "=", right, setting);
  if (left.kind === "missing" || right.kind === "missing") return false;
  if (right.kind === "day") {
    const moment = momentOf(left, setting);
    return moment !== null && holdsForDay(moment, operator, right);
  }
  if (left.kind === "day") return holds(right, MIRRORED[operator], left, setting);
  if (left.kind === "moment" || right.kind === "moment") {
    const [a, b] = [momentOf(left, setting), momentOf(right, setting)];
    return a !== null && b !== null && holdsFor(a - b, operator);
  }
  if (left.kind === "stage" || right.kind === "stage") {
    const [a, b] = [stageIndex(left, setting), stageIndex(right, setting)];
    return a !== -1 && b !== -1 && holdsFor(a - b, operator);
  }
  const [a, b] = [left.json, right.json];
  if (!isScalar(a) || !isScalar(b) || typeof a !== typeof b) return false;
  // Booleans are equal or not, but none is more than the other.
  if (typeof a === "boolean" && operator !== "=") return false;
  return holdsFor(compareScalars(a, b), operator);
}

const MIRRORED = { "=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;
type Order = keyof typeof MIRRORED;

function holdsFor(difference: number, operator: Order): boolean {
  switch (operator) {
    case "=":
      return difference === 0;
    case "<":
      return difference < 0;
    case "<=":
      return difference <= 0;
    case ">":
      return difference > 0;
    case ">=":
      return difference >= 0;
  }
}

function holdsForDay(moment: number, operator: Order, day: { readonly start: number; readonly end: number }): boolean {
  switch (operator) {
    case "=":
      return moment >= day.start && moment < day.end;
    case "<":
      return moment < day.start;
    case "<=":
      return moment < day.end;
    case ">":
      return moment >= day.end;
    case ">=":
      return moment >= day.start;
  }
}

function stageIndex(value: Value, setting: Setting): number {
  if (value.kind === "stage") return setting.stages.indexOf(value.name);
  return value.kind === "plain" && typeof value.json === "string" ? setting.stages.indexOf(value.json) : -1;
}

/** The comparisons that predicates and filters share; `right` evaluates the right side of `=` and the like. */
export function compares<R>(
  left: Value,
  comparison: ComparisonOf<R>,
  right: (operand: R) => Value,
  setting: Setting,
): boolean {
  switch (comparison.kind) {
    case "binary":
      return holds(left, comparison.operator, right(comparison.right), setting);
    case "in": {
      const isIn = comparison.values.some((value) => holds(left, "=", literalValue(value, setting), setting));
      return isIn !== comparison.not;
    }
    case "between": {
      const isBetween =
        holds(left, ">=", literalValue(comparison.low, setting), setting) &&
        holds(left, "<=", literalValue(comparison.high, setting), setting);
      return isBetween !== comparison.not;
    }
    case "string":
      return textHolds(left, comparison) !== comparison.not;
    case "set":
      return (left.kind !== "missing") !== comparison.not;
  }
}

function textHolds(left: Value, comparison: ComparisonOf<never> & { readonly kind: "string" }): boolean {
  const found = left.kind === "stage" ? left.name : left.kind === "plain" ? left.json : null;
  const fold = (text: string): string => (comparison.ignoringCase ? text.toLowerCase() : text);
  const wanted = fold(comparison.text.text);
  if (Array.isArray(found) && comparison.operator === "contains") {
    return found.some((element: Json) => typeof element === "string" && compareCodePoints(fold(element), wanted) === 0);
  }
  if (typeof found !== "string") return false;
  switch (comparison.operator) {
    case "contains":
      return fold(found).includes(wanted);
    case "starts with":
      return fold(found).startsWith(wanted);
    case "ends with":
      return fold(found).endsWith(wanted);
    case "matches":
      return new RegExp(comparison.text.text, comparison.ignoringCase ? "iu" : "u").test(found);
  }
}
