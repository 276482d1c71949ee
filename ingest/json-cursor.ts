/**
 * Steps over JSON text in bytes: each function begins at a place and gives the place behind what it has read, because
 * places in local variables cost less than fields of an object. Each throws `ODD` where the text is not as expected,
 * and may do so where it is.
 */
import type { Json } from "../kernel/event.ts";
import * as jsonSigns from "./json-signs.ts";
import { checkBounds } from "./json.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const {
  TAB,
  LF,
  CR,
  SPACE,
  QUOTE,
  BACKSLASH,
  COMMA,
  MINUS,
  PLUS,
  POINT,
  ZERO,
  NINE,
  OPEN_BRACKET,
  CLOSE_BRACKET,
  OPEN_BRACE,
  CLOSE_BRACE,
  SMALL_E,
  LARGE_E,
  ESCAPED,
} = jsonSigns;

/** One object, because nobody looks at its stack. */
export const ODD = new Error("not an ordinary call");
/** Digits that a double holds exactly whatever they are, and powers of ten that it does. */
const EXACT_DIGITS = 15;
const POWERS = Array.from({ length: 23 }, (_, power) => 10 ** power);

/** Of the text read last: the bits of all its bytes, and flags. */
export let textBits = 0;

/** From behind a text's first quote to its last one. */
export function endOfText(bytes: Buffer, from: number): number {
  let bits = 0;
  let at = from;
  for (;;) {
    const byte = bytes[at];
    if (byte === QUOTE) break;
    if (byte === undefined || byte < SPACE) throw ODD;
    if (byte === BACKSLASH) {
      bits |= ESCAPED;
      at++;
    }
    bits |= byte;
    at++;
  }
  textBits = bits;
  return at;
}

/** A text between its quotes as the string that it stands for. */
export function decoded(bytes: Buffer, from: number, to: number): string {
  return JSON.parse(bytes.toString("utf8", from - 1, to + 1)) as string;
}

export function afterSpace(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    if (!isSpace(bytes[at] as number)) return at;
    at++;
  }
}

export function isSpace(byte: number): boolean {
  return byte === SPACE || byte === LF || byte === CR || byte === TAB;
}

/** Behind a byte that must come next. */
export function after(bytes: Buffer, from: number, byte: number): number {
  const at = bytes[from] === byte ? from : afterSpace(bytes, from);
  if (bytes[at] !== byte) throw ODD;
  return at + 1;
}

/** Behind `true`, `false` or `null`, which must stand here, and nothing longer that begins so. */
export function afterWord(bytes: Buffer, from: number, word: Buffer): number {
  for (let i = 0; i < word.length; i++) if (bytes[from + i] !== word[i]) throw ODD;
  if (isPlain(bytes[from + word.length])) throw ODD;
  return from + word.length;
}

/** Whether what stands between two items says that another one follows, in what ends with the byte `close`. */
export function goesOn(byte: number | undefined, close: number): boolean {
  if (byte === COMMA) return true;
  if (byte !== close) throw ODD;
  return false;
}

/** Behind a value that begins here; whether it is well-formed is seen when it is read. */
export function afterValue(bytes: Buffer, from: number): number {
  let depth = 0;
  let at = from;
  do {
    const byte = bytes[at++];
    if (byte === undefined) throw ODD;
    if (byte === QUOTE) at = endOfText(bytes, at) + 1;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
    else if (depth === 0) while (isPlain(bytes[at])) at++;
  } while (depth > 0);
  return at;
}

/** What numbers and words are made of, and more. */
function isPlain(byte: number | undefined): boolean {
  return byte !== undefined && byte > SPACE && byte !== COMMA && byte !== CLOSE_BRACE && byte !== CLOSE_BRACKET;
}

/** The value that `afterAny` has read. */
export let anyRead: Json = null;

/** Reads any value the ordinary way, within the bounds of one that lies in a call. */
export function afterAny(bytes: Buffer, from: number): number {
  const to = afterValue(bytes, from);
  const read = JSON.parse(bytes.toString("utf8", from, to)) as Json;
  // Two levels further down than any value that is read here, at most one too many.
  if (typeof read === "object" || typeof read === "number") checkBounds({ a: { a: read } }, Infinity, "");
  anyRead = read;
  return to;
}

/** The number that `afterNumber` has read. */
export let numberRead = 0;

/** A number of JSON. */
export function afterNumber(bytes: Buffer, from: number): number {
  let at = from;
  const isNegative = bytes[at] === MINUS;
  if (isNegative) at++;
  const digitsFrom = at;
  let mantissa = 0;
  while (isDigit(bytes[at])) mantissa = mantissa * 10 + (bytes[at++] ?? 0) - ZERO;
  let digits = at - digitsFrom;
  if (digits === 0 || (digits > 1 && bytes[digitsFrom] === ZERO)) throw ODD;
  let fraction = 0;
  if (bytes[at] === POINT) {
    const fractionFrom = ++at;
    while (isDigit(bytes[at])) mantissa = mantissa * 10 + (bytes[at++] ?? 0) - ZERO;
    fraction = at - fractionFrom;
    digits += fraction;
    if (fraction === 0) throw ODD;
  }
  const hasExponent = bytes[at] === SMALL_E || bytes[at] === LARGE_E;
  if (hasExponent) {
    at++;
    if (bytes[at] === PLUS || bytes[at] === MINUS) at++;
    const exponentFrom = at;
    while (isDigit(bytes[at])) at++;
    if (at === exponentFrom) throw ODD;
  }
  // Both are exact up to here, and so the quotient is the nearest double, as it must be.
  if (!hasExponent && digits <= EXACT_DIGITS) {
    const size = fraction === 0 ? mantissa : mantissa / (POWERS[fraction] ?? 1);
    numberRead = isNegative ? -size : size;
    return at;
  }
  const exact = Number(bytes.toString("latin1", from, at));
  if (!Number.isFinite(exact)) throw ODD;
  numberRead = exact;
  return at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}
