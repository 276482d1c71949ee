/** What can be compared and calculated with: facts about a contact, literals, arithmetic. */

import type { AggregateName, Binary, Fact, Operand } from "./ast.ts";
import {
  acceptSymbol,
  atSymbol,
  type Cursor,
  expectOpening,
  expectSymbol,
  fail,
  failAt,
  nested,
  peek,
  posFrom,
  posOf,
} from "./cursor.ts";
import { shorten } from "./diagnostic.ts";
import type { Token } from "./lexer.ts";
import { MAX_OPERATORS } from "./limits.ts";
import { nearest } from "./names.ts";
import { parseLiteral, parseName, parsePath, startsLiteral } from "./parse-atoms.ts";
import { parseSelector } from "./parse-events.ts";

const AGGREGATES: readonly AggregateName[] = ["count", "sum", "avg", "min", "max", "distinct", "first", "last", "most"];
const RFM_PARTS = ["recency", "frequency", "monetary"] as const;
const PLAIN_FACTS = ["score", "stage", "top_tag", "first_seen", "last_seen"] as const;

/** Every word that begins a fact. */
export const FACT_WORDS: readonly string[] = [
  ...AGGREGATES,
  ...PLAIN_FACTS,
  "trait",
  "company",
  "value",
  "rfm",
  "tag",
  "percent",
  "days_to_anniversary",
];

export function parseOperand(c: Cursor): Operand {
  const start = peek(c);
  return continueOperand(c, start, parseFactor(c));
}

/** The rest of an operand whose first factor has been read already. */
export function continueOperand(c: Cursor, start: Token, first: Operand): Operand {
  let left = continueTerm(c, start, first);
  while (atSymbol(c, "+") || atSymbol(c, "-")) {
    const operator = atSymbol(c, "+") ? "+" : "-";
    c.index++;
    const rightStart = peek(c);
    left = binary(c, start, operator, left, continueTerm(c, rightStart, parseFactor(c)));
  }
  return left;
}

function continueTerm(c: Cursor, start: Token, first: Operand): Operand {
  let left = first;
  while (atSymbol(c, "*") || atSymbol(c, "/")) {
    const operator = atSymbol(c, "*") ? "*" : "/";
    c.index++;
    left = binary(c, start, operator, left, parseFactor(c));
  }
  return left;
}

function binary(c: Cursor, start: Token, operator: Binary["operator"], left: Operand, right: Operand): Binary {
  const height = Math.max(c.heights.get(left) ?? 0, c.heights.get(right) ?? 0) + 1;
  const made: Binary = { kind: "binary", operator, left, right, pos: posFrom(c, start) };
  if (height > MAX_OPERATORS) {
    const pos = { ...made.pos, length: 1 };
    failAt(pos, `this calculation has more than ${MAX_OPERATORS} operators in a row`, "split it into several values");
  }
  c.heights.set(made, height);
  return made;
}

function parseFactor(c: Cursor): Operand {
  if (acceptSymbol(c, "(")) {
    const inner = nested(c, () => parseOperand(c));
    expectSymbol(c, ")");
    return inner;
  }
  if (startsLiteral(c)) {
    return parseLiteral(c);
  }
  const fact = parseFact(c);
  if (fact === null) {
    fail(c, "a value", { words: FACT_WORDS, hint: unknownWordHint(c) });
  }
  return fact;
}

/** Words that nobody writes for a trait. */
const RESERVED = [...FACT_WORDS, "known", "abandoned", "has", "did", "and", "or", "true", "false"];

/** What other languages call the aggregates. */
const SYNONYMS: Readonly<Record<string, AggregateName>> = {
  total: "sum",
  average: "avg",
  mean: "avg",
  minimum: "min",
  smallest: "min",
  lowest: "min",
  maximum: "max",
  largest: "max",
  highest: "max",
  unique: "distinct",
  count_distinct: "distinct",
  earliest: "first",
  latest: "last",
  mode: "most",
  top: "most",
  most_frequent: "most",
};

