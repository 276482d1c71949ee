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

/** Some 6 MB a partition. */
const ENTERS_MAX = 200_000;
/** With fewer than these there is no need to hear of checkpoints. */
const ENTERS_MANY = 2_000;

export class RecentEnters {
  #newer = new Generation();
  #older = new Generation();
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
    this.#newer.put(slot, segment, step);
    this.#end = step.seq;
  }

  /** Gives up what is known of steps up to this one. */
  forget(seq: number): void {
    this.#newer = new Generation();
    this.#older = new Generation();
    this.#lostUpTo = seq;
  }

  /** Every page holds the step, or hasn't changed since before. */
  passed(seq: number): void {
    if (seq >= this.#lostUpTo) this.#lostUpTo = 0;
    if (seq < this.#olderEnd) return;
    this.#older = this.#newer;
    this.#newer = new Generation();
    this.#olderEnd = this.#end;
  }

  /** The step in which a member became one; null when its page has it, `lost` when that isn't known. */
  stepOf(slot: number, segment: number): StepId | "lost" | null {
    const step = this.#newer.get(slot, segment) ?? this.#older.get(slot, segment);
    return step ?? (this.#lostUpTo > 0 ? "lost" : null);
  }
}

const CELLS = 3;
const START_ENTRIES = 64;

/** Steps by slot and segment: an open-addressed table, at most half full, as a Map of numbers this large costs its keys. */
class Generation {
  size = 0;
  /** In order; each as often as in one row of calls. */
  readonly #steps: StepId[] = [];
  /** For each entry slot, segment, and the place of its step in `#steps` plus one; 0 there is free. */
  #cells = new Uint32Array(START_ENTRIES * CELLS);

  put(slot: number, segment: number, step: StepId): void {
    if ((this.size + 1) * CELLS * 2 > this.#cells.length) this.#grow();
    if (this.#steps.at(-1) !== step) this.#steps.push(step);
    const at = this.#find(slot, segment);
    if (this.#cells[at + 2] === 0) this.size++;
    this.#cells[at] = slot;
    this.#cells[at + 1] = segment;
    this.#cells[at + 2] = this.#steps.length;
  }

  get(slot: number, segment: number): StepId | null {
    return this.#steps[(this.#cells[this.#find(slot, segment) + 2] ?? 0) - 1] ?? null;
  }

  /** Where an entry is, or would be. */
  #find(slot: number, segment: number): number {
    const cells = this.#cells;
    const mask = cells.length / CELLS - 1;
    const mixed = Math.imul(slot ^ Math.imul(segment, 0x85ebca6b), 0x9e3779b1);
    for (let place = (mixed ^ (mixed >>> 15)) & mask; ; place = (place + 1) & mask) {
      const at = place * CELLS;
      if (cells[at + 2] === 0 || (cells[at] === slot && cells[at + 1] === segment)) return at;
    }
  }

  #grow(): void {
    const old = this.#cells;
    this.#cells = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += CELLS) {
      if (old[at + 2] === 0) continue;
      const to = this.#find(old[at] ?? 0, old[at + 1] ?? 0);
      for (let i = 0; i < CELLS; i++) this.#cells[to + i] = old[at + i] ?? 0;
    }
  }
}
