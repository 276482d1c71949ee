/** Values within calls: their properties, which go onto the tape, and what is not kept. */
import {
  after,
  afterFalse,
  afterNull,
  afterNumber,
  afterSpace,
  afterTrue,
  afterValue,
  endOfText,
  goesOn,
  numberRead,
  textBits,
} from "./json";
import {
  CLOSE_BRACE,
  COLON,
  ESCAPED,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SMALL_F,
  SMALL_N,
  SMALL_T,
  VALUE_COMPLEX,
  VALUE_FALSE,
  VALUE_NULL,
  VALUE_NUMBER,
  VALUE_STRING,
  VALUE_TRUE,
} from "./layout";
import { nestedNumber } from "./nested";
import { unescaped } from "./escapes";
import { odd } from "./outside";
import { hashSeed, mixed, textHash } from "./table";
import {
  addProperty,
  propertyAt,
  propertyCount,
  PROPERTY_BYTES,
  PROPERTY_KEY,
  PROPERTY_TYPE,
  PROPERTY_VALUE,
  TEXT_HASH,
  TEXT_TO,
} from "./tape";

/** Longer names of fields and properties are not ordinary. */
export const KEY_BYTES_MAX: usize = 1_000;
/** More keys in one object are not ordinary; each is compared with those before it. */
const KEYS_MAX: usize = 64;

/** Adds the hash to a text that has none yet. */
export function hashText(item: usize): u32 {
  const hash = textHash(load<u32>(item), load<u32>(item, TEXT_TO));
  store<u32>(item, hash, TEXT_HASH);
  return hash;
}

/** Reads any value that is not kept. */
export function afterAny(from: usize): usize {
  const byte = load<u8>(from);
  switch (byte) {
    case QUOTE: {
      const to = endOfText(from + 1);
      if ((textBits & ESCAPED) !== 0) unescaped(from + 1, to);
      return to + 1;
    }
    case OPEN_BRACE:
    case OPEN_BRACKET: {
      const to = afterValue(from);
      nestedNumber(from, to);
      return to;
    }
    default:
      return afterPlain(from, byte);
  }
}

/** Reads a number, true, false or null. */
function afterPlain(from: usize, byte: u8): usize {
  switch (byte) {
    case SMALL_T:
      return afterTrue(from);
    case SMALL_F:
      return afterFalse(from);
    case SMALL_N:
      return afterNull(from);
    default:
      return afterNumber(from);
  }
}

/** A hash over the keys of the properties read last; the seed where there are none. */
export let keysHash: u64 = 0;

/** Reads an object or null as a call's properties. */
export function afterProperties(from: usize): usize {
  let keys = hashSeed();
  keysHash = keys;
  if (load<u8>(from) !== OPEN_BRACE) return afterNull(from);
  let at = afterSpace(from + 1);
  if (load<u8>(at) === CLOSE_BRACE) return at + 1;
  const first = propertyCount;
  do {
    const keyAt = after(at, QUOTE);
    at = endOfText(keyAt);
    if (at - keyAt > KEY_BYTES_MAX || propertyCount - first === KEYS_MAX) odd();
    const row = addProperty();
    store<u32>(row, keyAt, PROPERTY_KEY);
    store<u32>(row, (textBits & ESCAPED) === 0 ? at : unescaped(keyAt, at), PROPERTY_KEY + TEXT_TO);
    const hash = hashText(row + PROPERTY_KEY);
    // Of equal keys the last would count. Different keys of one hash are rare enough.
    for (let other = propertyAt(first); other < row; other += PROPERTY_BYTES) {
      if (load<u32>(other, PROPERTY_KEY + TEXT_HASH) === hash) odd();
    }
    keys = mixed(keys, hash);
    at = afterSpace(afterProperty(afterSpace(after(at + 1, COLON)), row));
  } while (goesOn(load<u8>(at++), CLOSE_BRACE));
  keysHash = keys;
  return at;
}

/** Reads the value of a property into its row. */
function afterProperty(from: usize, row: usize): usize {
  const byte = load<u8>(from);
  switch (byte) {
    case QUOTE: {
      const to = endOfText(from + 1);
      store<u8>(row, VALUE_STRING, PROPERTY_TYPE);
      store<u32>(row, from + 1, PROPERTY_VALUE);
      store<u32>(row, (textBits & ESCAPED) === 0 ? to : unescaped(from + 1, to), PROPERTY_VALUE + TEXT_TO);
      hashText(row + PROPERTY_VALUE);
      return to + 1;
    }
    case OPEN_BRACE:
    case OPEN_BRACKET: {
      const to = afterValue(from);
      store<u8>(row, VALUE_COMPLEX, PROPERTY_TYPE);
      store<u32>(row, nestedNumber(from, to), PROPERTY_VALUE);
      return to;
    }
    case SMALL_T:
      store<u8>(row, VALUE_TRUE, PROPERTY_TYPE);
      return afterTrue(from);
    case SMALL_F:
      store<u8>(row, VALUE_FALSE, PROPERTY_TYPE);
      return afterFalse(from);
    case SMALL_N:
      store<u8>(row, VALUE_NULL, PROPERTY_TYPE);
      return afterNull(from);
    default: {
      const to = afterNumber(from);
      store<u8>(row, VALUE_NUMBER, PROPERTY_TYPE);
      store<f64>(row, numberRead, PROPERTY_VALUE);
      return to;
    }
  }
}
