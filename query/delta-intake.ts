/**
 * Rows of deltas on their way into a view, straight out of the bytes in which they came: nearly every event makes a row.
 *
 * A page that was loaded already holds what deltas up to its step say of its contacts; those rows are passed over.
 */
import type { DeltaRowSink } from "../kernel/delta.ts";
import { LIMITS } from "../kernel/limits.ts";
import type { RecentEnters, StepId } from "./recent-enters.ts";
import type { PartitionView } from "./view.ts";

export class DeltaIntake implements DeltaRowSink {
  readonly #view: PartitionView;
  /** Where memberships that begin are noted; null where they are no news. */
  readonly #enters: RecentEnters | null;
  readonly #step: StepId;
  /** The step that a page held when it was loaded, by page number. */
  readonly #pageSeqs: ReadonlyMap<number, number>;
  #slot = 0;
  #wanted = true;

  constructor(view: PartitionView, enters: RecentEnters | null, step: StepId, pageSeqs: ReadonlyMap<number, number>) {
    this.#view = view;
    this.#enters = enters;
    this.#step = step;
    this.#pageSeqs = pageSeqs;
  }

  change(slot: number): void {
    if (this.#begin(slot) && !this.#view.has(slot)) {
      throw new Error(`a delta changes slot ${slot}, which has no contact`);
    }
  }

  whole(slot: number, bytes: Buffer, from: number, to: number): void {
    if (this.#begin(slot)) this.#view.begin(slot, bytes, from, to, 0, -1);
  }

  score(micros: number): void {
    if (this.#wanted) this.#view.scores.set(this.#slot, micros);
  }

  stage(stage: number): void {
    if (this.#wanted) this.#view.stages.set(this.#slot, stage);
  }

  entered(segment: number): void {
    if (!this.#wanted) return;
    this.#view.enter(segment, this.#slot);
    this.#enters?.note(this.#slot, segment, this.#step);
  }

  left(segment: number): void {
    if (this.#wanted) this.#view.leave(segment, this.#slot);
  }

  tag(bytes: Buffer, from: number, to: number, points: number): void {
    if (this.#wanted) this.#view.tags.set(this.#slot, this.#view.tagNames.numberOfBytes(bytes, from, to), points);
  }

  untagged(bytes: Buffer, from: number, to: number): void {
    if (this.#wanted) this.#view.tags.remove(this.#slot, this.#view.tagNames.numberOfBytes(bytes, from, to));
  }

  /** Whether the row is wanted. */
  #begin(slot: number): boolean {
    this.#slot = slot;
    const held = this.#pageSeqs.size === 0 ? undefined : this.#pageSeqs.get(Math.floor(slot / LIMITS.page_contacts));
    this.#wanted = held === undefined || held < this.#step.seq;
    return this.#wanted;
  }
}
