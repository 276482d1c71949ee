/** The processor role of a process: takes its share of the partitions, hands them to worker threads, gives them back. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Log } from "../kernel/log.ts";
import type { Metrics } from "../kernel/metrics.ts";
import { connectRedis, disconnectRedis, isRedisTrouble, whenReady } from "../kernel/redis.ts";
import { createAlarm } from "./alarm.ts";
import { createCrew } from "./crew.ts";
import { acquire, announce, fairShare, giveBack, renew, withdraw, type Holding } from "./leases.ts";
import type { FromWorker } from "./messages.ts";
import { createProcessorMetrics } from "./metrics.ts";
import { createModelRepair } from "./model-repair.ts";
import { PROCESSOR_DEFAULTS, type ProcessorOptions } from "./options.ts";

export interface ProcessorDeps {
  /** As for `connectRedis`. */
  readonly redisUrl: string;
  /** Partitions of the store. */
  readonly partitions: number;
  readonly options?: Partial<ProcessorOptions>;
  readonly log: Log;
  readonly metrics: Metrics;
  /** What this process is called among the processors, before a suffix that makes it unique. */
  readonly name?: string;
  /**
   * Whether a processor (its `name` and a suffix) has ended for certain. Asked while starting: what such a processor
   * held is taken without waiting for its leases to run out. By default that is known of none.
   */
  readonly hasEnded?: (id: string) => boolean;
  /** URL of a module that exports `createShard`, in place of the real one. For tests. */
  readonly shardModule?: string;
  /** A BigInt64 that holds the time in ms, in place of the machine's clock. For tests. */
  readonly sharedClock?: SharedArrayBuffer;
}

export interface Processor {
  /** The name of this process among the processors, as in the leases. */
  readonly id: string;
  /** Partitions that are taken, recovered and working. */
  live(): readonly number[];
  /** Works off the streams if that is soon done, commits, checkpoints, gives all partitions back. Safe to call twice. */
  stop(): Promise<void>;
}

/** How long `stop` works off what is in the streams: a backlog that takes longer is the next owner's. */
const DRAIN_MS = 10_000;
/** How long `stop` waits for workers to give partitions back before it leaves them to the next owner. */
const RELEASE_MS = 20_000;
const CREW_STOP_MS = 5_000;
/** A worker that says nothing for this many leases is ended. */
const SILENCE_LEASES = 6;

