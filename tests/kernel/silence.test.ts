import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLog } from "../../kernel/log.ts";
import { connectRedis, disconnectRedis, isRedisTrouble, whenReady, type RedisClient } from "../../kernel/redis.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";

const SILENCE_MS = 100;

let server: RedisServer;
const endings: (() => unknown)[] = [];

beforeEach(async () => {
  server = await startRedis();
});

afterEach(async () => {
  for (const end of endings.splice(0)) end();
  await server.stop();
});

async function connected(url: string): Promise<RedisClient> {
  const log = createLog("silent");
  const redis = connectRedis(url, { name: "test", log, commandTimeoutMs: null, silenceMs: SILENCE_MS });
  endings.push(() => disconnectRedis(redis));
  await whenReady(redis, 5_000);
  return redis;
}

test("a thread that is busy for longer than the silence that is allowed finds its replies", async () => {
  const redis = await connected(server.url);
  await redis.set("key", "value");
  for (let round = 0; round < 3; round++) {
    const reply = redis.get("key");
    // One turn, so that the request is on its way before the thread stands still.
    await new Promise((resolve) => setImmediate(resolve));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SILENCE_MS * 4);
    expect(await reply).toBe("value");
  }
  expect(redis.status).toBe("ready");
});

test("a connection that owes a reply and stays silent is made anew", async () => {
  const way = await openWay(server.url);
  const redis = await connected(way.url);
  expect(await redis.ping()).toBe("PONG");
  way.freeze();
  const error: unknown = await redis.ping().catch((reason: unknown) => reason);
  expect(isRedisTrouble(error)).toBe(true);
  way.thaw();
  await whenReady(redis, 5_000);
  expect(await redis.ping()).toBe("PONG");
});

/** A way to the server on which everything can get stuck without anybody being told. */
async function openWay(url: string): Promise<{ url: string; freeze(): void; thaw(): void }> {
  let frozen = false;
  const { port: target } = new URL(url);
  const sockets: Socket[] = [];
  const way = createServer((near) => {
    const far = connect(Number(target), "127.0.0.1");
    sockets.push(near, far);
    near.on("data", (bytes) => void (frozen || far.write(bytes)));
    far.on("data", (bytes) => void (frozen || near.write(bytes)));
    for (const socket of [near, far]) socket.on("error", () => {});
    near.on("close", () => far.destroy());
  });
  await new Promise<void>((resolve) => way.listen(0, "127.0.0.1", resolve));
  endings.push(() => {
    way.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    url: `redis://127.0.0.1:${(way.address() as AddressInfo).port}`,
    freeze() {
      frozen = true;
    },
    thaw() {
      frozen = false;
    },
  };
}
