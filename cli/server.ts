/**
 * A running server: the store, the roles and the HTTP port, started in the order in which they need each other and
 * stopped in the opposite one.
 */
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import { checkedModelOf } from "../dsl/registry.ts";
import { machineClock } from "../kernel/clock.ts";
import type { Config, Role } from "../kernel/config.ts";
import type { Log } from "../kernel/log.ts";
import { createMetrics } from "../kernel/metrics.ts";
import type { ModelRecord } from "../kernel/model-record.ts";
import { connectRedis, disconnectRedis, isRedisTrouble, whenReady, type RedisClient } from "../kernel/redis.ts";
import type { ReplyBuffers } from "../kernel/reply-buffers.ts";
import { PROCESSOR_DEFAULTS, type ProcessorOptions } from "../processor/options.ts";
import { startProcessor, type ProcessorDeps } from "../processor/processor.ts";
import { lockDataDir } from "./data-dir-lock.ts";
import { loadInitialModel } from "./initial-model.ts";
import { hasEnded, processorName } from "./processor-name.ts";
import { startPrivateRedis, type PrivateRedis } from "./private-redis/server.ts";
import { checkRedis } from "./redis-fitness.ts";
import { openStore, type StoreMeta } from "./store-meta.ts";
import { chooseTrial, type Trial } from "./try-it.ts";

export interface RunningServer {
  /** Where it can be reached from this machine. */
  readonly url: string;
  readonly store: StoreMeta;
  readonly model: ModelRecord;
  readonly trial: Trial;
  /** Null with a REDIS_URL. */
  readonly privateRedis: PrivateRedis | null;
  /** Resolves when queries are answered, when that takes longer than `timeoutMs`, or when the server is stopped. */
  whenServing(timeoutMs: number): Promise<"serving" | "late" | "stopped">;
  /** Stops accepting, finishes what was accepted, commits, ends what was started. Safe to call twice. */
  stop(): Promise<void>;
}

/** What people should read instead of a stack: the cause is told in the message. */
export class StartError extends Error {}

const REDIS_PATIENCE_MS = 15_000;
const REDIS_RETRY_MS = 50;

/** Throws what is wrong; what had been started by then is stopped again. */
export async function startServer(config: Config, roles: readonly Role[], log: Log): Promise<RunningServer> {
  /** How to end what has been started, last first. */
  const endings: (() => void | Promise<void>)[] = [];
  try {
    return await start(config, roles, log, endings);
  } catch (error) {
    await endAll(endings, log);
    throw error;
  }
}

async function start(
  config: Config,
  roles: readonly Role[],
  log: Log,
  endings: (() => void | Promise<void>)[],
): Promise<RunningServer> {
  if (config.clickhouseUrl !== null) log.warn("CLICKHOUSE_URL is reserved: this version keeps no history");
  const privateRedis = config.redisUrl === null ? await ownRedis(config, log, endings) : null;
  const redisUrl = config.redisUrl ?? privateRedis?.url ?? "";
  const redis = connectRedis(redisUrl, { name: "main", log });
  endings.push(() => disconnectRedis(redis));
  await reach(redis);
  if (privateRedis === null) await patiently(redis, () => checkRedis(redis, log));
  const store = await patiently(redis, () => openStore(redis, config, machineClock.now()));
  const { partitions, clockMode } = store;
  const model = await patiently(redis, () =>
    loadInitialModel({ redis, partitions, clock: machineClock, log, file: config.modelFile }),
  );

  const metrics = createMetrics({ processMetrics: true });
  if (roles.includes("processor")) await ownPartitions(config, store, { redisUrl, log, metrics }, endings);
  // Not before: while it is read, the processor's threads begin with their partitions.
  const { buildApp } = await import("./app.ts");
  const app = await buildApp({
    roles,
    config,
    store,
    redis,
    clock: machineClock,
    log,
    metrics,
    connect: (buffers: ReplyBuffers): RedisClient =>
      connectRedis(redisUrl, { name: "follower", log, commandTimeoutMs: null, buffers }),
  });
  endings.push(() => app.close());
  const url = await listen(app, config);
  log.info({ url, roles, partitions, clock: clockMode, model: model.version }, "listening");

  let stopped: Promise<void> | null = null;
  return {
    url,
    store,
    model,
    trial: chooseTrial(model.version === 0 ? null : checkedModelOf(model)),
    privateRedis,
    async whenServing(timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      while (stopped === null) {
        if ((await app.inject("/readyz")).statusCode === 200) return "serving";
        if (performance.now() > deadline) return "late";
        await pause(50);
      }
      return "stopped";
    },
    stop() {
      stopped ??= endAll(endings, log);
      return stopped;
    },
  };
}

