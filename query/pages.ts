/** One page out of a set of contacts that spreads over partitions, in either order. */
import { countWords, eachBit } from "./bitmap.ts";
import { SCORE_BLOCK } from "./score-column.ts";
import type { PartitionView } from "./view.ts";

/** Words of a block of the score column. */
const BLOCK_WORDS = SCORE_BLOCK / 32;

/** The members of one partition. The words are read, never changed. */
export interface MemberSet {
  readonly partition: number;
  readonly view: PartitionView;
  readonly words: Uint32Array;
}

export interface Position {
  readonly partition: number;
  readonly slot: number;
}
/** In order of score the score comes first, micro points. */
export interface ScoredPosition extends Position {
  readonly micros: number;
}

export interface Page<P> {
  readonly rows: readonly P[];
  /** The last row when more follow, else null. */
  readonly next: P | null;
}

export function countMembers(sets: readonly MemberSet[]): number {
  let count = 0;
  for (const set of sets) count += countWords(set.words);
  return count;
}

/** The engine's own stable order: by partition, then by arrival. `sets` are in order of partitions. */
export function pageInOrder(sets: readonly MemberSet[], limit: number, after: Position | null): Page<Position> {
  const rows: Position[] = [];
  let more = false;
  for (const { partition, words } of sets) {
    if (after !== null && partition < after.partition) continue;
    const from = partition === after?.partition ? after.slot + 1 : 0;
    eachBit(words, from, (slot) => {
      if (rows.length < limit) {
        rows.push({ partition, slot });
        return true;
      }
      more = true;
      return false;
    });
    if (more) break;
  }
  return { rows, next: more ? (rows.at(-1) ?? null) : null };
}

/**
 * Highest score first; equal scores by partition and arrival. The best `limit + 1` so far are kept: whenever twice as
 * many have been gathered they are sorted and the rest is dropped. Blocks of contacts come in order of their largest
 * score, so that those behind the first few have nothing to offer any more and are never read.
 */
export class BestByScore {
  readonly #keep: number;
  readonly #limit: number;
  readonly #after: ScoredPosition | null;
  #best: ScoredPosition[] = [];
  #worst: ScoredPosition | null = null;

  constructor(limit: number, after: ScoredPosition | null) {
    this.#limit = limit;
    this.#keep = limit + 1;
    this.#after = after;
  }

  /** Sets come in order of partitions. */
  add(set: MemberSet): void {
    if (this.#limit === 0) return;
    const { scores } = set.view;
    const promises = (block: number): boolean => {
      const first = { micros: scores.largest(block), partition: set.partition, slot: block * SCORE_BLOCK };
      return this.#worst === null || compareScored(first, this.#worst) < 0;
    };
    const blocks: number[] = [];
    for (let block = 0; block * BLOCK_WORDS < set.words.length; block++) {
      if (hasMembers(set.words, block) && promises(block)) blocks.push(block);
    }
    blocks.sort((a, b) => scores.largest(b) - scores.largest(a) || a - b);
    for (const block of blocks) {
      // Those that follow promise no more.
      if (!promises(block)) break;
      this.#addBlock(set, block);
    }
  }

  page(): Page<ScoredPosition> {
    this.#prune();
    const rows = this.#best.slice(0, this.#limit);
    return { rows, next: this.#best.length > this.#limit ? (rows.at(-1) ?? null) : null };
  }

  #addBlock({ partition, view, words }: MemberSet, block: number): void {
    const { values } = view.scores;
    const after = this.#after;
    const end = Math.min(words.length, (block + 1) * BLOCK_WORDS);
    for (let at = block * BLOCK_WORDS; at < end; at++) {
      for (let word = words[at] ?? 0; word !== 0; word &= word - 1) {
        const slot = at * 32 + 31 - Math.clz32(word & -word);
        const micros = values[slot] ?? 0;
        if (this.#worst !== null && micros < this.#worst.micros) continue;
        if (after !== null && micros > after.micros) continue;
        const row = { micros, partition, slot };
        if (after !== null && compareScored(row, after) <= 0) continue;
        if (this.#worst !== null && compareScored(row, this.#worst) > 0) continue;
        this.#best.push(row);
        if (this.#best.length >= this.#keep * 2) this.#prune();
      }
    }
  }

  #prune(): void {
    this.#best.sort(compareScored);
    this.#best.length = Math.min(this.#best.length, this.#keep);
    this.#worst = this.#best.length === this.#keep ? (this.#best.at(-1) ?? null) : null;
  }
}

function hasMembers(words: Uint32Array, block: number): boolean {
  let any = 0;
  for (let i = 0; i < BLOCK_WORDS; i++) any |= words[block * BLOCK_WORDS + i] ?? 0;
  return any !== 0;
}

function compareScored(a: ScoredPosition, b: ScoredPosition): number {
  return b.micros - a.micros || a.partition - b.partition || a.slot - b.slot;
}
