/** Which events: kinds of calls, their filters, and the windows of time they are taken from. */

import type { EventSelector, Name, Path, Selector, Window } from "./ast.ts";
import { acceptSymbol, acceptWord, atWord, type Cursor, expectWord, fail, peek, posFrom, posOf } from "./cursor.ts";
import { shorten } from "./diagnostic.ts";
import { nearest } from "./names.ts";
import { parseDate, parseDuration, parsePath } from "./parse-atoms.ts";
import { parseFilter } from "./parse-filters.ts";

const CALLS = ["page", "screen", "identify", "any"] as const;

export function startsEvent(c: Cursor): boolean {
  const { kind, text } = peek(c);
  return kind === "string" || (kind === "word" && CALLS.some((call) => call === text));
}

interface Head {
  readonly kind: EventSelector["kind"];
  readonly name: Name | null;
}

function parseHead(c: Cursor): Head {
  const token = peek(c);
  if (token.kind === "string") {
    c.index++;
    return { kind: "track", name: { text: token.text, pos: posOf(token) } };
  }
  const call = token.kind === "word" ? CALLS.find((word) => word === token.text) : undefined;
  if (call === undefined) {
    const isName = token.kind === "word" && nearest(token.text, CALLS) === null;
    const hint = isName ? `the name of an event is written in double quotes: "${shorten(token.text)}"` : null;
    fail(c, "an event (its name in double quotes, page, screen, identify or any)", { words: CALLS, hint });
  }
  c.index++;
  const named = peek(c);
  if ((call === "page" || call === "screen") && named.kind === "string") {
    c.index++;
    return { kind: call, name: { text: named.text, pos: posOf(named) } };
  }
  return { kind: call, name: null };
}

export function parseEvent(c: Cursor): EventSelector {
  const start = peek(c);
  const { kind, name } = parseHead(c);
  const where = acceptWord(c, "where") ? parseFilter(c) : null;
  return { kind, name, where, pos: posFrom(c, start) };
}

/** An event with, as wanted, a path to one of its properties, a filter and a window. */
export function parseSelector(c: Cursor): Selector {
  const start = peek(c);
  const { kind, name } = parseHead(c);
  const path: Path | null = acceptSymbol(c, ".") ? parsePath(c) : null;
  const where = acceptWord(c, "where") ? parseFilter(c) : null;
  const event: EventSelector = { kind, name, where, pos: posFrom(c, start) };
  const window = startsWindow(c) ? parseWindow(c) : null;
  return { event, path, window, pos: posFrom(c, start) };
}

function startsWindow(c: Cursor): boolean {
  return ["in", "from", "since", "today", "this"].some((word) => atWord(c, word));
}

function parseWindow(c: Cursor): Window {
  const start = peek(c);
  if (acceptWord(c, "in")) {
    const calendar = atWord(c, "this") || atWord(c, "today");
    expectWord(c, "last", ' after "in"', calendar ? 'leave out "in": today, this week, this month, this year' : null);
    const unit = peek(c);
    if (unit.kind === "word" && ["week", "month", "year"].includes(unit.text)) {
      fail(c, "a duration", {
        hint: `write "in last 1 ${unit.text}", or "this ${unit.text}" for that of the calendar`,
      });
    }
    const duration = parseDuration(c);
    return { kind: "last", duration, pos: posFrom(c, start) };
  }
  if (acceptWord(c, "from")) {
    const from = parseDuration(c);
    expectWord(c, "to", ' and a second duration after "from"');
    const to = parseDuration(c);
    expectWord(c, "ago", ' after "from … to …"');
    return { kind: "ago", from, to, pos: posFrom(c, start) };
  }
  if (acceptWord(c, "since")) {
    const date = parseDate(c);
    return { kind: "since", date, pos: posFrom(c, start) };
  }
  if (acceptWord(c, "today")) {
    return { kind: "today", pos: posFrom(c, start) };
  }
  expectWord(c, "this");
  for (const kind of ["week", "month", "year"] as const) {
    if (acceptWord(c, kind)) {
      return { kind, pos: posFrom(c, start) };
    }
  }
  const hint = atWord(c, "day") ? 'write "today"' : null;
  fail(c, 'week, month or year after "this"', { words: ["week", "month", "year"], hint });
}
