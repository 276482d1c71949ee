import { afterEach, beforeEach, expect, test } from "vitest";
import { SEEN_NAMES_KEY } from "../../kernel/keys.ts";
import { startRedisCluster } from "../harness/redis-cluster.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";
import { until } from "../query/until.ts";
import { startIngest, type IngestApp } from "./harness.ts";

let server: RedisServer;
let ingest: IngestApp;

beforeEach(async () => {
  server = await startRedis();
  ingest = await startIngest(server);
});
afterEach(async () => {
  await ingest.close();
  await server.stop();
});

async function track(event: string, properties: object = {}, at: IngestApp = ingest): Promise<number> {
  const payload = { event, userId: "u1", properties };
  return (await at.app.inject({ method: "POST", url: "/v1/track", payload })).statusCode;
}

/** What is stored, sorted; waits until it has so many members, since nobody who sends waits for it. */
async function stored(count: number): Promise<string[]> {
  return until(async () => {
    const members = await ingest.redis.smembers(SEEN_NAMES_KEY);
    if (members.length >= count) return members.sort();
    await track("Again");
    return undefined;
  });
}

test("names of accepted events, their properties and traits are stored once", async () => {
  await track("A", { x: 1, y: { z: 1 } });
  await track("A", { x: 2 });
  await ingest.app.inject({
    method: "POST",
    url: "/v1/batch",
    payload: {
      batch: [
        { type: "identify", userId: "u", traits: { plan: "gold" } },
        { type: "page", userId: "u", name: "Home", properties: { path: "/" } },
        { type: "track", userId: "", event: "Refused" },
      ],
    },
  });
  expect(await stored(8)).toEqual([
    '["identify",null,"plan"]',
    '["page","Home"]',
    '["page",null,"path"]',
    '["track","A","x"]',
    '["track","A","y"]',
    '["track","A"]',
    '["track","Again"]',
    '["trait",null,"plan"]',
  ]);
});

test("another process adds only what is new, and a lost write is made up for", async () => {
  await track("A", { x: 1 });
  await stored(2);
  const other = await startIngest(server);
  await track("A", { x: 1, y: 1 }, other);
  await track("B", {}, other);
  await stored(4);
  await server.kill();
  expect(await track("C")).toBe(503);
  await server.restart();
  await until(async () => (await track("D")) === 200);
  const kept = await stored(2);
  expect(kept).toContain('["track","D"]');
  await other.close();
});

test("a cluster stores them too", async () => {
  const cluster = await startRedisCluster();
  const there = await startIngest({ ...server, url: cluster.url });
  await track("A", {}, there);
  const members = await until(async () => {
    await track("B", {}, there);
    const found = await there.redis.smembers(SEEN_NAMES_KEY);
    return found.length >= 2 ? found : undefined;
  });
  expect(members.sort()).toEqual(['["track","A"]', '["track","B"]']);
  await there.close();
  await cluster.stop();
});
