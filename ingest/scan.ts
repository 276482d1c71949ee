/**
 * Reads the bodies that nearly all requests have straight from their bytes onto a tape, several times as fast as by
 * way of objects. It knows only ordinary calls: whatever is odd, invalid or refused by a rule makes it give up, and
 * the body is read by `calls.ts`, which alone knows the rules in full. So each rule here may be stricter than there
 * and must never be laxer. Nothing is done with a tape before its whole body has been read.
 */
import { randomUUID } from "node:crypto";
import { isUtf8 } from "node:buffer";
import type { ClockMode } from "../kernel/clock.ts";
import type { CallTape } from "../kernel/call-tape.ts";

import {
  VALUE_COMPLEX,
  VALUE_FALSE,
  VALUE_NULL,
  VALUE_NUMBER,
  VALUE_STRING,
  VALUE_TRUE,
} from "../kernel/entry-layout.ts";
import { HASH_BITS, HASH_START, hashByte } from "../kernel/entry-texts.ts";
import { ALIAS, GROUP, IDENTIFY, PAGE, SCREEN, TRACK, type Json, type JsonObject } from "../kernel/event.ts";
import { LIMITS } from "../kernel/limits.ts";
import { readId, readTimestamp } from "./fields.ts";
import { BYTES_PER_UNIT_MAX, isObject } from "./json.ts";
import {
  anyValue,
  at,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  decoded,
  expect,
  goesOn,
  hasEscape,
  isAtEnd,
  literal,
  MINUS,
  number,
  ODD,
  OPEN_BRACE,
  OPEN_BRACKET,
  openText,
  QUOTE,
  seek,
  skip,
  source,
  space,
  text,
  textBits,
  textFrom,
  textHashed,
  textTo,
  ZERO,
} from "./json-cursor.ts";

export interface ScanRules {
  /** ms since 1970. */
  readonly receivedAt: number;
  readonly clockMode: ClockMode;
  readonly eventBytesMax: number;
  readonly batchEventsMax: number;
}

/** More keys in one object are not ordinary; each is compared with those before it. */
const KEYS_MAX = 64;
const KEY_BYTES_MAX = 1_000;
const NAME_BYTES_MAX = 1_000;
/** Ids from here on, with a letter or 1 to 9 in front, are none of those that name nobody. */
const PLAIN_ID_BYTES_MIN = 10;
const TRUE = Buffer.from("true");
const FALSE = Buffer.from("false");
const NULL = Buffer.from("null");

/** Fields of a call that mean something. */
const FIELDS = {
  type: 1,
  event: 2,
  name: 4,
  userId: 8,
  anonymousId: 16,
  messageId: 32,
  timestamp: 64,
  originalTimestamp: 128,
  sentAt: 256,
  properties: 512,
  traits: 1024,
  context: 2048,
  batch: 4096,
} as const;
type Field = keyof typeof FIELDS;
const TITLES = FIELDS.event | FIELDS.name;
const TIMES = FIELDS.timestamp | FIELDS.originalTimestamp | FIELDS.sentAt;
const KINDS: ReadonlyMap<string, number> = new Map([
  ["track", TRACK],
  ["identify", IDENTIFY],
  ["page", PAGE],
  ["screen", SCREEN],
]);

/** Scans a body with one call of a kind (TRACK …) onto the tape; false where it isn't ordinary. */
export function scanCall(body: Buffer, kind: number, tape: CallTape, rules: ScanRules): boolean {
  return scan(body, tape, rules, kind);
}

/** Scans a batch onto the tape; false where it isn't ordinary. */
export function scanBatch(body: Buffer, tape: CallTape, rules: ScanRules): boolean {
  return scan(body, tape, rules, -1);
}

function scan(body: Buffer, tape: CallTape, rules: ScanRules, kind: number): boolean {
  // Escapes of surrogates may be halves of pairs.
  if (!isUtf8(body) || body.includes("\\u")) return false;
  openText(body);
  tape.clear(body);
  // Neither is supported yet, and what they will be is no ordinary event.
  if (kind === GROUP || kind === ALIAS) return false;
  try {
    if (kind < 0) batch(tape, rules);
    else call(tape, rules, kind);
    space();
    return isAtEnd();
  } catch {
    // What a rule has refused it will refuse again, where that can be told.
    return false;
  }
}

function batch(tape: CallTape, rules: ScanRules): void {
  let hasBatch = false;
  expect(OPEN_BRACE);
  do {
    const field = fieldName();
    if (field === "batch") {
      if (hasBatch) throw ODD;
      hasBatch = true;
      calls(tape, rules);
    } else if (field === "context" || field === "sentAt") {
      // Shared by all calls.
      throw ODD;
    } else anyValue();
  } while (goesOn(CLOSE_BRACE));
  if (!hasBatch) throw ODD;
}

