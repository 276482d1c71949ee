/** Reads entries: what every event needs is spread into columns at once, strings and objects when asked for. */
import { crc32 } from "node:zlib";
import { ByteReader } from "./bytes.ts";
import {
  CHECKED_FROM,
  COLUMN,
  COLUMNS,
  CONTACTS_ASCII,
  COUNTS,
  COUNTS_TOTAL,
  ENTRY_MARK,
  ENTRY_VERSION,
  isWidth,
  MESSAGES_ASCII,
  STRINGS_ASCII,
  TRAITS_ARE_PROPERTIES,
  TRAITS_NONE,
  TRAITS_RECORD,
  VALUE_COMPLEX,
  VALUE_FALSE,
  VALUE_NUMBER,
  VALUE_STRING,
  VALUE_TRUE,
} from "./entry-layout.ts";
import { carve, readBytes, readDoubles, readSums, readUints } from "./entry-items.ts";
import type { TextBytes } from "./entry-texts.ts";
import { CALL_KINDS, type Event, type Json, type JsonObject } from "./event.ts";
import { ANONYMOUS_PREFIX } from "./ids.ts";
import type { TextNumbers } from "./text-numbers.ts";

interface Layout {
  readonly receivedAt: number;
  readonly base: number;
  readonly flags: number;
  /** By `COUNTS`. */
  readonly counts: readonly number[];
  /** By `COLUMN`: where each column begins, how many items it has and how wide they are. */
  readonly starts: readonly number[];
  readonly lengths: readonly number[];
  readonly widths: readonly number[];
  /** Where the text tables begin. */
  readonly messagesAt: number;
  readonly contactsAt: number;
  readonly stringsAt: number;
}

/** How many events an entry says that it has, without a look at the rest of it; 0 where it doesn't get so far. */
export function eventCountOf(buffer: Buffer): number {
  try {
    return new ByteReader(buffer, CHECKED_FROM + 2 * Float64Array.BYTES_PER_ELEMENT).varint();
  } catch {
    return 0;
  }
}

/** Checks the mark, the version, the checksum and that the parts add up. Throws a RangeError. */
function readLayout(buffer: Buffer): Layout {
  if (buffer.length < CHECKED_FROM || buffer[0] !== ENTRY_MARK) throw new RangeError("not an entry of events");
  if (buffer[1] !== ENTRY_VERSION) {
    throw new RangeError(`an entry has format ${buffer[1]}, this release reads ${ENTRY_VERSION}`);
  }
  if (buffer.readUInt16LE(2) !== 0 || crc32(buffer.subarray(CHECKED_FROM)) !== buffer.readUInt32LE(4)) {
    throw new RangeError("an entry is damaged: its checksum doesn't match");
  }
  const head = new ByteReader(buffer, CHECKED_FROM);
  const receivedAt = head.f64();
  const base = head.f64();
  const counts: number[] = [];
  for (let i = 0; i < COUNTS_TOTAL; i++) counts.push(head.varint());
  const flags = head.u8();
  const widths: number[] = [];
  for (let i = 0; i < COLUMNS.length; i++) widths.push(head.u8());
  const starts: number[] = [];
  const lengths: number[] = [];
  let at = head.at;
  for (let i = 0; i < COLUMNS.length; i++) {
    const width = widths[i] ?? 0;
    const length = counts[COLUMNS[i]?.count ?? 0] ?? 0;
    if (!isWidth(width)) throw new RangeError(`an entry has a column of width ${width}`);
    starts.push(at);
    lengths.push(length);
    at += width * length;
  }
  const contactsAt = at + (counts[COUNTS.messageBytes] ?? 0);
  const stringsAt = contactsAt + (counts[COUNTS.contactBytes] ?? 0);
  if (stringsAt + (counts[COUNTS.stringBytes] ?? 0) !== buffer.length) {
    throw new RangeError("an entry is damaged: its parts don't add up to its length");
  }
  return { receivedAt, base, flags, counts, starts, lengths, widths, messagesAt: at, contactsAt, stringsAt };
}

/** Texts that lie one behind the other. Each is decoded when first asked for, and kept. */
class TextTable {
  readonly #buffer: Buffer;
  readonly #starts: Uint32Array;
  readonly #ascii: boolean;
  #texts: (string | undefined)[] | null = null;

  /** Text n lies from `starts[n]` up to but without `starts[n + 1]`. */
  constructor(buffer: Buffer, starts: Uint32Array, ascii: boolean) {
    this.#buffer = buffer;
    this.#starts = starts;
    this.#ascii = ascii;
  }

