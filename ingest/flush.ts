/** One flush of a group: what it writes, and what of it Redis has acknowledged. */
import { SEEN_NAMES_KEY } from "../kernel/keys.ts";
import { isCluster, type RedisClient } from "../kernel/redis.ts";
import type { Cluster, Redis } from "ioredis";
import { APPEND_SCRIPT } from "./append-script.ts";
import { rejectedCommand, type Refusal } from "./refusals.ts";

export interface Flush {
  /** Partition, stream and entry of each append. */
  readonly partitions: readonly number[];
  readonly streams: readonly string[];
  readonly entries: readonly Buffer[];
  readonly refusals: readonly Refusal[];
  /** Names seen for the first time; nobody waits for them. */
  readonly names: readonly string[];
}

/** What failed, by partition or one of the places below. */
export type Failures = ReadonlyMap<number, Error>;

/** Stands for the stream of refused events. */
export const REFUSALS = -1;
/** Stands for the names. */
export const NAMES = -2;

const NONE: Failures = new Map();

/** Sends everything and resolves with what failed; after `timeoutMs` what is unknown counts as failed. Never rejects. */
export async function writeFlush(redis: RedisClient, flush: Flush, timeoutMs: number): Promise<Failures> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<Failures>((resolve) => {
    timer = setTimeout(() => resolve(allFailed(flush, new Error(`no answer within ${timeoutMs} ms`))), timeoutMs);
  });
  const failures = await Promise.race([outcome(redis, flush), silence]);
  clearTimeout(timer);
  return failures;
}

function allFailed({ partitions, refusals, names }: Flush, error: Error): Failures {
  const failures = new Map(partitions.map((partition) => [partition, error]));
  if (refusals.length > 0) failures.set(REFUSALS, error);
  if (names.length > 0) failures.set(NAMES, error);
  return failures;
}

async function outcome(redis: RedisClient, flush: Flush): Promise<Failures> {
  const { refusals, names } = flush;
  const appended = isCluster(redis) ? appendApart(redis, flush) : appendTogether(redis, flush);
  if (refusals.length === 0 && names.length === 0) return appended;
  const refused = refusals.map((one) => redis.xadd(...rejectedCommand(one)));
  const named = names.length === 0 ? [] : [redis.sadd(SEEN_NAMES_KEY, ...names)];
  const [failed, ...others] = await Promise.all([appended, firstError(refused), firstError(named)]);
  const failures = new Map(failed);
  others.forEach((error, i) => {
    if (error !== null) failures.set(i === 0 ? REFUSALS : NAMES, error);
  });
  return failures;
}

/** One server takes all entries in one command. */
async function appendTogether(redis: Redis, { partitions, streams, entries }: Flush): Promise<Failures> {
  if (entries.length === 0) return NONE;
  try {
    const reply = await redis.eval(APPEND_SCRIPT.lua, streams.length, ...streams, ...entries);
    if (!Array.isArray(reply)) throw new Error("Redis gave an unknown answer to an append");
    if (reply.length === 0) return NONE;
    const failures = new Map<number, Error>();
    for (let i = 0; i < reply.length; i += 2) {
      const partition = partitions[Number(reply[i]) - 1];
      if (partition !== undefined) failures.set(partition, new Error(String(reply[i + 1])));
    }
    return failures;
  } catch (error) {
    return new Map(partitions.map((partition) => [partition, toError(error)]));
  }
}

/** Of a cluster each node takes its own entries. */
async function appendApart(redis: Cluster, { partitions, streams, entries }: Flush): Promise<Failures> {
  const failures = new Map<number, Error>();
  const append = async (stream: string, i: number): Promise<void> => {
    try {
      await redis.xadd(stream, "*", "e", entries[i] ?? "");
    } catch (error) {
      failures.set(partitions[i] ?? 0, toError(error));
    }
  };
  await Promise.all(streams.map(append));
  return failures;
}

async function firstError(calls: readonly Promise<unknown>[]): Promise<Error | null> {
  for (const result of await Promise.allSettled(calls)) {
    if (result.status === "rejected") return toError(result.reason);
  }
  return null;
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
