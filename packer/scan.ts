/**
 * Reads the bodies that nearly all requests have straight from their bytes onto a tape. It knows only ordinary calls:
 * whatever is odd, invalid or refused by a rule makes it give the body up, and it is read by ingest/calls.ts, which alone
 * knows the rules in full. So each rule here may be stricter than there and must never be laxer. Nothing is done with a
 * tape before its whole body has been read.
 */
import { unescaped } from "./escapes";
import { fieldNamed, kindNamed } from "./fields";
import { afterInstant, instantRead, timestampOf } from "./instants";
import {
  after,
  afterNull,
  afterNumber,
  afterSpace,
  afterValue,
  endOfText,
  EXACT_DIGITS,
  goesOn,
  isDigit,
  textBits,
} from "./json";
import {
  ANONYMOUS_ID,
  BATCH,
  BEYOND_ASCII,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  CONTEXT,
  ESCAPED,
  EVENT,
  IDENTIFY,
  MESSAGE_ID,
  MINUS,
  NAME,
  OPEN_BRACE,
  OPEN_BRACKET,
  ORIGINAL_TIMESTAMP,
  PROPERTIES,
  QUOTE,
  SENT_AT,
  TILDE,
  TIMESTAMP,
  TRACK,
  TRAITS,
  TYPE,
  USER_ID,
  ZERO,
} from "./layout";
import { contextNumber, traitsIn } from "./nested";
import { afterMember } from "./nodes";
import { isIdOfSomebody, odd } from "./outside";
import { hashSeed, mixed, textHash } from "./table";
import {
  addCall,
  CALL_ANONYMOUS_ID,
  CALL_CONTEXT,
  CALL_FORM,
  CALL_GIVEN,
  CALL_KIND,
  CALL_MESSAGE_ID,
  CALL_NAME,
  CALL_PROPERTIES_END,
  CALL_SENT_AT,
  CALL_USER_ID,
  callAt,
  callCount,
  propertiesFrom,
  propertyCount,
  TEXT_TO,
} from "./tape";
import { afterAny, afterProperties, hashText, keysHash, KEY_BYTES_MAX } from "./values";

/** What a body may have; set by the host. */
let receivedAt: f64 = 0;
let isWall: bool = true;
let futureMax: f64 = 0;
let eventBytesMax: usize = 0;
let batchEventsMax: u32 = 0;
let idBytesMax: u32 = 0;
let messageIdBytesMax: u32 = 0;

export function setBounds(
  wall: bool,
  futureMsMax: f64,
  eventBytes: u32,
  batchEvents: u32,
  idBytes: u32,
  messageIdBytes: u32,
): void {
  isWall = wall;
  futureMax = futureMsMax;
  eventBytesMax = eventBytes;
  batchEventsMax = batchEvents;
  idBytesMax = idBytes;
  messageIdBytesMax = messageIdBytes;
}

const NAME_BYTES_MAX: usize = 1_000;
/** Ids from here on, with a letter or 1 to 9 in front, are none of those that name nobody. */
const PLAIN_ID_BYTES_MIN: u32 = 10;
/** JSON text grows by no more than this when it is written anew. */
const BYTES_PER_UNIT_MAX: usize = 6;
const TITLES: u32 = EVENT | NAME;

/** Reads a body that has one call of a kind; gives the place behind it. */
export function readCall(from: usize, kind: i32, at: f64): usize {
  receivedAt = at;
  const end = call(from, kind);
  share(0, NaN);
  return end;
}

/** Reads a body that has a batch; gives the place behind it. */
export function readBatch(from: usize, at: f64): usize {
  receivedAt = at;
  let seen: u32 = 0;
  let context: u32 = 0;
  let sentAt: f64 = NaN;
  let place = after(from, OPEN_BRACE);
  do {
    const nameAt = after(place, QUOTE);
    place = endOfText(nameAt);
    const field = nameOfField(nameAt, place) & (BATCH | CONTEXT | SENT_AT);
    if ((seen & field) !== 0) odd();
    seen |= field;
    place = afterSpace(after(place + 1, COLON));
    if (field === BATCH) place = calls(place);
    else if (field === CONTEXT) {
      const begin = place;
      place = afterContext(place);
      if ((place - begin) * BYTES_PER_UNIT_MAX > eventBytesMax) odd();
      context = contextRead;
    } else if (field === SENT_AT) {
      place = afterInstant(place);
      sentAt = instantRead;
    } else place = afterAny(place);
    place = afterSpace(place);
  } while (goesOn(load<u8>(place++), CLOSE_BRACE));
  if ((seen & BATCH) === 0) odd();
  share(context, sentAt);
  return place;
}