  get(n: number): string {
    this.#texts ??= emptySlots(this.#starts.length - 1);
    const known = this.#texts[n];
    if (known !== undefined) return known;
    const from = this.#starts[n];
    const to = this.#starts[n + 1];
    if (from === undefined || to === undefined) throw new RangeError(`an entry has no text ${n}`);
    const text = this.#buffer.toString(this.#ascii ? "latin1" : "utf8", from, to);
    this.#texts[n] = text;
    return text;
  }

  /** Text n as UTF-8; shared with the entry. */
  bytes(n: number): Uint8Array {
    const from = this.#starts[n];
    const to = this.#starts[n + 1];
    if (from === undefined || to === undefined) throw new RangeError(`an entry has no text ${n}`);
    return this.#buffer.subarray(from, to);
  }

  open(n: number, into: TextBytes): void {
    const from = this.#starts[n];
    const to = this.#starts[n + 1];
    if (from === undefined || to === undefined) throw new RangeError(`an entry has no text ${n}`);
    into.bytes = this.#buffer;
    into.from = from;
    into.to = to;
  }

  /** What number `texts` has for text n, which isn't decoded for that; -1 where it has none. */
  numberIn(n: number, texts: TextNumbers): number {
    return texts.find(this.#buffer, this.#starts[n] as number, this.#starts[n + 1] as number);
  }

  /** Whether text n is, as UTF-8, `other` from `begin` up to but without `end`. */
  is(n: number, other: Uint8Array, begin: number, end: number): boolean {
    const buffer = this.#buffer;
    const shift = (this.#starts[n] as number) - begin;
    if ((this.#starts[n + 1] as number) - shift !== end) return false;
    for (let i = begin; i < end; i++) if (buffer[i + shift] !== other[i]) return false;
    return true;
  }
}

/** Room for things that are made when they are asked for. */
function emptySlots<T>(count: number): (T | undefined)[] {
  const slots: (T | undefined)[] = [];
  slots.length = count;
  return slots;
}

/** Rows of nested values, contexts and traits; opened when the first is asked for. */
interface Records {
  readonly forms: Uint32Array;
  readonly starts: Uint32Array;
  readonly types: Uint8Array;
  readonly numbers: Float64Array;
  readonly made: (Json | undefined)[];
}

/** The `EntryReader` of kernel/entry.ts. */
export class ColumnReader {
  readonly count: number;
  readonly receivedAt: number;
  readonly kinds: Uint8Array;
  readonly names: Uint32Array;
  readonly timestamps: Float64Array;
  readonly idLo: Uint32Array;
  readonly idHi: Uint32Array;
  readonly seenLo: Uint32Array;
  readonly seenHi: Uint32Array;
  readonly shapes: Uint32Array;
  readonly shapeCount: number;
  readonly shapeStarts: Uint32Array;
  readonly shapeKeyStrings: Uint32Array;
  readonly stringCount: number;
  readonly valueStarts: Uint32Array;
  readonly valueTypes: Uint8Array;
  readonly valueNumbers: Float64Array;
  readonly #buffer: Buffer;
  readonly #layout: Layout;
  readonly #contacts: Uint32Array;
  readonly #known: Uint8Array;
  readonly #keyTexts: (readonly string[] | undefined)[];
  #strings: TextTable | null = null;
  #contactIds: TextTable | null = null;
  #messageIds: TextTable | null = null;
  #anonymousIds: Uint32Array | null = null;
  #contexts: Uint32Array | null = null;
  #traits: Uint32Array | null = null;
  #records: Records | null = null;

  constructor(buffer: Buffer) {
    const layout = readLayout(buffer);
    const events = layout.counts[COUNTS.events] ?? 0;
    this.#buffer = buffer;
    this.#layout = layout;
    this.count = events;
    this.receivedAt = layout.receivedAt;
    this.kinds = this.#bytes(COLUMN.kinds);
    this.names = this.#uints(COLUMN.names);
    this.timestamps = this.#doubles(COLUMN.timestamps);
    const { base } = layout;
    const { timestamps } = this;
    if (base !== 0) for (let i = 0; i < events; i++) timestamps[i] = (timestamps[i] as number) + base;

    this.#contacts = this.#uints(COLUMN.contacts);
    this.#known = this.#bytes(COLUMN.contactKnown);
    this.idLo = spread(this.#uints(COLUMN.contactLo), this.#contacts);
    this.idHi = spread(this.#uints(COLUMN.contactHi), this.#contacts);
    this.seenLo = this.#uints(COLUMN.seenLo);
    this.seenHi = this.#uints(COLUMN.seenHi);

    this.shapes = this.#uints(COLUMN.eventShapes);
    this.shapeCount = layout.counts[COUNTS.shapes] ?? 0;
    this.stringCount = layout.counts[COUNTS.strings] ?? 0;
    this.shapeStarts = this.#starts(COLUMN.shapeSizes, 0);
    this.shapeKeyStrings = this.#uints(COLUMN.shapeKeyStrings);
    this.#keyTexts = emptySlots(this.shapeCount);
    this.valueStarts = valueStartsOf(this.shapeStarts, this.shapes);
    this.valueTypes = this.#bytes(COLUMN.valueTypes);
    this.valueNumbers = merge(
      this.valueTypes,
      this.#uints(COLUMN.valueRefItems),
      this.#doubles(COLUMN.valueNumberItems),
    );
  }

  known(event: number): boolean {
    return this.#known[this.#contacts[event] ?? 0] === 1;
  }

  contactId(event: number): string {
    this.#contactIds ??= this.#texts(this.#layout.contactsAt, COLUMN.contactLengths, CONTACTS_ASCII);
    return this.#contactIds.get(this.#contacts[event] ?? -1);
  }

  contactIdBytes(event: number): Uint8Array {
    this.#contactIds ??= this.#texts(this.#layout.contactsAt, COLUMN.contactLengths, CONTACTS_ASCII);
    return this.#contactIds.bytes(this.#contacts[event] ?? -1);
  }

  isContact(event: number, id: Uint8Array, from: number, to: number): boolean {
    this.#contactIds ??= this.#texts(this.#layout.contactsAt, COLUMN.contactLengths, CONTACTS_ASCII);
    return this.#contactIds.is(this.#contacts[event] ?? -1, id, from, to);
  }

  anonymousId(event: number): string | null {
    if (!this.known(event)) return this.contactId(event).slice(ANONYMOUS_PREFIX.length);
    this.#anonymousIds ??= this.#uints(COLUMN.anonymousIds);
    const number = this.#anonymousIds[event] ?? 0;
    return number === 0 ? null : this.string(number - 1);
  }

  messageId(event: number): string {
    this.#messageIds ??= this.#texts(this.#layout.messagesAt, COLUMN.messageLengths, MESSAGES_ASCII);
    return this.#messageIds.get(event);
  }

  string(n: number): string {
    this.#strings ??= this.#texts(this.#layout.stringsAt, COLUMN.stringLengths, STRINGS_ASCII);
    return this.#strings.get(n);
  }

  openString(n: number, into: TextBytes): void {
    this.#strings ??= this.#texts(this.#layout.stringsAt, COLUMN.stringLengths, STRINGS_ASCII);
    this.#strings.open(n, into);
  }

  stringNumber(n: number, texts: TextNumbers): number {
    this.#strings ??= this.#texts(this.#layout.stringsAt, COLUMN.stringLengths, STRINGS_ASCII);
    return this.#strings.numberIn(n, texts);
  }

  complex(n: number): Json {
    const records = this.#openRecords();
    const made = records.made[n];
    if (made !== undefined) return made;
    const form = records.forms[n];
    const start = records.starts[n];
    if (form === undefined || start === undefined) throw new RangeError(`an entry has no value ${n}`);
    let value: Json;
    if (form % 2 === 0) value = this.#object(form / 2, records.types, records.numbers, start);
    else {
      const items: Json[] = [];
      for (let i = start; i < start + (form - 1) / 2; i++) items.push(this.#value(records.types, records.numbers, i));
      value = items;
    }
    records.made[n] = value;
    return value;
  }

  context(event: number): JsonObject {
    this.#contexts ??= this.#uints(COLUMN.contexts);
    const number = this.#contexts[event] ?? 0;
    return number === 0 ? {} : (this.complex(number - 1) as JsonObject);
  }

  traits(event: number): JsonObject | null {
    this.#traits ??= this.#uints(COLUMN.traits);
    const code = this.#traits[event] ?? TRAITS_NONE;
    if (code === TRAITS_NONE) return null;
    return code === TRAITS_ARE_PROPERTIES
      ? this.#properties(event)
      : (this.complex(code - TRAITS_RECORD) as JsonObject);
  }

  event(event: number): Event {
    const kind = CALL_KINDS[this.kinds[event] ?? -1];
    const timestamp = this.timestamps[event];
    if (kind === undefined || timestamp === undefined) throw new RangeError(`an entry has no event ${event}`);
    const name = this.names[event] ?? 0;
    return {
      kind,
      name: name === 0 ? null : this.string(name - 1),
      userId: this.known(event) ? this.contactId(event) : null,
      anonymousId: this.anonymousId(event),
      messageId: this.messageId(event),
      timestamp,
      properties: this.#properties(event),
      context: this.context(event),
      traits: this.traits(event) ?? {},
    };
  }

  #keysOf(shape: number): Uint32Array {
    return this.shapeKeyStrings.subarray(this.shapeStarts[shape] ?? 0, this.shapeStarts[shape + 1] ?? 0);
  }

  #properties(event: number): JsonObject {
    const start = this.valueStarts[event] ?? 0;
    return this.#object(this.shapes[event] ?? 0, this.valueTypes, this.valueNumbers, start);
  }

  #object(shape: number, types: Uint8Array, numbers: Float64Array, start: number): JsonObject {
    const keys = (this.#keyTexts[shape] ??= Array.from(this.#keysOf(shape), (n) => this.string(n)));
    const object: { [key: string]: Json } = {};
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] ?? "";
      const value = this.#value(types, numbers, start + i);
      // Assigning to `__proto__` would set the object's prototype.
      if (key === "__proto__") {
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
      } else object[key] = value;
    }
    return object;
  }

  #value(types: Uint8Array, numbers: Float64Array, at: number): Json {
    switch (types[at]) {
      case VALUE_NUMBER:
        return numbers[at] ?? 0;
      case VALUE_STRING:
        return this.string(numbers[at] ?? 0);
      case VALUE_COMPLEX:
        return this.complex(numbers[at] ?? 0);
      case VALUE_TRUE:
        return true;
      case VALUE_FALSE:
        return false;
      default:
        return null;
    }
  }

  #openRecords(): Records {
    if (this.#records !== null) return this.#records;
    const forms = this.#uints(COLUMN.recordForms);
    const starts = carve(Uint32Array, forms.length);
    let at = 0;
    forms.forEach((form, n) => {
      starts[n] = at;
      at += form % 2 === 1 ? (form - 1) / 2 : this.#keysOf(form / 2).length;
    });
    const types = this.#bytes(COLUMN.recordTypes);
    const refs = this.#uints(COLUMN.recordRefItems);
    const numbers = merge(types, refs, this.#doubles(COLUMN.recordNumberItems));
    const made = emptySlots<Json>(forms.length);
    this.#records = { forms, starts, types, numbers, made };
    return this.#records;
  }

  #bytes(column: number): Uint8Array {
    const { starts, lengths, widths } = this.#layout;
    return readBytes(this.#buffer, starts[column] as number, lengths[column] as number, widths[column] as number);
  }

  #uints(column: number): Uint32Array {
    const { starts, lengths, widths } = this.#layout;
    return readUints(this.#buffer, starts[column] as number, lengths[column] as number, widths[column] as number);
  }

  #doubles(column: number): Float64Array {
    const { starts, lengths, widths } = this.#layout;
    return readDoubles(this.#buffer, starts[column] as number, lengths[column] as number, widths[column] as number);
  }

  #starts(column: number, first: number): Uint32Array {
    const { starts, lengths, widths } = this.#layout;
    const [at, length, width] = [starts[column] as number, lengths[column] as number, widths[column] as number];
    return readSums(this.#buffer, at, length, width, first);
  }

  #texts(at: number, lengths: number, asciiFlag: number): TextTable {
    return new TextTable(this.#buffer, this.#starts(lengths, at), (this.#layout.flags & asciiFlag) !== 0);
  }
}

/** What the table says for each of the numbers. */
function spread(table: Uint32Array, numbers: Uint32Array): Uint32Array {
  const { length } = numbers;
  const items = carve(Uint32Array, length);
  for (let i = 0; i < length; i++) items[i] = table[numbers[i] as number] as number;
  return items;
}

/** Where the values of each event begin: behind those of all events before it. */
function valueStartsOf(shapeStarts: Uint32Array, shapes: Uint32Array): Uint32Array {
  const { length } = shapes;
  const starts = carve(Uint32Array, length);
  let at = 0;
  for (let i = 0; i < length; i++) {
    starts[i] = at;
    const shape = shapes[i] as number;
    at += (shapeStarts[shape + 1] as number) - (shapeStarts[shape] as number);
  }
  return starts;
}

/** References and numbers are stored apart; each value takes the next of its sort. */
function merge(types: Uint8Array, refs: Uint32Array, numbers: Float64Array): Float64Array {
  const { length } = types;
  const merged = carve(Float64Array, length);
  let ref = 0;
  let number = 0;
  for (let i = 0; i < length; i++) {
    const type = types[i];
    if (type === VALUE_NUMBER) merged[i] = numbers[number++] as number;
    else if (type === VALUE_STRING || type === VALUE_COMPLEX) merged[i] = refs[ref++] as number;
  }
  return merged;
}
