/**
 * Memory for what is kept of contacts: blocks of numbers in a few large arrays. As objects of their own the numbers of
 * hundreds of thousands of contacts would be millions of objects, which the garbage collector visits again and again and
 * which every event would follow pointers to.
 *
 * A block is a run of units of 8 bytes, each a double or two integers, and is known by a number: the chunk in which it
 * lies and its place there. 0 is no block, though it can be read like one. What is in a new block is undefined.
 */

const CHUNK_SHIFT = 17;
/** 1 MB: blocks beyond it have a chunk to themselves. */
const CHUNK_UNITS = 1 << CHUNK_SHIFT;
const OFFSET_MASK = CHUNK_UNITS - 1;
/** Chunks double up to the size above, so that a small partition takes little. */
const FIRST_CHUNK_UNITS = 1 << 10;
/** Free blocks up to this size are found by their size in an array. */
const LISTED_UNITS = 512;

/** Integers of a line of memory: what the processor reads at once. */
export const LINE = 16;

export class Slab {
  /** By chunk: its units as doubles, as pairs of integers, as bytes. */
  readonly f64: Float64Array[] = [];
  readonly i32: Int32Array[] = [];
  readonly u8: Buffer[] = [];
  #current = -1;
  #used = 0;
  #units = 0;
  /** The first free block of each size; each begins with the number of the next. */
  readonly #free = new Int32Array(LISTED_UNITS + 1);
  readonly #freeLarge = new Map<number, number>();
  readonly #freeChunks: number[] = [];

  constructor() {
    this.#nextChunk(1);
  }

  /** Bytes of the blocks that are in use. */
  get bytes(): number {
    return this.#units * 8;
  }

  alloc(units: number): number {
    this.#units += units;
    const free = units <= LISTED_UNITS ? (this.#free[units] as number) : (this.#freeLarge.get(units) ?? 0);
    if (free !== 0) {
      this.#setFree(units, (this.i32[chunkOf(free)] as Int32Array)[offsetOf(free) * 2] as number);
      return free;
    }
    if (units > CHUNK_UNITS) return this.#newChunk(units) << CHUNK_SHIFT;
    const room = (this.f64[this.#current] as Float64Array).length;
    if (this.#used + units > room) this.#nextChunk(units);
    const ref = (this.#current << CHUNK_SHIFT) | this.#used;
    this.#used += units;
    return ref;
  }

  /** `units` as when the block was made. */
  free(ref: number, units: number): void {
    this.#units -= units;
    if (units > CHUNK_UNITS) {
      this.#dropChunk(chunkOf(ref));
      return;
    }
    const next = units <= LISTED_UNITS ? (this.#free[units] as number) : (this.#freeLarge.get(units) ?? 0);
    (this.i32[chunkOf(ref)] as Int32Array)[offsetOf(ref) * 2] = next;
    this.#setFree(units, ref);
  }

  #setFree(units: number, ref: number): void {
    if (units <= LISTED_UNITS) this.#free[units] = ref;
    else this.#freeLarge.set(units, ref);
  }

  #nextChunk(units: number): void {
    const wanted = Math.min(CHUNK_UNITS, FIRST_CHUNK_UNITS << Math.min(this.f64.length, CHUNK_SHIFT));
    // The very first unit stays unused, since 0 is no block.
    this.#used = this.f64.length === 0 ? 1 : 0;
    this.#current = this.#newChunk(Math.max(wanted, units + this.#used));
  }

  #newChunk(units: number): number {
    const chunk = this.#freeChunks.pop() ?? this.f64.length;
    const buffer = new ArrayBuffer(units * 8);
    this.f64[chunk] = new Float64Array(buffer);
    this.i32[chunk] = new Int32Array(buffer);
    this.u8[chunk] = Buffer.from(buffer);
    return chunk;
  }

  #dropChunk(chunk: number): void {
    this.f64[chunk] = new Float64Array(0);
    this.i32[chunk] = new Int32Array(0);
    this.u8[chunk] = Buffer.alloc(0);
    this.#freeChunks.push(chunk);
  }
}

export function chunkOf(ref: number): number {
  return ref >>> CHUNK_SHIFT;
}

/** In units. */
export function offsetOf(ref: number): number {
  return ref & OFFSET_MASK;
}

/**
 * How many items a list of so many has room for: in steps of a half to a third of its size, so that it rarely moves.
 * Even, so that two lists of integers and one of doubles lie side by side in whole units.
 */
export function roomFor(count: number): number {
  if (count <= 8) return (count + 1) & ~1;
  const step = 1 << (30 - Math.clz32(count - 1));
  return (count + step - 1) & -step;
}
