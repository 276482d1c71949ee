/**
 * A place in the tokens of a text, moved forward by the parsers, and the way they give up: `fail` throws a
 * `SyntaxProblem`, which the loop over declarations catches, so that it never leaves this folder.
 */

import type { Operand, Pos } from "./ast.ts";
import { diagnosticAt, type Diagnostic, shorten } from "./diagnostic.ts";
import { tokenize, type Token } from "./lexer.ts";
import { MAX_NESTING } from "./limits.ts";
import { didYouMean } from "./names.ts";

/** The words that begin a declaration. */
export const DECLARATION_WORDS: readonly string[] = [
  "timezone",
  "rfm",
  "score",
  "tag",
  "stages",
  "stage",
  "segment",
  "static",
  "value",
  "webhook",
  "on",
];
const DECLARATION_SET: ReadonlySet<string> = new Set(DECLARATION_WORDS);

export interface Cursor {
  readonly tokens: readonly Token[];
  index: number;
  /** Tokens from here on belong to the next declaration. */
  limit: number;
  depth: number;
  /** How many arithmetic operators are stacked up in a `Binary`. */
  readonly heights: WeakMap<Operand, number>;
}

export class SyntaxProblem extends Error {
  readonly diagnostic: Diagnostic;

  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

export function cursorOver(source: string): Cursor {
  const tokens = tokenize(source);
  return { tokens, index: 0, limit: tokens.length - 1, depth: 0, heights: new WeakMap() };
}

export function startsDeclaration(token: Token): boolean {
  return token.kind === "word" && DECLARATION_SET.has(token.text);
}

const NOTHING: Token = {
  kind: "end",
  text: "",
  hint: null,
  start: 0,
  end: 0,
  line: 1,
  column: 1,
  opensLine: true,
};

/** The token `ahead` of the next one; at the limit an `end`. */
export function peek(c: Cursor, ahead = 0): Token {
  const at = c.index + ahead;
  return at < c.limit ? (c.tokens[at] ?? NOTHING) : endToken(c);
}

/** An `end` right behind the last token that was read: there something is missing. */
function endToken(c: Cursor): Token {
  const last = c.tokens[c.limit - 1];
  const next = c.tokens[c.limit] ?? NOTHING;
  if (last === undefined) {
    return next.kind === "end" ? next : { ...NOTHING, line: next.line, column: next.column };
  }
  const column = last.column + last.end - last.start;
  const text = next.kind === "end" ? "" : next.text;
  return { ...NOTHING, text, start: last.end, end: last.end, line: last.line, column, opensLine: false };
}

export function advance(c: Cursor): Token {
  const token = peek(c);
  if (token.kind !== "end") {
    c.index++;
  }
  return token;
}

export function atWord(c: Cursor, word: string, ahead = 0): boolean {
  const token = peek(c, ahead);
  return token.kind === "word" && token.text === word;
}

export function atSymbol(c: Cursor, symbol: string, ahead = 0): boolean {
  const token = peek(c, ahead);
  return token.kind === "symbol" && token.text === symbol;
}

/** Reads the word if it comes next. */
export function acceptWord(c: Cursor, word: string): boolean {
  const found = atWord(c, word);
  if (found) {
    c.index++;
  }
  return found;
}

export function acceptSymbol(c: Cursor, symbol: string): boolean {
  const found = atSymbol(c, symbol);
  if (found) {
    c.index++;
  }
  return found;
}

export function expectWord(c: Cursor, word: string, where = "", hint: string | null = null): void {
  if (!acceptWord(c, word)) {
    fail(c, `"${word}"${where}`, { words: [word], hint });
  }
}

export function expectSymbol(c: Cursor, symbol: string, where = "", hint: string | null = null): void {
  if (!acceptSymbol(c, symbol)) {
    fail(c, `"${symbol}"${where}`, { hint });
  }
}

export interface Expectation {
  /** Words that would have been right; the nearest one to what was found becomes the hint. */
  readonly words?: readonly string[];
  readonly hint?: string | null;
}

/** The "(" of a call; people who leave it out are shown the call whole. */
export function expectOpening(c: Cursor, word: string, hint: string | null = null): void {
  if (!acceptSymbol(c, "(")) {
    const { kind, text } = peek(c);
    const shown = kind === "string" ? `write ${word}(${JSON.stringify(shorten(text))})` : hint;
    fail(c, `"(" after "${word}"`, { hint: shown });
  }
}

/** Gives up at the next token: `expected X, found Y`. A bad token speaks for itself. */
export function fail(c: Cursor, expected: string, more: Expectation = {}): never {
  const token = peek(c);
  if (token.kind === "bad") {
    failAt(posOf(token), token.text, token.hint);
  }
  const hint = dashHint(c) ?? more.hint ?? hintFor(c, token, more.words ?? []);
  failAt(posOf(token), `expected ${expected}, found ${describe(token)}`, hint);
}

export function failAt(pos: Pos, message: string, hint: string | null = null): never {
  throw new SyntaxProblem(diagnosticAt("error", pos, message, hint));
}

function hintFor(c: Cursor, token: Token, words: readonly string[]): string | null {
  if (token.kind === "end" && token.text !== "") {
    const next = c.tokens[c.limit];
    const where = `"${token.text}" at the beginning of line ${next?.line ?? 0}`;
    return `${where} starts a new declaration; indent it if it belongs here`;
  }
  if (token.kind === "word") {
    const near = didYouMean(token.text, words);
    if (near !== null) {
      return words.includes(token.text.toLowerCase()) ? `${near} (keywords are lower case)` : near;
    }
  }
  return null;
}

/** For a name such as `first-name`, without white space: it was hardly meant as a subtraction. */
function dashHint(c: Cursor): string | null {
  const dash = peek(c).text === "-" ? c.index : c.index - 1;
  const [left, minus, right] = c.tokens.slice(Math.max(0, dash - 1), dash + 2);
  const isDashed =
    left?.kind === "word" &&
    minus?.kind === "symbol" &&
    minus.text === "-" &&
    right?.kind === "word" &&
    left.end === minus.start &&
    minus.end === right.start;
  return isDashed ? `a name with "-" in a path is back-quoted: \`${left.text}-${right.text}\`` : null;
}

function describe(token: Token): string {
  switch (token.kind) {
    case "word":
    case "symbol":
      return `"${shorten(token.text)}"`;
    case "quoted":
      return `the path part \`${shorten(token.text)}\``;
    case "string":
      return `the text ${JSON.stringify(shorten(token.text))}`;
    case "number":
      return `the number ${shorten(token.text)}`;
    case "date":
      return `the date ${shorten(token.text)}`;
    case "bad":
      return token.text;
    case "end":
      return token.text === "" ? "the end" : "the next declaration";
  }
}

/** The place of one token; of an `end` one unit behind what was read last. */
export function posOf(token: Token): Pos {
  return { line: token.line, column: token.column, length: Math.max(1, token.end - token.start) };
}

/** From a token to the last one that was read. */
export function posFrom(c: Cursor, start: Token): Pos {
  const last = c.tokens[c.index - 1] ?? start;
  return { line: start.line, column: start.column, length: Math.max(1, last.end - start.start) };
}

/** Runs a parser one level deeper. */
export function nested<T>(c: Cursor, parse: () => T): T {
  if (c.depth >= MAX_NESTING) {
    failAt(
      posOf(peek(c)),
      `this is nested more than ${MAX_NESTING} levels deep`,
      "split it into several segments or values",
    );
  }
  c.depth++;
  const result = parse();
  c.depth--;
  return result;
}
