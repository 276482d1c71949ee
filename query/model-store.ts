/** The versions of the model in Redis, and the way of a new one into the partitions' streams. */
import { pack, unpack } from "msgpackr";
import { encodeControl } from "../kernel/control.ts";
import { MODELS_KEY, partitionKeys } from "../kernel/keys.ts";
import { EMPTY_MODEL, type ModelRecord } from "../kernel/model-record.ts";
import type { RedisClient } from "../kernel/redis.ts";
import { runScript } from "../kernel/scripts.ts";
import { STORE_MODEL_SCRIPT } from "./store-model.ts";

/** The newest version's number; 0 for a store that has none yet. */
export async function currentVersion(redis: RedisClient): Promise<number> {
  return Number((await redis.hget(MODELS_KEY, "current")) ?? 0);
}

/** Null for a version that was never put. */
export async function readVersion(redis: RedisClient, version: number): Promise<ModelRecord | null> {
  if (version === 0) return EMPTY_MODEL;
  const bytes = await redis.hgetBuffer(MODELS_KEY, String(version));
  return bytes === null ? null : (unpack(bytes) as ModelRecord);
}

export async function readCurrent(redis: RedisClient): Promise<ModelRecord> {
  const version = await currentVersion(redis);
  const record = await readVersion(redis, version);
  if (record === null) throw new Error(`${MODELS_KEY} names version ${version} as current and does not have it`);
  return record;
}

/** Stores the successor of version `record.version - 1`; false when another version is current by now. */
export async function storeVersion(redis: RedisClient, record: ModelRecord): Promise<boolean> {
  const args = [String(record.version - 1), String(record.version), pack(record)];
  return (await runScript(redis, STORE_MODEL_SCRIPT, [MODELS_KEY], args)) === 1;
}

/**
 * Writes the version into every partition's stream. Repeating it is harmless, and what is missed here the
 * processors make up for: a partition takes up a stored version that it wasn't told of.
 */
export async function announceVersion(redis: RedisClient, record: ModelRecord, partitions: number): Promise<void> {
  const bytes = encodeControl({ kind: "model", record });
  await Promise.all(
    Array.from({ length: partitions }, (_, partition) => redis.xadd(partitionKeys(partition).in, "*", "c", bytes)),
  );
}
