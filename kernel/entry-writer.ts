/** Writes entries: events are added one by one and turned into columns when the entry is finished. */
import { crc32 } from "node:zlib";
import { DoubleColumn, isArray, sameJson, ShapeTable, UintColumn, ValueColumns, type Column } from "./entry-columns.ts";
import * as entryLayout from "./entry-layout.ts";
import type { ColumnName } from "./entry-layout.ts";
import { TextColumn } from "./entry-texts.ts";
import { CALL_KINDS, type CallKind, type Event, type Json, type JsonObject } from "./event.ts";
import { contactIdOf, hash, hash64 } from "./ids.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const {
  CHECKED_FROM,
  COLUMNS,
  CONTACTS_ASCII,
  COUNTS_TOTAL,
  ENTRY_MARK,
  ENTRY_VERSION,
  MESSAGES_ASCII,
  STRINGS_ASCII,
  TRAITS_ARE_PROPERTIES,
  TRAITS_NONE,
  TRAITS_RECORD,
  VALUE_COMPLEX,
  VALUE_STRING,
  widthOf,
  writeItems,
} = entryLayout;

const KIND_CODES = Object.fromEntries(CALL_KINDS.map((kind, code) => [kind, code])) as Record<CallKind, number>;
/** A rough share of the fixed columns in the size of an entry: per event, per contact, per value. */
const EVENT_BYTES = 22;
const CONTACT_BYTES = 11;
const VALUE_BYTES = 6;
/** Timestamps are stored as distances from the earliest while these fit 32 bits. */
const SPAN_MAX = 0xffff_ffff;

/**
 * Collects events for one entry after the other. Strings are expected to be well-formed UTF-16 and values to be JSON;
 * lone surrogates become U+FFFD.
 */
