/**
 * Reads the bodies that nearly all requests have straight from their bytes onto a tape, in two thirds of the time that
 * it takes by way of objects, and from a tape they are sooner in an entry. It knows only ordinary calls: whatever is
 * odd, invalid or refused by a rule makes it give up, and the body is read by `calls.ts`, which alone knows the rules
 * in full. So each rule here may be stricter than there and must never be laxer. Nothing is done with a tape before its
 * whole body has been read.
 */
import { randomUUID } from "node:crypto";
import { isUtf8 } from "node:buffer";
import type { ClockMode } from "../kernel/clock.ts";
import * as callLayout from "../kernel/call-layout.ts";
import type { CallTape } from "../kernel/call-tape.ts";
import * as entrySlots from "../kernel/entry-slots.ts";
import * as eventKinds from "../kernel/event.ts";
import type { Json, JsonObject } from "../kernel/event.ts";
import { LIMITS } from "../kernel/limits.ts";
import { readId, readTimestamp } from "./fields.ts";
import { BYTES_PER_UNIT_MAX, isObject } from "./json.ts";
import * as jsonSigns from "./json-signs.ts";
import {
  after,
  afterAny,
  afterSpace,
  afterValue,
  afterWord,
  anyRead,
  endOfText,
  goesOn,
  isSpace,
  ODD,
  textBits,
} from "./json-cursor.ts";
import * as scanFields from "./scan-fields.ts";
import { afterProperties, hashText, keysHash } from "./scan-properties.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { CALL_ANONYMOUS_ID, CALL_FORM, CALL_KIND, CALL_MESSAGE_ID, CALL_NAME, CALL_USER_ID, TEXT_FROM, TEXT_TO } =
  callLayout;
const { HASH_BITS, mixed, SEED } = entrySlots;
const { ALIAS, GROUP, IDENTIFY, TRACK } = eventKinds;
const { BEYOND_ASCII, CLOSE_BRACE, CLOSE_BRACKET, COLON, ESCAPED, MINUS, NULL, OPEN_BRACE, OPEN_BRACKET, QUOTE, ZERO } =
  jsonSigns;
const {
  ANONYMOUS_ID,
  BATCH,
  CONTEXT,
  EVENT,
  fieldNamed,
  kindNamed,
  MESSAGE_ID,
  NAME,
  ORIGINAL_TIMESTAMP,
  PROPERTIES,
  SENT_AT,
  TIMES,
  TIMESTAMP,
  TITLES,
  TRAITS,
  TYPE,
  USER_ID,
} = scanFields;

export interface ScanRules {
  /** ms since 1970. */
  readonly receivedAt: number;
  readonly clockMode: ClockMode;
  readonly eventBytesMax: number;
  readonly batchEventsMax: number;
}

const NAME_BYTES_MAX = 1_000;
/** Ids from here on, with a letter or 1 to 9 in front, are none of those that name nobody. */
const PLAIN_ID_BYTES_MIN = 10;
const TILDE = 126;

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
  tape.clear(body);
  undated.length = 0;
  // Neither is supported yet, and what they will be is no ordinary event.
  if (kind === GROUP || kind === ALIAS) return false;
  // One look behind the end makes V8 prepare for another at every look: an ordinary body ends with a brace.
  let { length } = body;
  while (length > 0 && isSpace(body[length - 1] as number)) length--;
  if (length === 0 || body[length - 1] !== CLOSE_BRACE) return false;
  try {
    return (kind < 0 ? batch(body, tape, rules) : call(body, 0, tape, rules, kind)) === length;
  } catch {
    // What a rule has refused it will refuse again, where that can be told.
    return false;
  }
}

function batch(bytes: Buffer, tape: CallTape, rules: ScanRules): number {
  let seen = 0;
  let context: JsonObject | null = null;
  let sentAt: Json = null;
  let at = after(bytes, 0, OPEN_BRACE);
  do {
    const nameAt = after(bytes, at, QUOTE);
    at = endOfText(bytes, nameAt);
    const field = fieldNamed(bytes, nameAt, at) & (BATCH | CONTEXT | SENT_AT);
    if ((seen & field) !== 0) throw ODD;
    seen |= field;
    at = afterSpace(bytes, after(bytes, at + 1, COLON));
    if (field === BATCH) at = calls(bytes, at, tape, rules);
    else {
      const from = at;
      at = afterAny(bytes, at);
      if (field === CONTEXT) {
        if ((at - from) * BYTES_PER_UNIT_MAX > rules.eventBytesMax) throw ODD;
        context = contextOf(anyRead);
      } else if (field === SENT_AT) sentAt = anyRead;
    }
    at = afterSpace(bytes, at);
  } while (goesOn(bytes[at++], CLOSE_BRACE));
  if ((seen & BATCH) === 0) throw ODD;
  share(tape, context, sentAt, rules);
  return at;
}

