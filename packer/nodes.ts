/**
 * Takes arrays and objects of JSON apart into nodes: a byte for a value's type, then of a number an f64, of a string its
 * length (u32) and its UTF-8, of an array how many items it has (u32) and these, of an object how many keys (u32) and for
 * each its length (u32), its UTF-8, the size of its value's nodes (u32) and these.
 *
 * What is rare is left to the host: keys given twice, and all that is too deep or too long to be taken here.
 */
import {
  after,
  afterFalse,
  afterNull,
  afterNumber,
  afterSpace,
  afterTrue,
  endOfText,
  numberRead,
  textBits,
} from "./json";
import { unescaped } from "./escapes";
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  ESCAPED,
  NODE_ARRAY,
  NODE_OBJECT,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SMALL_F,
  SMALL_N,
  SMALL_T,
  VALUE_FALSE,
  VALUE_NULL,
  VALUE_NUMBER,
  VALUE_STRING,
  VALUE_TRUE,
} from "./layout";
import { isSame } from "./texts";

/** Below the limits of ingest/json.ts by far. */
const DEPTH_MAX: i32 = 16;
const KEYS_MAX: u32 = 64;
const KEY_BYTES_MAX: u32 = 500;

/** Where the text of the value ends that was taken apart last. */
let textEnd: usize = 0;

/** Nodes of the value with that text, written to `into`: the place behind them; 0 where the host must do it. */
export function writeUsualNodes(from: usize, to: usize, into: usize): usize {
  const end = value(from, into, 0);
  return textEnd === to ? end : 0;
}

function value(from: usize, into: usize, depth: i32): usize {
  const byte = load<u8>(from);
  switch (byte) {
    case QUOTE:
      store<u8>(into, VALUE_STRING);
      return text(from, into + 1);
    case OPEN_BRACE:
      return depth < DEPTH_MAX ? object(from, into, depth + 1) : 0;
    case OPEN_BRACKET:
      return depth < DEPTH_MAX ? array(from, into, depth + 1) : 0;
    case SMALL_T:
      store<u8>(into, VALUE_TRUE);
      textEnd = afterTrue(from);
      return into + 1;
    case SMALL_F:
      store<u8>(into, VALUE_FALSE);
      textEnd = afterFalse(from);
      return into + 1;
    case SMALL_N:
      store<u8>(into, VALUE_NULL);
      textEnd = afterNull(from);
      return into + 1;
    default:
      textEnd = afterNumber(from);
      store<u8>(into, VALUE_NUMBER);
      store<f64>(into, numberRead, 1);
      return into + 9;
  }
}

function text(from: usize, into: usize): usize {
  const to = endOfText(from + 1);
  textEnd = to + 1;
  const at = into + 4;
  const length = to - from - 1;
  // With the quote, at which an escape that is cut off ends.
  memory.copy(at, from + 1, length + 1);
  let end = at + length;
  if ((textBits & ESCAPED) !== 0) end = unescaped(at, end);
  store<u32>(into, (end - at) as u32);
  return end;
}

function array(from: usize, into: usize, depth: i32): usize {
  store<u8>(into, NODE_ARRAY);
  let to = into + 5;
  let count: u32 = 0;
  let at = afterSpace(from + 1);
  if (load<u8>(at) === CLOSE_BRACKET) at++;
  else {
    do {
      to = value(afterSpace(at), to, depth);
      if (to === 0) return 0;
      count++;
      at = afterSpace(textEnd);
    } while (load<u8>(at++) === COMMA);
    if (load<u8>(at - 1) !== CLOSE_BRACKET) return 0;
  }
  store<u32>(into, count, 1);
  textEnd = at;
  return to;
}

function object(from: usize, into: usize, depth: i32): usize {
  store<u8>(into, NODE_OBJECT);
  let to = into + 5;
  let count: u32 = 0;
  let at = afterSpace(from + 1);
  if (load<u8>(at) === CLOSE_BRACE) at++;
  else {
    do {
      const keyAt = afterSpace(at);
      if (load<u8>(keyAt) !== QUOTE || count === KEYS_MAX) return 0;
      const key = to;
      to = text(keyAt, key);
      if (to === 0 || !isUsualKey(into, key, count)) return 0;
      const sizeAt = to;
      const valueAt = sizeAt + 4;
      to = value(afterSpace(after(textEnd, COLON)), valueAt, depth);
      if (to === 0) return 0;
      store<u32>(sizeAt, (to - valueAt) as u32);
      count++;
      at = afterSpace(textEnd);
    } while (load<u8>(at++) === COMMA);
    if (load<u8>(at - 1) !== CLOSE_BRACE) return 0;
  }
  store<u32>(into, count, 1);
  textEnd = at;
  return to;
}

/** Whether a key is none of the `count` before it in its object. */
function isUsualKey(object: usize, key: usize, count: u32): bool {
  const length = load<u32>(key);
  if (length > KEY_BYTES_MAX) return false;
  let other = object + 5;
  for (let left = count; left > 0; left--) {
    if (load<u32>(other) === length && isSame(other + 4, key + 4, length)) return false;
    other = afterMember(other);
  }
  return true;
}

/** From one key of an object to the next. */
export function afterMember(key: usize): usize {
  const value = valueOf(key);
  return value + load<u32>(value - 4);
}

/** The nodes of a key's value. */
export function valueOf(key: usize): usize {
  return key + 8 + load<u32>(key);
}