function calls(tape: CallTape, rules: ScanRules): void {
  expect(OPEN_BRACKET);
  space();
  if (source[at] === CLOSE_BRACKET) {
    seek(at + 1);
    return;
  }
  do {
    if (tape.count >= rules.batchEventsMax) throw ODD;
    call(tape, rules, -1);
  } while (goesOn(CLOSE_BRACKET));
}

/** Where a text was found; there is none where `to` is 0. */
interface Found {
  from: number;
  to: number;
  hash: number;
}
const name: Found = { from: 0, to: 0, hash: 0 };
const userId: Found = { from: 0, to: 0, hash: 0 };
const anonymousId: Found = { from: 0, to: 0, hash: 0 };
const messageId: Found = { from: 0, to: 0, hash: 0 };
const times: Record<"timestamp" | "originalTimestamp" | "sentAt", Json> = {
  timestamp: null,
  originalTimestamp: null,
  sentAt: null,
};

/** A call; `kindGiven` is -1 where its `type` must say which. */
function call(tape: CallTape, rules: ScanRules, kindGiven: number): void {
  space();
  const begun = at;
  let kind = kindGiven;
  let seen = 0;
  let context: JsonObject | null = null;
  let propertiesAt = -1;
  let traitsAt = -1;
  let keysHash = HASH_START;
  name.to = 0;
  userId.to = 0;
  anonymousId.to = 0;
  messageId.to = 0;
  times.timestamp = null;
  times.originalTimestamp = null;
  times.sentAt = null;
  expect(OPEN_BRACE);
  do {
    const field = fieldName();
    if (field === null) {
      anyValue();
      continue;
    }
    if ((seen & FIELDS[field]) !== 0) throw ODD;
    seen |= FIELDS[field];
    switch (field) {
      case "type":
        if (kindGiven < 0) kind = kindNamed();
        else anyValue();
        break;
      case "event":
      case "name":
        // Which of the two counts depends on the kind; both at once are rare.
        if ((seen & TITLES) === TITLES) throw ODD;
        if (textInto(name) > NAME_BYTES_MAX) throw ODD;
        break;
      case "userId":
        asciiInto(userId);
        break;
      case "anonymousId":
        asciiInto(anonymousId);
        break;
      case "messageId":
        asciiInto(messageId);
        break;
      case "timestamp":
      case "originalTimestamp":
      case "sentAt":
        times[field] = anyValue();
        break;
      // Which of these two counts depends on the kind as well, and that may come last.
      case "properties":
      case "traits":
        if (kind < 0) {
          if (field === "traits") traitsAt = at;
          else propertiesAt = at;
          skip();
        } else if ((kind === IDENTIFY) === (field === "traits")) keysHash = properties(tape, keysHash);
        else anyValue();
        break;
      case "context": {
        const value = anyValue();
        if (value === null) break;
        if (!isObject(value) || value["traits"] !== undefined) throw ODD;
        context = value;
        break;
      }
      case "batch":
        anyValue();
        break;
    }
  } while (goesOn(CLOSE_BRACE));
  const finished = at;
  // JSON text grows by no more than this when it is written anew.
  if ((finished - begun) * BYTES_PER_UNIT_MAX > rules.eventBytesMax) throw ODD;
  if (kind < 0) throw ODD;

  let form = hashByte(HASH_START, kind);
  const titled = kind === TRACK ? FIELDS.event : kind === IDENTIFY ? 0 : FIELDS.name;
  if ((seen & titled) === 0 || name.from === name.to) name.to = 0;
  if (kind === TRACK && name.to === 0) throw ODD;
  if (name.to !== 0) form = hashByte(form, name.hash);
  keepIfNamesSomebody(userId, "userId");
  keepIfNamesSomebody(anonymousId, "anonymousId");
  if (userId.to === 0 && anonymousId.to === 0) throw ODD;
  const messageBytes = messageId.to === 0 ? 0 : messageId.to - messageId.from;
  if (messageBytes > LIMITS.message_id_chars_max) throw ODD;
  const timestamp =
    (seen & TIMES) === 0 ? rules.receivedAt : readTimestamp(times, undefined, rules.receivedAt, rules.clockMode);
  const own = kind === IDENTIFY ? traitsAt : propertiesAt;
  const others = kind === IDENTIFY ? propertiesAt : traitsAt;
  if (others >= 0) {
    seek(others);
    anyValue();
  }
  if (own >= 0) {
    seek(own);
    keysHash = properties(tape, keysHash);
  }
  seek(finished);
  form = hashByte(form, keysHash);

  tape.kinds.push(kind);
  tape.names.push(name.from, name.to, name.hash);
  tape.userIds.push(userId.from, userId.to, userId.hash);
  tape.anonymousIds.push(anonymousId.from, anonymousId.to, anonymousId.hash);
  if (messageBytes === 0) tape.messageIds.push(tape.strings.push(randomUUID()) - 1, 0, 0);
  else tape.messageIds.push(messageId.from, messageId.to, messageId.hash);
  tape.timestamps.push(timestamp);
  tape.contexts.push(context);
  tape.forms.push(form & HASH_BITS);
  tape.propertyEnds.push(tape.types.length);
}

