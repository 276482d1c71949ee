/** The twin of a page in the `index` hash (kernel/page.ts): what must be in memory of every contact, loaded or not. */
import { ByteReader, type ByteWriter } from "../kernel/bytes.ts";
import { LIMITS } from "../kernel/limits.ts";
import { firstSlotOf } from "../dsl/contact/slots.ts";
import type { Directory } from "./directory.ts";
import type { Timers } from "./timers.ts";

const ENTRY_BYTES = 16;

/** Scratch: a page's entries of two words of hash and the instant of a flip. */
const entryBytes = new Uint8Array(LIMITS.page_contacts * ENTRY_BYTES);
const words = new Uint32Array(entryBytes.buffer);
const flips = new Float64Array(entryBytes.buffer);

/** Of the first `count` contacts of a page, behind what the writer has; valid until a reset. */
export function writePageIndex(
  out: ByteWriter,
  { page, count, seq }: { readonly page: number; readonly count: number; readonly seq: number },
  directory: Directory,
  timers: Timers,
): Buffer {
  const begin = out.length;
  out.varint(seq);
  out.varint(count);
  for (let slot = firstSlotOf(page), end = slot + count; slot < end; slot++) {
    out.u32(directory.lo(slot));
    out.u32(directory.hi(slot));
    out.f64(timers.get(slot));
  }
  return out.view(begin);
}

/** Throws where the bytes are not an index. */
export function loadPageIndex(page: number, bytes: Buffer, directory: Directory, timers: Timers): void {
  const input = new ByteReader(bytes);
  input.varint();
  const count = input.varint();
  if (count > LIMITS.page_contacts || bytes.length < input.at + count * ENTRY_BYTES) {
    throw new Error(`the index of page ${page} does not have its ${count} contacts`);
  }
  // A copy into words: a page's bytes begin anywhere, and a reader takes them one by one.
  for (let i = 0, from = input.at, end = count * ENTRY_BYTES; i < end; i++) entryBytes[i] = bytes[from + i] as number;
  const first = firstSlotOf(page);
  for (let i = 0; i < count; i++) {
    directory.set(first + i, words[i * 4] as number, words[i * 4 + 1] as number);
    timers.restore(first + i, flips[i * 2 + 1] as number);
  }
}
