/**
 * Keeps the views of all partitions: loads each from its pages, then tails its deltas on a connection of its own.
 * A gap, a lost position or a regressed state after a failover means: drop that view and load it again.
 *
 * On one Redis a single blocking XREAD serves all partitions; on a cluster each partition has its own connection,
 * since their streams live in different slots.
 */
import type { Reply, Step } from "../kernel/delta.ts";
import { partitionKeys } from "../kernel/keys.ts";
import type { Log } from "../kernel/log.ts";
import { decodeCheckpoint, decodeHeartbeat } from "../kernel/partition-state.ts";
import { disconnectRedis, isCluster, whenReady, type RedisClient } from "../kernel/redis.ts";
import { ReplyBuffers } from "../kernel/reply-buffers.ts";
import { DeltaGap, FollowedPartition } from "./partition-follower.ts";
import { TagNames } from "./tag-names.ts";
import { loadView } from "./view-loader.ts";

const BLOCK_MS = 250;
/** Per stream and reading: a delta can be some hundred kilobytes. */
const DELTAS_PER_READ = 8;
const RETRY_MS = 200;
const CONNECT_MS = 2_000;
const POLL_MS = 1_000;
const LOADS_AT_ONCE = 4;
/** Applying deltas gives way to requests after this long. */
const SLICE_MS = 2;

export interface FollowerDeps {
  readonly redis: RedisClient;
  /** A connection of one reader, into `buffers`, that may block: no command timeout. The follower closes it. */
  connect(buffers: ReplyBuffers): RedisClient;
  readonly partitions: number;
  readonly log: Log;
  /** Called after a step was applied, with its replies. */
  onReplies(partition: FollowedPartition, step: Step, replies: readonly Reply[]): void;
  /** The view of a partition was dropped: replies that were on their way may never be seen. */
  onDropped(partition: FollowedPartition): void;
  /**
   * About once a second, and when a step names a model version not seen before; with the versions that partitions
   * have in all their contacts. May reject: it is called again.
   */
  onModelMayHaveChanged(baseModels: readonly number[]): Promise<void>;
}

export interface Follower {
  readonly partitions: readonly FollowedPartition[];
  readonly tagNames: TagNames;
  /** Every view is whole and may be served. */
  ready(): boolean;
  /** Resolves when the partition's view may be served; false when that takes longer. */
  whenReady(partition: FollowedPartition, timeoutMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

export function startFollower(deps: FollowerDeps): Follower {
  const { redis, log } = deps;
  const tagNames = new TagNames();
  const partitions = Array.from({ length: deps.partitions }, (_, p) => new FollowedPartition(p, partitionKeys(p)));
  const stopping = new AbortController();
  const connections = new Set<RedisClient>();
  const waiting = new Set<() => void>();
  const modelsSeen = new Set<number>();
  let loaders = 0;
  const loadQueue: FollowedPartition[] = [...partitions];

  const modelMayHaveChanged = (): Promise<void> =>
    deps.onModelMayHaveChanged(partitions.map((partition) => partition.baseModel));
  const changed = (): void => {
    for (const wake of waiting) wake();
  };
  const nextChange = (timeoutMs: number): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        waiting.delete(wake);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      waiting.add(wake);
    });

  function loadMore(): void {
    // Each takes its first from the queue at once.
    while (loaders < LOADS_AT_ONCE && loadQueue.length > 0 && !stopping.signal.aborted) {
      loaders++;
      void loadQueued().finally(() => {
        loaders--;
        // One may have come while this one ended.
        loadMore();
      });
    }
  }

  /** Loads those that wait one after the other, on a connection that lasts as long. */
  async function loadQueued(): Promise<void> {
    const buffers = new ReplyBuffers();
    const connection = deps.connect(buffers);
    connections.add(connection);
    for (let next = loadQueue.shift(); next !== undefined; next = loadQueue.shift()) {
      await load(next, connection, buffers);
      changed();
    }
    connections.delete(connection);
    disconnectRedis(connection);
  }

  async function load(partition: FollowedPartition, connection: RedisClient, buffers: ReplyBuffers): Promise<void> {
    for (let attempt = 0; !stopping.signal.aborted; attempt++) {
      try {
        await whenReady(connection, CONNECT_MS);
        const loaded = await loadView(connection, partition.keys, tagNames, buffers);
        partition.start(loaded);
        if (partition.loads > 1) log.info({ partition: partition.number, seq: loaded.seq }, "view loaded again");
        return;
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (attempt % 25 === 0)
          log.warn({ partition: partition.number, err: error }, "a view can't be loaded; trying on");
        await pause(RETRY_MS, stopping.signal);
      } finally {
        // What came of an attempt that failed is worth nothing, and of the others views keep nothing but copies.
        buffers.release();
      }
    }
  }

  async function loadAfter(partition: FollowedPartition, waitMs: number): Promise<void> {
    await pause(waitMs, stopping.signal);
    loadQueue.push(partition);
    loadMore();
  }

  function drop(partition: FollowedPartition, why: string): void {
    if (partition.view === null) return;
    log.warn({ partition: partition.number, seq: partition.seq, why }, "view dropped, loading again");
    // One that breaks before it is whole would break again at once: the owner's next checkpoint mends it.
    const wait = partition.ready ? 0 : RETRY_MS;
    partition.drop();
    deps.onDropped(partition);
    void loadAfter(partition, wait);
  }

