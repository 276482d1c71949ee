/** What a shard saves of itself beside pages: everything that recovery can't derive from them. */
import { pack, unpack } from "msgpackr";
import type { ModelRecord } from "../kernel/model-record.ts";
import type { SeenState } from "./seen.ts";

/** A model on its way through the pages: those before `nextPage` have it. `at`: the instant it was switched. */
export interface Migration {
  readonly from: ModelRecord;
  readonly at: number;
  nextPage: number;
  readonly pages: number;
}

export interface ShardCheckpoint {
  readonly seq: number;
  readonly clock: number;
  readonly contacts: number;
  readonly model: ModelRecord;
  readonly migration: Migration | null;
  readonly seen: SeenState;
}

export function encodeShardCheckpoint(checkpoint: ShardCheckpoint): Buffer {
  return pack(checkpoint);
}

export function decodeShardCheckpoint(bytes: Buffer): ShardCheckpoint {
  return unpack(bytes) as ShardCheckpoint;
}
