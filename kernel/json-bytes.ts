/** JSON values inside binary rows: a tag byte and the value, small integers in one or two bytes. */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import type { Json } from "./event.ts";

const NULL = 0;
const FALSE = 1;
const TRUE = 2;
const INTEGER = 3;
const DOUBLE = 4;
const STRING = 5;
const ARRAY = 6;
const OBJECT = 7;

const INTEGER_MAX = 2 ** 50;

export function writeJson(out: ByteWriter, value: Json): void {
  if (value === null) out.u8(NULL);
  else if (typeof value === "boolean") out.u8(value ? TRUE : FALSE);
  else if (typeof value === "number") writeNumber(out, value);
  else if (typeof value === "string") {
    out.u8(STRING);
    out.text(value);
  } else if (Array.isArray(value)) {
    out.u8(ARRAY);
    out.varint(value.length);
    for (const item of value as readonly Json[]) writeJson(out, item);
  } else {
    const entries = Object.entries(value);
    out.u8(OBJECT);
    out.varint(entries.length);
    for (const [key, item] of entries) {
      out.text(key);
      writeJson(out, item);
    }
  }
}

function writeNumber(out: ByteWriter, value: number): void {
  if (Number.isInteger(value) && Math.abs(value) < INTEGER_MAX && !Object.is(value, -0)) {
    out.u8(INTEGER);
    out.svarint(value);
  } else {
    out.u8(DOUBLE);
    out.f64(value);
  }
}

/** Passes over a value. */
export function skipJson(input: ByteReader): void {
  const tag = input.u8();
  if (tag === INTEGER) input.skipVarint();
  else if (tag === DOUBLE) input.skip(8);
  else if (tag === STRING) input.skipText();
  else if (tag === ARRAY || tag === OBJECT) {
    for (let n = input.varint(); n > 0; n--) {
      if (tag === OBJECT) input.skipText();
      skipJson(input);
    }
  } else if (tag > TRUE) throw new RangeError(`a stored value has the unknown tag ${tag}`);
}

export function readJson(input: ByteReader): Json {
  const tag = input.u8();
  switch (tag) {
    case NULL:
      return null;
    case FALSE:
      return false;
    case TRUE:
      return true;
    case INTEGER:
      return input.svarint();
    case DOUBLE:
      return input.f64();
    case STRING:
      return input.text();
    case ARRAY: {
      const items: Json[] = [];
      for (let n = input.varint(); n > 0; n--) items.push(readJson(input));
      return items;
    }
    case OBJECT: {
      const entries: [string, Json][] = [];
      for (let n = input.varint(); n > 0; n--) entries.push([input.text(), readJson(input)]);
      // fromEntries defines own properties, so that a key named __proto__ stays data.
      return Object.fromEntries(entries);
    }
    default:
      throw new RangeError(`a stored value has the unknown type ${tag}`);
  }
}
