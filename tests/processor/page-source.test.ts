import { afterEach, beforeEach, expect, test } from "vitest";
import { connectRedis, disconnectRedis, isRedisTrouble, whenReady, type RedisClient } from "../../kernel/redis.ts";
import { ReplyBuffers } from "../../kernel/reply-buffers.ts";
import { createPageSource, type PageSource } from "../../processor/page-source.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";
import { silent } from "./lab.ts";

let server: RedisServer;
let writing: RedisClient;
let reading: RedisClient;
let pages: PageSource;

beforeEach(async () => {
  server = await startRedis();
  writing = connectRedis(server.url, { name: "test", log: silent });
  const buffers = new ReplyBuffers();
  reading = connectRedis(server.url, { name: "pages", log: silent, commandTimeoutMs: null, silenceMs: 200, buffers });
  pages = createPageSource(reading, buffers);
  await Promise.all([whenReady(writing, 5_000), whenReady(reading, 5_000)]);
});

afterEach(async () => {
  disconnectRedis(reading);
  disconnectRedis(writing);
  await server.stop();
});

function pageOf(key: string, number: number): Buffer {
  return Buffer.alloc(1_000 + (number % 7) * 900, `${key} ${number} `);
}

async function fill(key: string, count: number): Promise<number[]> {
  const numbers = Array.from({ length: count }, (_, i) => i);
  await writing.hset(key, Object.fromEntries(numbers.map((number) => [number, pageOf(key, number)])));
  return numbers;
}

/** Numbers in the order in which they came, each with whether its page was right. */
async function load(key: string, numbers: readonly number[]): Promise<[number, boolean | null][]> {
  const found: [number, boolean | null][] = [];
  await pages.load(key, numbers, (number, page) => found.push([number, page && page.equals(pageOf(key, number))]));
  return found;
}

test("pages of several partitions at once come whole and in order, more than fit into one read", async () => {
  const keys = ["a", "b", "c", "d"];
  const numbers = await Promise.all(keys.map((key) => fill(key, 1_300)));
  for (let round = 0; round < 5; round++) {
    const found = await Promise.all(keys.map((key, i) => load(key, numbers[i] ?? [])));
    found.forEach((pairs) => expect(pairs).toEqual(numbers[0]?.map((number) => [number, true])));
  }
  expect(await load("a", [])).toEqual([]);
});

test("a page that isn't there is told as such", async () => {
  await fill("a", 3);
  expect(await load("a", [2, 9, 0])).toEqual([
    [2, true],
    [9, null],
    [0, true],
  ]);
});

test("what goes wrong for one partition is not told to another", async () => {
  await fill("a", 600);
  await writing.set("broken", "not a hash");
  const refusing = pages.load("a", [1], () => {
    throw new Error("can't be read");
  });
  const [refused, failed, good] = await Promise.allSettled([refusing, load("broken", [1]), load("a", [1, 599])]);
  expect(refused).toMatchObject({ status: "rejected", reason: { message: "can't be read" } });
  expect(failed).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("WRONGTYPE") } });
  expect(good).toMatchObject({
    value: [
      [1, true],
      [599, true],
    ],
  });
});

test("a connection that breaks or falls silent fails all that wait, and is made anew", async () => {
  const numbers = await fill("a", 300);
  const troubled = async (): Promise<boolean> => {
    const found = await Promise.allSettled([load("a", numbers), load("a", numbers)]);
    return found.every((one) => one.status === "rejected" && isRedisTrouble(one.reason));
  };
  process.kill(server.pid, "SIGSTOP");
  expect(await troubled()).toBe(true);
  process.kill(server.pid, "SIGCONT");
  await whenReady(reading, 10_000);
  expect(await load("a", numbers)).toEqual(numbers.map((number) => [number, true]));

  await server.kill();
  expect(await troubled()).toBe(true);
  await server.restart();
  await Promise.all([whenReady(reading, 10_000), whenReady(writing, 10_000)]);
  await fill("a", 300);
  expect(await load("a", numbers)).toEqual(numbers.map((number) => [number, true]));
});
