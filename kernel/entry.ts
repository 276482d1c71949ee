/**
 * The packed form of a group of events: one stream entry, columns instead of objects. The modules
 * `entry*.ts` alone know the layout; everybody else writes with `encodeEntry` or an `EntryWriter` and reads through
 * `EntryReader`.
 */
import { ColumnReader } from "./entry-reader.ts";
import { EntryWriter } from "./entry-writer.ts";
import type { TextBytes } from "./entry-texts.ts";
import type { Event, Json, JsonObject } from "./event.ts";
import type { TextNumbers } from "./text-numbers.ts";

/**
 * Types of property values as `EntryReader.valueTypes` codes them. For VALUE_NUMBER the number itself is in
 * `valueNumbers`; for VALUE_STRING it has the number of a string, `string(n)`; for VALUE_COMPLEX that of an object or
 * array, `complex(n)`.
 */
export { VALUE_COMPLEX, VALUE_FALSE, VALUE_NULL, VALUE_NUMBER, VALUE_STRING, VALUE_TRUE } from "./entry-layout.ts";

export { eventCountOf } from "./entry-reader.ts";
export type { TextBytes } from "./entry-texts.ts";

/**
 * A decoded entry. Columns are indexed by the event's place in the entry; strings and objects are decoded when first
 * asked for and kept. Valid for as long as the buffer that it was opened on.
 */
export interface EntryReader {
  readonly count: number;
  /** When the entry was written, ms since 1970. */
  readonly receivedAt: number;
  /** Codes of kernel/event.ts (`TRACK` …). */
  readonly kinds: Uint8Array;
  /** Number of the name's string plus one; 0 for none. */
  readonly names: Uint32Array;
  readonly timestamps: Float64Array;
  /** `hash64` of the contact's id. */
  readonly idLo: Uint32Array;
  readonly idHi: Uint32Array;
  /** `hash64` of the messageId seeded with the halves of the id's hash: the message's fingerprint for dedupe. */
  readonly seenLo: Uint32Array;
  readonly seenHi: Uint32Array;
  /** Distinct property lists: an event's `shapes[i]` names the ordered keys of its `properties`. */
  readonly shapes: Uint32Array;
  readonly shapeCount: number;
  /** Strings of the entry, for `string(n)`. */
  readonly stringCount: number;
  /** String numbers of the keys of shape s, in order, from `shapeStarts[s]` up to but without `shapeStarts[s + 1]`. */
  readonly shapeKeyStrings: Uint32Array;
  readonly shapeStarts: Uint32Array;
  /** Where the event's values begin in the value columns; value k belongs to key k of its shape. */
  readonly valueStarts: Uint32Array;
  readonly valueTypes: Uint8Array;
  readonly valueNumbers: Float64Array;
  /** The event's contact has a userId. */
  known(event: number): boolean;
  /** The id of the contact: userId, or `~` and the anonymousId. */
  contactId(event: number): string;
  /** Whether that is `id`, without decoding it where possible. */
  isContact(event: number, id: Uint8Array, from: number, to: number): boolean;
  /** The same id as UTF-8; shared with the entry. */
  contactIdBytes(event: number): Uint8Array;
  anonymousId(event: number): string | null;
  messageId(event: number): string;
  string(n: number): string;
  /** Says in `into` where string n lies as UTF-8, without decoding it; shared with the entry. */
  openString(n: number, into: TextBytes): void;
  /** What number `texts` has for string n, without decoding it; -1 where it has none. */
  stringNumber(n: number, texts: TextNumbers): number;
  complex(n: number): Json;
  context(event: number): JsonObject;
  /** Traits to set, or null where the call sets none. */
  traits(event: number): JsonObject | null;
  /** The whole event again, equal to what was encoded. */
  event(event: number): Event;
}

/**
 * Packs events into one entry. They are read back equal to what they were, except that lone surrogates become U+FFFD
 * and negative zeros zeros.
 */
export function encodeEntry(events: readonly Event[], receivedAt: number): Buffer {
  const writer = new EntryWriter();
  for (const event of events) writer.add(event);
  return writer.finish(receivedAt);
}

/** Throws a RangeError on a buffer that `encodeEntry` did not write. */
export function openEntry(buffer: Buffer): EntryReader {
  return new ColumnReader(buffer);
}
