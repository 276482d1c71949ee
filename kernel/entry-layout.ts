/**
 * The layout of an entry, shared by its writer and its reader. All integers are little-endian.
 *
 *   u8 mark | u8 version | u16 zero | u32 CRC-32 of all that follows
 *   f64 receivedAt | f64 base of the timestamps
 *   varints: the counts, in the order of `Counts`
 *   u8 flags: which text tables are plain ASCII
 *   one byte per column: the width of its items, 0 (all are zero), 1, 2, 4 or 8 (float64)
 *   the columns, in the order of `COLUMNS`, without padding
 *   the text tables one after the other: message ids, contact ids, strings
 *
 * Every column takes the smallest width that holds its largest item, so a group of track calls without anonymous ids
 * spends nothing on kinds, traits or anonymous ids. Prefix sums (where values or texts begin) are not stored.
 */

export const ENTRY_MARK = 0xe5;
export const ENTRY_VERSION = 1;
/** Bytes before the part that the checksum covers. */
export const CHECKED_FROM = 8;

/** Types of values. The names are public through kernel/entry.ts. */
export const VALUE_NULL = 0;
export const VALUE_FALSE = 1;
export const VALUE_TRUE = 2;
export const VALUE_NUMBER = 3;
export const VALUE_STRING = 4;
export const VALUE_COMPLEX = 5;

/** What `traits` says besides the number of a record plus `TRAITS_RECORD`. */
export const TRAITS_NONE = 0;
export const TRAITS_ARE_PROPERTIES = 1;
export const TRAITS_RECORD = 2;

export const MESSAGES_ASCII = 1;
export const CONTACTS_ASCII = 2;
export const STRINGS_ASCII = 4;

/** How many items there are of each sort, in the order in which the counts are written. */
export const COUNTS = {
  events: 0,
  contacts: 1,
  strings: 2,
  shapes: 3,
  shapeKeys: 4,
  values: 5,
  valueRefs: 6,
  valueNumbers: 7,
  records: 8,
  recordValues: 9,
  recordRefs: 10,
  recordNumbers: 11,
  messageBytes: 12,
  contactBytes: 13,
  stringBytes: 14,
} as const;
export const COUNTS_TOTAL = 15;

/** Columns in the order in which they are stored, with the count of their items. */
export const COLUMNS = [
  { name: "kinds", count: COUNTS.events },
  { name: "names", count: COUNTS.events },
  { name: "timestamps", count: COUNTS.events },
  { name: "contacts", count: COUNTS.events },
  { name: "anonymousIds", count: COUNTS.events },
  { name: "seenLo", count: COUNTS.events },
  { name: "seenHi", count: COUNTS.events },
  { name: "messageLengths", count: COUNTS.events },
  { name: "eventShapes", count: COUNTS.events },
  { name: "contexts", count: COUNTS.events },
  { name: "traits", count: COUNTS.events },
  { name: "contactLo", count: COUNTS.contacts },
  { name: "contactHi", count: COUNTS.contacts },
  { name: "contactKnown", count: COUNTS.contacts },
  { name: "contactLengths", count: COUNTS.contacts },
  { name: "stringLengths", count: COUNTS.strings },
  { name: "shapeSizes", count: COUNTS.shapes },
  { name: "shapeKeyStrings", count: COUNTS.shapeKeys },
  { name: "valueTypes", count: COUNTS.values },
  { name: "valueRefItems", count: COUNTS.valueRefs },
  { name: "valueNumberItems", count: COUNTS.valueNumbers },
  { name: "recordForms", count: COUNTS.records },
  { name: "recordTypes", count: COUNTS.recordValues },
  { name: "recordRefItems", count: COUNTS.recordRefs },
  { name: "recordNumberItems", count: COUNTS.recordNumbers },
] as const;
export type ColumnName = (typeof COLUMNS)[number]["name"];

/** The place of each column in `COLUMNS`. */
export const COLUMN = Object.fromEntries(COLUMNS.map(({ name }, place) => [name, place])) as Readonly<
  Record<ColumnName, number>
>;

export type Numbers = Uint8Array | Uint32Array | Float64Array;
export type Width = 0 | 1 | 2 | 4 | 8;

export function isWidth(width: number): width is Width {
  return width === 0 || width === 1 || width === 2 || width === 4 || width === 8;
}

/** The smallest width that holds the first `length` items. Negative zero counts as zero. */
export function widthOf(items: Numbers, length: number): Width {
  let max = 0;
  for (let i = 0; i < length; i++) {
    const item = items[i] ?? 0;
    if (item >>> 0 !== item) return 8;
    if (item > max) max = item;
  }
  if (max === 0) return 0;
  if (max < 0x100) return 1;
  return max < 0x10000 ? 2 : 4;
}

/** Writes the first `length` items at `at`; returns the place after them. */
export function writeItems(into: Buffer, at: number, items: Numbers, length: number, width: number): number {
  let to = at;
  switch (width) {
    case 0:
      break;
    case 1:
      for (let i = 0; i < length; i++) into[to++] = items[i] ?? 0;
      break;
    case 2:
      for (let i = 0; i < length; i++) {
        const item = items[i] ?? 0;
        into[to++] = item;
        into[to++] = item >>> 8;
      }
      break;
    case 4:
      for (let i = 0; i < length; i++) {
        const item = items[i] ?? 0;
        into[to++] = item;
        into[to++] = item >>> 8;
        into[to++] = item >>> 16;
        into[to++] = item >>> 24;
      }
      break;
    case 8: {
      const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
      for (let i = 0; i < length; i++, to += 8) view.setFloat64(to, items[i] ?? 0, true);
      break;
    }
  }
  return to;
}
