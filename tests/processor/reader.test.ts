import { afterAll, beforeAll, expect, test } from "vitest";
import { connectRedis, disconnectRedis, whenReady, type RedisClient } from "../../kernel/redis.ts";
import { ReplyBuffers } from "../../kernel/reply-buffers.ts";
import { createReader } from "../../processor/reader.ts";
import type { Rest } from "../../processor/rest.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";
import { until, silent } from "./lab.ts";

const KEYS = ["{1}:in", "{2}:in"] as const;
const ENTRIES_A_READ = 4;

let server: RedisServer;
let redis: RedisClient;

beforeAll(async () => {
  server = await startRedis();
  redis = connectRedis(server.url, { name: "test", log: silent });
  await whenReady(redis, 5_000);
});

afterAll(async () => {
  disconnectRedis(redis);
  await server.stop();
});

/** A reader of both streams whose rest is over when the test says so; what it took, read by read. */
async function setUp() {
  await redis.flushall();
  const buffers = new ReplyBuffers();
  const blocking = connectRedis(server.url, { name: "reader", log: silent, commandTimeoutMs: null, buffers });
  await whenReady(blocking, 5_000);
  const state = { resting: true, begun: 0, asked: 0 };
  const rest: Rest = {
    begin: () => void state.begun++,
    left: () => (state.asked++, state.resting ? 1 : 0),
  };
  const reader = createReader(blocking, redis, { blockMs: 20, entries: ENTRIES_A_READ, buffers, rest });
  const taken: [key: string, entries: number][] = [];
  for (const key of KEYS) {
    reader.subscribe({
      key,
      after: "0",
      hungry: () => true,
      take: (entries) => void taken.push([key, entries.length]),
    });
  }
  return { state, taken, reader };
}

async function add(key: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await redis.xadd(key, "*", "e", "bytes");
}

test("after a read that brought all there was entries come together until the rest is over", async () => {
  const { state, taken, reader } = await setUp();
  await add(KEYS[0], 1);
  await until("the first read", () => taken.length === 1);
  await add(KEYS[0], 2);
  await add(KEYS[1], 1);
  const { asked } = state;
  await until("a look at the rest", () => state.asked > asked + 2);
  expect(taken).toEqual([[KEYS[0], 1]]);
  state.resting = false;
  await until("the second read", () => taken.length === 3);
  expect(taken.slice(1)).toEqual([
    [KEYS[0], 2],
    [KEYS[1], 1],
  ]);
  reader.close();
});

test("where one read was not enough the next one follows at once", async () => {
  const { state, taken, reader } = await setUp();
  const together = redis.multi();
  for (let i = 0; i < ENTRIES_A_READ * 3; i++) together.xadd(KEYS[0], "*", "e", "bytes");
  await together.exec();
  await until("all entries", () => taken.reduce((sum, [, entries]) => sum + entries, 0) === ENTRIES_A_READ * 3);
  expect(taken.map(([, entries]) => entries)).toEqual([4, 4, 4]);
  expect(state.begun).toBe(0);
  reader.close();
});