async function reach(redis: RedisClient): Promise<void> {
  try {
    await whenReady(redis, REDIS_PATIENCE_MS);
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : String(error)} (REDIS_URL)`, { cause: error });
  }
}

/** A step of the start that may be repeated, again and again while Redis goes away under it. */
async function patiently<T>(redis: RedisClient, step: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + REDIS_PATIENCE_MS;
  for (;;) {
    try {
      return await step();
    } catch (error) {
      // What Redis answered it would answer again.
      if (!isRedisTrouble(error) || error.name === "ReplyError") throw error;
      if (performance.now() > deadline) throw new StartError(`${error.message} (REDIS_URL)`, { cause: error });
      await pause(REDIS_RETRY_MS);
      await reach(redis);
    }
  }
}

async function ownRedis(config: Config, log: Log, endings: (() => void | Promise<void>)[]): Promise<PrivateRedis> {
  const lock = await lockDataDir(config.dataDir);
  endings.push(() => lock.release());
  const redis = await startPrivateRedis({ dataDir: config.dataDir, fsync: config.redisFsync, log });
  endings.push(() => redis.stop());
  return redis;
}

async function ownPartitions(
  { limits, redisUrl }: Config,
  { partitions, clockMode }: StoreMeta,
  deps: Pick<ProcessorDeps, "redisUrl" | "log" | "metrics">,
  endings: (() => void | Promise<void>)[],
): Promise<void> {
  const options: Partial<ProcessorOptions> = {
    clockMode,
    limits,
    threads: limits.processor_threads || PROCESSOR_DEFAULTS.threads,
    memoryBytes: limits.processor_memory_bytes || PROCESSOR_DEFAULTS.memoryBytes,
    leaseMs: limits.lease_ms,
    sweepMs: limits.sweep_ms,
  };
  const processor = await startProcessor({
    ...deps,
    partitions,
    options,
    name: processorName(),
    // The lock on the data folder says so of everybody who had partitions in the private Redis before.
    hasEnded: redisUrl === null ? () => true : hasEnded,
  });
  endings.push(() => processor.stop());
}

async function listen(app: FastifyInstance, { host, port }: Config): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    if (code === "EADDRINUSE") {
      throw new StartError(`Port ${port} is taken by another program; choose another one with PORT=…`, {
        cause: error,
      });
    }
    if (code === "EACCES") throw new StartError(`Port ${port} may not be opened by this user (PORT)`, { cause: error });
    if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
      throw new StartError(`HOST=${host} is no address of this machine`, { cause: error });
    }
    throw error;
  }
  const { family, address, port: open } = app.server.address() as AddressInfo;
  // Listening on every address: from here it is reached on loopback.
  const reached = address === "0.0.0.0" || address === "::" ? "127.0.0.1" : address;
  return `http://${family === "IPv6" && reached.includes(":") ? `[${reached}]` : reached}:${open}`;
}

async function endAll(endings: (() => void | Promise<void>)[], log: Log): Promise<void> {
  for (const end of endings.splice(0).toReversed()) {
    try {
      await end();
    } catch (error) {
      log.error({ err: error }, "something could not be stopped properly");
    }
  }
}
