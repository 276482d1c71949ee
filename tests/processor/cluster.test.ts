import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeEntry } from "../../kernel/entry.ts";
import { partitionOf } from "../../kernel/ids.ts";
import { partitionKeys } from "../../kernel/keys.ts";
import { createMetrics } from "../../kernel/metrics.ts";
import { connectRedis, isCluster, whenReady, type RedisClient } from "../../kernel/redis.ts";
import { startProcessor } from "../../processor/processor.ts";
import { startRedisCluster, type RedisCluster } from "../harness/redis-cluster.ts";
import type { FakeContact } from "./fake-shard.ts";
import { makeEvent, silent, until } from "./lab.ts";

const PARTITIONS = 6;

let cluster: RedisCluster;
let redis: RedisClient;

beforeAll(async () => {
  cluster = await startRedisCluster();
  redis = connectRedis(cluster.url, { name: "test", log: silent });
  await whenReady(redis, 10_000);
});

afterAll(async () => {
  redis.disconnect();
  await cluster.stop();
});

async function send(to: number): Promise<void> {
  for (let i = 0; i < to; i++) {
    const userId = `u${i % 30}`;
    const bytes = encodeEntry([makeEvent({ userId, timestamp: 1_000 })], 1_000);
    await redis.xadd(partitionKeys(partitionOf(userId, PARTITIONS)).in, "*", "e", bytes);
  }
}

async function allConsumed(): Promise<boolean> {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const keys = partitionKeys(partition);
    const offset = (await redis.hget(keys.state, "offset")) ?? "0-0";
    if ((await redis.xrange(keys.in, `(${offset}`, "+", "COUNT", 1)).length > 0) return false;
  }
  return true;
}

test("the same processor works on a cluster, and a node that is killed and returns is a pause", async () => {
  expect(isCluster(redis)).toBe(true);
  const processor = await startProcessor({
    redisUrl: cluster.url,
    partitions: PARTITIONS,
    options: { threads: 1, leaseMs: 1_000, sweepMs: 100, pulseMs: 100 },
    log: silent,
    metrics: createMetrics(),
    shardModule: new URL("./fake-shard.ts", import.meta.url).href,
  });
  await until("all partitions are live", () => processor.live().length === PARTITIONS);
  await send(60);
  await until("everything is consumed", allConsumed);

  const node = cluster.nodes[1];
  await node?.kill();
  await node?.restart();
  await until("the cluster is whole again", async () => {
    return send(30).then(
      () => true,
      () => false,
    );
  });
  await until("everything is consumed", () => allConsumed().catch(() => false));
  await processor.stop();

  const contacts: FakeContact[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (const page of await redis.hvals(partitionKeys(partition).pages)) {
      contacts.push(...(JSON.parse(page) as { rows: FakeContact[] }).rows);
    }
  }
  expect(contacts).toHaveLength(30);
  // A send that was tried again while the node was away may have arrived in part before.
  expect(contacts.every(({ count }) => count >= 3)).toBe(true);
});
