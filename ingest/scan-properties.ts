/** Scans the properties of a call onto a tape. */
import * as callLayout from "../kernel/call-layout.ts";
import type { CallTape } from "../kernel/call-tape.ts";
import * as entryLayout from "../kernel/entry-layout.ts";
import * as entrySlots from "../kernel/entry-slots.ts";
import { textHash } from "../kernel/entry-texts.ts";
import * as jsonSigns from "./json-signs.ts";
import {
  after,
  afterAny,
  afterNumber,
  afterSpace,
  afterWord,
  anyRead,
  decoded,
  endOfText,
  goesOn,
  numberRead,
  ODD,
  textBits,
} from "./json-cursor.ts";
import { KEY_BYTES_MAX } from "./scan-fields.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { PROPERTY_ITEMS, PROPERTY_KEY, PROPERTY_TEXT, PROPERTY_TYPE, TEXT_FROM, TEXT_HASH, TEXT_TO } = callLayout;
const { VALUE_COMPLEX, VALUE_FALSE, VALUE_NULL, VALUE_NUMBER, VALUE_STRING, VALUE_TRUE } = entryLayout;
const { mixed, SEED } = entrySlots;
const { CLOSE_BRACE, COLON, ESCAPED, FALSE, NULL, OPEN_BRACE, OPEN_BRACKET, QUOTE, TRUE } = jsonSigns;

/** More keys in one object are not ordinary; each is compared with those before it. */
const KEYS_MAX = 64;

/** Adds the hash to a text that has none yet. */
export function hashText(bytes: Buffer, rows: Int32Array, item: number): number {
  const hash = textHash(bytes, rows[item + TEXT_FROM] as number, rows[item + TEXT_TO] as number);
  rows[item + TEXT_HASH] = hash;
  return hash;
}

/** A hash over the keys of the properties read last; `SEED` where there are none. */
export let keysHash = SEED;

/** Reads an object or null as a call's properties. */
export function afterProperties(bytes: Buffer, from: number, tape: CallTape): number {
  keysHash = SEED;
  if (bytes[from] !== OPEN_BRACE) return afterWord(bytes, from, NULL);
  let at = afterSpace(bytes, from + 1);
  if (bytes[at] === CLOSE_BRACE) return at + 1;
  const first = tape.propertyCount * PROPERTY_ITEMS;
  const last = first + KEYS_MAX * PROPERTY_ITEMS;
  do {
    const keyAt = after(bytes, at, QUOTE);
    at = endOfText(bytes, keyAt);
    if (textBits >= ESCAPED || at - keyAt > KEY_BYTES_MAX) throw ODD;
    const row = tape.addProperty();
    if (row === last) throw ODD;
    const rows = tape.properties;
    rows[row + PROPERTY_KEY + TEXT_FROM] = keyAt;
    rows[row + PROPERTY_KEY + TEXT_TO] = at;
    const hash = hashText(bytes, rows, row + PROPERTY_KEY);
    // Of equal keys the last would count. Different keys of one hash are rare enough.
    for (let i = first; i < row; i += PROPERTY_ITEMS) if (rows[i + PROPERTY_KEY + TEXT_HASH] === hash) throw ODD;
    keysHash = mixed(keysHash, hash);
    at = afterProperty(bytes, afterSpace(bytes, after(bytes, at + 1, COLON)), tape, row);
    at = afterSpace(bytes, at);
  } while (goesOn(bytes[at++], CLOSE_BRACE));
  return at;
}

/** Reads the value of the property added last. */
function afterProperty(bytes: Buffer, from: number, tape: CallTape, row: number): number {
  const { properties, numbers } = tape;
  const place = tape.propertyCount - 1;
  switch (bytes[from]) {
    case QUOTE: {
      const to = endOfText(bytes, from + 1);
      const isPlain = textBits < ESCAPED;
      properties[row + PROPERTY_TYPE] = VALUE_STRING;
      properties[row + PROPERTY_TEXT + TEXT_FROM] = isPlain
        ? from + 1
        : tape.strings.push(decoded(bytes, from + 1, to)) - 1;
      properties[row + PROPERTY_TEXT + TEXT_TO] = isPlain ? to : 0;
      if (isPlain) hashText(bytes, properties, row + PROPERTY_TEXT);
      return to + 1;
    }
    case OPEN_BRACE:
    case OPEN_BRACKET: {
      const to = afterAny(bytes, from);
      properties[row + PROPERTY_TYPE] = VALUE_COMPLEX;
      numbers[place] = tape.values.push(anyRead) - 1;
      return to;
    }
    case TRUE[0]:
      properties[row + PROPERTY_TYPE] = VALUE_TRUE;
      return afterWord(bytes, from, TRUE);
    case FALSE[0]:
      properties[row + PROPERTY_TYPE] = VALUE_FALSE;
      return afterWord(bytes, from, FALSE);
    case NULL[0]:
      properties[row + PROPERTY_TYPE] = VALUE_NULL;
      return afterWord(bytes, from, NULL);
    default: {
      const to = afterNumber(bytes, from);
      properties[row + PROPERTY_TYPE] = VALUE_NUMBER;
      numbers[place] = numberRead;
      return to;
    }
  }
}
