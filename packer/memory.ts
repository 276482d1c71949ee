/**
 * Memory by hand: blocks of powers of two, each size with a list of free ones, and buffers that grow. Nothing here is
 * collected, and nothing is given back to the system: there is as much as the largest group of events needed, and what is
 * kept for the next one (`keepAtMost`).
 */

const SIZE_BITS_MIN: u32 = 6;
const PAGE_BITS: u32 = 16;
const SIZES: usize = 32;
/** The first free block of each size; a free block begins with the next one's place. */
const free: usize = memory.data(SIZES * 4);
let top: usize = __heap_base;

function sizeBits(bytes: usize): u32 {
  return bytes <= 1 << SIZE_BITS_MIN ? SIZE_BITS_MIN : 32 - clz<u32>((bytes - 1) as u32);
}

/** Not zeroed. */
export function allocate(bytes: usize): usize {
  const bits = sizeBits(bytes);
  const list = free + (bits << 2);
  const first = load<usize>(list);
  if (first !== 0) {
    store<usize>(list, load<usize>(first));
    return first;
  }
  const size: usize = 1 << bits;
  const block = (top + 15) & ~15;
  // Whoever reads a vector at the end of the last block must find memory there.
  const needed = ((block + size + 64 + (1 << PAGE_BITS) - 1) >> PAGE_BITS) as i32;
  const there = memory.size();
  if (needed > there && memory.grow(needed - there) < 0) unreachable();
  top = block + size;
  return block;
}

export function release(block: usize, bytes: usize): void {
  const list = free + (sizeBits(bytes) << 2);
  store<usize>(block, load<usize>(list));
  store<usize>(list, block);
}

/** Bytes one behind the other. */
@unmanaged
export class Buf {
  at: usize;
  /** How many bytes there are, and how many there is room for. */
  end: usize;
  room: usize;
}

export const BUF_BYTES: usize = 12;

/** Room for so many bytes more; gives where they go. */
export function claim(buf: Buf, bytes: usize): usize {
  const end = buf.end;
  if (end + bytes > buf.room) grow(buf, bytes);
  buf.end = end + bytes;
  return buf.at + end;
}

/** Room for so many bytes more, which are not taken yet. */
export function reserve(buf: Buf, bytes: usize): usize {
  if (buf.end + bytes > buf.room) grow(buf, bytes);
  return buf.at + buf.end;
}

const BUF_BYTES_MIN: usize = 512;
/** A larger buffer or table is not kept for the next entry. */
export let bytesKept: usize = 1 << 20;

export function keepAtMost(bytes: usize): void {
  bytesKept = max(bytes, BUF_BYTES_MIN);
}

function grow(buf: Buf, bytes: usize): void {
  let room = max(buf.room * 2, BUF_BYTES_MIN);
  while (room < buf.end + bytes) room *= 2;
  const at = allocate(room);
  if (buf.room > 0) {
    memory.copy(at, buf.at, buf.end);
    release(buf.at, buf.room);
  }
  buf.at = at;
  buf.room = room;
}

export function empty(buf: Buf): void {
  buf.end = 0;
  if (buf.room <= bytesKept) return;
  release(buf.at, buf.room);
  buf.room = 0;
}
