/**
 * Steps over JSON text: each function begins at a place and gives the place behind what it has read, or gives the body up
 * (`odd`) where the text is not as expected, and may do so where it is. Zeros stand behind a body, so nobody gets further.
 */
import {
  BACKSLASH,
  BEYOND_ASCII,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  CR,
  ESCAPED,
  LARGE_E,
  LF,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  PLUS,
  POINT,
  QUOTE,
  SMALL_E,
  SPACE,
  TAB,
  ZERO,
} from "./layout";
import { numberOf, odd } from "./outside";

/** Flags of the text that was read last. */
export let textBits: u32 = 0;

const VECTOR_BYTES: usize = 16;

/** From behind a text's first quote to its last one. */
export function endOfText(from: usize): usize {
  let at = from;
  let bits: u32 = 0;
  for (;;) {
    const bytes = v128.load(at);
    const stops = v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(QUOTE)), i8x16.eq(bytes, i8x16.splat(BACKSLASH))),
      i8x16.lt_u(bytes, i8x16.splat(SPACE)),
    );
    const stop = i8x16.bitmask(stops);
    const beyond = i8x16.bitmask(bytes);
    if (stop === 0) {
      if (beyond !== 0) bits |= BEYOND_ASCII;
      at += VECTOR_BYTES;
      continue;
    }
    const ahead = ctz(stop);
    if ((beyond & ((1 << ahead) - 1)) !== 0) bits |= BEYOND_ASCII;
    at += ahead;
    const byte = load<u8>(at);
    if (byte === QUOTE) break;
    if (byte !== BACKSLASH) odd();
    bits |= ESCAPED;
    at += 2;
  }
  textBits = bits;
  return at;
}

export function isSpace(byte: u8): bool {
  return byte === SPACE || byte === LF || byte === CR || byte === TAB;
}

export function afterSpace(from: usize): usize {
  let at = from;
  while (load<u8>(at) <= SPACE && isSpace(load<u8>(at))) at++;
  return at;
}

/** Behind a byte that must come next. */
export function after(from: usize, byte: u8): usize {
  let at = from;
  if (load<u8>(at) !== byte) {
    at = afterSpace(from);
    if (load<u8>(at) !== byte) odd();
  }
  return at + 1;
}

const TRUE: u32 = 0x65757274;
const FALSE: u32 = 0x65736c61;
const NULL: u32 = 0x6c6c756e;

/** Behind a word of JSON that must stand here, and nothing longer that begins so. */
export function afterTrue(from: usize): usize {
  return afterWord(from, TRUE);
}

export function afterFalse(from: usize): usize {
  // Whoever comes here has seen the first byte.
  return afterWord(from + 1, FALSE);
}

export function afterNull(from: usize): usize {
  return afterWord(from, NULL);
}

function afterWord(from: usize, word: u32): usize {
  if (load<u32>(from) !== word || isPlain(load<u8>(from, 4))) odd();
  return from + 4;
}

/** What numbers and words are made of, and more. */
function isPlain(byte: u8): bool {
  return byte > SPACE && byte !== COMMA && byte !== CLOSE_BRACE && byte !== CLOSE_BRACKET;
}

/** Whether what stands between two items says that another one follows, in what ends with the byte `close`. */
export function goesOn(byte: u8, close: u8): bool {
  if (byte === COMMA) return true;
  if (byte !== close) odd();
  return false;
}

/** Behind a value that begins here; whether it is well-formed is seen when it is read. */
export function afterValue(from: usize): usize {
  let depth: i32 = 0;
  let at = from;
  do {
    const byte = load<u8>(at++);
    if (byte === 0) odd();
    if (byte === QUOTE) at = endOfText(at) + 1;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
    else if (depth === 0) while (isPlain(load<u8>(at))) at++;
  } while (depth > 0);
  return at;
}

/** Digits that a double holds exactly whatever they are, and powers of ten that it does. */
export const EXACT_DIGITS: usize = 15;
const POWERS: StaticArray<f64> = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/** The number that `afterNumber` has read; never a negative zero. */
export let numberRead: f64 = 0;

export function isDigit(byte: u8): bool {
  return ((byte - ZERO) as u8) <= 9;
}

export function afterNumber(from: usize): usize {
  let at = from;
  const isNegative = load<u8>(at) === MINUS;
  if (isNegative) at++;
  const digitsFrom = at;
  let mantissa: u64 = 0;
  while (isDigit(load<u8>(at))) mantissa = mantissa * 10 + ((load<u8>(at++) - ZERO) as u64);
  let digits = at - digitsFrom;
  if (digits === 0 || (digits > 1 && load<u8>(digitsFrom) === ZERO)) odd();
  let fraction: usize = 0;
  if (load<u8>(at) === POINT) {
    const fractionFrom = ++at;
    while (isDigit(load<u8>(at))) mantissa = mantissa * 10 + ((load<u8>(at++) - ZERO) as u64);
    fraction = at - fractionFrom;
    digits += fraction;
    if (fraction === 0) odd();
  }
  const hasExponent = load<u8>(at) === SMALL_E || load<u8>(at) === LARGE_E;
  if (hasExponent) {
    at++;
    if (load<u8>(at) === PLUS || load<u8>(at) === MINUS) at++;
    const exponentFrom = at;
    while (isDigit(load<u8>(at))) at++;
    if (at === exponentFrom) odd();
  }
  // Both are exact up to here, and so the quotient is the nearest double, as it must be.
  if (!hasExponent && digits <= EXACT_DIGITS) {
    const size = fraction === 0 ? (mantissa as f64) : (mantissa as f64) / unchecked(POWERS[fraction as i32]);
    // Adding zero turns a negative zero into a zero: JSON texts of the two differ, no meaning does.
    numberRead = (isNegative ? -size : size) + 0.0;
    return at;
  }
  const exact = numberOf(from, at);
  if (abs(exact) === Infinity) odd();
  numberRead = exact + 0.0;
  return at;
}