/** Calls of a batch that have an instant and no `sentAt`: the batch's counts, which may come behind them. */
const undated: { readonly call: number; readonly timestamp: Json; readonly originalTimestamp: Json }[] = [];

/** Gives what a batch says for all of its calls to those that don't say it themselves. */
function share(tape: CallTape, context: JsonObject | null, sentAt: Json, rules: ScanRules): void {
  if (context !== null) for (let i = 0; i < tape.count; i++) tape.contexts[i] ??= context;
  if (sentAt === null) return;
  // What is no instant throws here.
  readTimestamp({ sentAt }, undefined, rules.receivedAt, rules.clockMode);
  for (const { call: place, ...given } of undated) {
    tape.timestamps[place] = readTimestamp(given, sentAt, rules.receivedAt, rules.clockMode);
  }
}

function contextOf(value: Json): JsonObject | null {
  if (value === null) return null;
  // Its traits would become the contact's.
  if (!isObject(value) || value["traits"] !== undefined) throw ODD;
  return value;
}

function calls(bytes: Buffer, from: number, tape: CallTape, rules: ScanRules): number {
  let at = afterSpace(bytes, after(bytes, from, OPEN_BRACKET));
  if (bytes[at] === CLOSE_BRACKET) return at + 1;
  do {
    if (tape.count >= rules.batchEventsMax) throw ODD;
    at = afterSpace(bytes, call(bytes, at, tape, rules, -1));
  } while (goesOn(bytes[at++], CLOSE_BRACKET));
  return at;
}

/** Of the call at hand. */
const times: Record<"timestamp" | "originalTimestamp" | "sentAt", Json> = {
  timestamp: null,
  originalTimestamp: null,
  sentAt: null,
};

/** A call; `kindGiven` is -1 where its `type` must say which. Gives the place behind it. */
function call(bytes: Buffer, from: number, tape: CallTape, rules: ScanRules, kindGiven: number): number {
  const row = tape.openCall();
  const rows = tape.calls;
  let kind = kindGiven;
  let seen = 0;
  let context: JsonObject | null = null;
  let propertiesAt = -1;
  let traitsAt = -1;
  let at = after(bytes, from, OPEN_BRACE);
  do {
    const nameAt = after(bytes, at, QUOTE);
    at = endOfText(bytes, nameAt);
    const field = fieldNamed(bytes, nameAt, at);
    if ((seen & field) !== 0) throw ODD;
    seen |= field;
    at = afterSpace(bytes, after(bytes, at + 1, COLON));
    switch (field) {
      case TYPE:
        if (kindGiven < 0) {
          const kindAt = after(bytes, at, QUOTE);
          at = endOfText(bytes, kindAt);
          kind = kindNamed(bytes, kindAt, at++);
        } else at = afterAny(bytes, at);
        break;
      case EVENT:
      case NAME:
        // Which of the two counts depends on the kind; both at once are rare.
        if ((seen & TITLES) === TITLES) throw ODD;
        at = afterText(bytes, at, rows, row + CALL_NAME);
        if (textBytes(rows, row + CALL_NAME) > NAME_BYTES_MAX) throw ODD;
        break;
      case USER_ID:
        at = afterAscii(bytes, at, rows, row + CALL_USER_ID);
        break;
      case ANONYMOUS_ID:
        at = afterAscii(bytes, at, rows, row + CALL_ANONYMOUS_ID);
        break;
      case MESSAGE_ID:
        at = afterAscii(bytes, at, rows, row + CALL_MESSAGE_ID);
        break;
      case TIMESTAMP:
        at = afterAny(bytes, at);
        times.timestamp = anyRead;
        break;
      case ORIGINAL_TIMESTAMP:
        at = afterAny(bytes, at);
        times.originalTimestamp = anyRead;
        break;
      case SENT_AT:
        at = afterAny(bytes, at);
        times.sentAt = anyRead;
        break;
      // Which of these two counts depends on the kind as well, and that may come last.
      case PROPERTIES:
        propertiesAt = at;
        at = kind < 0 || kind === IDENTIFY ? afterValue(bytes, at) : afterProperties(bytes, at, tape);
        break;
      case TRAITS:
        traitsAt = at;
        at = kind === IDENTIFY ? afterProperties(bytes, at, tape) : afterValue(bytes, at);
        break;
      case CONTEXT:
        at = afterAny(bytes, at);
        context = contextOf(anyRead);
        break;
      default:
        at = afterAny(bytes, at);
    }
    at = afterSpace(bytes, at);
  } while (goesOn(bytes[at++], CLOSE_BRACE));
  // JSON text grows by no more than this when it is written anew.
  if ((at - from) * BYTES_PER_UNIT_MAX > rules.eventBytesMax) throw ODD;
  if (kind < 0) throw ODD;
  const others = kind === IDENTIFY ? propertiesAt : traitsAt;
  if (others >= 0) afterAny(bytes, others);
  const own = kind === IDENTIFY ? traitsAt : propertiesAt;
  if (own >= 0 && tape.propertyCount === tape.propertiesFrom(tape.count)) afterProperties(bytes, own, tape);
  let form = mixed(own < 0 ? SEED : keysHash, kind);
  if (isNamed(rows, row, kind, seen)) form = mixed(form, hashText(bytes, rows, row + CALL_NAME));
  rows[row + CALL_FORM] = form & HASH_BITS;
  const hasUser = isId(bytes, rows, row + CALL_USER_ID, "userId");
  const hasAnonymous = isId(bytes, rows, row + CALL_ANONYMOUS_ID, "anonymousId");
  if (!hasUser && !hasAnonymous) throw ODD;
  const messageBytes = textBytes(rows, row + CALL_MESSAGE_ID);
  if (messageBytes > LIMITS.message_id_chars_max) throw ODD;
  if (messageBytes === 0) {
    rows[row + CALL_MESSAGE_ID + TEXT_FROM] = tape.strings.push(randomUUID()) - 1;
    rows[row + CALL_MESSAGE_ID + TEXT_TO] = 0;
  }
  rows[row + CALL_KIND] = kind;
  tape.closeCall((seen & TIMES) === 0 ? rules.receivedAt : timestampOf(seen, tape.count, rules), context);
  return at;
}

