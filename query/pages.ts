/** One page out of a set of contacts that spreads over partitions, in either order. */
import { countWords, eachBit } from "./bitmap.ts";
import type { PartitionView } from "./view.ts";

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
 * Highest score first; equal scores by partition and arrival. Scans the set once and keeps the best `limit + 1` so
 * far: whenever twice as many have been gathered they are sorted and the rest is dropped.
 */
export function pageByScore(
  sets: readonly MemberSet[],
  limit: number,
  after: ScoredPosition | null,
): Page<ScoredPosition> {
  if (limit === 0) return { rows: [], next: null };
  const keep = limit + 1;
  let best: ScoredPosition[] = [];
  let worst: ScoredPosition | null = null;
  const prune = (): void => {
    best.sort(compareScored);
    best = best.slice(0, keep);
    worst = best.length === keep ? (best.at(-1) ?? null) : null;
  };
  for (const { partition, view, words } of sets) {
    eachBit(words, 0, (slot) => {
      const micros = view.score(slot);
      if (worst !== null && micros < worst.micros) return;
      if (after !== null && micros > after.micros) return;
      const row = { micros, partition, slot };
      if (after !== null && compareScored(row, after) <= 0) return;
      if (worst !== null && compareScored(row, worst) > 0) return;
      best.push(row);
      if (best.length >= keep * 2) prune();
    });
  }
  prune();
  const rows = best.slice(0, limit);
  return { rows, next: best.length > limit ? (rows.at(-1) ?? null) : null };
}

function compareScored(a: ScoredPosition, b: ScoredPosition): number {
  return b.micros - a.micros || a.partition - b.partition || a.slot - b.slot;
}
