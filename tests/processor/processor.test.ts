import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pack } from "msgpackr";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildModelRecord } from "../../dsl/registry.ts";
import { encodeControl } from "../../kernel/control.ts";
import { encodeEntry } from "../../kernel/entry.ts";
import type { Event } from "../../kernel/event.ts";
import { readFeed } from "../../kernel/feed.ts";
import { partitionOf } from "../../kernel/ids.ts";
import { MODELS_KEY, partitionKeys, PROCESSORS_KEY } from "../../kernel/keys.ts";
import { createMetrics, type Metrics } from "../../kernel/metrics.ts";
import { EMPTY_MODEL } from "../../kernel/model-record.ts";
import { decodeHeartbeat } from "../../kernel/partition-state.ts";
import { connectRedis, whenReady, type RedisClient } from "../../kernel/redis.ts";
import type { ProcessorOptions } from "../../processor/options.ts";
import { startProcessor, type Processor } from "../../processor/processor.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";
import type { FakeContact } from "./fake-shard.ts";
import { makeEvent, silent, until } from "./lab.ts";

const PARTITIONS = 4;
const OPTIONS: Partial<ProcessorOptions> = { threads: 1, leaseMs: 1_000, sweepMs: 100, pulseMs: 100 };
const FAKE = new URL("./fake-shard.ts", import.meta.url).href;

let server: RedisServer;
let redis: RedisClient;
let running: Processor[] = [];
let children: ChildProcess[] = [];
/** How often each contact was sent an event. */
let sent = new Map<string, number>();

beforeEach(async () => {
  server = await startRedis({ appendonly: true });
  redis = connectRedis(server.url, { name: "test", log: silent });
  await whenReady(redis);
  sent = new Map();
});

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(running.map((processor) => processor.stop()));
  running = [];
  children = [];
  redis.disconnect();
  await server.stop();
});

async function start(shardModule = FAKE, metrics: Metrics = createMetrics()): Promise<Processor> {
  const processor = await startProcessor({
    redisUrl: server.url,
    partitions: PARTITIONS,
    options: OPTIONS,
    log: silent,
    metrics,
    shardModule,
  });
  running.push(processor);
  return processor;
}

async function startChild(): Promise<ChildProcess> {
  const script = fileURLToPath(new URL("./processor-process.ts", import.meta.url));
  const child = fork(script, [server.url, String(PARTITIONS)], { execArgv: ["--import", "tsx"] });
  children.push(child);
  const [message] = await once(child, "message");
  expect(message).toBe("started");
  return child;
}

/** Sends one event to each of some contacts, all partitions among them. */
async function send(round: number, over: Partial<Event> = {}): Promise<void> {
  for (let i = 0; i < 20; i++) {
    const userId = `u${(i + round * 3) % 50}`;
    const event = makeEvent({ userId, timestamp: 1_000, ...over });
    await redis.xadd(partitionKeys(partitionOf(userId, PARTITIONS)).in, "*", "e", encodeEntry([event], 1_000));
    sent.set(userId, (sent.get(userId) ?? 0) + 1);
  }
}

function allConsumed(): Promise<boolean> {
  const waiting = async (partition: number): Promise<boolean> => {
    const keys = partitionKeys(partition);
    const offset = (await redis.hget(keys.state, "offset")) ?? "0-0";
    return (await redis.xrange(keys.in, `(${offset}`, "+", "COUNT", 1)).length > 0;
  };
  return Promise.all(Array.from({ length: PARTITIONS }, (_, p) => waiting(p))).then((all) => !all.includes(true));
}

/** From the pages as they are stored; right only after all processors have stopped. */
async function counted(): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (const page of await redis.hvals(partitionKeys(partition).pages)) {
      const { rows } = JSON.parse(page) as { rows: FakeContact[] };
      for (const { id, count } of rows) counts.set(id, count);
    }
  }
  return counts;
}

function value(metrics: string, name: string): number {
  const line = metrics.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.split(" ")[1] ?? 0);
}

test("two processors share the partitions evenly, and one takes over what the other gives back", async () => {
  const first = await start();
  await until("the first has all", () => first.live().length === PARTITIONS);
  await send(1);
  const second = await start();
  await until("each has half", () => first.live().length === 2 && second.live().length === 2);
  for (let round = 0; round < 5; round++) await send(round);
  await first.stop();
  await send(6);
  await until("the second has all", () => second.live().length === PARTITIONS);
  await until("everything is consumed", allConsumed);
  await second.stop();
  expect(await counted()).toEqual(sent);
  expect(await redis.zcard(PROCESSORS_KEY)).toBe(0);
  expect(await redis.keys("*:lease")).toEqual([]);
});

test("a killed owner is replaced, and nothing is lost or counted twice", async () => {
  const child = await startChild();
  await send(1);
  const second = await start();
  await until("both work", () => second.live().length === 2);
  const killed = once(child, "exit");
  for (let round = 2; round < 8; round++) {
    await send(round);
    if (round === 4) child.kill("SIGKILL");
  }
  await killed;
  await until("the second has all", () => second.live().length === PARTITIONS);
  await until("everything is consumed", allConsumed);
  await second.stop();
  expect(await counted()).toEqual(sent);
});

