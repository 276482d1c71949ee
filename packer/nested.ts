/**
 * Arrays and objects within calls. Many stand in call after call with the same bytes (a context, what it says of a library),
 * so each text is checked and taken apart once, into nodes (nodes.ts).
 */
import { NODE_OBJECT, VALUE_NULL } from "./layout";
import { Buf, BUF_BYTES, claim, empty, reserve } from "./memory";
import { afterMember, valueOf, writeUsualNodes } from "./nodes";
import { odd, writeNodes } from "./outside";
import {
  emptySlots,
  firstSlot,
  hashAt,
  itemAt,
  nextSlot,
  openSlots,
  putSlot,
  Slots,
  SLOTS_BYTES,
  textHash,
} from "./table";
import { isSame } from "./texts";

/** A text's place and length, the place of its nodes, and where the traits of a context are, plus one; 0 for none. */
const ROW_BYTES: usize = 20;
const TEXT_LENGTH: usize = 4;
const NODES: usize = 8;
const TRAITS: usize = 12;
/** Whether it is a context: a context loses its traits, and no other value with the same text does. */
const IS_CONTEXT: usize = 16;
/** `traits` in ASCII, with room for a vector to be read. */
const TRAITS_KEY: usize = memory.data<u8>([116, 114, 97, 105, 116, 115, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const TRAITS_KEY_BYTES: u32 = 6;
/** What is remembered; beyond it all is forgotten before the next body. */
const TEXT_BYTES_MAX: usize = 1 << 20;
const NESTED_MAX: u32 = 8192;
/** Beyond it numbers begin at 0 again. */
const NUMBERS_MAX: u32 = 1 << 30;
/** Nodes take this many times the bytes of the text at most: `[1]` is two types, a count and an f64. */
const NODES_PER_BYTE: usize = 5;

const texts = changetype<Buf>(memory.data(BUF_BYTES as i32, 4));
const nodes = changetype<Buf>(memory.data(BUF_BYTES as i32, 4));
const rows = changetype<Buf>(memory.data(BUF_BYTES as i32, 4));
const slots = changetype<Slots>(memory.data(SLOTS_BYTES as i32, 4));
/** Numbers are given out once: what was forgotten may still have a record in an entry that is being filled. */
let first: u32 = 0;
openSlots(slots);

/** Forgets what was remembered, where that is much. */
export function tidyNested(): void {
  if (texts.end < TEXT_BYTES_MAX && slots.count < NESTED_MAX) return;
  // Those that an open entry may still know are the last ones, and far from 0.
  first = first > NUMBERS_MAX ? 0 : first + slots.count;
  empty(texts);
  empty(nodes);
  empty(rows);
  emptySlots(slots);
}

/** The number of an array or object by its text. */
export function nestedNumber(from: usize, to: usize): u32 {
  return numberOf(from, to, 0);
}

/** The number of a context by its text: what its nodes say is without its traits. */
export function contextNumber(from: usize, to: usize): u32 {
  return numberOf(from, to, 1);
}

function numberOf(from: usize, to: usize, isContext: u32): u32 {
  const hash = textHash(from, to) ^ isContext;
  const length = (to - from) as u32;
  let slot = firstSlot(slots, hash);
  for (;;) {
    const item = itemAt(slots, slot);
    if (item === 0) break;
    if (hashAt(slots, slot) === hash) {
      const row = rows.at + (item - 1) * ROW_BYTES;
      const isSort = load<u32>(row, TEXT_LENGTH) === length && load<u32>(row, IS_CONTEXT) === isContext;
      if (isSort && isSame(texts.at + load<u32>(row), from, length)) return first + item - 1;
    }
    slot = nextSlot(slots, slot);
  }
  const bytesMax = NODES_PER_BYTE * length + 16;
  let start = reserve(nodes, bytesMax * 2);
  // Nothing is kept if the body is given up here.
  let end = writeUsualNodes(from, to, start);
  if (end === 0) end = writeNodes(from, to, start);
  let traits: usize = 0;
  if (isContext !== 0) {
    const key = memberNamed(start, TRAITS_KEY, TRAITS_KEY_BYTES);
    if (key !== 0) {
      traits = valueOf(key);
      if (load<u8>(traits) !== NODE_OBJECT && load<u8>(traits) !== VALUE_NULL) odd();
      const whole = start;
      start = end;
      end = writeWithout(whole, key, start);
    }
  }
  const row = claim(rows, ROW_BYTES);
  store<u32>(row, texts.end as u32);
  store<u32>(row, length, TEXT_LENGTH);
  store<u32>(row, (start - nodes.at) as u32, NODES);
  const hasTraits = traits !== 0 && load<u8>(traits) === NODE_OBJECT && load<u32>(traits, 1) > 0;
  store<u32>(row, hasTraits ? ((traits - nodes.at + 1) as u32) : 0, TRAITS);
  store<u32>(row, isContext, IS_CONTEXT);
  nodes.end = end - nodes.at;
  memory.copy(claim(texts, length), from, length);
  const number = slots.count;
  putSlot(slots, slot, hash, number, 0, 0);
  return first + number;
}

/** Where an object's key stands; 0 where it hasn't got it. Only its own keys count, not those of values in it. */
function memberNamed(object: usize, key: usize, length: u32): usize {
  if (load<u8>(object) !== NODE_OBJECT) return 0;
  let other = object + 5;
  for (let left = load<u32>(object, 1); left > 0; left--) {
    if (load<u32>(other) === length && isSame(other + 4, key, length)) return other;
    other = afterMember(other);
  }
  return 0;
}

/** Writes an object's nodes without one of its members, which end where `into` is; gives the place behind. */
function writeWithout(object: usize, member: usize, into: usize): usize {
  const before = member - object;
  const rest = afterMember(member);
  memory.copy(into, object, before);
  store<u32>(into, load<u32>(object, 1) - 1, 1);
  memory.copy(into + before, rest, into - rest);
  return into + before + (into - rest);
}

/** The nodes of the traits within a context; 0 where it has none. */
export function traitsIn(number: u32): usize {
  const traits = load<u32>(rows.at + (number - first) * ROW_BYTES, TRAITS);
  return traits === 0 ? 0 : nodes.at + traits - 1;
}

/** The nodes of what `nestedNumber` has given a number, until the next `tidyNested`. */
export function nodesAt(number: u32): usize {
  return nodes.at + load<u32>(rows.at + (number - first) * ROW_BYTES, NODES);
}

/** How many items or keys there are. */
export function sizeOf(number: u32): u32 {
  return load<u32>(nodesAt(number), 1);
}
