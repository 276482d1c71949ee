/** An entry under construction: what it holds so far, in rows, and as wide as its columns must be. */
import { Buf, BUF_BYTES, empty } from "./memory";
import { emptySlots, openSlots, Slots, SLOTS_BYTES } from "./table";
import { bytesOf, emptyTexts, openTexts, Texts, TEXTS_BYTES } from "./texts";
import { emptyValues, typesOf, ValueColumns, VALUE_COLUMNS_BYTES } from "./value-columns";

@unmanaged
export class Writer {
  events: u32;
  /** The call of `collect` that has put an event here last. */
  lastCall: u32;
  earliest: f64;
  latest: f64;
  /** Items of the columns, or-ed: as wide as the widest. */
  kinds: u32;
  names: u32;
  contacts: u32;
  anonymousIds: u32;
  seenLo: u32;
  seenHi: u32;
  eventShapes: u32;
  contexts: u32;
  traits: u32;
  contactLo: u32;
  contactHi: u32;
  contactKnown: u32;
  shapes: u32;
  shapeSizes: u32;
  shapeKeyStrings: u32;
  records: u32;
  recordForms: u32;
}

/** A row of an event: u32 each, and its instant as f64. */
export const EVENT_BYTES: usize = 48;
export const EVENT_KIND: usize = 0;
export const EVENT_NAME: usize = 4;
export const EVENT_CONTACT: usize = 8;
export const EVENT_ANONYMOUS_ID: usize = 12;
export const EVENT_SEEN_LO: usize = 16;
export const EVENT_SEEN_HI: usize = 20;
export const EVENT_SHAPE: usize = 24;
export const EVENT_CONTEXT: usize = 28;
export const EVENT_TRAITS: usize = 32;
export const EVENT_TIMESTAMP: usize = 40;
/** A row of a contact: u32 each. */
export const CONTACT_BYTES: usize = 12;
export const CONTACT_LO: usize = 0;
export const CONTACT_HI: usize = 4;
export const CONTACT_KNOWN: usize = 8;
/** A row of a value of a record: its type as u32, and the number that it is or has, as f64 or u32. */
export const RECORD_VALUE_BYTES: usize = 16;
export const RECORD_VALUE: usize = 8;

const MESSAGES: usize = (offsetof<Writer>() + 7) & ~7;
const CONTACTS: usize = MESSAGES + TEXTS_BYTES;
const STRINGS: usize = CONTACTS + TEXTS_BYTES;
const EVENTS: usize = STRINGS + TEXTS_BYTES;
const CONTACT_ROWS: usize = EVENTS + BUF_BYTES;
const SHAPES: usize = CONTACT_ROWS + BUF_BYTES;
const SHAPE_KEYS: usize = SHAPES + BUF_BYTES;
const SHAPE_SLOTS: usize = SHAPE_KEYS + BUF_BYTES;
const VALUES: usize = SHAPE_SLOTS + SLOTS_BYTES;
const RECORD_FORMS: usize = VALUES + VALUE_COLUMNS_BYTES;
const RECORD_VALUES: usize = RECORD_FORMS + BUF_BYTES;
const NESTED_SLOTS: usize = RECORD_VALUES + BUF_BYTES;
export const WRITER_BYTES: usize = NESTED_SLOTS + SLOTS_BYTES;

function bufAt(writer: Writer, offset: usize): Buf {
  return changetype<Buf>(changetype<usize>(writer) + offset);
}
function textsAt(writer: Writer, offset: usize): Texts {
  return changetype<Texts>(changetype<usize>(writer) + offset);
}
function slotsAt(writer: Writer, offset: usize): Slots {
  return changetype<Slots>(changetype<usize>(writer) + offset);
}
export function messagesOf(writer: Writer): Texts {
  return textsAt(writer, MESSAGES);
}
export function contactsOf(writer: Writer): Texts {
  return textsAt(writer, CONTACTS);
}
export function stringsOf(writer: Writer): Texts {
  return textsAt(writer, STRINGS);
}
export function eventsOf(writer: Writer): Buf {
  return bufAt(writer, EVENTS);
}
export function contactRowsOf(writer: Writer): Buf {
  return bufAt(writer, CONTACT_ROWS);
}
export function shapesOf(writer: Writer): Buf {
  return bufAt(writer, SHAPES);
}
export function shapeKeysOf(writer: Writer): Buf {
  return bufAt(writer, SHAPE_KEYS);
}
/** Of the properties of all events. */
export function valuesOf(writer: Writer): ValueColumns {
  return changetype<ValueColumns>(changetype<usize>(writer) + VALUES);
}
export function recordFormsOf(writer: Writer): Buf {
  return bufAt(writer, RECORD_FORMS);
}
export function shapeSlotsOf(writer: Writer): Slots {
  return slotsAt(writer, SHAPE_SLOTS);
}
export function nestedSlotsOf(writer: Writer): Slots {
  return slotsAt(writer, NESTED_SLOTS);
}
export function recordValuesOf(writer: Writer): Buf {
  return bufAt(writer, RECORD_VALUES);
}

/** Opens a writer in zeroed memory. */
export function openWriter(writer: Writer): void {
  openTexts(messagesOf(writer));
  openTexts(contactsOf(writer));
  openTexts(stringsOf(writer));
  openSlots(slotsAt(writer, SHAPE_SLOTS));
  openSlots(slotsAt(writer, NESTED_SLOTS));
  writer.earliest = Infinity;
  writer.latest = -Infinity;
}

export function emptyWriter(writer: Writer): void {
  const lastCall = writer.lastCall;
  memory.fill(changetype<usize>(writer), 0, offsetof<Writer>());
  writer.lastCall = lastCall;
  writer.earliest = Infinity;
  writer.latest = -Infinity;
  emptyTexts(messagesOf(writer));
  emptyTexts(contactsOf(writer));
  emptyTexts(stringsOf(writer));
  emptySlots(slotsAt(writer, SHAPE_SLOTS));
  emptySlots(slotsAt(writer, NESTED_SLOTS));
  for (let at = EVENTS; at <= SHAPE_KEYS; at += BUF_BYTES) empty(bufAt(writer, at));
  emptyValues(valuesOf(writer));
  empty(recordFormsOf(writer));
  empty(recordValuesOf(writer));
}

/** A rough share of the fixed columns in the size of an entry: per event, per contact, per value. */
const EVENT_SHARE: u32 = 22;
const CONTACT_SHARE: u32 = 11;
const VALUE_SHARE: u32 = 6;

/** About how many bytes the entry would have now. */
export function sizeOfEntry(writer: Writer): u32 {
  const contacts = contactsOf(writer);
  const values = typesOf(valuesOf(writer)).end + recordValuesOf(writer).end / RECORD_VALUE_BYTES;
  return (
    writer.events * EVENT_SHARE +
    contacts.count * CONTACT_SHARE +
    (values as u32) * VALUE_SHARE +
    ((bytesOf(messagesOf(writer)).end + bytesOf(contacts).end + bytesOf(stringsOf(writer)).end) as u32)
  );
}