/** What to write instead of a bare word that is nothing; null where it is nearly a word of the language. */
export function unknownWordHint(c: Cursor): string | null {
  const token = peek(c);
  if (token.kind === "word" && atSymbol(c, "(", 1) && Object.hasOwn(SYNONYMS, token.text)) {
    return `write ${SYNONYMS[token.text] ?? ""}(…)`;
  }
  if (token.kind !== "word" || RESERVED.includes(token.text) || nearest(token.text, RESERVED) !== null) {
    return null;
  }
  const word = shorten(token.text);
  return `a trait is written trait.${word}, a text in double quotes: "${word}"`;
}

/** The fact that begins at the next word, or null where that is none. */
export function parseFact(c: Cursor): Fact | null {
  const start = peek(c);
  if (start.kind !== "word") {
    return null;
  }
  const word = start.text;
  const plain = PLAIN_FACTS.find((fact) => fact === word);
  if (plain !== undefined) {
    c.index++;
    return { kind: plain, pos: posFrom(c, start) };
  }
  if (word === "trait" || word === "company") {
    c.index++;
    expectSymbol(c, ".", ` and a name after "${word}"`);
    const path = parsePath(c, `the name of a ${word === "trait" ? "trait" : "company's trait"}`);
    return { kind: word, path, pos: posFrom(c, start) };
  }
  if (word === "value" || word === "tag" || word === "percent") {
    c.index++;
    expectOpening(c, word, word === "percent" ? 'it takes a name of your choice: percent("spring sale")' : null);
    const name = parseName(
      c,
      word === "percent" ? "a salt in double quotes" : `the name of a ${word} in double quotes`,
    );
    expectSymbol(c, ")");
    const pos = posFrom(c, start);
    return word === "percent" ? { kind: word, salt: name, pos } : { kind: word, name, pos };
  }
  if (word === "rfm") {
    c.index++;
    expectSymbol(c, ".", ' and recency, frequency or monetary after "rfm"');
    const token = peek(c);
    const part = token.kind === "word" ? RFM_PARTS.find((name) => name === token.text) : undefined;
    if (part === undefined) {
      fail(c, 'recency, frequency or monetary after "rfm."', { words: RFM_PARTS });
    }
    c.index++;
    return { kind: "rfm", part, pos: posFrom(c, start) };
  }
  if (word === "days_to_anniversary") {
    c.index++;
    expectOpening(c, word);
    const operand = nested(c, () => parseOperand(c));
    expectSymbol(c, ")");
    return { kind: word, operand, pos: posFrom(c, start) };
  }
  const aggregate = AGGREGATES.find((name) => name === word);
  if (aggregate === undefined) {
    return null;
  }
  c.index++;
  expectOpening(c, word);
  const selector = parseSelector(c);
  expectSelectorEnd(c, start);
  return { kind: "aggregate", function: aggregate, selector, pos: posFrom(c, start) };
}

/** What comes behind a selector by mistake, and how it is written. */
function selectorHint(c: Cursor): string | null {
  const { kind, text } = peek(c);
  if (kind === "symbol" && text === ",") {
    return peek(c, 1).kind === "string"
      ? 'one event stands here: join two with did("A") or did("B"), or with count("A") + count("B")'
      : 'a property of the event stands behind a point: "Order Completed".total';
  }
  if (kind !== "word") {
    return null;
  }
  switch (text) {
    case "where":
      return 'the filter stands before the window: "A" where x = 1 in last 30 days';
    case "last":
    case "within":
    case "for":
      return "a window is written: in last 30 days";
    case "yesterday":
      return "the day up to now is: in last 1 day; the one before it: from 2 days to 1 day ago";
    default:
      return null;
  }
}

/** The `)` behind a selector, or a message that names what else could have come. */
export function expectSelectorEnd(c: Cursor, start: Token): void {
  if (acceptSymbol(c, ")")) {
    return;
  }
  if (atSymbol(c, "[")) {
    failAt(posOf(peek(c)), '"[]" belongs behind a part of a path', null);
  }
  const words = ["where", "in", "from", "since", "today", "this"];
  fail(c, `")" to close "${start.text}("`, { words, hint: selectorHint(c) });
}
