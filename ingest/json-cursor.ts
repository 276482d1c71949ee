/**
 * A cursor over JSON text in bytes, for one scan at a time: module variables cost less than fields of an object, and a
 * scan is never interrupted. Every function throws `ODD` where the text is not as expected, and may do so where it is.
 */
import type { Json } from "../kernel/event.ts";
import { HASH_BITS, HASH_START, hashByte } from "../kernel/entry-texts.ts";
import { checkBounds } from "./json.ts";

/** One object, because nobody looks at its stack. */
export const ODD = new Error("not an ordinary call");
/** Digits that a double holds exactly whatever they are, and powers of ten that it does. */
const EXACT_DIGITS = 15;
const POWERS = Array.from({ length: 23 }, (_, power) => 10 ** power);

export const QUOTE = 34;
export const BACKSLASH = 92;
export const COMMA = 44;
export const COLON = 58;
export const MINUS = 45;
export const PLUS = 43;
export const POINT = 46;
export const ZERO = 48;
export const NINE = 57;
export const OPEN_BRACKET = 91;
export const CLOSE_BRACKET = 93;
export const OPEN_BRACE = 123;
export const CLOSE_BRACE = 125;
export const SMALL_E = 101;
export const LARGE_E = 69;

/** The text and the place in it. */
export let source: Buffer = Buffer.alloc(0);
export let at = 0;
let end = 0;

export function openText(bytes: Buffer): void {
  source = bytes;
  at = 0;
  end = bytes.length;
}

export function seek(place: number): void {
  at = place;
}

export function isAtEnd(): boolean {
  return at === end;
}

/** The text found last, with its quotes, as the string that it stands for. */
export function decoded(): string {
  return JSON.parse(source.toString("utf8", textFrom - 1, textTo + 1)) as string;
}

/** Reads any value the ordinary way, within the bounds of one that lies in a call. */
export function anyValue(): Json {
  space();
  const from = at;
  skip();
  const read = JSON.parse(source.toString("utf8", from, at)) as Json;
  // Two levels further down than any value that is read here, at most one too many.
  if (typeof read === "object" || typeof read === "number") checkBounds({ a: { a: read } }, Infinity, "");
  return read;
}

/** Passes over a value; whether it is well-formed is seen when it is read. */
export function skip(): void {
  space();
  let depth = 0;
  do {
    if (at >= end) throw ODD;
    const byte = source[at++] ?? 0;
    if (byte === QUOTE) skipText();
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
    else if (depth === 0) {
      while (at < end && !isDelimiter(source[at] ?? 0)) at++;
    }
  } while (depth > 0);
}

function skipText(): void {
  const bytes = source;
  let i = at;
  while (bytes[i] !== QUOTE) {
    if (bytes[i] === BACKSLASH) i++;
    if (++i > end) throw ODD;
  }
  at = i + 1;
}

function isDelimiter(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte <= 32;
}

export let textFrom = 0;
export let textTo = 0;
export let textHashed = 0;
/** All bytes of the text, or-ed. */
export let textBits = 0;
export let hasEscape = false;

/** Reads the text behind a quote, to behind the other one. */
export function text(): void {
  const bytes = source;
  let hash = HASH_START;
  let bits = 0;
  let i = at;
  hasEscape = false;
  for (;;) {
    const byte = bytes[i];
    if (byte === QUOTE) break;
    if (byte === undefined || byte < 32) throw ODD;
    if (byte === BACKSLASH) {
      hasEscape = true;
      i++;
    }
    bits |= byte;
    hash = hashByte(hash, byte);
    i++;
  }
  textFrom = at;
  textTo = i;
  textHashed = hash & HASH_BITS;
  textBits = bits;
  at = i + 1;
}

/** A number of JSON. */
export function number(): number {
  const bytes = source;
  const from = at;
  let i = at;
  const isNegative = bytes[i] === MINUS;
  if (isNegative) i++;
  const digitsFrom = i;
  let mantissa = 0;
  while (isDigit(bytes[i])) mantissa = mantissa * 10 + (bytes[i++] ?? 0) - ZERO;
  let digits = i - digitsFrom;
  if (digits === 0 || (digits > 1 && bytes[digitsFrom] === ZERO)) throw ODD;
  let fraction = 0;
  if (bytes[i] === POINT) {
    const fractionFrom = ++i;
    while (isDigit(bytes[i])) mantissa = mantissa * 10 + (bytes[i++] ?? 0) - ZERO;
    fraction = i - fractionFrom;
    digits += fraction;
    if (fraction === 0) throw ODD;
  }
  const hasExponent = bytes[i] === SMALL_E || bytes[i] === LARGE_E;
  if (hasExponent) {
    i++;
    if (bytes[i] === PLUS || bytes[i] === MINUS) i++;
    const exponentFrom = i;
    while (isDigit(bytes[i])) i++;
    if (i === exponentFrom) throw ODD;
  }
  at = i;
  // Both are exact up to here, and so the quotient is the nearest double, as it must be.
  if (!hasExponent && digits <= EXACT_DIGITS) {
    const size = fraction === 0 ? mantissa : mantissa / (POWERS[fraction] ?? 1);
    return isNegative ? -size : size;
  }
  const exact = Number(bytes.toString("latin1", from, i));
  if (!Number.isFinite(exact)) throw ODD;
  return exact;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

export function literal(wanted: Buffer): void {
  for (let i = 0; i < wanted.length; i++) if (source[at + i] !== wanted[i]) throw ODD;
  at += wanted.length;
}

export function space(): void {
  for (;;) {
    const byte = source[at];
    if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) return;
    at++;
  }
}

/** Passes over a byte that must come next. */
export function expect(byte: number): void {
  space();
  if (source[at] !== byte) throw ODD;
  at++;
}

/** Whether another item follows, in what ends with the byte. */
export function goesOn(close: number): boolean {
  space();
  const byte = source[at++];
  if (byte === COMMA) return true;
  if (byte !== close) throw ODD;
  return false;
}
