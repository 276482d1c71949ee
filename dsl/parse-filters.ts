/** `where …`: predicates over the properties of one event. */

import type { EventPath, Filter, Literal } from "./ast.ts";
import {
  acceptSymbol,
  acceptWord,
  atSymbol,
  atWord,
  type Cursor,
  expectSymbol,
  fail,
  failAt,
  nested,
  peek,
  posFrom,
  posOf,
} from "./cursor.ts";
import { shorten } from "./diagnostic.ts";
import { parseLiteral, parsePath, startsLiteral } from "./parse-atoms.ts";
import { parseFilterComparison } from "./parse-comparisons.ts";

export function parseFilter(c: Cursor): Filter {
  const start = peek(c);
  const first = parseConjunction(c);
  if (!atWord(c, "or")) {
    return first;
  }
  const parts = [first];
  while (acceptWord(c, "or")) {
    parts.push(parseConjunction(c));
  }
  return { kind: "or", parts, pos: posFrom(c, start) };
}

function parseConjunction(c: Cursor): Filter {
  const start = peek(c);
  const first = parseNegation(c);
  if (!atWord(c, "and")) {
    return first;
  }
  const parts = [first];
  while (acceptWord(c, "and")) {
    parts.push(parseNegation(c));
  }
  return { kind: "and", parts, pos: posFrom(c, start) };
}

function parseNegation(c: Cursor): Filter {
  const start = peek(c);
  if (acceptWord(c, "not")) {
    const part = nested(c, () => parseNegation(c));
    return { kind: "not", part, pos: posFrom(c, start) };
  }
  if (acceptSymbol(c, "(")) {
    const inner = nested(c, () => parseFilter(c));
    expectSymbol(c, ")");
    return inner;
  }
  return parseTest(c);
}

function parseTest(c: Cursor): Filter {
  const start = peek(c);
  if (start.kind === "word" && start.text === "event" && atSymbol(c, ".", 1)) {
    const hint = `write the property alone: ${shorten(peek(c, 2).text)}`;
    failAt(posOf(start), '"event." is written only on the right side of a comparison', hint);
  }
  if (startsLiteral(c) && start.kind !== "word") {
    const hint = "write the property on the left and the value on the right";
    fail(c, "a property of the event", { hint });
  }
  const left = parsePath(c, "a property of the event");
  const comparison = parseFilterComparison(c, parseRight);
  return { kind: "compare", left, comparison, pos: posFrom(c, start) };
}

function parseRight(c: Cursor): Literal | EventPath {
  const start = peek(c);
  if (start.kind === "word" && start.text === "event" && atSymbol(c, ".", 1)) {
    c.index += 2;
    const path = parsePath(c);
    return { kind: "event path", path, pos: posFrom(c, start) };
  }
  if (start.kind === "word" && !startsLiteral(c)) {
    const word = shorten(start.text);
    fail(c, "a value", { hint: `a text is written in double quotes: "${word}"; another property is event.${word}` });
  }
  return parseLiteral(c);
}
