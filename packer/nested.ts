/**
 * Arrays and objects within calls. Many stand in call after call with the same bytes (a context, what it says of a library),
 * so each text is checked and taken apart once, into nodes (nodes.ts).
 */
import { NODE_OBJECT } from "./layout";
import { Buf, BUF_BYTES, claim, empty, reserve } from "./memory";
import { afterMember, writeUsualNodes } from "./nodes";
import { writeNodes } from "./outside";
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

/** A text's place and length, and the place of its nodes. */
const ROW_BYTES: usize = 12;
const TEXT_LENGTH: usize = 4;
const NODES: usize = 8;
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
  const hash = textHash(from, to);
  const length = (to - from) as u32;
  let slot = firstSlot(slots, hash);
  for (;;) {
    const item = itemAt(slots, slot);
    if (item === 0) break;
    if (hashAt(slots, slot) === hash) {
      const row = rows.at + (item - 1) * ROW_BYTES;
      if (load<u32>(row, TEXT_LENGTH) === length && isSame(texts.at + load<u32>(row), from, length))
        return first + item - 1;
    }
    slot = nextSlot(slots, slot);
  }
  const at = reserve(nodes, NODES_PER_BYTE * length + 16);
  const start = nodes.end;
  // Nothing is kept if the body is given up here.
  let end = writeUsualNodes(from, to, at);
  if (end === 0) end = writeNodes(from, to, at);
  nodes.end += end - at;
  const row = claim(rows, ROW_BYTES);
  store<u32>(row, texts.end as u32);
  store<u32>(row, length, TEXT_LENGTH);
  store<u32>(row, start as u32, NODES);
  memory.copy(claim(texts, length), from, length);
  const number = slots.count;
  putSlot(slots, slot, hash, number);
  return first + number;
}

/** The nodes of what `nestedNumber` has given a number, until the next `tidyNested`. */
export function nodesAt(number: u32): usize {
  return nodes.at + load<u32>(rows.at + (number - first) * ROW_BYTES, NODES);
}

export function isObject(number: u32): bool {
  return load<u8>(nodesAt(number)) === NODE_OBJECT;
}

/** How many items or keys there are. */
export function sizeOf(number: u32): u32 {
  return load<u32>(nodesAt(number), 1);
}

/** Whether an object has a key; only its own keys count, not those of values in it. */
export function hasKey(number: u32, key: usize, length: u32): bool {
  let other = nodesAt(number) + 5;
  for (let left = sizeOf(number); left > 0; left--) {
    if (load<u32>(other) === length && isSame(other + 4, key, length)) return true;
    other = afterMember(other);
  }
  return false;
}
