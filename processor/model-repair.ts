/**
 * Brings the current model to partitions that never got it: whoever put it may have died after writing to some of the
 * streams only. A partition that has an older model although it has consumed everything that was in its stream when
 * that was first noticed, has no model entry waiting; so one is added. Adding it twice does no harm, since a partition
 * ignores a version that it has.
 */
import { unpack } from "msgpackr";
import { encodeControl } from "../kernel/control.ts";
import { MODELS_KEY, partitionKeys } from "../kernel/keys.ts";
import type { Log } from "../kernel/log.ts";
import type { ModelRecord } from "../kernel/model-record.ts";
import type { RedisClient } from "../kernel/redis.ts";
import { STREAM_START } from "../kernel/stream-id.ts";
import { readStreamCounts } from "./gap.ts";

export interface ModelRepair {
  /** Looks at these partitions once. */
  check(partitions: readonly number[]): Promise<void>;
}

/** Entries that must be consumed before it is certain that none of them is this version of the model. */
interface Suspicion {
  readonly version: number;
  readonly entries: number;
}

export function createModelRepair(redis: RedisClient, log: Log): ModelRepair {
  const suspicions = new Map<number, Suspicion>();

  const look = async (partition: number, version: number): Promise<void> => {
    const { state, in: stream } = partitionKeys(partition);
    const [model, consumed] = await redis.hmget(state, "model", "consumed");
    if (Number(model ?? 0) >= version) {
      suspicions.delete(partition);
      return;
    }
    const suspicion = suspicions.get(partition);
    if (suspicion?.version !== version) {
      const { added } = await readStreamCounts(redis, stream, STREAM_START);
      suspicions.set(partition, { version, entries: added });
      return;
    }
    if (Number(consumed ?? 0) < suspicion.entries) return;
    const stored = await redis.hgetBuffer(MODELS_KEY, String(version));
    if (stored === null) return;
    await redis.xadd(stream, "*", "c", encodeControl({ kind: "model", record: unpack(stored) as ModelRecord }));
    suspicions.delete(partition);
    log.warn({ partition, version }, "the partition had missed a model and gets it now");
  };

  return {
    async check(partitions) {
      const current = Number((await redis.hget(MODELS_KEY, "current")) ?? 0);
      if (current === 0) return;
      await Promise.all(partitions.map((partition) => look(partition, current)));
    },
  };
}