test("on SIGTERM a process finishes, leaves a checkpoint and exits with 0", async () => {
  const child = await startChild();
  for (let round = 0; round < 3; round++) await send(round);
  await until("everything is consumed", allConsumed);
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  expect(code).toBe(0);
  expect(await counted()).toEqual(sent);
  for (let partition = 0; partition < PARTITIONS; partition++) {
    expect(await redis.xlen(partitionKeys(partition).in)).toBe(0);
  }
});

test("a worker that crashes is started again and goes on", async () => {
  process.env["CRASH_MARKER"] = join(mkdtempSync(join(tmpdir(), "sluice-crash-")), "crashed");
  const metrics = createMetrics();
  const processor = await start(new URL("./crashing-shard.ts", import.meta.url).href, metrics);
  await until("all are live", () => processor.live().length === PARTITIONS);
  await send(1);
  await send(2, { name: "Crash" });
  await send(3);
  await until("everything is consumed", allConsumed);
  await processor.stop();
  expect(await counted()).toEqual(sent);
  expect(value(await metrics.metrics(), "sluice_processor_worker_restarts_total")).toBe(1);
});

test("Redis killed and started again is a pause", async () => {
  const metrics = createMetrics();
  const processor = await start(FAKE, metrics);
  await send(1);
  await server.kill();
  await server.restart();
  await whenReady(redis);
  await send(2);
  await until("everything is consumed", allConsumed);
  await processor.stop();
  expect(await counted()).toEqual(sent);
  expect(value(await metrics.metrics(), "sluice_processor_events_total")).toBeGreaterThanOrEqual(20);
});

test("a partition that missed a model gets it", async () => {
  const processor = await start();
  await send(1);
  await redis.hset(MODELS_KEY, "2", pack({ ...EMPTY_MODEL, version: 2 }), "current", "2");
  await until("all partitions have it", async () => {
    const models = await Promise.all(
      Array.from({ length: PARTITIONS }, (_, partition) => redis.hget(partitionKeys(partition).state, "model")),
    );
    return models.every((model) => model === "2");
  });
  await processor.stop();
  expect(await counted()).toEqual(sent);
});

test("workers' counts reach the process's metrics, and idle partitions beat", async () => {
  const metrics = createMetrics();
  const processor = await start(FAKE, metrics);
  await send(1);
  await until("the events are counted", async () => {
    return value(await metrics.metrics(), "sluice_processor_events_total") === 20;
  });
  const text = await metrics.metrics();
  expect(value(text, "sluice_processor_commits_total")).toBeGreaterThan(0);
  expect(value(text, "sluice_processor_commit_seconds_count")).toBeGreaterThan(0);
  expect(value(text, "sluice_processor_owned_partitions")).toBe(PARTITIONS);
  expect(value(text, 'sluice_processor_halted{partition="0"}')).toBe(0);
  const heartbeat = await redis.get(partitionKeys(0).heartbeat);
  expect(decodeHeartbeat(heartbeat ?? "{}").halted).toBe(null);
  await processor.stop();
});

test("with a clock that a test holds, flips happen when it says so", async () => {
  const cell = new BigInt64Array(new SharedArrayBuffer(8));
  cell[0] = 1_000n;
  const processor = await startProcessor({
    redisUrl: server.url,
    partitions: PARTITIONS,
    options: OPTIONS,
    log: silent,
    metrics: createMetrics(),
    shardModule: FAKE,
    sharedClock: cell.buffer,
  });
  running.push(processor);
  await send(1);
  await until("everything is consumed", allConsumed);
  Atomics.store(cell, 0, 2_000n);
  await until("the flips", async () => {
    const clocks = await Promise.all(
      Array.from({ length: PARTITIONS }, (_, partition) => redis.hget(partitionKeys(partition).state, "clock")),
    );
    return clocks.every((clock) => clock === "2000");
  });
  await processor.stop();
  const pages = await redis.hvals(partitionKeys(0).pages);
  const contacts = pages.flatMap((page) => (JSON.parse(page) as { rows: FakeContact[] }).rows);
  expect(contacts.map(({ awake }) => awake)).toEqual(contacts.map(() => false));
});

test("the real shard over a restart: what was counted before counts on after", async () => {
  const source = 'score +1 on "Viewed"\nsegment "keen" = count("Viewed") >= 3';
  const built = buildModelRecord(EMPTY_MODEL, source, 1_000, "test");
  if (!built.ok) throw new Error(JSON.stringify(built.diagnostics));
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const control = encodeControl({ kind: "model", record: built.record });
    await redis.xadd(partitionKeys(partition).in, "*", "c", control);
  }
  const startReal = async (): Promise<Processor> => {
    const options = { ...OPTIONS, sweepMs: 60_000 };
    const deps = { redisUrl: server.url, partitions: PARTITIONS, options, log: silent, metrics: createMetrics() };
    const processor = await startProcessor(deps);
    running.push(processor);
    return processor;
  };
  const first = await startReal();
  await send(0);
  await send(0);
  await until("everything is consumed", allConsumed);
  await first.stop();
  const second = await startReal();
  await send(0);
  await until("everything is consumed", allConsumed);
  const entered = new Set<string>();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (const [, fields] of await redis.xrangeBuffer(partitionKeys(partition).feed, "-", "+")) {
      for (const record of readFeed(fields[1] ?? Buffer.alloc(0))) if (record.entered) entered.add(record.contactId);
    }
  }
  expect([...entered].sort()).toEqual([...sent.keys()].sort());
  await second.stop();
});
