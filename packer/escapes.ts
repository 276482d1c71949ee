/** Escapes within texts of JSON (RFC 8259, section 7), replaced in place: what they stand for is never longer. */
import { BACKSLASH, QUOTE, SMALL_F, SMALL_N, SMALL_T, SMALL_U } from "./layout";
import { odd } from "./outside";

const SLASH: u8 = 47;
const SMALL_B: u8 = 98;
const SMALL_R: u8 = 114;
/** U+FFFD, which stands for half of a surrogate pair: no UTF-8 can carry one. */
const REPLACEMENT: u32 = 0xfffd;
/** Behind `\`: `u` and four digits. */
const UNIT_BYTES: usize = 6;

/** Replaces the escapes of the text from `from` to `to`, of which it has one; gives its new end. */
export function unescaped(from: usize, to: usize): usize {
  let at = from;
  let into = from;
  while (at < to) {
    const byte = load<u8>(at);
    if (byte !== BACKSLASH) {
      store<u8>(into++, byte);
      at++;
      continue;
    }
    const escape = load<u8>(at, 1);
    if (escape !== SMALL_U) {
      store<u8>(into++, meantBy(escape));
      at += 2;
      continue;
    }
    let code = unitAt(at + 2);
    at += UNIT_BYTES;
    if ((code & 0xf800) === 0xd800) {
      const low = code < 0xdc00 && load<u8>(at) === BACKSLASH && load<u8>(at, 1) === SMALL_U ? unitAt(at + 2) : 0;
      if ((low & 0xfc00) === 0xdc00) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        at += UNIT_BYTES;
      } else code = REPLACEMENT;
    }
    into = put(code, into);
  }
  return into;
}

function meantBy(escape: u8): u8 {
  switch (escape) {
    case QUOTE:
    case BACKSLASH:
    case SLASH:
      return escape;
    case SMALL_B:
      return 8;
    case SMALL_F:
      return 12;
    case SMALL_N:
      return 10;
    case SMALL_R:
      return 13;
    case SMALL_T:
      return 9;
    default:
      odd();
      return 0;
  }
}

/** The UTF-16 unit that four hexadecimal digits name. */
function unitAt(at: usize): u32 {
  let unit: u32 = 0;
  for (let i: usize = 0; i < 4; i++) {
    const byte = load<u8>(at + i) as u32;
    // Letters in either case are equal but for this bit, which digits have.
    const letter = (byte | 0x20) - 97;
    const digit = byte - 48;
    if (digit < 10) unit = (unit << 4) | digit;
    else if (letter < 6) unit = (unit << 4) | (letter + 10);
    else odd();
  }
  return unit;
}

/** Writes a code point as UTF-8; gives the place behind it. */
function put(code: u32, into: usize): usize {
  if (code < 0x80) {
    store<u8>(into, code);
    return into + 1;
  }
  if (code < 0x800) {
    store<u8>(into, 0xc0 | (code >> 6));
    store<u8>(into, 0x80 | (code & 0x3f), 1);
    return into + 2;
  }
  if (code < 0x10000) {
    store<u8>(into, 0xe0 | (code >> 12));
    store<u8>(into, 0x80 | ((code >> 6) & 0x3f), 1);
    store<u8>(into, 0x80 | (code & 0x3f), 2);
    return into + 3;
  }
  store<u8>(into, 0xf0 | (code >> 18));
  store<u8>(into, 0x80 | ((code >> 12) & 0x3f), 1);
  store<u8>(into, 0x80 | ((code >> 6) & 0x3f), 2);
  store<u8>(into, 0x80 | (code & 0x3f), 3);
  return into + 4;
}
