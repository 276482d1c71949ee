/**
 * Packs events: reads bodies of calls from their bytes and puts the calls into entries, one for each partition. The host is
 * ingest/packer.ts, which describes what each of these does for its users.
 */
import { CLOSE_BRACE, TILDE } from "./layout";
import { isSpace } from "./json";
import { allocate, Buf, BUF_BYTES, claim, empty, keepAtMost } from "./memory";
import { tidyNested, traitsIn } from "./nested";
import { readBatch, readCall } from "./scan";
import { setSeed, textHash } from "./table";
import {
  CALL_ANONYMOUS_ID,
  CALL_CONTEXT,
  CALL_FORM,
  CALL_USER_ID,
  callAt,
  callCount,
  clearTape,
  TEXT_HASH,
  TEXT_TO,
} from "./tape";
import { encode } from "./encode";
import { emptyWriter, openWriter, sizeOfEntry, Writer, WRITER_BYTES } from "./entry";
import { hash64, hashHi, hashLo } from "./ids";
import { addEvent } from "./writer";

export { setBounds } from "./scan";
export { entryAt } from "./encode";
export { callAt, propertiesFrom, propertyAt } from "./tape";

let writers: usize = 0;
let partitions: u32 = 0;
/** Which `collect` is at work. */
let collecting: u32 = 0;

/** What all writers may keep from entry to entry, and about how many buffers and tables each of them has. */
const KEPT_BYTES: u32 = 1 << 26;
const BUFFERS: u32 = 16;

/** A writer for each partition; for the seed of hash tables any number will do that nobody can guess. */
export function open(partitionCount: u32, seed: u64): void {
  setSeed(seed);
  keepAtMost(KEPT_BYTES / (partitionCount * BUFFERS));
  partitions = partitionCount;
  writers = allocate(partitionCount * WRITER_BYTES);
  memory.fill(writers, 0, partitionCount * WRITER_BYTES);
  for (let i: u32 = 0; i < partitionCount; i++) openWriter(writerAt(i));
}

function writerAt(partition: u32): Writer {
  return changetype<Writer>(writers + partition * WRITER_BYTES);
}

/** The body at hand, and zeros behind it. */
const body = changetype<Buf>(memory.data(BUF_BYTES as i32, 4));
const ZEROS: usize = 32;

/** Room for a body of so many bytes; gives where it goes. */
export function bodyRoom(bytes: u32): usize {
  empty(body);
  const at = claim(body, bytes + ZEROS);
  memory.fill(at + bytes, 0, ZEROS);
  return at;
}

/** Reads the body in `bodyRoom`: a call of a kind, or a batch for -1. Gives how many calls it has; -1 where it isn't ordinary. */
export function scan(bytes: u32, kind: i32, receivedAt: f64): i32 {
  clearTape();
  tidyNested();
  const from = body.at;
  let end = from + bytes;
  while (end > from && isSpace(load<u8>(end - 1))) end--;
  if (end === from || load<u8>(end - 1) !== CLOSE_BRACE) return -1;
  const read = kind < 0 ? readBatch(from, receivedAt) : readCall(from, kind, receivedAt);
  return read === end ? (callCount as i32) : -1;
}

/** Partitions that the last `collect` put events into, those of them that had none before, and calls of new forms. */
const touched = changetype<Buf>(memory.data(BUF_BYTES as i32, 4));
const begun = changetype<Buf>(memory.data(BUF_BYTES as i32, 4));
const fresh = changetype<Buf>(memory.data(BUF_BYTES as i32, 4));

export function touchedAt(): usize {
  return touched.at;
}
export function touchedCount(): u32 {
  return (touched.end >> 2) as u32;
}
export function begunAt(): usize {
  return begun.at;
}
export function begunCount(): u32 {
  return (begun.end >> 2) as u32;
}
export function freshAt(): usize {
  return fresh.at;
}
export function freshCount(): u32 {
  return (fresh.end >> 2) as u32;
}

/** Puts the calls of the tape into their partitions' entries; gives how many bytes these have grown by, roughly. */
export function collect(): u32 {
  empty(touched);
  empty(begun);
  empty(fresh);
  collecting++;
  let grown: u32 = 0;
  for (let place: u32 = 0; place < callCount; place++) {
    const call = callAt(place);
    let from: usize = load<u32>(call, CALL_USER_ID);
    let to: usize = load<u32>(call + CALL_USER_ID, TEXT_TO);
    let idHash = load<u32>(call + CALL_USER_ID, TEXT_HASH);
    if (to === 0) {
      // The contact's id is a tilde and the anonymous id, before which there is a byte that is read no more.
      from = load<u32>(call, CALL_ANONYMOUS_ID) - 1;
      to = load<u32>(call + CALL_ANONYMOUS_ID, TEXT_TO);
      store<u8>(from, TILDE);
      idHash = textHash(from, to);
    }
    hash64(from, to, 0, 0);
    const lo = hashLo;
    const partition = lo % partitions;
    const writer = writerAt(partition);
    if (writer.events === 0) store<u32>(claim(begun, 4), partition);
    if (writer.lastCall !== collecting) {
      writer.lastCall = collecting;
      store<u32>(claim(touched, 4), partition);
      grown -= sizeOfEntry(writer);
    }
    addEvent(writer, place, from, to, idHash, lo, hashHi);
    if (isFresh(load<u64>(call, CALL_FORM))) store<u32>(claim(fresh, 4), place);
  }
  for (let at = touched.at; at < touched.at + touched.end; at += 4) grown += sizeOfEntry(writerAt(load<u32>(at)));
  return grown;
}

/** Forms of calls that were seen; when these are so many all are forgotten. */
const FORMS_MAX: u32 = 20_000;
const FORM_BITS: u32 = 16;
const FORMS_BYTES: usize = 8 << FORM_BITS;
let forms: usize = 0;
let formCount: u32 = 0;

function isFresh(form: u64): bool {
  if (forms === 0 || formCount === FORMS_MAX) {
    if (forms === 0) forms = allocate(FORMS_BYTES);
    memory.fill(forms, 0, FORMS_BYTES);
    formCount = 0;
  }
  // 0 is an empty place.
  const wanted: u64 = form === 0 ? 1 : form;
  const mask: u32 = (1 << FORM_BITS) - 1;
  for (let place = (wanted as u32) & mask; ; place = (place + 1) & mask) {
    const there = load<u64>(forms + (place << 3));
    if (there === wanted) return false;
    if (there !== 0) continue;
    store<u64>(forms + (place << 3), wanted);
    formCount++;
    return true;
  }
}

/** Where the nodes are of the traits in the context of a call on the tape; 0 where there are none. */
export function contextTraitsAt(place: u32): usize {
  const context = load<u32>(callAt(place), CALL_CONTEXT);
  return context === 0 ? 0 : traitsIn(context - 1);
}

/** How many events the entry of a partition has. */
export function eventsIn(partition: u32): u32 {
  return writerAt(partition).events;
}

/** Writes the entry of a partition to `entryAt`, but for its checksum, and begins another; gives how many bytes it has. */
export function finish(partition: u32, receivedAt: f64): u32 {
  const writer = writerAt(partition);
  const bytes = encode(writer, receivedAt);
  emptyWriter(writer);
  return bytes;
}
