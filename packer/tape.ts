/**
 * Calls as a scan of their JSON text has found them: where things stand in the text, so that what goes into an entry is
 * copied from there. The tape is used again for the next body; what stands in it is valid until then. Calls and properties
 * are rows, one behind the other. A text is three integers: where it begins and ends, and its `textHash`; it ends at 0 where
 * there is none.
 */
import { Buf, BUF_BYTES, claim } from "./memory";

export const TEXT_TO: usize = 4;
export const TEXT_HASH: usize = 8;

/** A row of a call. The host reads names, kinds and properties (ingest/packer.ts). */
const CALL_BYTES: usize = 80;
export const CALL_NAME: usize = 0;
/** Ids are ASCII. */
export const CALL_USER_ID: usize = 12;
export const CALL_ANONYMOUS_ID: usize = 24;
/** Without a hash. */
export const CALL_MESSAGE_ID: usize = 36;
export const CALL_KIND: usize = 44;
/** One number of 64 bits for the call's kind, name and list of keys: equal for equal ones. */
export const CALL_FORM: usize = 48;
/** Where its properties end among those of all calls; they begin where those of the call before it end. */
export const CALL_PROPERTIES_END: usize = 56;
/** The number of a nested value plus one; 0 where it has no context. */
export const CALL_CONTEXT: usize = 60;
/** When it happened by its own account, and when it was sent, ms since 1970 as f64; NaN where it doesn't say. */
export const CALL_GIVEN: usize = 64;
export const CALL_SENT_AT: usize = 72;

/** A row of a property. */
export const PROPERTY_BYTES: usize = 28;
export const PROPERTY_KEY: usize = 0;
/** VALUE_… */
export const PROPERTY_TYPE: usize = 12;
/** Of VALUE_STRING a text, of VALUE_NUMBER an f64, of VALUE_COMPLEX the number of a nested value. */
export const PROPERTY_VALUE: usize = 16;

const VECTOR_BYTES: usize = 16;
const calls = changetype<Buf>(memory.data(BUF_BYTES as i32, 4));
const properties = changetype<Buf>(memory.data(BUF_BYTES as i32, 4));
export let callCount: u32 = 0;
export let propertyCount: u32 = 0;

export function clearTape(): void {
  calls.end = 0;
  properties.end = 0;
  callCount = 0;
  propertyCount = 0;
}

/** A row for another call, which has nothing yet. */
export function addCall(): usize {
  const row = claim(calls, CALL_BYTES);
  const nothing = i32x4.splat(0);
  for (let at = row; at < row + CALL_BYTES; at += VECTOR_BYTES) v128.store(at, nothing);
  callCount++;
  return row;
}

/** A row for another property, which is to be filled. */
export function addProperty(): usize {
  propertyCount++;
  return claim(properties, PROPERTY_BYTES);
}

export function callAt(place: u32): usize {
  return calls.at + place * CALL_BYTES;
}

export function propertyAt(place: u32): usize {
  return properties.at + place * PROPERTY_BYTES;
}

export function propertiesFrom(place: u32): u32 {
  return place === 0 ? 0 : load<u32>(callAt(place - 1), CALL_PROPERTIES_END);
}
