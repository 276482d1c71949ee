import { afterEach, beforeEach, expect, test } from "vitest";
import { createLog } from "../../kernel/log.ts";
import { connectRedis, disconnectRedis, whenReady, type RedisClient } from "../../kernel/redis.ts";
import { ReplyBuffers } from "../../kernel/reply-buffers.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";

let server: RedisServer;
const clients: RedisClient[] = [];

beforeEach(async () => {
  server = await startRedis();
});

afterEach(async () => {
  for (const client of clients.splice(0)) disconnectRedis(client);
  await server.stop();
});

async function connected(buffers?: ReplyBuffers): Promise<RedisClient> {
  const options = { name: "test", log: createLog("silent"), ...(buffers === undefined ? {} : { buffers }) };
  const client = connectRedis(server.url, options);
  clients.push(client);
  await whenReady(client, 5_000);
  return client;
}

/** Breaks a connection and waits for the next. */
async function reconnect(broken: RedisClient, by: RedisClient): Promise<void> {
  const id = await broken.client("ID");
  await by.client("KILL", "ID", id);
  const isAnother = (): Promise<boolean> =>
    broken.client("ID").then(
      (now) => now !== id,
      () => false,
    );
  await expect.poll(() => broken.status === "ready" && isAnother()).toBe(true);
}

/** Of every length around those at which a reply is cut into several reads and blocks. */
const LENGTHS = [0, 1, 1_000, 65_535, 65_536, 300_000, 524_287, 524_288, 524_289, 1_500_000];

function valueOf(length: number, round: number): Buffer {
  return Buffer.alloc(length, `${round} ${length} `);
}

test("what is read is what was written, however often the blocks are used again", async () => {
  const buffers = new ReplyBuffers();
  const [writing, reading] = [await connected(), await connected(buffers)];
  for (let round = 0; round < 20; round++) {
    await Promise.all(LENGTHS.map((length, i) => writing.set(`value ${i}`, valueOf(length, round))));
    const found = await reading.mgetBuffer(LENGTHS.map((_, i) => `value ${i}`));
    LENGTHS.forEach((length, i) => expect(found[i]?.equals(valueOf(length, round))).toBe(true));
    buffers.release();
  }
});

test("a reply stays as it is until it is released", async () => {
  const buffers = new ReplyBuffers();
  const [writing, reading] = [await connected(), await connected(buffers)];
  await writing.set("first", valueOf(400_000, 1));
  const first = await reading.getBuffer("first");
  for (let round = 2; round < 10; round++) {
    await writing.set("other", valueOf(400_000, round));
    await reading.getBuffer("other");
  }
  expect(first?.equals(valueOf(400_000, 1))).toBe(true);
});

test("replies need no new memory once there are blocks for the largest", async () => {
  const buffers = new ReplyBuffers();
  const [writing, reading] = [await connected(), await connected(buffers)];
  await Promise.all(Array.from({ length: 1_000 }, (_, i) => writing.set(`value ${i}`, valueOf(2_000, i))));
  const keys = Array.from({ length: 1_000 }, (_, i) => `value ${i}`);
  const blocks = new Set<ArrayBufferLike>();
  let known = 0;
  for (let round = 0; round < 20; round++) {
    for (const value of await reading.mgetBuffer(keys)) {
      // One that lies across two reads is put together in memory of its own.
      if (value !== null && value.buffer.byteLength >= 512 * 1024) blocks.add(value.buffer);
    }
    buffers.release();
    if (round === 9) known = blocks.size;
  }
  expect(known).toBeGreaterThan(1);
  expect(blocks.size).toBe(known);
});

test("a connection that breaks is made anew and reads on", async () => {
  const buffers = new ReplyBuffers();
  const [writing, reading] = [await connected(), await connected(buffers)];
  await writing.set("value", valueOf(700_000, 1));
  for (let round = 0; round < 3; round++) {
    await reconnect(reading, writing);
    expect((await reading.getBuffer("value"))?.equals(valueOf(700_000, 1))).toBe(true);
    buffers.release();
  }
});

test("a reply that is still being used stays as it is while the connection is made anew", async () => {
  const buffers = new ReplyBuffers();
  const [writing, reading] = [await connected(), await connected(buffers)];
  // Leaves less room in the block than a read wants, so that the next one begins another.
  await writing.set("first", valueOf(480_000, 1));
  await writing.set("second", valueOf(480_000, 2));
  const [first, second] = [await reading.getBuffer("first"), await reading.getBuffer("second")];
  for (let round = 0; round < 3; round++) {
    await reconnect(reading, writing);
    await reading.getBuffer("first");
  }
  expect(first?.equals(valueOf(480_000, 1))).toBe(true);
  expect(second?.equals(valueOf(480_000, 2))).toBe(true);
});

test("a server that can't be reached is tried again", async () => {
  const port = Number(new URL(server.url).port);
  await server.stop();
  const client = connectRedis(`redis://127.0.0.1:${port}`, {
    name: "test",
    log: createLog("silent"),
    buffers: new ReplyBuffers(),
  });
  clients.push(client);
  await expect(whenReady(client, 200)).rejects.toThrow(/can't be reached|closed/);
  server = await startRedis();
});
