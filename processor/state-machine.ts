/**
 * A partition as a deterministic state machine over its stream: running the same steps on the same entries gives the
 * same state, the same deltas and the same replies, byte for byte. It does no I/O and asks no clock; the runtime
 * reads entries, brings pages, calls `step`, and commits what it says.
 */
import type { ByteWriter } from "../kernel/bytes.ts";
import type { ClockMode } from "../kernel/clock.ts";
import type { Control } from "../kernel/control.ts";
import type { Reply, Step } from "../kernel/delta.ts";
import type { EntryReader } from "../kernel/entry.ts";

/** One entry of the partition's stream, decoded. */
export type StreamEntry =
  | { readonly id: string; readonly kind: "events"; readonly events: EntryReader }
  | { readonly id: string; readonly kind: "control"; readonly control: Control };

export interface StepInput {
  readonly seq: number;
  /** The machine's clock, never earlier than in the step before. */
  readonly now: number;
  readonly work: Step["work"];
  /** Empty unless `work` is `entries`. A `model` control comes alone, in a step of its own. */
  readonly entries: readonly StreamEntry[];
  /** Events to set aside, counted over all event entries of the step. */
  readonly skip: readonly number[];
}

export interface StepOutput {
  readonly clock: number;
  readonly model: number;
  readonly modelComplete: boolean;
  readonly contacts: number;
  readonly events: number;
  readonly duplicates: number;
  /** Delta rows (kernel/delta.ts), null when no contact changed. Valid until the shard's next step. */
  readonly rows: Buffer | null;
  /** Enters and leaves for the feed (kernel/feed.ts), null when there are none. Valid until the shard's next step. */
  readonly feed: Buffer | null;
  readonly replies: readonly Reply[];
  /** Contacts that became saturated in this step. */
  readonly saturated: number;
}

/** A handler threw on one event. The memory of the partition is not to be used any more: reload, and skip the event. */
export class HandlerFault extends Error {
  /** Counted over all event entries of the step. */
  readonly eventIndex: number;

  constructor(eventIndex: number, cause: unknown) {
    super(
      `event ${eventIndex} of the step made a handler fail: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
    this.name = "HandlerFault";
    this.eventIndex = eventIndex;
  }
}

export interface ShardOptions {
  readonly partition: number;
  readonly clockMode: ClockMode;
  readonly limits: ShardLimits;
}

export interface ShardLimits {
  readonly window_entries_max: number;
  readonly tags_max: number;
  readonly distinct_max: number;
  readonly traits_max: number;
  readonly dedupe_ms: number;
  readonly dedupe_max: number;
}

/** What a shard starts from: the last checkpoint, and the hashes as they stand (pages may be newer than it). */
export interface ShardStart {
  /** What `Shard.checkpoint` gave. */
  readonly checkpoint: Buffer;
  /** All fields of the `index` hash. */
  readonly index: ReadonlyMap<number, Buffer>;
  /** All fields of the `seen` hash. */
  readonly seen: ReadonlyMap<string, Buffer>;
}

export interface Shard {
  /** The step that the state holds; 0 at the very start. */
  readonly seq: number;
  readonly clock: number;
  /** The model version in use; while `migration` is not null its pages are brought to it one after the other. */
  readonly model: number;
  readonly contacts: number;
  /** Pages that still have the old model: `migrate` steps must cover them before any other step. */
  readonly migration: { readonly version: number; readonly nextPage: number; readonly pages: number } | null;
  /** Estimate of the memory of resident pages, bytes. */
  readonly residentBytes: number;

  /** Numbers of pages that must be brought with `loadPage` before `step(input)`; those already here are left out. */
  missingPages(input: StepInput): number[];
  /** The bytes are not needed any more when it returns. */
  loadPage(page: number, bytes: Buffer): void;

  /**
   * Runs one step. With `emit` false (recovery) it only rebuilds state: contacts on pages that hold a later step are
   * left alone, and rows, feed and replies come back empty.
   * Throws HandlerFault; any other error is a fault of the program.
   */
  step(input: StepInput, emit: boolean): StepOutput;

  /** The earliest instant at which some contact changes without an event; Infinity when there is none. */
  nextFlip(): number;
  /**
   * Null when at most `limit` timers are due up to `now`. Otherwise the instant, at most `now`, up to which a
   * `timers` step should go first so that it runs about `limit` timers (more only when they share one instant).
   * With the event clock `now` is the timestamp that is about to move the clock.
   */
  timersUntil(now: number, limit: number): number | null;

  /** Numbers of pages changed since they were last encoded, ascending. */
  dirtyPages(): number[];
  /**
   * The page and its index twin as of the present step; it is clean from then on. It must be resident. Both lie in `out`,
   * behind what it has, and are valid until that is reset.
   */
  encodePage(page: number, out: ByteWriter): { readonly page: Buffer; readonly index: Buffer };
  /** All state outside pages, as of the present step: what a ShardStart needs beside pages, index and seen. */
  checkpoint(): Buffer;
  /** Fields of the `seen` hash that changed since the last call, and those that a checkpoint taken now won't need. */
  takeSeen(): {
    readonly write: readonly (readonly [field: string, bytes: Buffer])[];
    readonly remove: readonly string[];
  };
  /**
   * Makes what is kept of contacts smaller, then drops clean pages, longest unused first, until `residentBytes` is at most
   * `bytes` or none is left to drop.
   */
  evict(bytes: number): void;
}
