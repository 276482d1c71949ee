/** `GET /v1/status`: what the partitions' owners have written about themselves, and where this process's views are. */
import { Type } from "typebox";
import { partitionKeys } from "../kernel/keys.ts";
import type { RedisClient } from "../kernel/redis.ts";
import { runScript } from "../kernel/scripts.ts";
import { isoTime, modelProgress, type QueryContext } from "./context.ts";
import { ENTRIES_ADDED_SCRIPT } from "./entries-added-script.ts";
import type { FollowedPartition } from "./partition-follower.ts";
import * as schemas from "./schemas.ts";

const optionalText = schemas.nullable(Type.String());

/** For the API's document. */
export const statusSchema = Type.Object({
  clockMode: Type.Union([Type.Literal("wall"), Type.Literal("event")]),
  actions: Type.Union([Type.Literal("on"), Type.Literal("record"), Type.Literal("off")], {
    description: "ACTIONS, or the default of the clock; no action fires in this version",
  }),
  model: Type.Object({ version: Type.Integer(), ready: Type.Boolean(), progress: Type.Number() }),
  totals: Type.Object({
    contacts: Type.Integer(),
    identified: Type.Integer({ description: "contacts with a userId" }),
    backlog: Type.Integer({ description: "entries accepted and not consumed yet" }),
    tags: Type.Integer(),
    segments: Type.Integer(),
  }),
  partitions: Type.Array(
    Type.Object({
      partition: Type.Integer(),
      owner: optionalText,
      epoch: schemas.nullable(Type.Integer()),
      seq: Type.Integer(),
      offset: optionalText,
      historyOffset: optionalText,
      backlog: Type.Integer(),
      clock: schemas.nullable(schemas.instant),
      model: Type.Integer(),
      contacts: Type.Integer(),
      halted: optionalText,
      view: Type.Object({ ready: Type.Boolean(), seq: Type.Integer(), loads: Type.Integer() }),
    }),
  ),
  ...schemas.freshnessFields,
});

export interface PartitionStatus {
  readonly partition: number;
  /** Process and worker that hold the lease; null while nobody does. */
  readonly owner: string | null;
  readonly epoch: number | null;
  /** The last committed step, and the last consumed entry of the stream. */
  readonly seq: number;
  readonly offset: string | null;
  /** Position of the history's writer; null while there is no history. */
  readonly historyOffset: string | null;
  /** Entries accepted and not consumed yet. */
  readonly backlog: number;
  /** The partition's clock. */
  readonly clock: string | null;
  readonly model: number;
  readonly contacts: number;
  /** Why the partition stands still, if it does. */
  readonly halted: string | null;
  readonly view: { readonly ready: boolean; readonly seq: number; readonly loads: number };
}

export async function readStatus(context: QueryContext) {
  const { redis, config } = context.deps;
  const partitions = await Promise.all(context.follower.partitions.map((one) => readPartition(redis, one)));
  const { record } = context.models.current;
  const sum = (of: (one: PartitionStatus) => number): number => partitions.reduce((total, one) => total + of(one), 0);
  return {
    clockMode: config.clockMode,
    actions: config.actions,
    model: { version: record.version, ...modelProgress(context) },
    totals: {
      contacts: sum((one) => one.contacts),
      identified: context.follower.partitions.reduce((total, one) => total + (one.view?.known.count ?? 0), 0),
      backlog: sum((one) => one.backlog),
      tags: context.follower.tagNames.size,
      segments: context.models.current.segments.length,
    },
    partitions,
  };
}

async function readPartition(redis: RedisClient, followed: FollowedPartition): Promise<PartitionStatus> {
  const keys = partitionKeys(followed.number);
  const [state, lease, added] = await Promise.all([
    redis.hmget(keys.state, "seq", "epoch", "offset", "consumed", "clock", "model", "contacts"),
    redis.get(keys.lease),
    runScript(redis, ENTRIES_ADDED_SCRIPT, [keys.in], []),
  ]);
  const [seq, epoch, offset, consumed, clock, model, contacts] = state;
  return {
    partition: followed.number,
    owner: lease === null ? null : ownerOf(lease),
    epoch: epoch === null || epoch === undefined ? null : Number(epoch),
    seq: Number(seq ?? 0),
    offset: offset ?? null,
    historyOffset: null,
    backlog: Math.max(0, Number(added) - Number(consumed ?? 0)),
    clock: Number(clock ?? 0) > 0 ? isoTime(Number(clock)) : null,
    model: Number(model ?? 0),
    contacts: Number(contacts ?? 0),
    halted: followed.heartbeat?.halted ?? null,
    view: { ready: followed.ready, seq: followed.seq, loads: followed.loads },
  };
}

/** A lease is `process:worker:nonce`; the nonce is the owner's secret. */
function ownerOf(lease: string): string {
  const end = lease.lastIndexOf(":");
  return end < 0 ? lease : lease.slice(0, end);
}