/** Gives what a batch says for all of its calls to those that don't say it themselves, and each its instant. */
function share(context: u32, sentAt: f64): void {
  for (let i: u32 = 0; i < callCount; i++) {
    const row = callAt(i);
    if (load<u32>(row, CALL_CONTEXT) === 0) store<u32>(row, context, CALL_CONTEXT);
    const own = load<u32>(row, CALL_CONTEXT);
    if (own !== 0) takeTraits(i, row, traitsIn(own - 1));
    const given = load<f64>(row, CALL_GIVEN);
    const ownSentAt = load<f64>(row, CALL_SENT_AT);
    store<f64>(
      row,
      timestampOf(given, isNaN(ownSentAt) ? sentAt : ownSentAt, receivedAt, isWall, futureMax),
      CALL_GIVEN,
    );
  }
}

/** The traits of a call's context (nodes; 0 for none) are the contact's, as those that identify it are. */
function takeTraits(place: u32, row: usize, traits: usize): void {
  if (traits === 0) return;
  // Traits of both sorts would have to be made one list.
  if (load<u32>(row, CALL_KIND) === IDENTIFY && load<u32>(row, CALL_PROPERTIES_END) > propertiesFrom(place)) odd();
  let form = load<u64>(row, CALL_FORM);
  let key = traits + 5;
  for (let left = load<u32>(traits, 1); left > 0; left--) {
    form = mixed(form, textHash(key + 4, key + 4 + load<u32>(key)));
    key = afterMember(key);
  }
  store<u64>(row, form, CALL_FORM);
}

function calls(from: usize): usize {
  let at = afterSpace(after(from, OPEN_BRACKET));
  if (load<u8>(at) === CLOSE_BRACKET) return at + 1;
  do {
    if (callCount >= batchEventsMax) odd();
    at = afterSpace(call(at, -1));
  } while (goesOn(load<u8>(at++), CLOSE_BRACKET));
  return at;
}

function nameOfField(from: usize, to: usize): u32 {
  if ((textBits & ESCAPED) !== 0 || to - from > KEY_BYTES_MAX) odd();
  return fieldNamed(from, to);
}

/** A call; `kindGiven` is -1 where its `type` must say which. Gives the place behind it. */
function call(from: usize, kindGiven: i32): usize {
  const row = addCall();
  let kind = kindGiven;
  let seen: u32 = 0;
  let timestamp: f64 = NaN;
  let original: f64 = NaN;
  let sentAt: f64 = NaN;
  let propertiesAt: usize = 0;
  let propertiesEnd: usize = 0;
  let traitsAt: usize = 0;
  let traitsEnd: usize = 0;
  const firstProperty = propertyCount;
  let at = after(from, OPEN_BRACE);
  do {
    const nameAt = after(at, QUOTE);
    at = endOfText(nameAt);
    const field = nameOfField(nameAt, at);
    if ((seen & field) !== 0) odd();
    seen |= field;
    at = afterSpace(after(at + 1, COLON));
    switch (field) {
      case TYPE:
        if (kindGiven < 0) {
          const kindAt = after(at, QUOTE);
          at = endOfText(kindAt);
          kind = (kindNamed(kindAt, at++) as i32) - 1;
          if (kind < 0) odd();
        } else at = afterAny(at);
        break;
      case EVENT:
      case NAME:
        // Which of the two counts depends on the kind; both at once are rare.
        if ((seen & TITLES) === TITLES) odd();
        at = afterText(at, row + CALL_NAME, false);
        if (textBytes(row + CALL_NAME) > NAME_BYTES_MAX) odd();
        break;
      case USER_ID:
        at = afterText(at, row + CALL_USER_ID, true);
        break;
      case ANONYMOUS_ID:
        at = afterText(at, row + CALL_ANONYMOUS_ID, true);
        break;
      case MESSAGE_ID:
        at = afterText(at, row + CALL_MESSAGE_ID, true);
        break;
      case TIMESTAMP:
        at = afterInstant(at);
        timestamp = instantRead;
        break;
      case ORIGINAL_TIMESTAMP:
        at = afterInstant(at);
        original = instantRead;
        break;
      case SENT_AT:
        at = afterInstant(at);
        sentAt = instantRead;
        break;
      // Which of these two counts depends on the kind as well, and that may come last.
      case PROPERTIES:
        propertiesAt = at;
        at = kind < 0 || kind === IDENTIFY ? afterValue(at) : afterProperties(at);
        propertiesEnd = at;
        break;
      case TRAITS:
        traitsAt = at;
        at = kind === IDENTIFY ? afterProperties(at) : afterValue(at);
        traitsEnd = at;
        break;
      case CONTEXT:
        at = afterContext(at);
        store<u32>(row, contextRead, CALL_CONTEXT);
        break;
      default:
        at = afterAny(at);
    }
    at = afterSpace(at);
  } while (goesOn(load<u8>(at++), CLOSE_BRACE));
  if ((at - from) * BYTES_PER_UNIT_MAX > eventBytesMax) odd();
  if (kind < 0) odd();
  const isIdentify = kind === IDENTIFY;
  const others = isIdentify ? propertiesAt : traitsAt;
  if (others !== 0 && afterAny(others) !== (isIdentify ? propertiesEnd : traitsEnd)) odd();
  const own = isIdentify ? traitsAt : propertiesAt;
  const isPassedOver = own !== 0 && propertyCount === firstProperty;
  if (isPassedOver && afterProperties(own) !== (isIdentify ? traitsEnd : propertiesEnd)) odd();
  let form = mixed(own === 0 ? hashSeed() : keysHash, kind as u64);
  if (isNamed(row, kind, seen)) form = mixed(form, hashText(row + CALL_NAME));
  store<u64>(row, form, CALL_FORM);
  const hasUser = isId(row + CALL_USER_ID, true);
  const hasAnonymous = isId(row + CALL_ANONYMOUS_ID, false);
  if (!hasUser && !hasAnonymous) odd();
  if (textBytes(row + CALL_MESSAGE_ID) > messageIdBytesMax) odd();
  store<u32>(row, kind, CALL_KIND);
  store<f64>(row, isNaN(timestamp) ? original : timestamp, CALL_GIVEN);
  store<f64>(row, sentAt, CALL_SENT_AT);
  store<u32>(row, propertyCount, CALL_PROPERTIES_END);
  return at;
}

