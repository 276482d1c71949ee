/** Values of rows as an entry stores them: the type of each, and the references and the numbers of those that have one. */
import { Buf, BUF_BYTES, claim, empty } from "./memory";

@unmanaged
export class ValueColumns {
  /** Items of the columns, or-ed: as wide as the widest. */
  typeBits: u32;
  refBits: u32;
  numberBits: u32;
  /** Whether a number is no unsigned integer of 32 bits. */
  areNumbersWide: u32;
}

const TYPES: usize = offsetof<ValueColumns>();
const REFS: usize = TYPES + BUF_BYTES;
const NUMBERS: usize = REFS + BUF_BYTES;
export const VALUE_COLUMNS_BYTES: usize = NUMBERS + BUF_BYTES;

/** Bytes. */
export function typesOf(values: ValueColumns): Buf {
  return changetype<Buf>(changetype<usize>(values) + TYPES);
}

/** Numbers of strings and of records, u32. */
export function refsOf(values: ValueColumns): Buf {
  return changetype<Buf>(changetype<usize>(values) + REFS);
}

/** f64. */
export function numbersOf(values: ValueColumns): Buf {
  return changetype<Buf>(changetype<usize>(values) + NUMBERS);
}

export function addType(values: ValueColumns, type: u8): void {
  store<u8>(claim(typesOf(values), 1), type);
  values.typeBits |= type;
}

export function addRef(values: ValueColumns, ref: u32): void {
  store<u32>(claim(refsOf(values), 4), ref);
  values.refBits |= ref;
}

export function addNumber(values: ValueColumns, value: f64): void {
  store<f64>(claim(numbersOf(values), 8), value);
  const whole = value as u32;
  if ((whole as f64) === value) values.numberBits |= whole;
  else values.areNumbersWide = 1;
}

/** How many bytes the columns have at their widest. */
export function bytesIn(values: ValueColumns): usize {
  return typesOf(values).end + refsOf(values).end + numbersOf(values).end;
}

export function emptyValues(values: ValueColumns): void {
  values.typeBits = 0;
  values.refBits = 0;
  values.numberBits = 0;
  values.areNumbersWide = 0;
  empty(typesOf(values));
  empty(refsOf(values));
  empty(numbersOf(values));
}
