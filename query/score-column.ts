/**
 * Scores by slot, with the largest of every block of slots beside them: whoever looks for the highest scores passes
 * over most blocks without reading them. When the largest of a block sinks, what is noted stays too large until
 * somebody asks: an upper bound is all that searching needs, and it is cheaper to look again once than every time.
 */
import { newNumbers } from "./bitmap-kernel.ts";
import { grownLength } from "./columns.ts";

/** Slots of a block: four words of a bitmap. */
export const SCORE_BLOCK = 128;
const BLOCK_SHIFT = Math.log2(SCORE_BLOCK);

export class ScoreColumn {
  /** Micro points, by slot. Only to be read. */
  values: Float64Array = new Float64Array(SCORE_BLOCK);
  #largest = new Float64Array(1).fill(-Infinity);
  /** One for a block whose largest may have sunk. */
  #sunk = new Uint8Array(1);

  reserve(slots: number): void {
    if (slots <= this.values.length) return;
    this.#resize(slots);
  }

  get(slot: number): number {
    return this.values[slot] ?? 0;
  }

  set(slot: number, micros: number): void {
    if (slot >= this.values.length) this.#resize(grownLength(this.values.length, slot + 1));
    const block = slot >>> BLOCK_SHIFT;
    const before = this.values[slot] ?? 0;
    const largest = this.#largest[block] ?? 0;
    this.values[slot] = micros;
    if (micros >= largest) {
      this.#largest[block] = micros;
      this.#sunk[block] = 0;
    } else if (before === largest) {
      this.#sunk[block] = 1;
    }
  }

  /** Blocks that there are, used or not. */
  get blocks(): number {
    return this.#largest.length;
  }

  /** No score in the block is larger. -Infinity for a block without contacts. */
  largest(block: number): number {
    if (this.#sunk[block] === 1) this.#lookAgain(block);
    return this.#largest[block] ?? -Infinity;
  }

  /** Slots that have no contact count with the 0 that stands there. */
  #lookAgain(block: number): void {
    const end = (block + 1) * SCORE_BLOCK;
    let largest = -Infinity;
    for (let slot = block * SCORE_BLOCK; slot < end; slot++) largest = Math.max(largest, this.values[slot] ?? 0);
    this.#largest[block] = largest;
    this.#sunk[block] = 0;
  }

  /** To whole blocks, so that a scan never reads past the end. */
  #resize(slots: number): void {
    const blocks = (slots + SCORE_BLOCK - 1) >>> BLOCK_SHIFT;
    const values = newNumbers(Float64Array, blocks * SCORE_BLOCK);
    values.set(this.values);
    this.values = values;
    const largest = new Float64Array(blocks).fill(-Infinity);
    largest.set(this.#largest);
    this.#largest = largest;
    const sunk = new Uint8Array(blocks);
    sunk.set(this.#sunk);
    this.#sunk = sunk;
  }
}
