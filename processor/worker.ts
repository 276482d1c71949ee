/**
 * A worker thread: one long task that works on the partitions it is given until it is told to stop. It holds three
 * connections, one of them for blocking reads and one for pages; in a cluster one for everything but blocking reads, and
 * one more for each partition, since a blocking read can't span slots.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { machineClock, type Clock } from "../kernel/clock.ts";
import { createLog, type Log } from "../kernel/log.ts";
import { connectRedis, disconnectRedis, isCluster, whenReady } from "../kernel/redis.ts";
import { ReplyBuffers } from "../kernel/reply-buffers.ts";
import { giveWay } from "../kernel/thread-priority.ts";
import { createCommitBuffers } from "./commit.ts";
import { createBlockPool } from "./entry-queue.ts";
import { createGate } from "./gate.ts";
import type { FromWorker, ToWorker, WorkerTask } from "./messages.ts";
import { createPageSource } from "./page-source.ts";
import { ownPartition, type Partition } from "./partition.ts";
import type { PartitionDeps } from "./partition-context.ts";
import { createReader, type StreamReader } from "./reader.ts";
import type { CreateShard } from "./recovery.ts";
import { createRest } from "./rest.ts";
import { createShard } from "./shard.ts";
import { createTelemetry, type TelemetryReport } from "./telemetry.ts";

/** Two: one computes while what the other needs is on its way. */
const LOADS_AT_ONCE = 2;
/** Not the lease: a server whose disk is slow is not gone, and everything would be loaded again for nothing. */
const SILENCE_MS = 5_000;

/** Gives what was counted since the last message: a message sent at the very end might come too late. */
export async function work(task: WorkerTask): Promise<TelemetryReport> {
  const { port, worker, redisUrl, partitions, options } = task;
  giveWay();
  const log: Log = createLog(task.logLevel as Parameters<typeof createLog>[0], { role: "processor", worker });
  const clock = task.sharedClock === null ? machineClock : sharedClock(task.sharedClock);
  const telemetry = createTelemetry();
  const owned = new Map<number, Partition>();
  const ticks = (): number => performance.now();
  const blocks = createBlockPool();
  const commits = createCommitBuffers();
  const connection = { log, commandTimeoutMs: null, silenceMs: SILENCE_MS } as const;
  const redis = connectRedis(redisUrl, { ...connection, name: `processor-${worker}` });
  const newReader = (): StreamReader => {
    const buffers = new ReplyBuffers();
    const blocking = connectRedis(redisUrl, { ...connection, name: `reader-${worker}`, buffers });
    const rest = createRest({
      longestMs: options.restMs,
      ticks,
      busyMs: () => performance.eventLoopUtilization().active,
    });
    return createReader(blocking, redis, { blockMs: options.blockMs, entries: options.stepEntries, buffers, rest });
  };
  const common: StreamReader | null = isCluster(redis) ? null : newReader();
  const pageBuffers = isCluster(redis) ? null : new ReplyBuffers();
  const forPages =
    pageBuffers === null
      ? redis
      : connectRedis(redisUrl, { ...connection, name: `pages-${worker}`, buffers: pageBuffers });
  const pages = createPageSource(forPages, pageBuffers);
  const loading = createGate(LOADS_AT_ONCE);
  const shards = task.shardModule === null ? createShard : loadShards(task.shardModule);

  const say = (message: FromWorker): void => port.postMessage(message);
  const sayAlive = (): void =>
    say({
      kind: "alive",
      report: telemetry.take(),
      partitions: [...owned.values()].map((partition) => partition.gauges()),
    });

  const own = (partition: number, nonce: string): void => {
    owned.get(partition)?.drop();
    const reader = common ?? newReader();
    const deps: PartitionDeps = {
      redis,
      reader,
      pages,
      loading,
      createShard: shards,
      options,
      partitions,
      clock,
      ticks,
      log,
      telemetry,
      blocks,
      commits,
      memoryShare: () => options.memoryBytes / options.threads / Math.max(1, owned.size),
    };
    const mine = ownPartition(partition, nonce, deps);
    owned.set(partition, mine);
    void mine.live.then(() => say({ kind: "live", partition, nonce }));
    void seeOut(mine, reader, nonce);
  };

  /** A rejection here is a fault of the program: it ends the thread, and the main thread starts another. */
  const seeOut = async (mine: Partition, reader: StreamReader, nonce: string): Promise<void> => {
    const end = await mine.ended;
    if (reader !== common) reader.close();
    if (owned.get(mine.number) === mine) owned.delete(mine.number);
    say({ kind: "ended", partition: mine.number, nonce, end });
  };

  await whenReady(redis);
  await whenReady(forPages);
  const heart = setInterval(sayAlive, options.leaseMs / 8);
  sayAlive();
  await new Promise<void>((resolve) => {
    port.on("message", (message: ToWorker) => {
      switch (message.kind) {
        case "own":
          own(message.partition, message.nonce);
          break;
        case "release":
          owned.get(message.partition)?.release(message.drainMs);
          break;
        case "drop":
          owned.get(message.partition)?.drop();
          break;
        case "stop":
          resolve();
          break;
      }
    });
    port.on("close", resolve);
  });
  clearInterval(heart);
  for (const partition of owned.values()) partition.drop();
  await Promise.all([...owned.values()].map(({ ended }) => ended));
  common?.close();
  if (forPages !== redis) disconnectRedis(forPages);
  disconnectRedis(redis);
  port.close();
  return telemetry.take();
}

/** `require` and not `import`: the loader of TypeScript that tests use hooks only the former in a thread. */
function loadShards(url: string): CreateShard {
  const module = createRequire(import.meta.url)(fileURLToPath(url)) as { readonly createShard: CreateShard };
  return module.createShard;
}

function sharedClock(buffer: SharedArrayBuffer): Clock {
  const cell = new BigInt64Array(buffer);
  return { now: () => Number(Atomics.load(cell, 0)) };
}
