/**
 * Puts calls of a tape into an entry, one by one; `encode.ts` makes columns of it when it is finished. The layout is that of
 * kernel/entry-layout.ts, which kernel/entry-writer.ts writes from objects.
 */
import {
  CONTACT_BYTES,
  CONTACT_HI,
  CONTACT_KNOWN,
  CONTACT_LO,
  contactRowsOf,
  contactsOf,
  EVENT_ANONYMOUS_ID,
  EVENT_BYTES,
  EVENT_CONTACT,
  EVENT_CONTEXT,
  EVENT_KIND,
  EVENT_NAME,
  EVENT_SEEN_HI,
  EVENT_SEEN_LO,
  EVENT_SHAPE,
  EVENT_TIMESTAMP,
  EVENT_TRAITS,
  eventsOf,
  messagesOf,
  shapeKeysOf,
  stringsOf,
  valuesOf,
  Writer,
} from "./entry";
import { hash64, hashHi, hashLo } from "./ids";
import {
  IDENTIFY,
  TRAITS_ARE_PROPERTIES,
  TRAITS_NONE,
  TRAITS_RECORD,
  VALUE_COMPLEX,
  VALUE_NUMBER,
  VALUE_STRING,
} from "./layout";
import { claim } from "./memory";
import { traitsIn } from "./nested";
import { makeId } from "./outside";
import { contextRecord, recordOf, shapeOf, traitsRecord } from "./records";
import {
  CALL_ANONYMOUS_ID,
  CALL_CONTEXT,
  CALL_GIVEN,
  CALL_KIND,
  CALL_MESSAGE_ID,
  CALL_NAME,
  CALL_PROPERTIES_END,
  CALL_USER_ID,
  callAt,
  propertiesFrom,
  PROPERTY_BYTES,
  PROPERTY_KEY,
  PROPERTY_TYPE,
  PROPERTY_VALUE,
  propertyAt,
  TEXT_HASH,
  TEXT_TO,
} from "./tape";
import { intern, push, Texts } from "./texts";
import { addNumber, addRef, addType } from "./value-columns";

const MADE_ID_BYTES: usize = 36;

/** Adds a call of the tape, whose contact's id and its `hash64` are given. */
export function addEvent(writer: Writer, place: u32, idFrom: usize, idTo: usize, idHash: u32, lo: u32, hi: u32): void {
  const call = callAt(place);
  const row = claim(eventsOf(writer), EVENT_BYTES);
  const strings = stringsOf(writer);
  writer.events++;
  const kind = load<u32>(call, CALL_KIND);
  store<u32>(row, kind, EVENT_KIND);
  writer.kinds |= kind;

  const nameTo = load<u32>(call + CALL_NAME, TEXT_TO);
  const name = nameTo === 0 ? 0 : internItem(strings, call + CALL_NAME) + 1;
  store<u32>(row, name, EVENT_NAME);
  writer.names |= name;

  const timestamp = load<f64>(call, CALL_GIVEN);
  store<f64>(row, timestamp, EVENT_TIMESTAMP);
  if (timestamp < writer.earliest) writer.earliest = timestamp;
  if (timestamp > writer.latest) writer.latest = timestamp;

  const contacts = contactsOf(writer);
  const before = contacts.count;
  const known: u32 = load<u32>(call + CALL_USER_ID, TEXT_TO) !== 0 ? 1 : 0;
  const contact = intern(contacts, idFrom, idTo, idHash);
  if (contact === before) addContact(writer, known, lo, hi);
  store<u32>(row, contact, EVENT_CONTACT);
  writer.contacts |= contact;

  const isAside = known !== 0 && load<u32>(call + CALL_ANONYMOUS_ID, TEXT_TO) !== 0;
  const anonymousId = isAside ? internItem(strings, call + CALL_ANONYMOUS_ID) + 1 : 0;
  store<u32>(row, anonymousId, EVENT_ANONYMOUS_ID);
  writer.anonymousIds |= anonymousId;

  addMessage(writer, call + CALL_MESSAGE_ID, lo, hi);
  store<u32>(row, hashLo, EVENT_SEEN_LO);
  store<u32>(row, hashHi, EVENT_SEEN_HI);
  writer.seenLo |= hashLo;
  writer.seenHi |= hashHi;

  const first = propertiesFrom(place);
  const end = load<u32>(call, CALL_PROPERTIES_END);
  const shape = addProperties(writer, first, end);
  store<u32>(row, shape, EVENT_SHAPE);
  writer.eventShapes |= shape;

  const context = contextRecord(writer, load<u32>(call, CALL_CONTEXT));
  store<u32>(row, context, EVENT_CONTEXT);
  writer.contexts |= context;

  const traits = traitsOf(writer, load<u32>(call, CALL_CONTEXT), kind === IDENTIFY && end > first);
  store<u32>(row, traits, EVENT_TRAITS);
  writer.traits |= traits;
}

function traitsOf(writer: Writer, context: u32, areProperties: bool): u32 {
  if (areProperties) return TRAITS_ARE_PROPERTIES;
  const traits = context === 0 ? 0 : traitsIn(context - 1);
  return traits === 0 ? TRAITS_NONE : traitsRecord(writer, context, traits) + TRAITS_RECORD;
}

function internItem(texts: Texts, item: usize): u32 {
  return intern(texts, load<u32>(item), load<u32>(item, TEXT_TO), load<u32>(item, TEXT_HASH));
}

function addContact(writer: Writer, known: u32, lo: u32, hi: u32): void {
  const row = claim(contactRowsOf(writer), CONTACT_BYTES);
  store<u32>(row, lo, CONTACT_LO);
  store<u32>(row, hi, CONTACT_HI);
  store<u32>(row, known, CONTACT_KNOWN);
  writer.contactLo |= lo;
  writer.contactHi |= hi;
  writer.contactKnown |= known;
}

/** Where an id is made when a call has none. */
const madeId: usize = memory.data(48, 16);

/** Adds a message id and leaves the hash of it with the contact's. */
function addMessage(writer: Writer, item: usize, lo: u32, hi: u32): void {
  let from: usize = load<u32>(item);
  let to: usize = load<u32>(item, TEXT_TO);
  if (to === from) {
    makeId(madeId);
    from = madeId;
    to = madeId + MADE_ID_BYTES;
  }
  hash64(from, to, lo, hi);
  push(messagesOf(writer), from, (to - from) as u32);
}

/** Adds the values of a call's properties; gives the number of their shape. */
function addProperties(writer: Writer, first: u32, end: u32): u32 {
  const size = end - first;
  const strings = stringsOf(writer);
  const keys = claim(shapeKeysOf(writer), size << 2);
  const from = propertyAt(first);
  const to = propertyAt(end);
  for (let row = from, key = keys; row < to; row += PROPERTY_BYTES, key += 4) {
    store<u32>(key, internItem(strings, row + PROPERTY_KEY));
  }
  const shape = shapeOf(writer, size);
  const values = valuesOf(writer);
  for (let row = from; row < to; row += PROPERTY_BYTES) {
    const type = load<u8>(row, PROPERTY_TYPE);
    addType(values, type);
    if (type === VALUE_STRING) addRef(values, internItem(strings, row + PROPERTY_VALUE));
    else if (type === VALUE_NUMBER) addNumber(values, load<f64>(row, PROPERTY_VALUE));
    else if (type === VALUE_COMPLEX) addRef(values, recordOf(writer, load<u32>(row, PROPERTY_VALUE)));
  }
  return shape;
}
