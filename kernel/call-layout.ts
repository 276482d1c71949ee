/**
 * Rows of a tape (`call-tape.ts`). A text in them is three integers: where it begins and ends in the source, and the
 * `textHash` of its bytes. Where it ends at 0 there is none, or it is one of the tape's `strings`, at the place where it
 * would begin: no text in a body ends at 0.
 */

/** A text's items. */
export const TEXT_FROM = 0;
export const TEXT_TO = 1;
export const TEXT_HASH = 2;

/** A call's items. */
export const CALL_ITEMS = 14;
export const CALL_NAME = 0;
/** Ids are ASCII. */
export const CALL_USER_ID = 3;
export const CALL_ANONYMOUS_ID = 6;
/** Without a hash. */
export const CALL_MESSAGE_ID = 9;
export const CALL_KIND = 11;
/** One number for the call's kind, name and list of keys: equal for equal ones. */
export const CALL_FORM = 12;
/** Where its properties end among those of all calls; they begin where those of the call before it end. */
export const CALL_PROPERTIES_END = 13;

/** A property's items. */
export const PROPERTY_ITEMS = 7;
export const PROPERTY_KEY = 0;
/** VALUE_… of kernel/entry-layout.ts. */
export const PROPERTY_TYPE = 3;
/** Of VALUE_STRING. */
export const PROPERTY_TEXT = 4;
