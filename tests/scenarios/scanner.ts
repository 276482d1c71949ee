/** Reads one statement of a script piece by piece. What can't be read is told with the file and the line. */
import type { Json, JsonObject } from "../../kernel/event.ts";

export interface Place {
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
}

export interface Scanner {
  readonly place: Place;
  readonly text: string;
  at: number;
}

const WORD = /[A-Za-z][A-Za-z0-9_-]*/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const KEY = /[A-Za-z_][A-Za-z0-9_]*/y;
const ID = /~?[A-Za-z0-9_.@+-]+/y;

export function tell(place: Place, message: string): Error {
  return new Error(`${place.file}:${place.line}: ${message}`);
}

export function scan(place: Place, text: string): Scanner {
  return { place, text, at: 0 };
}

export function fail(s: Scanner, expected: string): never {
  const rest = s.text.slice(s.at).trim();
  throw tell(s.place, `expected ${expected}, found ${rest === "" ? "the end of the line" : rest}`);
}

/** White space and comments. */
const SPACE = /(?:\s|#.*)*/y;

function skipSpace(s: Scanner): void {
  SPACE.lastIndex = s.at;
  s.at += SPACE.exec(s.text)?.[0].length ?? 0;
}

/** What the sticky pattern matches here, past white space; null and nothing taken where it doesn't. */
export function tryPattern(s: Scanner, pattern: RegExp): string | null {
  skipSpace(s);
  pattern.lastIndex = s.at;
  const found = pattern.exec(s.text)?.[0] ?? null;
  if (found !== null) s.at += found.length;
  return found;
}

/** Takes the words where they come next, all of them or none. */
export function tryWords(s: Scanner, words: string): boolean {
  const start = s.at;
  for (const word of words.split(" ")) {
    if (tryPattern(s, WORD) !== word) {
      s.at = start;
      return false;
    }
  }
  return true;
}

export function trySymbol(s: Scanner, symbol: string): boolean {
  skipSpace(s);
  if (!s.text.startsWith(symbol, s.at)) return false;
  s.at += symbol.length;
  return true;
}

export function needSymbol(s: Scanner, symbol: string): void {
  if (!trySymbol(s, symbol)) fail(s, `"${symbol}"`);
}

export function needEnd(s: Scanner): void {
  skipSpace(s);
  if (s.at < s.text.length) fail(s, "the end of the line");
}

export function tryString(s: Scanner): string | null {
  const written = tryPattern(s, STRING);
  if (written === null) return null;
  try {
    return JSON.parse(written) as string;
  } catch {
    throw tell(s.place, `${written} is no text that can be read`);
  }
}

export function needString(s: Scanner, what: string): string {
  return tryString(s) ?? fail(s, `${what} in double quotes`);
}

export function needNumber(s: Scanner, what: string): number {
  const written = tryPattern(s, NUMBER);
  return written === null ? fail(s, what) : Number(written);
}

/** A contact: `u1`, `~visitor`, or anything in quotes. */
export function needContact(s: Scanner): string {
  return tryString(s) ?? tryPattern(s, ID) ?? fail(s, "a contact such as u1 or ~visitor");
}

export function atObject(s: Scanner): boolean {
  skipSpace(s);
  return s.text[s.at] === "{";
}

/** JSON, with keys that may stand without quotes. */
export function needJson(s: Scanner): Json {
  const string = tryString(s);
  if (string !== null) return string;
  const number = tryPattern(s, NUMBER);
  if (number !== null) return Number(number);
  for (const [word, value] of [
    ["true", true],
    ["false", false],
    ["null", null],
  ] as const) {
    if (tryWords(s, word)) return value;
  }
  if (trySymbol(s, "[")) return needList(s);
  if (atObject(s)) return needObject(s);
  return fail(s, "a value");
}

function needList(s: Scanner): Json[] {
  const list: Json[] = [];
  if (trySymbol(s, "]")) return list;
  do list.push(needJson(s));
  while (trySymbol(s, ","));
  needSymbol(s, "]");
  return list;
}

export function needObject(s: Scanner): JsonObject {
  needSymbol(s, "{");
  const entries: [string, Json][] = [];
  if (trySymbol(s, "}")) return {};
  do {
    const key = tryString(s) ?? tryPattern(s, KEY) ?? fail(s, "the name of a property");
    needSymbol(s, ":");
    entries.push([key, needJson(s)]);
  } while (trySymbol(s, ","));
  needSymbol(s, "}");
  return Object.fromEntries(entries);
}
