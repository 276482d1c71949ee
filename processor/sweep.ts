/**
 * The rolling checkpoint of one partition: which dirty pages the next commit carries, and when a checkpoint is whole.
 *
 * A sweep begins with the memory at some step S. It notes everything outside pages as of S and which pages are dirty.
 * Pages are written by the following commits as they are by then, S or later; recovery knows by the step in each page.
 * When the last of them is on its way, the same commit makes the checkpoint valid. Pages that become dirty meanwhile
 * belong to the next sweep.
 *
 * `seen` is written with the checkpoint and not before: unlike pages its fields don't say which step they hold.
 */
import type { ByteWriter } from "../kernel/bytes.ts";
import { CHECKPOINT_FORMAT, type CheckpointRecord } from "../kernel/partition-state.ts";
import { nextStreamId, STREAM_START } from "../kernel/stream-id.ts";
import type { CheckpointWrite, PageWrite, Position } from "./commit.ts";
import type { Shard } from "./state-machine.ts";

export interface SweepSettings {
  readonly sweepMs: number;
  /** Of this partition, not of all. */
  readonly sweepEvents: number;
  /** Of one slice, at most, but for those that free memory. */
  readonly sliceBytes: number;
  /**
   * The part of the time, or of the events, to the first sweep that is taken to be over, 0 to 1: partitions that begin
   * together and differ in it don't write their pages all at the same time.
   */
  readonly phase: number;
}

/** What one commit carries of a sweep. */
export interface Slice {
  readonly pages: readonly PageWrite[];
  readonly checkpoint: CheckpointWrite | null;
}

/** What a slice holds at least, see `Sweeper.slice`. */
export interface Least {
  readonly idle: boolean;
  readonly minBytes: number;
}

export interface Sweeper {
  readonly running: boolean;
  /**
   * Time until a sweep should begin, at most 0 when it should now; Infinity while one runs or nothing has changed.
   * `now` is a monotonic time in ms, here and below.
   */
  dueIn(position: Position, now: number): number;
  countEvents(events: number): void;
  /** The shard must be at `position`, with nothing applied after it. */
  begin(shard: Shard, position: Position, now: number): void;
  /**
   * Pages for the next commit, encoded as the shard is now; with the last of them the checkpoint. More than are due where
   * the commit has nothing else to carry (`idle`).
   * At least `minBytes` while there are dirty pages at all, whether of this sweep or not: to free memory.
   * `out` is reset and holds them until it is reset again.
   */
  slice(shard: Shard, now: number, least: Least, out: ByteWriter): Slice;
  /** The commit that carried a slice's checkpoint is acknowledged. Gives the time it took since it began. */
  completed(now: number): number;
}

/** Where the last complete checkpoint stands; null before the first. */
export type LastCheckpoint = Pick<CheckpointRecord, "seq" | "epoch"> | null;

interface Running {
  readonly record: CheckpointRecord;
  readonly seenWrite: CheckpointWrite["seenWrite"];
  readonly seenRemove: CheckpointWrite["seenRemove"];
  readonly pending: Set<number>;
  readonly total: number;
  readonly begun: number;
  /** The part of the time, or of the events, to the next sweep that was over at the last slice. */
  sliced: number;
}

/** A sweep aims to be through within this part of the time, or of the events, to the next. */
const PACE = 0.8;
/**
 * Pages that a commit carries at least, or none. One page after the other takes half as long for each as some of them
 * between two steps, after which neither code nor memory is in a cache.
 */
const PORTION_PAGES = 64;
/** A sweep that is late writes so many times as fast as one that is not: not all at once, as commits wait for it. */
const CATCH_UP = 3;

export function createSweeper(settings: SweepSettings, start: LastCheckpoint, now: number): Sweeper {
  let last = start;
  let lastBegun = now - settings.sweepMs * settings.phase;
  let events = settings.sweepEvents * settings.phase;
  let running: Running | null = null;

  /** How many of the sweep's pages a slice has to carry now. */
  const due = (sweep: Running, at: number): number => {
    if (sweep.total <= PORTION_PAGES) return sweep.total;
    const over = Math.max((at - sweep.begun) / settings.sweepMs, events / settings.sweepEvents);
    const missing = sweep.total * Math.min(1, over / PACE) - (sweep.total - sweep.pending.size);
    const most = (sweep.total * CATCH_UP * (over - sweep.sliced)) / PACE;
    const pages = Math.ceil(Math.min(missing, most));
    if (pages < Math.min(PORTION_PAGES, sweep.pending.size)) return 0;
    sweep.sliced = over;
    return pages;
  };

  return {
    get running() {
      return running !== null;
    },
    dueIn(position, at) {
      if (running !== null || position.seq === (last?.seq ?? 0)) return Infinity;
      return events >= settings.sweepEvents ? 0 : lastBegun + settings.sweepMs - at;
    },
    countEvents(count) {
      events += count;
    },
    begin(shard, position, at) {
      const { seq, epoch, offset, consumed, now: instant } = position;
      const seen = shard.takeSeen();
      const pending = new Set(shard.dirtyPages());
      running = {
        record: { format: CHECKPOINT_FORMAT, seq, epoch, offset, consumed, now: instant, shard: shard.checkpoint() },
        seenWrite: seen.write,
        seenRemove: seen.remove,
        pending,
        total: pending.size,
        begun: at,
        sliced: 0,
      };
      lastBegun = at;
      events = 0;
    },
    slice(shard, at, { idle, minBytes }, out) {
      const pages: PageWrite[] = [];
      let bytes = 0;
      out.reset();
      const encode = (number: number): void => {
        running?.pending.delete(number);
        const { page, index } = shard.encodePage(number, out);
        pages.push({ number, page, index });
        bytes += page.length + index.length;
      };
      if (running !== null) {
        const wanted = Math.max(idle ? PORTION_PAGES : 0, due(running, at));
        for (const number of running.pending) {
          if (pages.length >= wanted || bytes >= settings.sliceBytes) break;
          encode(number);
        }
      }
      if (bytes < minBytes) {
        for (const number of shard.dirtyPages()) {
          if (bytes >= minBytes) break;
          encode(number);
        }
      }
      if (running === null || running.pending.size > 0) return { pages, checkpoint: null };
      const { record, seenWrite, seenRemove } = running;
      return {
        pages,
        checkpoint: {
          record,
          seenWrite,
          seenRemove,
          keepIn: record.offset === STREAM_START ? null : nextStreamId(record.offset),
          keepDeltas: last === null ? null : `${last.epoch}-${last.seq}`,
        },
      };
    },
    completed(at) {
      if (running === null) throw new Error("no sweep is running");
      const { record, begun } = running;
      last = { seq: record.seq, epoch: record.epoch };
      running = null;
      return at - begun;
    },
  };
}
