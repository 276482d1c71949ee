/**
 * One partition as this process follows it: loading, catching up, ready. It takes deltas in order, notices when one
 * is missing, and says what it knows about how fresh its view is. Reading from Redis is the follower's work.
 */
import { decodeReplies, decodeStep, DeltaRowReader, type Reply, type Step } from "../kernel/delta.ts";
import type { PartitionKeys } from "../kernel/keys.ts";
import type { Heartbeat } from "../kernel/partition-state.ts";
import { DeltaIntake } from "./delta-intake.ts";
import { RecentEnters } from "./recent-enters.ts";
import type { LoadedView } from "./view-loader.ts";
import { fieldOf } from "./view-loader.ts";
import type { PartitionView } from "./view.ts";

/** A row takes a tenth of a microsecond to a few. */
const ROWS_A_PORTION = 500;

/** The delta doesn't follow what the view holds: drop the view and load again. */
export class DeltaGap extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DeltaGap";
  }
}

export class FollowedPartition {
  readonly number: number;
  readonly keys: PartitionKeys;
  /** Null while it is being loaded. Served only when `ready`. */
  view: PartitionView | null = null;
  /** Of the contacts of the view. */
  enters = new RecentEnters();
  seq = 0;
  epoch: number | null = null;
  /** The newest step that the view holds, when known. */
  step: Step | null = null;
  /** Every contact of the view is at this model version or a later one. */
  baseModel = 0;
  heartbeat: Heartbeat | null = null;
  loads = 0;
  #target = 0;
  /** The model version after the last step known at loading. */
  #loadedModel = 0;
  #pageSeqs: ReadonlyMap<number, number> = new Map();

  constructor(number: number, keys: PartitionKeys) {
    this.number = number;
    this.keys = keys;
  }

  get ready(): boolean {
    return this.view !== null && this.seq >= this.#target;
  }

  /**
   * Where to read on in the delta stream. Every owner and every recovery has an epoch of its own, larger than all
   * before, so a stream that lost its end in a failover and went on differently shows as a gap.
   */
  get position(): string {
    return `${this.epoch ?? 0}-${this.seq}`;
  }

  /** The model version that the partition has taken up, and whether all its contacts have it. */
  get model(): { readonly version: number; readonly complete: boolean } {
    if (this.step === null) return { version: this.#loadedModel, complete: this.baseModel >= this.#loadedModel };
    return { version: this.step.model, complete: this.step.modelComplete };
  }

  start(loaded: LoadedView): void {
    this.view = loaded.view;
    this.enters = new RecentEnters();
    this.seq = loaded.seq;
    this.epoch = loaded.epoch;
    this.#target = loaded.target;
    this.#loadedModel = loaded.model;
    this.step = loaded.last !== null && loaded.last.seq <= loaded.seq ? loaded.last : null;
    this.baseModel = this.step?.modelComplete
      ? this.step.model
      : (loaded.oldestModel ?? (loaded.target > 0 ? loaded.model : 0));
    // Where no delta is left that a page may have already, nobody asks for them.
    this.#pageSeqs = this.ready ? new Map() : loaded.pageSeqs;
    this.loads++;
  }

  drop(): void {
    this.view = null;
    this.step = null;
  }

  /**
   * Applies one entry of the delta stream, in portions with a `yield` between them: a step can change thousands of
   * contacts. Until the last portion the view says that it is as of the step before, and is newer for some contacts; once
   * it was dropped it must not be gone on with. Throws DeltaGap; returns the replies of this very step.
   */
  *take(id: string, fields: readonly Buffer[]): Generator<void, readonly Reply[], void> {
    const { view } = this;
    const stepBytes = fieldOf(fields, "s");
    if (view === null || stepBytes === null) throw new DeltaGap(`delta ${id} has no step`);
    const step = decodeStep(stepBytes);
    if (step.seq !== this.seq + 1) throw new DeltaGap(`step ${step.seq} follows step ${this.seq}`);
    if (this.epoch !== null && step.prevEpoch !== this.epoch) {
      throw new DeltaGap(
        `step ${step.seq} follows a step of epoch ${step.prevEpoch}, the view has epoch ${this.epoch}`,
      );
    }
    const rows = fieldOf(fields, "r");
    if (rows !== null) yield* this.#applyRows(view, rows, step, id);
    this.seq = step.seq;
    this.epoch = step.epoch;
    this.step = step;
    if (step.modelComplete) this.baseModel = step.model;
    if (this.ready && this.#pageSeqs.size > 0) this.#pageSeqs = new Map();
    const replies = fieldOf(fields, "a");
    return replies === null ? [] : decodeReplies(replies);
  }

  *#applyRows(view: PartitionView, rows: Buffer, { seq, work }: Step, id: string): Generator<void, void, void> {
    // A migration says again what was long before.
    const isNews = work.kind !== "migrate";
    if (!isNews) this.enters.forget(seq);
    const reader = new DeltaRowReader(rows);
    const intake = new DeltaIntake(view, isNews ? this.enters : null, { seq, id }, this.#pageSeqs);
    for (let count = 1; !reader.done; count++) {
      reader.next(intake);
      if (count % ROWS_A_PORTION === 0) yield;
    }
  }

  /**
   * The instant of the data (the partition's clock) and when by the machine's clock it was known to be current; null
   * for a partition that has never done a step.
   */
  freshness(): { readonly clock: number; readonly at: number } | null {
    const { step, heartbeat } = this;
    if (heartbeat !== null && heartbeat.seq === this.seq && (step === null || heartbeat.at >= step.now)) {
      return { clock: heartbeat.clock, at: heartbeat.backlog === 0 || step === null ? heartbeat.at : step.now };
    }
    return step === null ? null : { clock: step.clock, at: step.now };
  }
}
