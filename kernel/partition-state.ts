/**
 * What a partition's `state` hash and `heartbeat` key hold. The processor writes them; views and status read them.
 *
 * Fields of `state`, all written by every commit except where said:
 *
 *   seq         the last committed step
 *   epoch       the epoch that committed it, so `epoch-seq` is the id of its delta (written with a step only)
 *   offset      the id of the last consumed entry of `in`, "0-0" at first
 *   consumed    how many entries of `in` were consumed in all; see the gap check in processor/gap.ts
 *   now         the machine's clock of the last step, ms since 1970
 *   clock       the partition's clock after the last step
 *   model       the model version after the last step
 *   contacts    contacts after the last step
 *   checkpoint  CheckpointRecord, msgpack: where recovery begins (written when a sweep is complete)
 */
import { pack, unpack } from "msgpackr";

export const CHECKPOINT_FORMAT = 1;

/** A rolling checkpoint: all of a partition's state outside pages as of `seq`. Pages in Redis are as new or newer. */
export interface CheckpointRecord {
  readonly format: number;
  readonly seq: number;
  /** `epoch-seq` is the id of the step's delta; deltas after it are kept. */
  readonly epoch: number;
  /** Entries of `in` up to here are no longer needed. */
  readonly offset: string;
  readonly consumed: number;
  readonly now: number;
  /** What `Shard.checkpoint` gave. */
  readonly shard: Buffer;
}

export function encodeCheckpoint(record: CheckpointRecord): Buffer {
  return pack(record);
}

/** Throws on a format that this release doesn't read. */
export function decodeCheckpoint(bytes: Buffer): CheckpointRecord {
  const record = unpack(bytes) as CheckpointRecord;
  if (record.format !== CHECKPOINT_FORMAT) {
    throw new Error(`the checkpoint has format ${record.format}, this release reads ${CHECKPOINT_FORMAT}`);
  }
  return record;
}

/** Written at least every second while the owner lives. */
export interface Heartbeat {
  /** The last committed step. */
  readonly seq: number;
  readonly epoch: number;
  /**
   * With nothing left to consume: the state after `seq` is that of this instant, since no timer is due before it.
   * Otherwise the clock of the last committed step.
   */
  readonly clock: number;
  /** The machine's clock of the owner when it was written, ms since 1970. */
  readonly at: number;
  /** Entries of `in` not consumed yet, and why the partition stands still if it does. */
  readonly backlog: number;
  readonly halted: string | null;
}

export function encodeHeartbeat(heartbeat: Heartbeat): string {
  return JSON.stringify(heartbeat);
}

export function decodeHeartbeat(text: string): Heartbeat {
  return JSON.parse(text) as Heartbeat;
}
