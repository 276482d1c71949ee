/** SIGTERM: what was answered is committed, everything that was started ends, and the next start goes on from there. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { machineClock } from "../../kernel/clock.ts";
import { partitionKeys, PROCESSORS_KEY } from "../../kernel/keys.ts";
import { createLog } from "../../kernel/log.ts";
import { connectRedis, disconnectRedis, whenReady, type RedisClient } from "../../kernel/redis.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";
import { endServers, processesIn, startServer, type ServerProcess } from "../harness/server.ts";
import { createRandom } from "../sim/random.ts";
import { expectExactlyOnce } from "./proof.ts";
import { SEED } from "./runs.ts";
import { createShop, MODEL } from "./shop.ts";
import { startTraffic, type Traffic } from "./traffic.ts";

const PARTITIONS = 16;
const TIMEOUT_MS = 180_000;
const ENV = { LEASE_SECONDS: "2", SWEEP_SECONDS: "0.5" };

let shared: RedisServer | null = null;

afterEach(async () => {
  await endServers();
  await shared?.stop();
  shared = null;
});

/** More than the server can process at once. */
function startLoad(server: ServerProcess): Traffic {
  const random = createRandom(SEED);
  const shop = createShop({ random, now: () => machineClock.now(), people: 500 });
  const traffic = startTraffic({ url: server.url, shop, random, senders: 8, pauseMs: 2 });
  onTestFinished(() => traffic.abandon());
  return traffic;
}

async function untilAnswers(traffic: Traffic, count: number): Promise<void> {
  while (traffic.answers < count) {
    traffic.check();
    await pause(5);
  }
}

async function withRedis<T>(url: string, use: (redis: RedisClient) => Promise<T>): Promise<T> {
  const redis = connectRedis(url, { name: "test", log: createLog("silent") });
  try {
    await whenReady(redis, 10_000);
    return await use(redis);
  } finally {
    disconnectRedis(redis);
  }
}

/** Partitions whose last entry is not committed. */
async function behind(redis: RedisClient): Promise<string[]> {
  const found: string[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const keys = partitionKeys(partition);
    const [last] = await redis.xrevrange(keys.in, "+", "-", "COUNT", 1);
    const offset = await redis.hget(keys.state, "offset");
    if (last !== undefined && last[0] !== offset) found.push(`partition ${partition}: ${offset} of ${last[0]}`);
  }
  return found;
}

test(
  `a server that is told to end commits all that it has answered and hands its partitions back (seed ${SEED})`,
  async () => {
    const redis = await startRedis({ appendonly: true });
    shared = redis;
    const server = await startServer({ model: MODEL, env: ENV, redisUrl: redis.url });
    const traffic = startLoad(server);
    for (let round = 1; round <= 3; round++) {
      await untilAnswers(traffic, traffic.answers + 150);
      expect(await server.kill("SIGTERM"), server.output.slice(-3_000)).toEqual({ code: 0, signal: null });
      await withRedis(redis.url, async (client) => {
        expect(await behind(client)).toEqual([]);
        expect(await client.exists(...Array.from({ length: PARTITIONS }, (_, p) => partitionKeys(p).lease))).toBe(0);
        expect(await client.zcard(PROCESSORS_KEY)).toBe(0);
      });
      server.start();
    }
    await untilAnswers(traffic, traffic.answers + 20);
    await traffic.stop();
    const events = traffic.ledger.answered;
    process.stdout.write(`${events.length} events\n`);
    await expectExactlyOnce({
      url: server.url,
      redisUrl: redis.url,
      partitions: PARTITIONS,
      clockMode: "wall",
      events,
    });
  },
  TIMEOUT_MS,
);

test(
  `the private Redis ends with a server that is told to end, and the next start finds everything (seed ${SEED})`,
  async () => {
    const server = await startServer({ model: MODEL, env: ENV });
    const traffic = startLoad(server);
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      await untilAnswers(traffic, traffic.answers + 150);
      expect(server.privateRedis()).not.toBeNull();
      expect(await server.kill(signal), server.output.slice(-3_000)).toEqual({ code: 0, signal: null });
      expect(server.privateRedis()).toBeNull();
      expect(processesIn(server.redisDir)).toEqual([]);
      expect(existsSync(join(server.dataDir, "server.lock"))).toBe(false);
      server.start();
    }
    await untilAnswers(traffic, traffic.answers + 20);
    await traffic.stop();
    expect(server.output).not.toContain("taking over");
    const redisUrl = server.privateRedis()?.url ?? "";
    const events = traffic.ledger.answered;
    process.stdout.write(`${events.length} events\n`);
    await expectExactlyOnce({ url: server.url, redisUrl, partitions: PARTITIONS, clockMode: "wall", events });
  },
  TIMEOUT_MS,
);

test(
  "a server that is told to end while it is starting leaves nothing behind",
  async () => {
    const server = await startServer({ model: MODEL, env: ENV });
    await server.kill("SIGTERM");
    for (let delay = 0; delay <= 1_600; delay += 200) {
      server.start();
      await pause(delay);
      const exit = await server.kill("SIGTERM");
      // Before the program has begun, the signal does what it does to any.
      expect([exit.code, exit.signal], server.output.slice(-3_000)).toContain(exit.signal === null ? 0 : "SIGTERM");
      expect(processesIn(server.redisDir), `after ${delay} ms`).toEqual([]);
    }
    server.start();
    await server.ready();
  },
  TIMEOUT_MS,
);

test(
  "a server that is told to end while its Redis is away ends all the same",
  async () => {
    const redis = await startRedis({ appendonly: true });
    shared = redis;
    const server = await startServer({ model: MODEL, env: ENV, redisUrl: redis.url });
    const traffic = startLoad(server);
    await untilAnswers(traffic, 100);
    await redis.kill();
    expect(await server.kill("SIGTERM"), server.output.slice(-3_000)).toEqual({ code: 0, signal: null });
    await redis.restart();
    server.start();
    await untilAnswers(traffic, traffic.answers + 20);
    await traffic.stop();
    const events = traffic.ledger.answered;
    await expectExactlyOnce({
      url: server.url,
      redisUrl: redis.url,
      partitions: PARTITIONS,
      clockMode: "wall",
      events,
    });
  },
  TIMEOUT_MS,
);
