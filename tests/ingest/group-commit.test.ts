import { Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCollector } from "../../ingest/group-commit.ts";
import { INGEST_LIMITS } from "../../ingest/limits.ts";
import { createIngestMetrics } from "../../ingest/metrics.ts";
import { createPacker } from "../../ingest/packer.ts";
import type { Event } from "../../kernel/event.ts";
import { partitionOf } from "../../kernel/ids.ts";
import { partitionKeys } from "../../kernel/keys.ts";
import { createLog } from "../../kernel/log.ts";
import { connectRedis, disconnectRedis, isCluster, whenReady } from "../../kernel/redis.ts";
import { startRedis, type RedisServer, type RedisServerOptions } from "../harness/redis.ts";
import { NOW, PARTITIONS, startIngest, type IngestApp } from "./harness.ts";

let server: RedisServer;
let ingest: IngestApp;

async function start(options: RedisServerOptions = {}, config: Parameters<typeof startIngest>[1] = {}): Promise<void> {
  server = await startRedis(options);
  ingest = await startIngest(server, config);
}

afterEach(async () => {
  await ingest.close();
  await server.stop();
});

interface Answer {
  readonly status: number;
  readonly code: string | null;
  readonly retryAfter: string | undefined;
}

async function track(messageId: string, userId = "u1", padding = 0): Promise<Answer> {
  const payload = { event: "x", userId, messageId, properties: { text: "x".repeat(padding) } };
  const response = await ingest.app.inject({ method: "POST", url: "/v1/track", payload });
  const body = response.json<{ error?: { code: string } }>();
  const retryAfter = response.headers["retry-after"];
  return {
    status: response.statusCode,
    code: body.error?.code ?? null,
    retryAfter: typeof retryAfter === "string" ? retryAfter : undefined,
  };
}

const EVENT: Event = {
  kind: "track",
  name: "x",
  userId: "u1",
  anonymousId: null,
  messageId: "m",
  timestamp: NOW,
  properties: {},
  context: {},
  traits: {},
};

const UNAVAILABLE: Answer = { status: 503, code: "unavailable", retryAfter: "1" };

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("groups", () => {
  beforeEach(() => start());

  test.each([
    ["is sent when it has lingered, in the middle of a turn too", 0, [2, 2, 1]],
    ["otherwise waits for all that a turn brings", 60_000, [5]],
  ])("a group %s", async (_, lingerMs, sizes) => {
    const { redis, clock } = ingest;
    const log = createLog("silent");
    const metrics = createIngestMetrics(new Registry());
    const packer = createPacker({ partitions: 1, clockMode: "wall", limits: INGEST_LIMITS });
    const options = { redis, partitions: 1, packer, clock, log, metrics, streamBytesMax: 1e9, lingerMs };
    const collector = createCollector(options);
    const names = ["m0", "m1", "m2", "m3", "m4"];
    const taken = names.map(
      (messageId) =>
        new Promise((settle) => {
          collector.collect([{ ...EVENT, messageId }], [], { settle });
        }),
    );
    expect(await Promise.all(taken)).toEqual(names.map(() => null));
    const entries = await ingest.entries(0);
    expect(entries.map((events) => events.length)).toEqual(sizes);
    expect(entries.flat().map(({ messageId }) => messageId)).toEqual(names);
    await collector.close();
  });
});

describe("concurrent requests", () => {
  beforeEach(() => start());

  test("share stream entries, and none of their events is lost or comes twice", async () => {
    for (let round = 0; round < 5; round++) {
      const names = Array.from({ length: 200 }, (_, i) => `${round}-${i}`);
      const answers = await Promise.all(names.map((name, i) => track(name, `u${i}`)));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
    }
    const events = await ingest.events();
    expect(new Set(events.map(({ messageId }) => messageId)).size).toBe(1_000);
    expect(events).toHaveLength(1_000);
    let entries = 0;
    for (let p = 0; p < PARTITIONS; p++) entries += (await ingest.entries(p)).length;
    expect(entries).toBeLessThan(200);
  });

  test("that come one after the other are written in their order", async () => {
    for (let i = 0; i < 20; i++) await track(`m${i}`);
    const entries = await ingest.entries(partitionOf("u1", PARTITIONS));
    expect(entries.flat().map(({ messageId }) => messageId)).toEqual(Array.from({ length: 20 }, (_, i) => `m${i}`));
  });

  test("keep the order of a batch within a contact", async () => {
    const batch = Array.from({ length: 500 }, (_, i) => ({
      type: "track",
      event: "x",
      userId: `u${i % 7}`,
      messageId: `m${i}`,
      timestamp: 1_000 + i,
    }));
    await Promise.all([
      ingest.app.inject({ method: "POST", url: "/v1/batch", payload: { batch } }),
      ...Array.from({ length: 20 }, (_, i) => track(`other${i}`, `other${i}`)),
    ]);
    const events = (await ingest.events()).filter(({ userId }) => userId === "u3");
    expect(events.map(({ timestamp }) => timestamp)).toEqual(
      batch.filter(({ userId }) => userId === "u3").map(({ timestamp }) => timestamp),
    );
  });

  test("fail together with the partitions that they need, and with no other", async () => {
    const broken = partitionOf("u1", PARTITIONS);
    await ingest.redis.set(partitionKeys(broken).in, "no stream");
    const users = Array.from({ length: 40 }, (_, i) => `u${i}`);
    const answers = await Promise.all(users.map((user) => track(`m-${user}`, user)));
    answers.forEach((answer, i) => {
      const hit = partitionOf(users[i] ?? "", PARTITIONS) === broken;
      expect(answer).toEqual(hit ? UNAVAILABLE : { status: 200, code: null, retryAfter: undefined });
    });
    const batch = users.map((userId) => ({ type: "track", event: "x", userId }));
    const answer = await ingest.app.inject({ method: "POST", url: "/v1/batch", payload: { batch } });
    expect(answer.statusCode).toBe(503);
  });

  test("that are being taken when the app closes are written before it has closed", async () => {
    const answers = Array.from({ length: 50 }, (_, i) => track(`m${i}`));
    const first = await Promise.race(answers);
    expect(first.status).toBe(200);
    await ingest.app.close();
    const taken = (await Promise.all(answers)).filter(({ status }) => status === 200).length;
    expect((await ingest.events()).length).toBeGreaterThanOrEqual(taken);
  });
});

