/** Shapes of properties, and the records of arrays and objects within calls. */
import {
  nestedSlotsOf,
  RECORD_VALUE,
  RECORD_VALUE_BYTES,
  recordFormsOf,
  recordValuesOf,
  shapeKeysOf,
  shapeSlotsOf,
  shapesOf,
  stringsOf,
  Writer,
} from "./entry";
import { NODE_ARRAY, NODE_OBJECT, VALUE_COMPLEX, VALUE_NUMBER, VALUE_STRING } from "./layout";
import { claim } from "./memory";
import { nodesAt, sizeOf } from "./nested";
import { afterMember, valueOf } from "./nodes";
import { firstOf, firstSlot, hashAt, hashSeed, itemAt, mixed, nextSlot, putSlot, secondOf, textHash } from "./table";
import { intern, isSame, Texts } from "./texts";

/** The number of the shape whose `size` keys are the last of all; they go again where there is such a shape. */
export function shapeOf(writer: Writer, size: u32): u32 {
  const keys = shapeKeysOf(writer);
  const start = keys.end - (size << 2);
  let mix = hashSeed() ^ (size as u64);
  let all: u32 = 0;
  for (let key = keys.at + start; key < keys.at + keys.end; key += 4) {
    mix = mixed(mix, load<u32>(key));
    all |= load<u32>(key);
  }
  const hash = mix as u32;
  const slots = shapeSlotsOf(writer);
  let slot = firstSlot(slots, hash);
  for (;;) {
    const item = itemAt(slots, slot);
    if (item === 0) break;
    if (hashAt(slots, slot) === hash && secondOf(slots, slot) === size) {
      if (isSame(keys.at + firstOf(slots, slot), keys.at + start, size << 2)) {
        keys.end = start;
        return item - 1;
      }
    }
    slot = nextSlot(slots, slot);
  }
  const number = writer.shapes++;
  store<u32>(claim(shapesOf(writer), 4), size);
  writer.shapeSizes |= size;
  writer.shapeKeyStrings |= all;
  putSlot(slots, slot, hash, number, start as u32, size);
  return number;
}

/** A context's record plus one; 0 for none and for an empty one. `context` is a nested number plus one, or 0. */
export function contextRecord(writer: Writer, context: u32): u32 {
  if (context === 0 || sizeOf(context - 1) === 0) return 0;
  return recordOf(writer, context - 1) + 1;
}

/** The record of the traits within a context, whose nodes are given. */
export function traitsRecord(writer: Writer, context: u32, traits: usize): u32 {
  return recordFor(writer, (context - 1) | OF_TRAITS, traits);
}

/** In rows of nested values: the number is that of a context, and the record that of its traits. */
const OF_TRAITS: u32 = 1 << 31;

/** The record of a nested value. */
export function recordOf(writer: Writer, nested: u32): u32 {
  return recordFor(writer, nested, nodesAt(nested));
}

function recordFor(writer: Writer, nested: u32, nodes: usize): u32 {
  const slots = nestedSlotsOf(writer);
  const hash = mixed(hashSeed(), nested) as u32;
  let slot = firstSlot(slots, hash);
  for (;;) {
    const item = itemAt(slots, slot);
    if (item === 0) break;
    if (firstOf(slots, slot) === nested) return secondOf(slots, slot);
    slot = nextSlot(slots, slot);
  }
  const record = addRecord(writer, nodes);
  putSlot(slots, slot, hash, slots.count, nested, record);
  return record;
}

/** Where the nodes of the record that was added last end. */
let nodesEnd: usize = 0;

/** Adds an object or array, and those in it. Its form is twice the shape, or twice the length of an array plus one. */
function addRecord(writer: Writer, nodes: usize): u32 {
  const number = writer.records++;
  const isArray = load<u8>(nodes) === NODE_ARRAY;
  const size = load<u32>(nodes, 1);
  let at = nodes + 5;
  let form = size * 2 + 1;
  const strings = stringsOf(writer);
  if (!isArray) {
    let key = claim(shapeKeysOf(writer), size << 2);
    let member = at;
    for (let i: u32 = 0; i < size; i++, key += 4) {
      store<u32>(key, internNode(strings, member));
      member = afterMember(member);
    }
    form = shapeOf(writer, size) * 2;
  }
  store<u32>(claim(recordFormsOf(writer), 4), form);
  writer.recordForms |= form;
  const values = recordValuesOf(writer);
  const start = values.end;
  claim(values, size * RECORD_VALUE_BYTES);
  for (let i: u32 = 0; i < size; i++) {
    if (!isArray) at = valueOf(at);
    const type = load<u8>(at);
    let value: u64 = 0;
    let as = type;
    if (type === NODE_ARRAY || type === NODE_OBJECT) {
      as = VALUE_COMPLEX;
      value = addRecord(writer, at);
      at = nodesEnd;
    } else if (type === VALUE_NUMBER) {
      value = load<u64>(at, 1);
      at += 9;
    } else if (type === VALUE_STRING) {
      value = internNode(strings, at + 1);
      at += 5 + load<u32>(at, 1);
    } else at++;
    const row = values.at + start + i * RECORD_VALUE_BYTES;
    store<u32>(row, as);
    store<u64>(row, value, RECORD_VALUE);
  }
  nodesEnd = at;
  return number;
}

/** A text of nodes: its length and its bytes. */
function internNode(texts: Texts, at: usize): u32 {
  const from = at + 4;
  const to = from + load<u32>(at);
  return intern(texts, from, to, textHash(from, to));
}