export class EntryWriter {
  readonly #kinds = new UintColumn();
  readonly #names = new UintColumn();
  readonly #timestamps = new DoubleColumn();
  readonly #contacts = new UintColumn();
  readonly #anonymousIds = new UintColumn();
  readonly #seenLo = new UintColumn();
  readonly #seenHi = new UintColumn();
  readonly #messages = new TextColumn();
  readonly #eventShapes = new UintColumn();
  readonly #contexts = new UintColumn();
  readonly #traits = new UintColumn();
  readonly #contactTexts = new TextColumn();
  readonly #contactLo = new UintColumn();
  readonly #contactHi = new UintColumn();
  readonly #contactKnown = new UintColumn();
  readonly #strings = new TextColumn();
  readonly #shapes = new ShapeTable();
  readonly #values = new ValueColumns();
  readonly #recordForms = new UintColumn();
  readonly #recordValues = new ValueColumns();
  /** What is stored, in the order of `COLUMNS`. */
  readonly #columns: readonly Column[] = this.#inOrder();
  readonly #plainColumns = [
    this.#kinds,
    this.#names,
    this.#timestamps,
    this.#contacts,
    this.#anonymousIds,
    this.#seenLo,
    this.#seenHi,
    this.#eventShapes,
    this.#contexts,
    this.#traits,
    this.#contactLo,
    this.#contactHi,
    this.#contactKnown,
    this.#recordForms,
  ];
  /** Keys of the object at hand, as numbers of strings. */
  readonly #keys = new UintColumn();
  /** Nested values are often the same from event to event (the `library` of a context): the last one under each key. */
  readonly #lastNested = new Map<string, { readonly value: Json; readonly record: number }>();
  #lastContext: JsonObject = {};
  #lastContextNumber = 0;
  #earliest = Infinity;
  #latest = -Infinity;

  get count(): number {
    return this.#kinds.length;
  }

  /** About how many bytes the entry would have now. */
  get bytes(): number {
    return (
      this.count * EVENT_BYTES +
      this.#contactTexts.count * CONTACT_BYTES +
      (this.#values.length + this.#recordValues.length) * VALUE_BYTES +
      this.#messages.end +
      this.#contactTexts.end +
      this.#strings.end
    );
  }

  add(event: Event): void {
    const contactId = contactIdOf(event.userId, event.anonymousId);
    hash64(contactId);
    this.addHashed(event, contactId, hash.lo, hash.hi);
  }

  /** `add` for whoever has the contact's id and its `hash64` already. */
  addHashed(event: Event, contactId: string, lo: number, hi: number): void {
    this.#kinds.push(KIND_CODES[event.kind]);
    this.#names.push(event.name === null ? 0 : this.#string(event.name) + 1);
    this.#timestamps.push(event.timestamp);
    if (event.timestamp < this.#earliest) this.#earliest = event.timestamp;
    if (event.timestamp > this.#latest) this.#latest = event.timestamp;
    this.#contacts.push(this.#contact(contactId, event.userId !== null, lo, hi));
    const aside = event.userId !== null && event.anonymousId !== null;
    this.#anonymousIds.push(aside ? this.#string(event.anonymousId) + 1 : 0);
    hash64(event.messageId, lo, hi);
    this.#seenLo.push(hash.lo);
    this.#seenHi.push(hash.hi);
    this.#messages.push(event.messageId);
    const shape = this.#shapeOf(event.properties);
    this.#eventShapes.push(shape);
    this.#fill(this.#values, event.properties, this.#shapes.size(shape));
    this.#contexts.push(this.#context(event.context));
    this.#traits.push(this.#traitsOf(event));
  }

  #string(text: string): number {
    return this.#strings.intern(text);
  }

  #shapeOf(object: JsonObject): number {
    this.#keys.length = 0;
    for (const key in object) this.#keys.push(this.#string(key));
    return this.#shapes.of(this.#keys);
  }

  #contact(id: string, known: boolean, lo: number, hi: number): number {
    const number = this.#contactTexts.intern(id);
    if (this.#contactTexts.wasNew) this.#noteContact(known, lo, hi);
    return number;
  }

  #noteContact(known: boolean, lo: number, hi: number): void {
    this.#contactLo.push(lo);
    this.#contactHi.push(hi);
    this.#contactKnown.push(known ? 1 : 0);
  }

  #context(context: JsonObject): number {
    if (context === this.#lastContext || sameJson(context, this.#lastContext)) return this.#lastContextNumber;
    this.#lastContext = context;
    this.#lastContextNumber = isEmpty(context) ? 0 : this.#record(context) + 1;
    return this.#lastContextNumber;
  }

  #traitsOf(event: Event): number {
    const { traits, properties } = event;
    if (isEmpty(traits)) return TRAITS_NONE;
    if (traits === properties || sameJson(traits, properties)) return TRAITS_ARE_PROPERTIES;
    return this.#record(traits) + TRAITS_RECORD;
  }

  #fill(columns: ValueColumns, object: JsonObject, size: number): void {
    let at = columns.reserve(size);
    for (const key in object) {
      const value = object[key] ?? null;
      if (typeof value === "object" && value !== null) columns.setRef(at++, VALUE_COMPLEX, this.#nested(key, value));
      else this.#scalar(columns, at++, value);
    }
  }

  #scalar(columns: ValueColumns, at: number, value: string | number | boolean | null): void {
    if (typeof value === "string") columns.setRef(at, VALUE_STRING, this.#string(value));
    else if (typeof value === "number") columns.setNumber(at, value);
    else columns.setPlain(at, value);
  }

  #nested(key: string, value: Json): number {
    const last = this.#lastNested.get(key);
    if (last !== undefined && sameJson(last.value, value)) return last.record;
    const record = this.#record(value);
    this.#lastNested.set(key, { value, record });
    return record;
  }

  /** An object or array as a row of values. Its form is twice the shape, or twice the length of an array plus one. */
  #record(value: Json): number {
    const number = this.#recordForms.length;
    if (isArray(value)) {
      this.#recordForms.push(value.length * 2 + 1);
      let at = this.#recordValues.reserve(value.length);
      for (const item of value) {
        if (typeof item === "object" && item !== null) {
          this.#recordValues.setRef(at++, VALUE_COMPLEX, this.#record(item));
        } else this.#scalar(this.#recordValues, at++, item);
      }
    } else {
      const object = value as JsonObject;
      const shape = this.#shapeOf(object);
      this.#recordForms.push(shape * 2);
      this.#fill(this.#recordValues, object, this.#shapes.size(shape));
    }
    return number;
  }

  /** The entry as bytes. The writer is empty afterwards and ready for the next one. */
  finish(receivedAt: number): Buffer {
    const events = this.count;
    const near = events > 0 && this.#latest - this.#earliest <= SPAN_MAX;
    const base = near ? this.#earliest : 0;
    const times = this.#timestamps.items;
    if (near) for (let i = 0; i < events; i++) times[i] = (times[i] ?? 0) - base;
    this.#values.split();
    this.#recordValues.split();
    const bytes = this.#encode(receivedAt, base);
    this.#clear();
    return bytes;
  }

  #encode(receivedAt: number, base: number): Buffer {
    const messages = this.#messages;
    const contacts = this.#contactTexts;
    const strings = this.#strings;
    const textBytes = messages.end + contacts.end + strings.end;
    let columnBytes = 0;
    for (let i = 0; i < this.#columns.length; i++) {
      const column = this.#columns[i];
      if (column === undefined) continue;
      const width = widthOf(column.items, column.length);
      widths[i] = width;
      columnBytes += width * column.length;
    }

    const out = Buffer.allocUnsafe(HEAD_BYTES_MAX + columnBytes + textBytes);
    out[0] = ENTRY_MARK;
    out[1] = ENTRY_VERSION;
    out[2] = 0;
    out[3] = 0;
    let at = out.writeDoubleLE(receivedAt, CHECKED_FROM);
    at = out.writeDoubleLE(base, at);
    at = writeVarint(out, at, this.count);
    at = writeVarint(out, at, contacts.count);
    at = writeVarint(out, at, strings.count);
    at = writeVarint(out, at, this.#shapes.sizes.length);
    at = writeVarint(out, at, this.#shapes.keys.length);
    at = writeVarint(out, at, this.#values.length);
    at = writeVarint(out, at, this.#values.refs.length);
    at = writeVarint(out, at, this.#values.plain.length);
    at = writeVarint(out, at, this.#recordForms.length);
    at = writeVarint(out, at, this.#recordValues.length);
    at = writeVarint(out, at, this.#recordValues.refs.length);
    at = writeVarint(out, at, this.#recordValues.plain.length);
    at = writeVarint(out, at, messages.end);
    at = writeVarint(out, at, contacts.end);
    at = writeVarint(out, at, strings.end);
    out[at++] =
      (messages.ascii ? MESSAGES_ASCII : 0) |
      (contacts.ascii ? CONTACTS_ASCII : 0) |
      (strings.ascii ? STRINGS_ASCII : 0);
    out.set(widths, at);
    at += widths.length;
    for (let i = 0; i < this.#columns.length; i++) {
      const column = this.#columns[i];
      if (column !== undefined) at = writeItems(out, at, column.items, column.length, widths[i] ?? 0);
    }
    for (const texts of [messages, contacts, strings]) at += texts.bytes.copy(out, at, 0, texts.end);
    const entry = out.subarray(0, at);
    entry.writeUInt32LE(crc32(entry.subarray(CHECKED_FROM)), 4);
    return entry;
  }

  #inOrder(): Column[] {
    const columns: Readonly<Record<ColumnName, Column>> = {
      kinds: this.#kinds,
      names: this.#names,
      timestamps: this.#timestamps,
      contacts: this.#contacts,
      anonymousIds: this.#anonymousIds,
      seenLo: this.#seenLo,
      seenHi: this.#seenHi,
      messageLengths: this.#messages.lengths,
      eventShapes: this.#eventShapes,
      contexts: this.#contexts,
      traits: this.#traits,
      contactLo: this.#contactLo,
      contactHi: this.#contactHi,
      contactKnown: this.#contactKnown,
      contactLengths: this.#contactTexts.lengths,
      stringLengths: this.#strings.lengths,
      shapeSizes: this.#shapes.sizes,
      shapeKeyStrings: this.#shapes.keys,
      valueTypes: this.#values.types,
      valueRefItems: this.#values.refs,
      valueNumberItems: this.#values.plain,
      recordForms: this.#recordForms,
      recordTypes: this.#recordValues.types,
      recordRefItems: this.#recordValues.refs,
      recordNumberItems: this.#recordValues.plain,
    };
    return COLUMNS.map(({ name }) => columns[name]);
  }

  #clear(): void {
    for (const column of this.#plainColumns) column.length = 0;
    this.#messages.clear();
    this.#contactTexts.clear();
    this.#strings.clear();
    this.#shapes.clear();
    this.#values.clear();
    this.#recordValues.clear();
    if (this.#lastNested.size > 0) this.#lastNested.clear();
    this.#lastContext = {};
    this.#lastContextNumber = 0;
    this.#earliest = Infinity;
    this.#latest = -Infinity;
  }
}

/** Widths of the columns of the entry that is being written. */
const widths = new Uint8Array(COLUMNS.length);
/** Mark to checksum, two doubles, counts of at most five bytes, flags, widths. */
const HEAD_BYTES_MAX = CHECKED_FROM + 16 + COUNTS_TOTAL * 5 + 1 + COLUMNS.length;

/** An unsigned 32-bit integer in at most five bytes, as `ByteReader.varint` reads it. */
function writeVarint(into: Buffer, at: number, value: number): number {
  let to = at;
  let rest = value;
  while (rest >= 0x80) {
    into[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  into[to++] = rest;
  return to;
}

function isEmpty(object: JsonObject): boolean {
  for (const _ in object) return false;
  return true;
}
