/** One declaration of a model, from its first word to its end. */

import type { Action, Declaration, Name, Operand, Path, ScoreOn, TagName, Trigger, Unless } from "./ast.ts";
import {
  acceptSymbol,
  acceptWord,
  advance,
  atSymbol,
  atWord,
  type Cursor,
  DECLARATION_WORDS,
  expectSymbol,
  expectWord,
  fail,
  peek,
  posFrom,
} from "./cursor.ts";
import { shorten } from "./diagnostic.ts";
import type { Token } from "./lexer.ts";
import { nearest } from "./names.ts";
import { parseDuration, parseName, parseNumber, parsePath, parseSigned } from "./parse-atoms.ts";
import { parseEvent, parseSelector, startsEvent } from "./parse-events.ts";
import { parseOperand } from "./parse-operands.ts";
import { parsePredicateAt } from "./parse-predicates.ts";

/** What could have gone on with a sentence that was complete without it. */
const CONTINUING_WORDS = ["and", "or", "where", "in", "from", "since", "unless", "for", "matching"] as const;

export function parseDeclaration(c: Cursor): Declaration {
  const start = peek(c);
  switch (start.kind === "word" ? start.text : "") {
    case "timezone": {
      advance(c);
      const name = parseName(c, "a timezone in double quotes");
      return { kind: "timezone", name, pos: posFrom(c, start) };
    }
    case "rfm": {
      advance(c);
      expectWord(c, "on", ' after "rfm"');
      const selector = parseSelector(c);
      return { kind: "rfm", selector, pos: posFrom(c, start) };
    }
    case "score":
      advance(c);
      return parseScore(c, start);
    case "tag":
      advance(c);
      return parseTag(c, start);
    case "stages":
      advance(c);
      return parseStages(c, start);
    case "stage": {
      advance(c);
      const name = parseName(c, "the name of a stage in double quotes");
      expectWord(c, "when", " after the name of the stage");
      const when = parsePredicateAt(c);
      return { kind: "stage", name, when, pos: posFrom(c, start) };
    }
    case "segment": {
      advance(c);
      const name = parseName(c, "the name of a segment in double quotes");
      expectSymbol(c, "=", " after the name of the segment");
      const predicate = parsePredicateAt(c);
      return { kind: "segment", name, predicate, pos: posFrom(c, start) };
    }
    case "static": {
      advance(c);
      expectWord(c, "segment", ' after "static"');
      const name = parseName(c, "the name of a segment in double quotes");
      const predicate = acceptSymbol(c, "=") ? parsePredicateAt(c) : null;
      return { kind: "static segment", name, predicate, pos: posFrom(c, start) };
    }
    case "value": {
      advance(c);
      const name = parseName(c, "the name of a value in double quotes");
      expectSymbol(c, "=", " after the name of the value");
      const operand = parseValue(c);
      return { kind: "value", name, operand, pos: posFrom(c, start) };
    }
    case "webhook": {
      advance(c);
      const name = parseName(c, "the name of a webhook in double quotes");
      expectSymbol(c, "=", " after the name of the webhook");
      const url = parseName(c, "an address in double quotes");
      return { kind: "webhook", name, url, pos: posFrom(c, start) };
    }
    case "on":
      advance(c);
      return parseAutomation(c, start);
    default:
      if (start.column > 1 && c.index > 0) {
        fail(c, "the end of the declaration", { words: [...DECLARATION_WORDS, ...CONTINUING_WORDS] });
      }
      fail(c, "a declaration (such as score, tag or segment)", { words: DECLARATION_WORDS });
  }
}

const CONDITION_WORDS = ["in", "has", "did", "abandoned", "known", "not"] as const;

/** A value is something that can be compared; people write conditions there too. */
function parseValue(c: Cursor): Operand {
  const hint = "a value is a number, a text or a moment; a condition is declared as a segment";
  if (CONDITION_WORDS.some((word) => atWord(c, word))) {
    fail(c, "a value", { hint });
  }
  const operand = parseOperand(c);
  if (["=", "!=", "<", "<=", ">", ">="].some((operator) => atSymbol(c, operator))) {
    fail(c, "the end of the declaration", { hint });
  }
  return operand;
}

function parseScore(c: Cursor, start: Token): Declaration {
  const points = parseSigned(c);
  if (acceptWord(c, "while")) {
    const predicate = parsePredicateAt(c);
    if (atWord(c, "for")) {
      fail(c, "the end of the declaration", { hint: 'the points of "while" end with its condition' });
    }
    return { kind: "score", points, rule: { kind: "while", predicate }, pos: posFrom(c, start) };
  }
  if (!acceptWord(c, "on")) {
    const hint = atWord(c, "if") || atWord(c, "when") ? 'write "while"' : null;
    fail(c, '"on" and an event or "while" and a condition', { words: ["on", "while"], hint });
  }
  const event = parseEvent(c);
  const unless = atWord(c, "unless") ? parseUnless(c) : null;
  const rule: ScoreOn = { kind: "on", event, unless, for: acceptWord(c, "for") ? parseDuration(c) : null };
  return { kind: "score", points, rule, pos: posFrom(c, start) };
}

