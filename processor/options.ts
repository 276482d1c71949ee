/** Settings of the processor role, all with a default. Durations in ms, sizes in bytes. */
import { availableParallelism, totalmem } from "node:os";
import type { ClockMode } from "../kernel/clock.ts";
import { LIMITS } from "../kernel/limits.ts";
import type { ShardLimits } from "./state-machine.ts";

export interface ProcessorOptions {
  readonly clockMode: ClockMode;
  readonly limits: ShardLimits;
  /** Worker threads: as many as cores, since they come after all others (kernel/thread-priority.ts). */
  readonly threads: number;
  /** For resident pages, over all threads. Exceeded for a moment when one step alone needs more. */
  readonly memoryBytes: number;
  /** How long a lease lasts without being renewed: a killed owner is replaced within this and a quarter. */
  readonly leaseMs: number;
  /** A rolling checkpoint begins this long after the last began, if anything changed… */
  readonly sweepMs: number;
  /** …or after this many events, counted over all partitions. */
  readonly sweepEvents: number;
  /** Pages in one commit of a sweep, as bytes, at most; more when memory is short. */
  readonly sliceBytes: number;
  /** Longest pause of a busy thread between two reads, in which entries come together; a quiet one makes shorter ones. */
  readonly restMs: number;
  /** Bounds of one step: entries, events, and about how long it may keep the thread from other partitions. */
  readonly stepEntries: number;
  readonly stepEvents: number;
  readonly stepMs: number;
  /** Due timers run in steps of this many while there are more of them. */
  readonly timerBatch: number;
  /** Pages of one `migrate` step. */
  readonly migratePages: number;
  /** Entries of the feed kept for followers (approximately), and of events set aside. */
  readonly feedEntries: number;
  readonly rejectedEntries: number;
  /** Time between signs of life of a partition; also how often lost entries are looked for. */
  readonly pulseMs: number;
  /** Longest blocking read. */
  readonly blockMs: number;
  /**
   * How long a last checkpoint may take before what came since the one before is left to the next owner to run again: where
   * the processor stops, and where a partition only goes to another one, which is worked on by nobody meanwhile.
   */
  readonly farewellMs: number;
  readonly handOverMs: number;
}

const MEMORY_BYTES_MIN = 512 * 1024 * 1024;
const MEMORY_SHARE = 1 / 16;

/** A sixteenth of what this machine has, or of what a container may use of it; 512 MB at least. */
function defaultMemoryBytes(): number {
  // More than the machine has where there is no limit.
  const constrained = process.constrainedMemory();
  const all = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.max(MEMORY_BYTES_MIN, Math.floor(all * MEMORY_SHARE));
}

export const PROCESSOR_DEFAULTS: ProcessorOptions = {
  clockMode: "wall",
  limits: {
    window_entries_max: LIMITS.window_entries_max,
    tags_max: LIMITS.tags_max,
    distinct_max: LIMITS.distinct_max,
    traits_max: LIMITS.traits_max,
    dedupe_ms: LIMITS.dedupe_ms,
    dedupe_max: LIMITS.dedupe_max,
  },
  threads: availableParallelism(),
  memoryBytes: defaultMemoryBytes(),
  leaseMs: 5_000,
  sweepMs: 30_000,
  sweepEvents: 1_000_000,
  sliceBytes: 4 * 1024 * 1024,
  restMs: 25,
  stepEntries: 64,
  stepEvents: 20_000,
  stepMs: 50,
  timerBatch: 2_000,
  migratePages: 256,
  feedEntries: 100_000,
  rejectedEntries: 10_000,
  pulseMs: 1_000,
  blockMs: 250,
  farewellMs: 5_000,
  handOverMs: 2_000,
};
