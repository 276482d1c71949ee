/**
 * A set of slots: one bit each, dense. A partition's contacts are numbered in order of arrival without holes, so a
 * word a 32 contacts is the smallest form of any set that isn't nearly empty, and algebra is one loop over words.
 */

export interface Bitmap {
  /** Bit `slot & 31` of word `slot >>> 5`. Words past the end count as zero. */
  words: Uint32Array;
  /** How many bits are set; kept by `setBit` and `clearBit`. */
  count: number;
}

export function createBitmap(words = 0): Bitmap {
  return { words: new Uint32Array(words), count: 0 };
}

/** Words needed for slots 0 to `slots - 1`. */
export function wordsFor(slots: number): number {
  return (slots + 31) >>> 5;
}

export function setBit(bitmap: Bitmap, slot: number): void {
  const at = slot >>> 5;
  if (at >= bitmap.words.length) {
    const grown = new Uint32Array(Math.max(at + 1, bitmap.words.length * 2));
    grown.set(bitmap.words);
    bitmap.words = grown;
  }
  const word = bitmap.words[at] ?? 0;
  const bit = (1 << (slot & 31)) >>> 0;
  if ((word & bit) !== 0) return;
  bitmap.words[at] = word | bit;
  bitmap.count++;
}

export function clearBit(bitmap: Bitmap, slot: number): void {
  const at = slot >>> 5;
  const word = bitmap.words[at] ?? 0;
  const bit = (1 << (slot & 31)) >>> 0;
  if ((word & bit) === 0) return;
  bitmap.words[at] = word & ~bit;
  bitmap.count--;
}

export function hasBit(words: Uint32Array, slot: number): boolean {
  return (((words[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 1;
}

/** The first `length` words, copied; what lies beyond the end is zero. */
export function copyWords(words: Uint32Array, length: number): Uint32Array {
  if (words.length >= length) return words.slice(0, length);
  const copy = new Uint32Array(length);
  copy.set(words);
  return copy;
}

/** `into &= by`, word for word; both have the same length. */
export function andWords(into: Uint32Array, by: Uint32Array): void {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] ?? 0) & (by[i] ?? 0);
}

export function orWords(into: Uint32Array, by: Uint32Array): void {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] ?? 0) | (by[i] ?? 0);
}

/** `into = within & ~into`: the complement among the contacts that exist. */
export function complementWords(into: Uint32Array, within: Uint32Array): void {
  for (let i = 0; i < into.length; i++) into[i] = (within[i] ?? 0) & ~(into[i] ?? 0);
}

/** Set bits of a word: pairs, nibbles, bytes, then one multiplication adds the bytes up. */
export function popcount(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

export function countWords(words: Uint32Array): number {
  let count = 0;
  for (let i = 0; i < words.length; i++) count += popcount(words[i] ?? 0);
  return count;
}

/** How many bits are set in both. */
export function countCommon(a: Uint32Array, b: Uint32Array): number {
  const length = Math.min(a.length, b.length);
  let count = 0;
  for (let i = 0; i < length; i++) count += popcount((a[i] ?? 0) & (b[i] ?? 0));
  return count;
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