/** Whether the call has a name. Takes one away that means nothing for its kind. */
function isNamed(row: usize, kind: i32, seen: u32): bool {
  const titled = kind === TRACK ? EVENT : kind === IDENTIFY ? 0 : NAME;
  if ((seen & titled) !== 0 && textBytes(row + CALL_NAME) > 0) return true;
  if (kind === TRACK) odd();
  store<u32>(row + CALL_NAME, 0, TEXT_TO);
  return false;
}

/**
 * Reads a text or null into a row. Ids may be whole numbers as well, which are texts as they stand, and must be ASCII: they
 * are hashed by their characters, which only that shows as bytes.
 */
function afterText(from: usize, item: usize, isId: bool): usize {
  const byte = load<u8>(from);
  if (byte !== QUOTE) return isId && isDigit(byte) ? afterWhole(from, item) : afterNull(from);
  const to = endOfText(from + 1);
  let end = to;
  if ((textBits & ESCAPED) !== 0) end = unescaped(from + 1, to);
  if (isId && ((textBits & BEYOND_ASCII) !== 0 || (end !== to && !isAscii(from + 1, end)))) odd();
  store<u32>(item, from + 1);
  store<u32>(item, end, TEXT_TO);
  return to + 1;
}

function afterWhole(from: usize, item: usize): usize {
  const to = afterNumber(from);
  for (let at = from; at < to; at++) if (!isDigit(load<u8>(at))) odd();
  if (to - from > EXACT_DIGITS) odd();
  store<u32>(item, from);
  store<u32>(item, to, TEXT_TO);
  return to;
}

function isAscii(from: usize, to: usize): bool {
  for (let at = from; at < to; at++) if (load<u8>(at) >= 0x80) return false;
  return true;
}

function textBytes(item: usize): u32 {
  return load<u32>(item, TEXT_TO) - load<u32>(item);
}

/** Whether there is an id. Takes one away that names nobody. */
function isId(item: usize, isUser: bool): bool {
  const to = load<u32>(item, TEXT_TO);
  if (to === 0) return false;
  const from = load<u32>(item);
  const length = to - from;
  const first = load<u8>(from);
  const isPlain =
    length >= PLAIN_ID_BYTES_MIN && length <= idBytesMax && first !== ZERO && first !== MINUS && first !== TILDE;
  if (!isPlain && !isIdOfSomebody(from, to, isUser)) {
    store<u32>(item, 0, TEXT_TO);
    return false;
  }
  hashText(item);
  return true;
}

/** The number of the context that was read, plus one; 0 for null. */
let contextRead: u32 = 0;

function afterContext(from: usize): usize {
  contextRead = 0;
  if (load<u8>(from) !== OPEN_BRACE) return afterNull(from);
  const to = afterValue(from);
  contextRead = contextNumber(from, to) + 1;
  return to;
}
