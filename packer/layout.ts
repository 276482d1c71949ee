/**
 * Numbers that both sides know: the bytes of JSON text, fields and kinds of calls, the types of values and the layout of
 * an entry (kernel/entry-layout.ts, which says what they mean).
 */

export const TAB: u8 = 9;
export const LF: u8 = 10;
export const CR: u8 = 13;
export const SPACE: u8 = 32;
export const QUOTE: u8 = 34;
export const PLUS: u8 = 43;
export const COMMA: u8 = 44;
export const MINUS: u8 = 45;
export const POINT: u8 = 46;
export const ZERO: u8 = 48;
export const COLON: u8 = 58;
export const LARGE_E: u8 = 69;
export const LARGE_T: u8 = 84;
export const LARGE_Z: u8 = 90;
export const OPEN_BRACKET: u8 = 91;
export const BACKSLASH: u8 = 92;
export const CLOSE_BRACKET: u8 = 93;
export const SMALL_E: u8 = 101;
export const SMALL_F: u8 = 102;
export const SMALL_N: u8 = 110;
export const SMALL_T: u8 = 116;
export const SMALL_U: u8 = 117;
export const OPEN_BRACE: u8 = 123;
export const CLOSE_BRACE: u8 = 125;
export const TILDE: u8 = 126;

/** Flags of a text: a byte of it is not ASCII; it has an escape. */
export const BEYOND_ASCII: u32 = 1;
export const ESCAPED: u32 = 2;

/** Fields of a call that mean something, each a bit. */
export const TYPE: u32 = 1;
export const EVENT: u32 = 2;
export const NAME: u32 = 4;
export const USER_ID: u32 = 8;
export const ANONYMOUS_ID: u32 = 16;
export const MESSAGE_ID: u32 = 32;
export const TIMESTAMP: u32 = 64;
export const ORIGINAL_TIMESTAMP: u32 = 128;
export const SENT_AT: u32 = 256;
export const PROPERTIES: u32 = 512;
export const TRAITS: u32 = 1024;
export const CONTEXT: u32 = 2048;
export const BATCH: u32 = 4096;

/** Places in CALL_KINDS of kernel/event.ts. */
export const TRACK: u32 = 0;
export const IDENTIFY: u32 = 1;
export const PAGE: u32 = 2;
export const SCREEN: u32 = 3;

export const VALUE_NULL: u8 = 0;
export const VALUE_FALSE: u8 = 1;
export const VALUE_TRUE: u8 = 2;
export const VALUE_NUMBER: u8 = 3;
export const VALUE_STRING: u8 = 4;
export const VALUE_COMPLEX: u8 = 5;
/** In nodes only (`nodes.ts`). */
export const NODE_ARRAY: u8 = 6;
export const NODE_OBJECT: u8 = 7;

export const TRAITS_NONE: u32 = 0;
export const TRAITS_ARE_PROPERTIES: u32 = 1;
/** What comes on top of the number of a record. */
export const TRAITS_RECORD: u32 = 2;

export const ENTRY_MARK: u8 = 0xe5;
export const ENTRY_VERSION: u8 = 1;
/** Bytes before the part that the checksum covers. */
export const CHECKED_FROM: usize = 8;
export const COLUMNS: usize = 25;
export const COUNTS: usize = 15;
export const MESSAGES_ASCII: u32 = 1;
export const CONTACTS_ASCII: u32 = 2;
export const STRINGS_ASCII: u32 = 4;
