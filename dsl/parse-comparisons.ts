/** The part of a test after its left operand: `= 5`, `not in ("a", "b")`, `is set`, `within 3 days`. */

import type { Comparison, ComparisonOf, ComparisonOperator, Literal, Operand, StringOperator } from "./ast.ts";
import {
  acceptSymbol,
  acceptWord,
  atSymbol,
  atWord,
  type Cursor,
  expectSymbol,
  expectWord,
  fail,
  failAt,
  peek,
  posFrom,
  posOf,
} from "./cursor.ts";
import { parseDuration, parseLiteral, parseName } from "./parse-atoms.ts";

const OPERATORS: Readonly<Record<string, ComparisonOperator>> = {
  "=": "=",
  "!=": "!=",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
};

const WORDS = ["in", "between", "contains", "starts", "ends", "matches", "is", "not"] as const;
const MOMENT_WORDS = ["within", "more"] as const;

/** What any left side can be compared with; `right` reads what follows `=` and the like. */
export function parseComparison<R>(c: Cursor, right: (c: Cursor) => R): ComparisonOf<R> {
  const start = peek(c);
  const operator = start.kind === "symbol" && Object.hasOwn(OPERATORS, start.text) ? OPERATORS[start.text] : undefined;
  if (operator !== undefined) {
    c.index++;
    return { kind: "binary", operator, right: right(c), pos: posFrom(c, start) };
  }
  if (acceptWord(c, "is")) {
    const not = acceptWord(c, "not");
    if (!acceptWord(c, "set")) {
      const hint = peek(c).kind === "string" || peek(c).kind === "number" ? `write "=" instead of "is"` : null;
      fail(c, `"set" after "is${not ? " not" : ""}"`, { hint });
    }
    return { kind: "set", not, pos: posFrom(c, start) };
  }
  const not = acceptWord(c, "not");
  if (acceptWord(c, "in")) {
    expectSymbol(c, "(", ' after "in"');
    const values: Literal[] = [];
    do {
      values.push(parseLiteral(c));
    } while (acceptSymbol(c, ","));
    expectSymbol(c, ")", ' or "," in the list');
    return { kind: "in", not, values, pos: posFrom(c, start) };
  }
  if (acceptWord(c, "between")) {
    const low = parseLiteral(c);
    expectWord(c, "and", ' between the two ends of "between"');
    const high = parseLiteral(c);
    return { kind: "between", not, low, high, pos: posFrom(c, start) };
  }
  const operatorWords = parseStringOperator(c);
  if (operatorWords !== null) {
    const text = parseName(c, `a text in double quotes after "${operatorWords}"`);
    const ignoringCase = acceptWord(c, "ignoring");
    if (ignoringCase) {
      expectWord(c, "case", ' after "ignoring"');
    }
    return { kind: "string", operator: operatorWords, not, text, ignoringCase, pos: posFrom(c, start) };
  }
  fail(c, not ? 'in, between, contains, starts, ends or matches after "not"' : "a comparison", {
    words: [...WORDS, ...(not ? [] : MOMENT_WORDS)],
    hint: foreignWord(c),
  });
}

function parseStringOperator(c: Cursor): StringOperator | null {
  if (acceptWord(c, "contains")) {
    return "contains";
  }
  if (acceptWord(c, "matches")) {
    return "matches";
  }
  if (acceptWord(c, "starts")) {
    expectWord(c, "with", ' after "starts"');
    return "starts with";
  }
  if (acceptWord(c, "ends")) {
    expectWord(c, "with", ' after "ends"');
    return "ends with";
  }
  return null;
}

/** Comparisons known from other languages and from speech. */
function foreignWord(c: Cursor): string | null {
  const { kind, text } = peek(c);
  if (kind !== "word") {
    return null;
  }
  switch (text) {
    case "equals":
      return 'write "="';
    case "like":
      return 'write "contains", "starts with", "ends with" or "matches"';
    case "exists":
      return 'write "is set"';
    case "over":
    case "above":
      return 'write ">"';
    case "under":
    case "below":
      return 'write "<"';
    default:
      return null;
  }
}

/** What an operand of a predicate can be compared with: all of the above, and the age of a moment. */
export function parseFullComparison(c: Cursor, right: (c: Cursor) => Operand): Comparison {
  const start = peek(c);
  if (acceptWord(c, "within")) {
    const duration = parseDuration(c);
    return { kind: "within", duration, pos: posFrom(c, start) };
  }
  if (acceptWord(c, "more")) {
    expectWord(c, "than", ' after "more"');
    const duration = parseDuration(c);
    expectWord(c, "ago", ' after "more than" and a duration');
    return { kind: "more than ago", duration, pos: posFrom(c, start) };
  }
  return parseComparison(c, right);
}

/** The comparison of a filter: one that has no use for the present time. */
export function parseFilterComparison<R>(c: Cursor, right: (c: Cursor) => R): ComparisonOf<R> {
  const token = peek(c);
  if (atWord(c, "within") || atWord(c, "more")) {
    const hint = "choose the events by time with a window behind the filter: in last 30 days";
    failAt(posOf(token), `"${token.text}" can't be used in a filter on an event`, hint);
  }
  if (atSymbol(c, "(")) {
    const hint = "put other conditions outside of the event, after and";
    failAt(posOf(token), "a filter looks only at the properties of the event itself", hint);
  }
  return parseComparison(c, right);
}
