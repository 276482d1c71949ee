/** What kind of thing an operand can be, so that comparisons which can never match are found. */

import type { Fact, Operand } from "./ast.ts";
import type { Names } from "./check-names.ts";
import { shorten } from "./diagnostic.ts";
import { printOperand } from "./print.ts";

/** `any` is a trait or a property: known only when it is there, and then one of the others. */
export type Type = "number" | "text" | "boolean" | "moment" | "stage" | "any";

export interface Typed {
  readonly type: Type;
  /** Where a moment is wanted, its text or number is read as one: so it is with all `any`, and with values. */
  readonly readable: boolean;
  readonly literal: boolean;
  readonly operand: Operand;
}

/** A value may be another value; longer chains are not followed. */
const MAX_CHAIN = 50;

export function typeOf(operand: Operand, names: Names): Typed {
  switch (operand.kind) {
    case "binary":
      return { type: "number", readable: false, literal: false, operand };
    case "string":
      return { type: "text", readable: false, literal: true, operand };
    case "number":
    case "boolean":
      return { type: operand.kind, readable: false, literal: true, operand };
    case "date":
      return { type: "moment", readable: true, literal: true, operand };
    default: {
      const type = typeOfFact(operand, names);
      const readable = type === "any" || type === "moment" || operand.kind === "value";
      return { type, readable, literal: false, operand };
    }
  }
}

/** As it was written, shortened, for messages. */
export function show({ operand }: Typed): string {
  return shorten(printOperand(operand));
}

function typeOfFact(fact: Fact, names: Names): Type {
  switch (fact.kind) {
    case "trait":
    case "company":
      return "any";
    case "value":
      return typeOfValue(fact.name.text, names);
    case "score":
    case "rfm":
    case "tag":
    case "percent":
    case "days_to_anniversary":
      return "number";
    case "stage":
      return "stage";
    case "top_tag":
      return "text";
    case "first_seen":
    case "last_seen":
      return "moment";
    case "aggregate":
      switch (fact.function) {
        case "count":
        case "sum":
        case "avg":
        case "min":
        case "max":
        case "distinct":
          return "number";
        case "first":
        case "last":
          return fact.selector.path === null ? "moment" : "any";
        case "most":
          return "any";
      }
  }
}

function typeOfValue(name: string, names: Names): Type {
  let operand = names.values.get(name);
  for (let n = 0; n < MAX_CHAIN && operand?.kind === "value"; n++) {
    operand = names.values.get(operand.name.text);
  }
  return operand === undefined || operand.kind === "value" ? "any" : typeOf(operand, names).type;
}

/** Whether it can stand where a moment is wanted. */
export function isMoment(typed: Typed): boolean {
  const { type, readable } = typed;
  return type === "moment" || type === "any" || (readable && (type === "number" || type === "text"));
}

export const TYPE_NAMES: Readonly<Record<Type, string>> = {
  number: "a number",
  text: "a text",
  boolean: "a yes-or-no value",
  moment: "a moment",
  stage: "the name of a stage",
  any: "of any kind",
};

/** The values that a number can have, where that is known; `max` may be excluded. */
export interface Range {
  readonly min: number;
  readonly max: number;
  readonly excludesMax: boolean;
  readonly integer: boolean;
  readonly canBeMissing: boolean;
}

export function rangeOf(operand: Operand): Range | null {
  switch (operand.kind) {
    case "aggregate":
      return operand.function === "count" || operand.function === "distinct"
        ? { min: 0, max: Infinity, excludesMax: false, integer: true, canBeMissing: false }
        : null;
    case "percent":
      return { min: 0, max: 100, excludesMax: true, integer: false, canBeMissing: false };
    case "rfm":
      return { min: 1, max: 5, excludesMax: false, integer: true, canBeMissing: true };
    case "days_to_anniversary":
      return { min: 0, max: 365, excludesMax: false, integer: true, canBeMissing: true };
    default:
      return null;
  }
}

/** Facts that every contact has. */
export function isAlwaysSet(operand: Operand): boolean {
  switch (operand.kind) {
    case "score":
    case "tag":
    case "percent":
    case "first_seen":
    case "last_seen":
    case "string":
    case "number":
    case "boolean":
    case "date":
      return true;
    case "aggregate":
      return operand.function === "count" || operand.function === "sum" || operand.function === "distinct";
    default:
      return false;
  }
}
