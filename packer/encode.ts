/** Turns what a writer holds into the bytes of an entry, as kernel/entry-layout.ts describes them. */
import {
  CHECKED_FROM,
  COLUMNS,
  CONTACTS_ASCII,
  COUNTS,
  ENTRY_MARK,
  ENTRY_VERSION,
  MESSAGES_ASCII,
  STRINGS_ASCII,
  VALUE_COMPLEX,
  VALUE_NUMBER,
  VALUE_STRING,
} from "./layout";
import { Buf, BUF_BYTES, claim, empty } from "./memory";
import { bytesOf, lengthsAt, Texts } from "./texts";
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
  RECORD_VALUE,
  RECORD_VALUE_BYTES,
  recordFormsOf,
  recordValuesOf,
  shapeKeysOf,
  shapesOf,
  stringsOf,
  valuesOf,
  Writer,
} from "./entry";
import {
  addNumber,
  addRef,
  addType,
  bytesIn,
  emptyValues,
  numbersOf,
  refsOf,
  typesOf,
  ValueColumns,
  VALUE_COLUMNS_BYTES,
} from "./value-columns";

/** Timestamps are stored as distances from the earliest while these fit 32 bits. */
const SPAN_MAX: f64 = 0xffff_ffff;
const WIDE: u32 = 8;

/** The entry made last. */
const out = changetype<Buf>(memory.data(BUF_BYTES as i32, 4));
/** The values of records, split. */
const recordColumns = changetype<ValueColumns>(memory.data(VALUE_COLUMNS_BYTES as i32, 4));

/** Where the next byte goes, and where the widths of the columns do. */
let at: usize = 0;
let widthAt: usize = 0;

export function entryAt(): usize {
  return out.at;
}

/** Writes the entry to `entryAt`, but for its checksum; gives how many bytes it has. */
export function encode(writer: Writer, receivedAt: f64): u32 {
  const messages = messagesOf(writer);
  const contacts = contactsOf(writer);
  const strings = stringsOf(writer);
  const shapeKeys = (shapeKeysOf(writer).end >> 2) as u32;
  const events = writer.events;
  splitRecords(writer);
  const isNear = writer.latest - writer.earliest <= SPAN_MAX;
  const base = isNear ? writer.earliest : 0;

  empty(out);
  at = claim(out, bytesMax(writer));
  const start = at;
  store<u32>(at, 0);
  store<u8>(at, ENTRY_MARK);
  store<u8>(at, ENTRY_VERSION, 1);
  at += CHECKED_FROM;
  store<f64>(at, receivedAt);
  store<f64>(at, base, 8);
  at += 16;
  putVarint(events);
  putVarint(contacts.count);
  putVarint(strings.count);
  putVarint(writer.shapes);
  putVarint(shapeKeys);
  putCounts(valuesOf(writer));
  putVarint(writer.records);
  putCounts(recordColumns);
  putVarint(bytesOf(messages).end as u32);
  putVarint(bytesOf(contacts).end as u32);
  putVarint(bytesOf(strings).end as u32);
  store<u8>(
    at++,
    (messages.beyondAscii === 0 ? MESSAGES_ASCII : 0) |
      (contacts.beyondAscii === 0 ? CONTACTS_ASCII : 0) |
      (strings.beyondAscii === 0 ? STRINGS_ASCII : 0),
  );
  widthAt = at;
  at += COLUMNS;

  const rows = eventsOf(writer).at;
  putColumn(rows + EVENT_KIND, EVENT_BYTES, events, writer.kinds);
  putColumn(rows + EVENT_NAME, EVENT_BYTES, events, writer.names);
  putTimestamps(rows + EVENT_TIMESTAMP, events, base, isNear, writer.latest);
  putColumn(rows + EVENT_CONTACT, EVENT_BYTES, events, writer.contacts);
  putColumn(rows + EVENT_ANONYMOUS_ID, EVENT_BYTES, events, writer.anonymousIds);
  putColumn(rows + EVENT_SEEN_LO, EVENT_BYTES, events, writer.seenLo);
  putColumn(rows + EVENT_SEEN_HI, EVENT_BYTES, events, writer.seenHi);
  putLengths(messages);
  putColumn(rows + EVENT_SHAPE, EVENT_BYTES, events, writer.eventShapes);
  putColumn(rows + EVENT_CONTEXT, EVENT_BYTES, events, writer.contexts);
  putColumn(rows + EVENT_TRAITS, EVENT_BYTES, events, writer.traits);
  const contactRows = contactRowsOf(writer).at;
  putColumn(contactRows + CONTACT_LO, CONTACT_BYTES, contacts.count, writer.contactLo);
  putColumn(contactRows + CONTACT_HI, CONTACT_BYTES, contacts.count, writer.contactHi);
  putColumn(contactRows + CONTACT_KNOWN, CONTACT_BYTES, contacts.count, writer.contactKnown);
  putLengths(contacts);
  putLengths(strings);
  putColumn(shapesOf(writer).at, 4, writer.shapes, writer.shapeSizes);
  putColumn(shapeKeysOf(writer).at, 4, shapeKeys, writer.shapeKeyStrings);
  putValues(valuesOf(writer));
  putColumn(recordFormsOf(writer).at, 4, writer.records, writer.recordForms);
  putValues(recordColumns);

  putTexts(messages);
  putTexts(contacts);
  putTexts(strings);
  return (at - start) as u32;
}

