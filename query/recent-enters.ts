/**
 * Which step the newest memberships began in: those that pages in Redis may not hold yet. A membership that isn't here
 * began before the last checkpoint that was heard of (or before the view was loaded), so every page has it.
 *
 * Entries are dropped by generations: what a checkpoint has passed is in the pages. Where too many come between two
 * checkpoints, or a new model brings all memberships again, nothing is known until the next one.
 */

/** A step by its number, and the id of its delta and of its entry in the feed. */
export interface StepId {
  readonly seq: number;
  readonly id: string;
}

/** Some 10 MB a partition. */
const ENTERS_MAX = 200_000;
/** With fewer than these there is no need to hear of checkpoints. */
const ENTERS_MANY = 2_000;
/** Room for segment ids in a key beside the slot. */
const SEGMENTS_MAX = 2 ** 20;

export class RecentEnters {
  #newer = new Map<number, StepId>();
  #older = new Map<number, StepId>();
  /** The newest step of the older ones. */
  #olderEnd = 0;
  /** The newest step noted. */
  #end = 0;
  /** Memberships that began in steps up to here may be missing, and may not be in pages. */
  #lostUpTo = 0;

  /** Whether `passed` should be called with the last checkpoint. */
  get wantsCheckpoint(): boolean {
    return this.#lostUpTo > 0 || this.#newer.size + this.#older.size >= ENTERS_MANY;
  }

  note(slot: number, segment: number, step: StepId): void {
    if (this.#newer.size + this.#older.size >= ENTERS_MAX) this.forget(step.seq);
    this.#newer.set(slot * SEGMENTS_MAX + segment, step);
    this.#end = step.seq;
  }

  /** Gives up what is known of steps up to this one. */
  forget(seq: number): void {
    this.#newer.clear();
    this.#older.clear();
    this.#lostUpTo = seq;
  }

  /** Every page holds the step, or hasn't changed since before. */
  passed(seq: number): void {
    if (seq >= this.#lostUpTo) this.#lostUpTo = 0;
    if (seq < this.#olderEnd) return;
    this.#older = this.#newer;
    this.#newer = new Map();
    this.#olderEnd = this.#end;
  }

  /** The step in which a member became one; null when its page has it, `lost` when that isn't known. */
  stepOf(slot: number, segment: number): StepId | "lost" | null {
    const key = slot * SEGMENTS_MAX + segment;
    return this.#newer.get(key) ?? this.#older.get(key) ?? (this.#lostUpTo > 0 ? "lost" : null);
  }
}