function kindNamed(): number {
  expect(QUOTE);
  text();
  const kind = hasEscape ? undefined : KINDS.get(source.toString("latin1", textFrom, textTo));
  if (kind === undefined) throw ODD;
  return kind;
}

/** Reads a text or null; gives its bytes. */
function textInto(into: Found): number {
  space();
  if (source[at] !== QUOTE) {
    literal(NULL);
    return 0;
  }
  seek(at + 1);
  text();
  if (hasEscape) throw ODD;
  into.from = textFrom;
  into.to = textTo;
  into.hash = textHashed;
  return textTo - textFrom;
}

/** Reads a text that is an id: ids are hashed by their characters, which only ASCII shows as bytes. */
function asciiInto(into: Found): void {
  if (textInto(into) > 0 && textBits >= 0x80) throw ODD;
}

/** Takes an id away that names nobody. */
function keepIfNamesSomebody(id: Found, field: "userId" | "anonymousId"): void {
  if (id.to === 0) return;
  const first = source[id.from] ?? 0;
  const bytes = id.to - id.from;
  if (bytes >= PLAIN_ID_BYTES_MIN && bytes <= LIMITS.id_chars_max && isPlainStart(first)) return;
  if (readId({ [field]: source.toString("latin1", id.from, id.to) }, field) === null) id.to = 0;
}

/** Neither a zero nor a dash nor a tilde. */
function isPlainStart(byte: number): boolean {
  return byte !== ZERO && byte !== MINUS && byte !== 126;
}

/** Reads an object or null as a call's properties. Returns the hash with its keys. */
function properties(tape: CallTape, hashBefore: number): number {
  let form = hashBefore;
  space();
  if (source[at] !== OPEN_BRACE) {
    literal(NULL);
    return form;
  }
  seek(at + 1);
  space();
  if (source[at] === CLOSE_BRACE) {
    seek(at + 1);
    return form;
  }
  const { keys, texts, types, numbers } = tape;
  const first = types.length;
  do {
    space();
    expect(QUOTE);
    text();
    if (hasEscape || textTo - textFrom > KEY_BYTES_MAX) throw ODD;
    const place = types.length;
    if (place - first >= KEYS_MAX) throw ODD;
    const { items } = keys.hash;
    // Of equal keys the last would count. Different keys of one hash are rare enough.
    for (let i = first; i < place; i++) if (items[i] === textHashed) throw ODD;
    keys.push(textFrom, textTo, textHashed);
    form = hashByte(form, textHashed);
    expect(COLON);
    space();
    value(tape);
    if (texts.to.length === place) texts.push(0, 0, 0);
    if (numbers.length === place) numbers.push(0);
  } while (goesOn(CLOSE_BRACE));
  return form;
}

function value(tape: CallTape): void {
  const { types, texts, numbers } = tape;
  const byte = source[at] ?? 0;
  switch (byte) {
    case QUOTE:
      seek(at + 1);
      text();
      types.push(VALUE_STRING);
      if (hasEscape) texts.push(tape.strings.push(decoded()) - 1, 0, 0);
      else texts.push(textFrom, textTo, textHashed);
      return;
    case OPEN_BRACE:
    case OPEN_BRACKET:
      types.push(VALUE_COMPLEX);
      numbers.push(tape.values.push(anyValue()) - 1);
      return;
    case TRUE[0]:
      literal(TRUE);
      types.push(VALUE_TRUE);
      return;
    case FALSE[0]:
      literal(FALSE);
      types.push(VALUE_FALSE);
      return;
    case NULL[0]:
      literal(NULL);
      types.push(VALUE_NULL);
      return;
    default:
      types.push(VALUE_NUMBER);
      numbers.push(number());
  }
}

/** Passes over the name of a field and its colon; null for one that means nothing here. */
function fieldName(): Field | null {
  expect(QUOTE);
  text();
  if (hasEscape || textTo - textFrom > KEY_BYTES_MAX) throw ODD;
  expect(COLON);
  const length = textTo - textFrom;
  const names = NAMES[length];
  if (names === undefined) return null;
  for (const one of names) if (isNamed(one)) return one.field;
  return null;
}

interface FieldName {
  readonly field: Field;
  readonly bytes: Buffer;
}

/** By length. */
const NAMES: (FieldName[] | undefined)[] = [];
for (const field of Object.keys(FIELDS) as Field[])
  (NAMES[field.length] ??= []).push({ field, bytes: Buffer.from(field) });

function isNamed({ bytes }: FieldName): boolean {
  for (let i = 0; i < bytes.length; i++) if (source[textFrom + i] !== bytes[i]) return false;
  return true;
}
