/** Bytes of JSON text. */
export const TAB = 9;
export const LF = 10;
export const CR = 13;
export const SPACE = 32;
export const QUOTE = 34;
export const BACKSLASH = 92;
export const COMMA = 44;
export const COLON = 58;
export const MINUS = 45;
export const PLUS = 43;
export const POINT = 46;
export const ZERO = 48;
export const NINE = 57;
export const OPEN_BRACKET = 91;
export const CLOSE_BRACKET = 93;
export const OPEN_BRACE = 123;
export const CLOSE_BRACE = 125;
export const SMALL_E = 101;
export const LARGE_E = 69;

export const TRUE = Buffer.from("true");
export const FALSE = Buffer.from("false");
export const NULL = Buffer.from("null");

/** Flags of a text: a byte of it is not ASCII; it has an escape. */
export const BEYOND_ASCII = 0x80;
export const ESCAPED = 0x100;
