/**
 * A set of slots: one bit each, dense. A partition's contacts are numbered in order of arrival without holes, so a
 * word a 32 contacts is the smallest form of any set that isn't nearly empty, and algebra is one loop over words: the
 * kernel's where all operands lie in its memory, else a plain one that says the same.
 */
import { BLOCK_WORDS, kernelCombine, kernelCount, kernelCountCommon, newWords } from "./bitmap-kernel.ts";
import { grownLength } from "./columns.ts";

export interface Bitmap {
  /** Bit `slot & 31` of word `slot >>> 5`. Words past the end count as zero. Never keep a `subarray` of them. */
  words: Uint32Array;
  /** How many bits are set; kept by `setBit` and `clearBit`. */
  count: number;
}

export function createBitmap(words = 0): Bitmap {
  return { words: newWords(words), count: 0 };
}

/** Words needed for slots 0 to `slots - 1`. */
export function wordsFor(slots: number): number {
  return (slots + 31) >>> 5;
}

/** Makes room for so many words. */
export function growBitmap(bitmap: Bitmap, words: number): void {
  if (words <= bitmap.words.length) return;
  const grown = newWords(grownLength(bitmap.words.length, words));
  grown.set(bitmap.words);
  bitmap.words = grown;
}

/** False when it was set already. */
export function setBit(bitmap: Bitmap, slot: number): boolean {
  const at = slot >>> 5;
  if (at >= bitmap.words.length) growBitmap(bitmap, at + 1);
  const word = bitmap.words[at] ?? 0;
  const bit = 1 << (slot & 31);
  if ((word & bit) !== 0) return false;
  bitmap.words[at] = word | bit;
  bitmap.count++;
  return true;
}

/** False when it was not set. */
export function clearBit(bitmap: Bitmap, slot: number): boolean {
  const at = slot >>> 5;
  const word = bitmap.words[at] ?? 0;
  const bit = 1 << (slot & 31);
  if ((word & bit) === 0) return false;
  bitmap.words[at] = word & ~bit;
  bitmap.count--;
  return true;
}

/** Sets a bit of words that have it. */
export function setBitIn(words: Uint32Array, slot: number): void {
  const at = slot >>> 5;
  words[at] = (words[at] ?? 0) | (1 << (slot & 31));
}

export function hasBit(words: Uint32Array, slot: number): boolean {
  return (((words[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 1;
}

/**
 * Writes the first `length` words of `a & b`, `a | b` or `a & ~b` to `to`, which has as many; it may be `a` or `b`.
 * Quickest where `length` is a multiple of `BLOCK_WORDS`.
 */
export function combineWords(
  operation: "and" | "or" | "andNot",
  to: Uint32Array,
  a: Uint32Array,
  b: Uint32Array,
  length: number,
): void {
  const both = Math.min(length, a.length, b.length);
  const done = kernelCombine(operation, to, a, b, both) ? both : 0;
  if (operation === "and") {
    for (let i = done; i < both; i++) to[i] = (a[i] ?? 0) & (b[i] ?? 0);
    to.fill(0, both, length);
  } else if (operation === "or") {
    for (let i = done; i < both; i++) to[i] = (a[i] ?? 0) | (b[i] ?? 0);
    for (let i = both; i < length; i++) to[i] = (a[i] ?? 0) | (b[i] ?? 0);
  } else {
    for (let i = done; i < both; i++) to[i] = (a[i] ?? 0) & ~(b[i] ?? 0);
    for (let i = both; i < length; i++) to[i] = a[i] ?? 0;
  }
}

/** Set bits of a word: pairs, nibbles, bytes, then one multiplication adds the bytes up. */
export function popcount(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

export function countWords(words: Uint32Array): number {
  const counted = kernelCount(words, words.length);
  if (counted >= 0) return counted;
  let count = 0;
  for (let i = 0; i < words.length; i++) count += popcount(words[i] ?? 0);
  return count;
}

/** How many bits are set in both. */
export function countCommon(a: Uint32Array, b: Uint32Array): number {
  const length = Math.min(a.length, b.length);
  const counted = kernelCountCommon(a, b, length);
  if (counted >= 0) return counted;
  let count = 0;
  for (let i = 0; i < length; i++) count += popcount((a[i] ?? 0) & (b[i] ?? 0));
  return count;
}

/** Whole blocks of the kernel that hold so many words. */
export function wholeBlocks(words: number): number {
  return Math.ceil(words / BLOCK_WORDS) * BLOCK_WORDS;
}

/** Calls `take` with every set slot from `from` on, ascending, until it returns false. */
export function eachBit(words: Uint32Array, from: number, take: (slot: number) => boolean | void): void {
  let at = from >>> 5;
  if (at >= words.length) return;
  let word = ((words[at] ?? 0) & (0xffffffff << (from & 31))) >>> 0;
  for (;;) {
    while (word !== 0) {
      const bit = 31 - Math.clz32(word & -word);
      if (take(at * 32 + bit) === false) return;
      word = (word & (word - 1)) >>> 0;
    }
    if (++at >= words.length) return;
    word = words[at] ?? 0;
  }
}
