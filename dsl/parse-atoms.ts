/** The smallest things that are written: names, paths, numbers, literals, durations. */

import type { Duration, DurationUnit, Literal, Name, Path, PathPart, SignedNumber, DateLiteral } from "./ast.ts";
import {
  acceptSymbol,
  advance,
  atSymbol,
  type Cursor,
  expectSymbol,
  fail,
  failAt,
  peek,
  posFrom,
  posOf,
} from "./cursor.ts";
import { shorten } from "./diagnostic.ts";
import { type Token, isPlainWord } from "./lexer.ts";
import { MAX_NUMBER } from "./limits.ts";

/** A name in double quotes; `expected` says of what. */
export function parseName(c: Cursor, expected: string): Name {
  const token = peek(c);
  if (token.kind !== "string") {
    const hint = token.kind === "word" ? `names are written in double quotes: "${shorten(token.text)}"` : null;
    fail(c, expected, { hint });
  }
  c.index++;
  return { text: token.text, pos: posOf(token) };
}

/** The parts of a path, after whatever leads to it: `address.city`, `products[].sku`, `` `first-name` ``. */
export function parsePath(c: Cursor, expected = "the name of a property"): Path {
  const start = peek(c);
  const parts: PathPart[] = [];
  do {
    const token = peek(c);
    if (token.kind !== "word" && token.kind !== "quoted") {
      const quotable = token.kind === "string" && isPlainWord(token.text);
      const hint =
        token.kind !== "string"
          ? null
          : quotable
            ? `a path is written without quotes: ${token.text}`
            : `a path stands in back-quotes where it needs any: \`${shorten(token.text)}\``;
      fail(c, expected, { hint });
    }
    c.index++;
    const each = acceptSymbol(c, "[");
    if (each) {
      const numbered = peek(c).kind === "number" ? 'elements have no numbers here: "[]" stands for each of them' : null;
      expectSymbol(c, "]", ' after "["', numbered);
    }
    parts.push({ name: token.text, each });
  } while (acceptSymbol(c, "."));
  return { parts, pos: posFrom(c, start) };
}

/** A number without a sign. */
export function parseNumber(c: Cursor, expected = "a number"): number {
  const token = peek(c);
  if (token.kind !== "number") {
    fail(c, expected, { hint: atSymbol(c, ".") ? "write a digit before the point: 0.5" : null });
  }
  c.index++;
  return numberOf(token);
}

function numberOf(token: Token): number {
  const value = Number(token.text.replaceAll("_", ""));
  if (value > MAX_NUMBER) {
    failAt(posOf(token), `this number is out of range, which ends at ${MAX_NUMBER}`);
  }
  return value;
}

/** A number whose sign is always written, as points are. */
export function parseSigned(c: Cursor): SignedNumber {
  const start = peek(c);
  const negative = atSymbol(c, "-");
  if (!negative && !atSymbol(c, "+")) {
    fail(c, "points with a sign", { hint: start.kind === "number" ? `write +${start.text} or -${start.text}` : null });
  }
  c.index++;
  const value = parseNumber(c, `a number after "${start.text}"`);
  return { value: negative && value !== 0 ? -value : value, pos: posFrom(c, start) };
}

export function startsLiteral(c: Cursor): boolean {
  const { kind, text } = peek(c);
  return (
    kind === "string" ||
    kind === "number" ||
    kind === "date" ||
    (kind === "word" && (text === "true" || text === "false")) ||
    (kind === "symbol" && text === "-")
  );
}

export function parseLiteral(c: Cursor, expected = "a value"): Literal {
  const token = peek(c);
  const pos = posOf(token);
  if (token.kind === "string") {
    c.index++;
    return { kind: "string", value: token.text, pos };
  }
  if (token.kind === "number") {
    c.index++;
    return { kind: "number", value: numberOf(token), pos };
  }
  if (token.kind === "date") {
    return parseDate(c);
  }
  if (token.kind === "word" && (token.text === "true" || token.text === "false")) {
    c.index++;
    return { kind: "boolean", value: token.text === "true", pos };
  }
  if (acceptSymbol(c, "-")) {
    const value = parseNumber(c, 'a number after "-"');
    return { kind: "number", value: value === 0 ? 0 : -value, pos: posFrom(c, token) };
  }
  const hint = token.kind === "word" ? `a text is written in double quotes: "${shorten(token.text)}"` : null;
  fail(c, expected, { hint });
}

/** Whether the date exists is checked later, with everything else that has a meaning. */
export function parseDate(c: Cursor): DateLiteral {
  const token = peek(c);
  if (token.kind !== "date") {
    const hint = token.kind === "string" ? "a date is written without quotes: 2026-01-31" : "such as 2026-01-31";
    fail(c, "a date", { hint });
  }
  c.index++;
  const { text } = token;
  const time = text.indexOf("T");
  const zoned = time !== -1 && /[Z+-]/.test(text.slice(time));
  return { kind: "date", text, wholeDay: time === -1, zoned, pos: posOf(token) };
}

const SECOND = 1000;
const DAY = 86_400 * SECOND;

/** Fixed lengths: a month is 30 days, a year 365. */
export const UNIT_MS: Readonly<Record<DurationUnit, number>> = {
  seconds: SECOND,
  minutes: 60 * SECOND,
  hours: 3600 * SECOND,
  days: DAY,
  weeks: 7 * DAY,
  months: 30 * DAY,
  years: 365 * DAY,
};

/** The plural first: of two words that are as near to a wrong one it is the likelier. */
const UNITS: Readonly<Record<string, DurationUnit>> = {
  seconds: "seconds",
  second: "seconds",
  minutes: "minutes",
  minute: "minutes",
  hours: "hours",
  hour: "hours",
  days: "days",
  day: "days",
  weeks: "weeks",
  week: "weeks",
  months: "months",
  month: "months",
  years: "years",
  year: "years",
};

export function parseDuration(c: Cursor): Duration {
  const start = peek(c);
  if (start.kind !== "number") {
    fail(c, "a duration", { hint: "such as 30 days" });
  }
  if (start.text.includes(".")) {
    failAt(posOf(start), `expected a whole number, found ${shorten(start.text)}`, "choose a smaller unit");
  }
  c.index++;
  const amount = numberOf(start);
  const word = peek(c);
  const unit = word.kind === "word" && Object.hasOwn(UNITS, word.text) ? UNITS[word.text] : undefined;
  if (unit === undefined) {
    fail(c, "seconds, minutes, hours, days, weeks, months or years", { words: Object.keys(UNITS) });
  }
  advance(c);
  return { amount, unit, ms: amount * UNIT_MS[unit], pos: posFrom(c, start) };
}