/** Whether the call has a name. Takes one away that means nothing for its kind. */
function isNamed(rows: Int32Array, row: number, kind: number, seen: number): boolean {
  const titled = kind === TRACK ? EVENT : kind === IDENTIFY ? 0 : NAME;
  if ((seen & titled) !== 0 && textBytes(rows, row + CALL_NAME) > 0) return true;
  if (kind === TRACK) throw ODD;
  rows[row + CALL_NAME + TEXT_TO] = 0;
  return false;
}

function timestampOf(seen: number, place: number, { receivedAt, clockMode }: ScanRules): number {
  if ((seen & TIMESTAMP) === 0) times.timestamp = null;
  if ((seen & ORIGINAL_TIMESTAMP) === 0) times.originalTimestamp = null;
  if ((seen & SENT_AT) === 0) times.sentAt = null;
  const { timestamp, originalTimestamp, sentAt } = times;
  if (sentAt === null) undated.push({ call: place, timestamp, originalTimestamp });
  return readTimestamp(times, undefined, receivedAt, clockMode);
}

/** Reads a text or null into a row. */
function afterText(bytes: Buffer, from: number, rows: Int32Array, item: number): number {
  if (bytes[from] !== QUOTE) return afterWord(bytes, from, NULL);
  const to = endOfText(bytes, from + 1);
  if (textBits >= ESCAPED) throw ODD;
  rows[item + TEXT_FROM] = from + 1;
  rows[item + TEXT_TO] = to;
  return to + 1;
}

/** Reads an id: ids are hashed by their characters, which only ASCII shows as bytes. */
function afterAscii(bytes: Buffer, from: number, rows: Int32Array, item: number): number {
  const to = afterText(bytes, from, rows, item);
  // Before a null this is about the field's name, which is ASCII.
  if (textBits >= BEYOND_ASCII) throw ODD;
  return to;
}

function textBytes(rows: Int32Array, item: number): number {
  return (rows[item + TEXT_TO] as number) - (rows[item + TEXT_FROM] as number);
}

/** Whether there is an id. Takes one away that names nobody. */
function isId(bytes: Buffer, rows: Int32Array, item: number, field: "userId" | "anonymousId"): boolean {
  const from = rows[item + TEXT_FROM] as number;
  const to = rows[item + TEXT_TO] as number;
  if (to === 0) return false;
  const length = to - from;
  const isPlain = length >= PLAIN_ID_BYTES_MIN && length <= LIMITS.id_chars_max && isPlainStart(bytes[from] ?? 0);
  if (!isPlain && readId({ [field]: bytes.toString("latin1", from, to) }, field) === null) {
    rows[item + TEXT_TO] = 0;
    return false;
  }
  hashText(bytes, rows, item);
  return true;
}

/** Neither a zero nor a dash nor a tilde. */
function isPlainStart(byte: number): boolean {
  return byte !== ZERO && byte !== MINUS && byte !== TILDE;
}
