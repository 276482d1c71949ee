/** The layout of a contact's head: what lies side by side of each contact (contact.ts). */

/** A contact's head: so many units, of which the first four are doubles. Two lines of memory: what most events need. */
export const HEAD_UNITS = 16;
export const FIRST_SEEN = 0;
export const LAST_SEEN = 1;
export const SCORE = 2;
export const NEXT_FLIP = 3;
/** The others are integers, counted from the head's beginning. */
export const STAGE = 8;
export const FLAGS = 9;
export const CHANGE = 10;
export const MOVES = 11;
export const ID_BYTES = 12;
/** The block with what else it has, as bytes: `ContactObjects` in awake.ts. */
export const OWN = 13;
/** Tables: each a block and the number of its entries. */
export const NUMBERS = 14;
export const ARMED = 16;
export const MEMBERS = 18;
export const HELD = 20;
/** The block with its tags (tags.ts). */
export const TAGS = 22;
/** The id as UTF-8; where it is longer than there is room for here, the block in which it lies. */
export const ID = 23;
export const ID_INLINE_BYTES_MAX = (HEAD_UNITS * 2 - ID) * 4;

export const KNOWN = 1;
export const SATURATED = 2;
/** Whether it has anything beside its numbers and its tags. */
export const OBJECTS = 4;
/** Whether it was worked on again since it was decoded, or since that was looked at last. */
export const USED = 8;

/** What changed since the last delta, as bits; 0 when nothing did. Values are read when the delta is written. */
export const CHANGED = 1;
export const CHANGED_NEW = 2;
export const CHANGED_SCORE = 4;
export const CHANGED_STAGE = 8;
/** Which of them, and how, is marked among the tags. */
export const CHANGED_TAGS = 16;