function parseUnless(c: Cursor): Unless {
  const start = advance(c);
  const event = parseEvent(c);
  expectWord(c, "within", ' and a duration after "unless" and an event');
  const within = parseDuration(c);
  const matching = acceptWord(c, "matching") ? parsePath(c) : null;
  return { event, within, matching, pos: posFrom(c, start) };
}

function parseTag(c: Cursor, start: Token): Declaration {
  const name = parseTagName(c);
  const points = atSymbol(c, "+") || atSymbol(c, "-") ? parseSigned(c) : null;
  expectWord(c, "on", " and an event");
  const event = parseEvent(c);
  const length = acceptWord(c, "for") ? parseDuration(c) : null;
  return { kind: "tag", name, points, event, for: length, pos: posFrom(c, start) };
}

function parseTagName(c: Cursor): TagName {
  const start = peek(c);
  if (start.kind === "string") {
    const prefix = parseName(c, "the name of a tag");
    const after = peek(c, 1);
    const plus = atSymbol(c, "+") && (after.kind === "word" || after.kind === "quoted");
    if (plus) {
      advance(c);
    }
    return { prefix, path: plus ? parseTagPath(c, 'a property of the event after "+"') : null, pos: posFrom(c, start) };
  }
  const path = parseTagPath(c, "the name of a tag in double quotes or a property of the event");
  return { prefix: null, path, pos: posFrom(c, start) };
}

/** `tag on "X"` lacks its name, while `tag on on "X"` takes it from the property "on". */
function parseTagPath(c: Cursor, expected: string): Path {
  if (atWord(c, "on") && !["on", ".", "[", "+", "-"].includes(peek(c, 1).text)) {
    fail(c, expected);
  }
  return parsePath(c, expected);
}

function parseStages(c: Cursor, start: Token): Declaration {
  const names: Name[] = [];
  do {
    names.push(parseName(c, "the name of a stage in double quotes"));
  } while (acceptSymbol(c, ","));
  return { kind: "stages", names, pos: posFrom(c, start) };
}

function parseAutomation(c: Cursor, start: Token): Declaration {
  const trigger = parseTrigger(c);
  const condition = acceptWord(c, "if") ? parsePredicateAt(c) : null;
  const once = acceptWord(c, "once") ? { per: acceptWord(c, "per") ? parseDuration(c) : null } : null;
  if (!acceptWord(c, "do")) {
    fail(c, '"do" and an action', { words: ["do", "if", "once", "where"] });
  }
  const actions: Action[] = [];
  do {
    actions.push(parseAction(c));
  } while (acceptSymbol(c, ","));
  return { kind: "automation", trigger, if: condition, once, actions, pos: posFrom(c, start) };
}

const TRIGGER_WORDS = ["enter", "leave", "score", "page", "screen", "identify", "any"] as const;

function parseTrigger(c: Cursor): Trigger {
  const start = peek(c);
  if (atWord(c, "enter") || atWord(c, "leave")) {
    const kind = advance(c).text === "enter" ? "enter" : "leave";
    const segment = parseName(c, "the name of a segment in double quotes");
    return { kind, segment, pos: posFrom(c, start) };
  }
  if (acceptWord(c, "score")) {
    expectWord(c, "reaches", ' after "score"');
    const score = parseNumber(c);
    return { kind: "score reaches", score, pos: posFrom(c, start) };
  }
  if (!startsEvent(c)) {
    const isName = start.kind === "word" && nearest(start.text, TRIGGER_WORDS) === null;
    const hint = isName ? `the name of an event is written in double quotes: "${shorten(start.text)}"` : null;
    fail(c, "enter, leave, score reaches or an event", { words: TRIGGER_WORDS, hint });
  }
  const event = parseEvent(c);
  return { kind: "event", event, pos: posFrom(c, start) };
}

function parseAction(c: Cursor): Action {
  const start = peek(c);
  switch (start.kind === "word" ? start.text : "") {
    case "webhook": {
      advance(c);
      const name = parseName(c, "the name of a webhook in double quotes");
      return { kind: "webhook", name, pos: posFrom(c, start) };
    }
    case "tag": {
      advance(c);
      const name = parseName(c, "the name of a tag in double quotes");
      const points = atSymbol(c, "+") || atSymbol(c, "-") ? parseSigned(c) : null;
      return { kind: "tag", name, points, pos: posFrom(c, start) };
    }
    case "untag": {
      advance(c);
      const name = parseName(c, "the name of a tag in double quotes");
      return { kind: "untag", name, pos: posFrom(c, start) };
    }
    case "score": {
      advance(c);
      const points = parseSigned(c);
      return { kind: "score", points, pos: posFrom(c, start) };
    }
    case "stage": {
      advance(c);
      const name = parseName(c, "the name of a stage in double quotes");
      return { kind: "stage", name, pos: posFrom(c, start) };
    }
    case "add":
    case "remove": {
      advance(c);
      const add = start.text === "add";
      expectWord(c, add ? "to" : "from", ` after "${start.text}"`);
      const name = parseName(c, "the name of a static segment in double quotes");
      return { kind: add ? "add to" : "remove from", name, pos: posFrom(c, start) };
    }
    default:
      fail(c, "an action (webhook, tag, untag, score, stage, add to or remove from)", {
        words: ["webhook", "tag", "untag", "score", "stage", "add", "remove"],
      });
  }
}
