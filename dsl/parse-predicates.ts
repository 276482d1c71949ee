/**
 * Predicates: `and`, `or`, `not`, tests.
 *
 * A parenthesis may hold a predicate or begin an operand, as in `(count("A") + 1) > 3`, and which one shows only
 * inside. So what is in parentheses is read once, as either (`open`), and judged when it is closed: the time stays
 * linear however deep it is nested.
 */

import type { Duration, EventSelector, Operand, Predicate, Test } from "./ast.ts";
import {
  acceptSymbol,
  acceptWord,
  atSymbol,
  atWord,
  type Cursor,
  expectOpening,
  expectSymbol,
  expectWord,
  fail,
  failAt,
  nested,
  peek,
  posFrom,
} from "./cursor.ts";
import { shorten } from "./diagnostic.ts";
import type { Token } from "./lexer.ts";
import { parseDuration, parseLiteral, parseName, startsLiteral } from "./parse-atoms.ts";
import { parseFullComparison } from "./parse-comparisons.ts";
import { parseEvent, parseSelector } from "./parse-events.ts";
import {
  continueOperand,
  expectSelectorEnd,
  FACT_WORDS,
  parseFact,
  parseOperand,
  unknownWordHint,
} from "./parse-operands.ts";

type Parsed = { readonly predicate: Predicate } | { readonly operand: Operand };

const TEST_WORDS = ["in", "has", "did", "abandoned", "known", "not"] as const;

export function parsePredicateAt(c: Cursor): Predicate {
  return predicateOf(c, parseOr(c, false));
}

/** Only an `open` parser may hand back an operand; others have failed by then. */
function predicateOf(c: Cursor, parsed: Parsed): Predicate {
  return "predicate" in parsed ? parsed.predicate : fail(c, "a comparison");
}

function parseOr(c: Cursor, open: boolean): Parsed {
  return parseChain(c, open, "or", parseAnd);
}

function parseAnd(c: Cursor, open: boolean): Parsed {
  return parseChain(c, open, "and", parseNegation);
}

function parseChain(c: Cursor, open: boolean, kind: "and" | "or", part: (c: Cursor, open: boolean) => Parsed): Parsed {
  const start = peek(c);
  const first = part(c, open);
  if ("operand" in first || !atWord(c, kind)) {
    return first;
  }
  const parts = [first.predicate];
  while (acceptWord(c, kind)) {
    parts.push(predicateOf(c, part(c, false)));
  }
  return { predicate: { kind, parts, pos: posFrom(c, start) } };
}

function parseNegation(c: Cursor, open: boolean): Parsed {
  const start = peek(c);
  if (acceptWord(c, "not")) {
    const part = nested(c, () => predicateOf(c, parseNegation(c, false)));
    return { predicate: { kind: "not", part, pos: posFrom(c, start) } };
  }
  if (acceptSymbol(c, "(")) {
    const inner = nested(c, () => parseOr(c, true));
    expectSymbol(c, ")");
    if ("predicate" in inner) {
      return inner;
    }
    return finishComparison(c, open, start, continueOperand(c, start, inner.operand));
  }
  const test = parseWordTest(c);
  if (test !== null) {
    return { predicate: test };
  }
  const operand = parseLeft(c, start);
  return finishComparison(c, open, start, operand);
}

function finishComparison(c: Cursor, open: boolean, start: Token, left: Operand): Parsed {
  if (open && atSymbol(c, ")")) {
    return { operand: left };
  }
  const comparison = parseFullComparison(c, parseOperand);
  return { predicate: { kind: "compare", left, comparison, pos: posFrom(c, start) } };
}

function parseLeft(c: Cursor, start: Token): Operand {
  if (startsLiteral(c)) {
    return continueOperand(c, start, parseLiteral(c));
  }
  const fact = parseFact(c);
  if (fact === null) {
    failCondition(c);
  }
  return continueOperand(c, start, fact);
}

function failCondition(c: Cursor): never {
  const hint = atWord(c, "segment") ? namedHint(c, "in segment", 1) : null;
  fail(c, "a condition", { words: [...TEST_WORDS, ...FACT_WORDS], hint: hint ?? unknownWordHint(c) });
}

/** The test as it is written whole, where its name comes next. */
function namedHint(c: Cursor, words: string, ahead = 0): string | null {
  const { kind, text } = peek(c, ahead);
  return kind === "string" ? `write ${words} ${JSON.stringify(shorten(text))}` : null;
}

/** A test that has a word of its own, or null where an operand comes next. */
function parseWordTest(c: Cursor): Test | null {
  const start = peek(c);
  if (acceptWord(c, "known")) {
    return { kind: "known", pos: posFrom(c, start) };
  }
  if (acceptWord(c, "in")) {
    expectWord(c, "segment", ' after "in"', namedHint(c, "in segment"));
    const segment = parseName(c, "the name of a segment in double quotes");
    return { kind: "in segment", segment, pos: posFrom(c, start) };
  }
  if (acceptWord(c, "has")) {
    expectWord(c, "tag", ' after "has"', namedHint(c, "has tag"));
    const tag = parseName(c, "the name of a tag in double quotes");
    return { kind: "has tag", tag, pos: posFrom(c, start) };
  }
  if (acceptWord(c, "did")) {
    return parseDid(c, start);
  }
  if (acceptWord(c, "abandoned")) {
    return parseAbandoned(c, start);
  }
  return null;
}

function parseDid(c: Cursor, start: Token): Test {
  expectOpening(c, "did");
  const selector = parseSelector(c);
  if (!atWord(c, "then")) {
    expectSelectorEnd(c, start);
    return { kind: "did", selector, pos: posFrom(c, start) };
  }
  if (selector.path !== null) {
    failAt(selector.path.pos, "the events of a sequence have no path", null);
  }
  if (selector.window !== null) {
    const hint = "the window of a sequence comes last: did(… then … within 3 days in last 30 days)";
    failAt(selector.window.pos, "the events of a sequence have no window of their own", hint);
  }
  const events: EventSelector[] = [selector.event];
  while (acceptWord(c, "then")) {
    events.push(parseEvent(c));
  }
  expectWord(c, "within", " and a duration after the last event");
  const within = parseDuration(c);
  const last = parseInLast(c);
  expectSymbol(c, ")", ' to close "did("');
  return { kind: "sequence", events, within, last, pos: posFrom(c, start) };
}

function parseAbandoned(c: Cursor, start: Token): Test {
  expectOpening(c, "abandoned");
  const event = parseEvent(c);
  expectWord(c, "without", " and a second event");
  const without = parseEvent(c);
  expectWord(c, "for", " and a duration");
  const length = parseDuration(c);
  const last = parseInLast(c);
  expectSymbol(c, ")", ' to close "abandoned("');
  return { kind: "abandoned", event, without, for: length, last, pos: posFrom(c, start) };
}

function parseInLast(c: Cursor): Duration | null {
  if (!acceptWord(c, "in")) {
    return null;
  }
  expectWord(c, "last", ' after "in"');
  return parseDuration(c);
}