test("a cluster takes events of all partitions, whichever node has them", async () => {
  server = await startRedis({ args: ["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"] });
  const node = connectRedis(server.url, { name: "node", log: createLog("silent") });
  await whenReady(node);
  await node.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  await until(async () => String(await node.call("CLUSTER", "INFO")).includes("cluster_state:ok"));
  disconnectRedis(node);
  ingest = await startIngest({ ...server, url: `${server.url},127.0.0.1:${server.port}` });
  expect(isCluster(ingest.redis)).toBe(true);
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => track(`m${i}`, `u${i}`)));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect(await ingest.events()).toHaveLength(40);
});

describe("when Redis fails", () => {
  test("killed in the middle: 503 until it is back, then 200, and nothing that was answered is lost", async () => {
    await start({ appendonly: true });
    const taken: string[] = [];
    let refused = 0;
    let sent = 0;
    let killed = false;
    const client = async (): Promise<void> => {
      while (refused === 0 || sent < 300) {
        const name = `m${sent++}`;
        const answer = await track(name, `u${sent % 50}`);
        if (answer.status === 200) taken.push(name);
        else {
          expect(answer).toEqual(UNAVAILABLE);
          refused++;
        }
        if (taken.length > 100 && !killed) {
          killed = true;
          await server.kill();
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, client));
    expect(await track("away")).toEqual(UNAVAILABLE);
    expect(await ingest.app.inject({ method: "POST", url: "/v1/track", payload: "no JSON" })).toMatchObject({
      statusCode: 503,
    });

    await server.restart();
    await until(async () => (await track("back")).status === 200);
    const written = new Set((await ingest.events()).map(({ messageId }) => messageId));
    expect([...taken, "back"].filter((name) => !written.has(name))).toEqual([]);
  });

  test("silent: 503 once the time limit is over", async () => {
    server = await startRedis();
    ingest = await startIngest(server, {}, { commandTimeoutMs: 200 });
    process.kill(server.pid, "SIGSTOP");
    const answer = await track("m1");
    process.kill(server.pid, "SIGCONT");
    expect(answer).toEqual(UNAVAILABLE);
    await until(async () => (await track("m2")).status === 200);
  });

  test("out of memory: 503, and 200 after there is room again", async () => {
    await start({ args: ["--maxmemory", "3mb", "--maxmemory-policy", "noeviction"] });
    let answer: Answer;
    let i = 0;
    do answer = await track(`m${i++}`, "u1", 30_000);
    while (answer.status === 200);
    expect(answer).toEqual(UNAVAILABLE);
    await ingest.redis.del(partitionKeys(partitionOf("u1", PARTITIONS)).in);
    await until(async () => (await track("m-last")).status === 200);
  });

  test("a backlog over its limit: 503 until it has shrunk", async () => {
    await start({}, { limits: { stream_bytes_max: 200_000 } });
    let answer: Answer;
    let i = 0;
    do answer = await track(`m${i++}`, `u${i}`, 30_000);
    while (answer.status === 200);
    expect(answer).toEqual({ status: 503, code: "backlogged", retryAfter: "1" });
    expect(i).toBeGreaterThan(3);
    expect(i).toBeLessThan(20);
    for (let p = 0; p < PARTITIONS; p++) await ingest.redis.del(partitionKeys(p).in);
    await until(async () => (await track("m-last")).status === 200);
  });
});