/** Every column at its widest: those of events and contacts are as wide in their rows. */
function bytesMax(writer: Writer): usize {
  const texts = bytesOf(messagesOf(writer)).end + bytesOf(contactsOf(writer)).end + bytesOf(stringsOf(writer)).end;
  const rows =
    eventsOf(writer).end +
    contactRowsOf(writer).end +
    (messagesOf(writer).count + contactsOf(writer).count + stringsOf(writer).count) * 4 +
    shapesOf(writer).end +
    shapeKeysOf(writer).end;
  const values = bytesIn(valuesOf(writer)) + recordFormsOf(writer).end + bytesIn(recordColumns);
  return CHECKED_FROM + 16 + COUNTS * 5 + 1 + COLUMNS + texts + rows + values;
}

function splitRecords(writer: Writer): void {
  emptyValues(recordColumns);
  const values = recordValuesOf(writer);
  for (let row = values.at; row < values.at + values.end; row += RECORD_VALUE_BYTES) {
    const type = load<u8>(row);
    addType(recordColumns, type);
    if (type === VALUE_STRING || type === VALUE_COMPLEX) addRef(recordColumns, load<u32>(row, RECORD_VALUE));
    else if (type === VALUE_NUMBER) addNumber(recordColumns, load<f64>(row, RECORD_VALUE));
  }
}

/** An unsigned integer in at most five bytes, seven bits each, the lowest first. */
function putVarint(value: u32): void {
  let rest = value;
  while (rest >= 0x80) {
    store<u8>(at++, (rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  store<u8>(at++, rest);
}

function putCounts(values: ValueColumns): void {
  putVarint(typesOf(values).end as u32);
  putVarint((refsOf(values).end >> 2) as u32);
  putVarint((numbersOf(values).end >> 3) as u32);
}

/** The smallest width for integers whose bits, or-ed, are given. */
function widthOf(bits: u32): u32 {
  if (bits === 0) return 0;
  if (bits < 0x100) return 1;
  return bits < 0x10000 ? 2 : 4;
}

/** A column of u32 items, `stride` bytes from one to the next. */
function putColumn(from: usize, stride: usize, count: u32, bits: u32): void {
  const width = widthOf(bits);
  store<u8>(widthAt++, width);
  const end = from + count * stride;
  let to = at;
  if (width === 1) for (let item = from; item < end; item += stride) store<u8>(to++, load<u8>(item));
  else if (width === 2) for (let item = from; item < end; item += stride, to += 2) store<u16>(to, load<u16>(item));
  else if (width === 4) for (let item = from; item < end; item += stride, to += 4) store<u32>(to, load<u32>(item));
  at = to;
}

function putLengths(texts: Texts): void {
  putColumn(lengthsAt(texts), 4, texts.count, texts.lengths);
}

function putValues(values: ValueColumns): void {
  const refs = refsOf(values);
  putBytes(typesOf(values), values.typeBits);
  putColumn(refs.at, 4, (refs.end >> 2) as u32, values.refBits);
  putNumbers(numbersOf(values), values.numberBits, values.areNumbersWide !== 0);
}

function putBytes(bytes: Buf, bits: u32): void {
  if (bits === 0) {
    store<u8>(widthAt++, 0);
    return;
  }
  store<u8>(widthAt++, 1);
  memory.copy(at, bytes.at, bytes.end);
  at += bytes.end;
}

/** Doubles, as integers where all are such. */
function putNumbers(numbers: Buf, bits: u32, areWide: bool): void {
  const width = areWide ? WIDE : widthOf(bits);
  store<u8>(widthAt++, width);
  if (width === WIDE) {
    memory.copy(at, numbers.at, numbers.end);
    at += numbers.end;
    return;
  }
  for (let item = numbers.at; item < numbers.at + numbers.end; item += 8) putInteger(load<f64>(item) as u32, width);
}

/** Timestamps as distances from `base`. */
function putTimestamps(from: usize, count: u32, base: f64, isNear: bool, latest: f64): void {
  const width = isNear ? widthOf((latest - base) as u32) : WIDE;
  store<u8>(widthAt++, width);
  for (let item = from; item < from + count * EVENT_BYTES; item += EVENT_BYTES) {
    const distance = load<f64>(item) - base;
    if (width === WIDE) {
      store<f64>(at, distance);
      at += 8;
    } else putInteger(distance as u32, width);
  }
}

function putInteger(value: u32, width: u32): void {
  if (width === 1) store<u8>(at, value);
  else if (width === 2) store<u16>(at, value);
  else if (width === 4) store<u32>(at, value);
  at += width;
}

function putTexts(texts: Texts): void {
  const bytes = bytesOf(texts);
  memory.copy(at, bytes.at, bytes.end);
  at += bytes.end;
}