/** Resolves when Redis is reached and the first partitions are taken, if it stays; they may still be loading. */
export async function startProcessor(deps: ProcessorDeps): Promise<Processor> {
  const options: ProcessorOptions = { ...PROCESSOR_DEFAULTS, ...deps.options };
  const { leaseMs, threads } = options;
  const name = deps.name ?? `${hostname()}-${process.pid}`;
  const id = `${name}-${randomUUID().slice(0, 8)}`.replaceAll(":", "_");
  const log = deps.log.child({ processor: id });
  const metrics = createProcessorMetrics(deps.metrics);
  const redis = connectRedis(deps.redisUrl, { name: "leases", log, commandTimeoutMs: null, silenceMs: leaseMs });
  const repair = createModelRepair(redis, log);
  const holdings = new Map<number, Holding>();
  const live = new Set<number>();
  const alarm = createAlarm();
  let starting = true;
  let stopping = false;
  /** Only while starting: were two processes ever wrong about each other, they would do so once and not for ever. */
  const hasEnded = (other: string): boolean => starting && (deps.hasEnded?.(other) ?? false);

  await whenReady(redis);
  const crew = createCrew({
    threads,
    task: {
      redisUrl: deps.redisUrl,
      partitions: deps.partitions,
      options,
      logLevel: log.level,
      shardModule: deps.shardModule ?? null,
      sharedClock: deps.sharedClock ?? null,
    },
    log,
    silenceMs: leaseMs * SILENCE_LEASES,
    onMessage: hear,
    onLost(worker) {
      metrics.workerRestarted();
      for (const holding of holdings.values()) if (holding.worker === worker) void letGo(holding);
      alarm.ring();
    },
  });

  function hear(_worker: number, message: FromWorker): void {
    switch (message.kind) {
      case "alive":
        metrics.take(message.report);
        for (const gauges of message.partitions) if (holdings.has(gauges.partition)) metrics.partition(gauges);
        break;
      case "live":
        if (holdings.get(message.partition)?.nonce === message.nonce) live.add(message.partition);
        break;
      case "ended": {
        const holding = holdings.get(message.partition);
        if (holding?.nonce === message.nonce) void letGo(holding);
        alarm.ring();
        break;
      }
    }
  }

  /** The partition is no longer worked on here: let others have it now instead of when the lease runs out. */
  async function letGo(holding: Holding): Promise<void> {
    holdings.delete(holding.partition);
    live.delete(holding.partition);
    metrics.forget(holding.partition);
    metrics.owned(holdings.size);
    try {
      await giveBack(redis, id, holding);
    } catch {
      // The lease runs out by itself.
    }
  }

  async function keepLeases(): Promise<void> {
    await Promise.all(
      [...holdings.values()].map(async (holding) => {
        // A worker that doesn't answer may be stuck: its partitions are better off elsewhere.
        if (crew.silence(holding.worker) > leaseMs) return;
        if (await renew(redis, id, holding, leaseMs)) return;
        if (holdings.get(holding.partition) !== holding) return;
        log.warn({ partition: holding.partition }, "the partition has another owner");
        crew.send(holding.worker, { kind: "drop", partition: holding.partition });
      }),
    );
  }

  /** How many partitions each worker has, those that it is giving back not counted. */
  function loads(): number[] {
    const counts = Array.from({ length: threads }, () => 0);
    for (const { worker, releasing } of holdings.values()) {
      if (!releasing) counts[worker] = (counts[worker] ?? 0) + 1;
    }
    return counts;
  }

  function releaseDownTo(share: number): void {
    for (;;) {
      const counts = loads();
      if (counts.reduce((sum, count) => sum + count, 0) <= share) return;
      const busiest = counts.indexOf(Math.max(...counts));
      const holding = [...holdings.values()].findLast(({ worker, releasing }) => worker === busiest && !releasing);
      if (holding === undefined) return;
      holding.releasing = true;
      crew.send(holding.worker, { kind: "release", partition: holding.partition, drainMs: stopping ? DRAIN_MS : 0 });
    }
  }

  async function takeUpTo(share: number, place: number): Promise<void> {
    // Processes begin at different places, so that two that start at once don't try for the same ones.
    for (let i = 0; i < deps.partitions && holdings.size < share && !stopping; i++) {
      const partition = (i + place * share) % deps.partitions;
      if (holdings.has(partition)) continue;
      const counts = loads();
      const present = [...counts.keys()].filter((worker) => crew.present(worker));
      const [worker] = present.sort((a, b) => (counts[a] ?? 0) - (counts[b] ?? 0));
      if (worker === undefined) return;
      const holding = await acquire(redis, id, partition, worker, leaseMs, hasEnded);
      if (holding === null) continue;
      holdings.set(partition, holding);
      metrics.owned(holdings.size);
      crew.send(worker, { kind: "own", partition, nonce: holding.nonce });
    }
  }

  async function tick(): Promise<void> {
    await keepLeases();
    if (stopping) {
      releaseDownTo(0);
      return;
    }
    const members = await announce(redis, id, leaseMs, hasEnded);
    const place = Math.max(0, members.indexOf(id));
    const share = fairShare(deps.partitions, Math.max(1, members.length), place);
    releaseDownTo(share);
    await takeUpTo(share, place);
    await repair.check([...live]);
  }

  async function run(): Promise<void> {
    let wrong = false;
    while (!stopping || holdings.size > 0) {
      try {
        await tick();
        wrong = false;
      } catch (error) {
        // Leases may run out meanwhile; the tokens see to it that this does no harm.
        const reason = error instanceof Error ? error.message : String(error);
        if (!wrong || !isRedisTrouble(error)) log.warn({ reason }, "leases can't be looked after");
        wrong = true;
        if (stopping) releaseDownTo(0);
      }
      if (!stopping || holdings.size > 0) await alarm.sleep(leaseMs / 4);
    }
  }

  try {
    await crew.started;
    // Where Redis went away again meanwhile, the next look at the leases is soon enough.
    await tick().catch((error: unknown) => {
      if (!isRedisTrouble(error)) throw error;
    });
  } catch (error) {
    await crew.stop(0);
    disconnectRedis(redis);
    throw error;
  }
  starting = false;
  const running = run();
  let stopped: Promise<void> | null = null;

  async function drain(): Promise<void> {
    stopping = true;
    releaseDownTo(0);
    alarm.ring();
    // The others may count on one process less from now on.
    await withdraw(redis, id).catch(() => {});
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<"timeout">((resolve) => {
      timer = setTimeout(() => resolve("timeout"), RELEASE_MS);
    });
    if ((await Promise.race([running, timeout])) === "timeout") {
      log.warn({ partitions: holdings.size }, "not all partitions could be given back in time");
      holdings.clear();
      alarm.ring();
    }
    clearTimeout(timer);
    await crew.stop(CREW_STOP_MS);
    await withdraw(redis, id).catch(() => {});
    disconnectRedis(redis);
  }

  return {
    id,
    live: () => [...live].sort((a, b) => a - b),
    stop() {
      stopped ??= drain();
      return stopped;
    },
  };
}