  async function take(
    partition: FollowedPartition,
    id: string,
    fields: readonly Buffer[],
    breathe: () => Promise<void>,
  ): Promise<void> {
    const { view } = partition;
    try {
      const taking = partition.take(id, fields);
      let portion = taking.next();
      while (portion.done !== true) {
        await breathe();
        if (partition.view !== view) return;
        portion = taking.next();
      }
      const { step } = partition;
      if (step === null) return;
      if (!modelsSeen.has(step.model)) {
        modelsSeen.add(step.model);
        modelMayHaveChanged().catch((error: unknown) => log.debug({ err: error }, "the model can't be read"));
      }
      deps.onReplies(partition, step, portion.value);
    } catch (error) {
      if (!(error instanceof DeltaGap))
        log.error({ partition: partition.number, err: error }, "a delta can't be applied");
      drop(partition, error instanceof Error ? error.message : String(error));
    }
  }

  async function tail(group: readonly FollowedPartition[]): Promise<void> {
    const buffers = new ReplyBuffers();
    const connection = deps.connect(buffers);
    connections.add(connection);
    let warned = false;
    while (!stopping.signal.aborted) {
      const live = group.filter((partition) => partition.view !== null);
      if (live.length === 0) {
        await nextChange(BLOCK_MS);
        continue;
      }
      try {
        await whenReady(connection, CONNECT_MS);
        await applyAll(live, await read(connection, live));
        warned = false;
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (!warned) log.warn({ err: error }, "deltas can't be read; trying on");
        warned = true;
        await pause(RETRY_MS, stopping.signal);
      } finally {
        // Views keep nothing but copies, and what came of a broken reply is worth nothing.
        buffers.release();
      }
    }
  }

  async function applyAll(
    live: readonly FollowedPartition[],
    streams: readonly (readonly [key: Buffer, entries: readonly (readonly [Buffer, Buffer[]])[]])[],
  ): Promise<void> {
    let slice = performance.now();
    const breathe = async (): Promise<void> => {
      if (performance.now() - slice < SLICE_MS) return;
      await new Promise((resolve) => setImmediate(resolve));
      slice = performance.now();
    };
    for (const [key, entries] of streams) {
      const partition = live.find((one) => one.keys.deltas === key.toString());
      for (const [id, fields] of entries) {
        if (partition === undefined || partition.view === null) break;
        await take(partition, id.toString(), fields, breathe);
        await breathe();
      }
    }
    changed();
  }

  async function poll(): Promise<void> {
    const stuckAt = new Map<FollowedPartition, number>();
    while (!stopping.signal.aborted) {
      try {
        await Promise.all([modelMayHaveChanged(), ...partitions.map((one) => inspect(one, stuckAt))]);
      } catch (error) {
        log.debug({ err: error }, "the state of partitions can't be read");
      }
      await pause(POLL_MS, stopping.signal);
    }
  }

  /**
   * Reads the heartbeat, and looks for what tailing can't see: deltas that were trimmed before they were read, and a
   * state that went back.
   */
  async function inspect(partition: FollowedPartition, stuckAt: Map<FollowedPartition, number>): Promise<void> {
    // A newer delta may arrive while the answer is on its way, so it is compared with what the view held before.
    const { keys, view, seq: held } = partition;
    const [heartbeat, committed] = await Promise.all([redis.get(keys.heartbeat), redis.hget(keys.state, "seq")]);
    if (heartbeat !== null) partition.heartbeat = decodeHeartbeat(heartbeat);
    const seq = Number(committed ?? 0);
    if (view === null || partition.view !== view) return;
    if (partition.enters.wantsCheckpoint) await passCheckpoint(partition);
    if (seq < held) return drop(partition, `the partition is at step ${seq} again`);
    if (seq <= partition.seq) {
      stuckAt.delete(partition);
      return;
    }
    if (stuckAt.get(partition) === partition.seq) {
      const [next] = await redis.xrange(keys.deltas, `(${partition.position}`, "+", "COUNT", 1);
      if (partition.view === view && next === undefined && partition.seq < seq) {
        stuckAt.delete(partition);
        return drop(partition, `deltas after step ${partition.seq} are gone`);
      }
    }
    stuckAt.set(partition, partition.seq);
  }

  async function passCheckpoint({ keys, enters }: FollowedPartition): Promise<void> {
    const checkpoint = await redis.hgetBuffer(keys.state, "checkpoint");
    if (checkpoint !== null) enters.passed(decodeCheckpoint(checkpoint).seq);
  }

  loadMore();
  const groups = isCluster(redis) ? partitions.map((one) => [one]) : [partitions];
  const loops = [poll(), ...groups.map((group) => tail(group))];
  const ready = (): boolean => partitions.every((one) => one.ready);

  return {
    partitions,
    tagNames,
    ready,
    async whenReady(partition, timeoutMs) {
      const end = performance.now() + timeoutMs;
      while (!partition.ready) {
        const left = end - performance.now();
        if (left <= 0 || stopping.signal.aborted) return false;
        await nextChange(left);
      }
      return true;
    },
    async stop() {
      stopping.abort();
      changed();
      for (const connection of connections) disconnectRedis(connection);
      await Promise.allSettled(loops);
    },
  };
}

async function read(
  connection: RedisClient,
  live: readonly FollowedPartition[],
): Promise<readonly (readonly [Buffer, readonly (readonly [Buffer, Buffer[]])[]])[]> {
  const reply = await connection.callBuffer(
    "XREAD",
    "COUNT",
    DELTAS_PER_READ,
    "BLOCK",
    BLOCK_MS,
    "STREAMS",
    ...live.map((one) => one.keys.deltas),
    ...live.map((one) => one.position),
  );
  return (reply ?? []) as [Buffer, [Buffer, Buffer[]][]][];
}

/** Waits, or less long when the signal comes. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
