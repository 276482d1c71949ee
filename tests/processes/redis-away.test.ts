/** A server outlives its Redis: it says 503 to what needs it, goes on reading from its views, and takes up where it was. */
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLog } from "../../kernel/log.ts";
import { connectRedis, disconnectRedis, whenReady } from "../../kernel/redis.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";
import { endServers, startServer, type ServerProcess } from "../harness/server.ts";
import { call } from "../retail/answers.ts";

const MODEL = `
score +1 on any
tag "seen" on any
stages "visitor", "regular"
stage "regular" when count(any) >= 3
segment "regulars" = count(any) >= 3
segment "all" = known
`;
const PEOPLE = 50;
const TIMEOUT_MS = 120_000;
const JSON_HEADERS = { "content-type": "application/json" };

let redis: RedisServer;
let server: ServerProcess;
let sent = 0;

beforeEach(async () => {
  redis = await startRedis({ appendonly: true });
  server = await startServer({ model: MODEL, redisUrl: redis.url, env: { LEASE_SECONDS: "1" } });
  const batch = Array.from({ length: PEOPLE * 3 }, (_, i) => track(`user-${i % PEOPLE}`));
  await call(`${server.url}/v1/batch`, { batch });
  await call(`${server.url}/v1/settle`, {});
});

afterEach(async () => {
  await endServers();
  await redis.stop();
});

function track(userId: string): { type: string; event: string; userId: string; messageId: string } {
  return { type: "track", event: "Viewed", userId, messageId: `m${++sent}` };
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: unknown;
}

async function ask(path: string, body?: unknown, method = body === undefined ? "GET" : "POST"): Promise<Answer> {
  const headers = method === "PUT" ? { "content-type": "text/plain" } : JSON_HEADERS;
  const sentBody = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`${server.url}${path}`, {
    method,
    ...(body === undefined ? {} : { headers, body: sentBody }),
  });
  return {
    status: response.status,
    retryAfter: response.headers.get("retry-after"),
    body: await response.json(),
  };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(20);
}

const UNAVAILABLE = { status: 503, retryAfter: "1", body: { error: { code: "unavailable" } } };

/** Everything that comes out of memory, as it was before. */
async function expectViews(): Promise<void> {
  const { body: regulars } = await ask("/v1/segments/regulars/members?limit=1000");
  expect(regulars).toMatchObject({ size: PEOPLE, next: null });
  expect(await ask("/v1/contacts/user-7/segments")).toMatchObject({
    status: 200,
    body: { segments: ["regulars", "all"] },
  });
  expect(await ask("/v1/query", { where: 'score = 3 and tag("seen") = 3', limit: 0 })).toMatchObject({
    status: 200,
    body: { count: PEOPLE },
  });
  expect(await ask("/v1/funnel")).toMatchObject({
    status: 200,
    body: {
      stages: [
        { name: "visitor", count: 0 },
        { name: "regular", count: PEOPLE },
      ],
    },
  });
  expect(await ask("/v1/tags")).toMatchObject({ status: 200, body: { tags: [{ name: "seen", contacts: PEOPLE }] } });
  expect(await ask("/v1/segments/all")).toMatchObject({ status: 200, body: { size: PEOPLE } });
}

/** What is sent from now on counts, what was sent before still does, and `again`, all of user-1, counts once. */
async function expectRecovery(again: readonly ReturnType<typeof track>[]): Promise<void> {
  await until(async () => (await ask("/v1/batch", { batch: [...again, track("user-0")] })).status === 200);
  await until(async () => (await ask("/v1/settle", {})).status === 200);
  expect(await ask("/v1/contacts/user-1")).toMatchObject({ status: 200, body: { score: 3 + again.length } });
  expect((await ask("/readyz")).status).toBe(200);
}

async function expectSameProcess(pid: number): Promise<void> {
  expect(server.isRunning, server.output.slice(-3_000)).toBe(true);
  expect(server.pid).toBe(pid);
}

test(
  "while Redis is gone events and questions to it get 503, views are read on, and then everything goes on",
  async () => {
    const { pid } = server;
    await redis.kill();
    const call = track("user-1");
    await until(async () => (await ask("/v1/track", call)).status === 503);
    const answers = await Promise.all([
      ask("/v1/track", call),
      ask("/v1/batch", { batch: [call] }),
      ask("/v1/identify", { userId: "user-1", traits: {} }),
      ask("/v1/contacts/user-7"),
      ask("/v1/settle?timeout=5", {}),
      ask("/v1/rejected"),
      ask("/v1/status"),
      ask("/v1/model", 'segment "new" = known', "PUT"),
    ]);
    for (const answer of answers) expect(answer).toMatchObject(UNAVAILABLE);
    // Longer than a lease.
    const lag = async (): Promise<number> => ((await ask("/v1/segments")).body as { lag_ms: number }).lag_ms;
    await until(async () => (await lag()) > 2_000);
    await expectViews();
    expect(await ask("/healthz")).toMatchObject({ status: 200 });
    expect(await ask("/readyz")).toMatchObject({
      status: 503,
      retryAfter: "1",
      body: { error: { code: "not_ready" } },
    });
    await expectSameProcess(pid);

    await redis.restart();
    await expectRecovery([call]);
    await until(async () => (await lag()) < 2_000);
    await expectSameProcess(pid);
  },
  TIMEOUT_MS,
);

test(
  "a Redis that hangs makes events wait and then get 503; sent again they count once",
  async () => {
    const { pid } = server;
    const frozen = redis.pid;
    const call = track("user-1");
    process.kill(frozen, "SIGSTOP");
    try {
      const asked = ask("/v1/track", call);
      await expectViews();
      expect(await asked).toMatchObject(UNAVAILABLE);
      expect(await ask("/v1/contacts/user-7")).toMatchObject(UNAVAILABLE);
      await expectViews();
    } finally {
      process.kill(frozen, "SIGCONT");
    }
    await expectRecovery([call]);
    await expectSameProcess(pid);
  },
  TIMEOUT_MS,
);

test(
  "a Redis that is full refuses events until there is room again",
  async () => {
    const { pid } = server;
    const client = connectRedis(redis.url, { name: "test", log: createLog("silent") });
    await whenReady(client, 10_000);
    const call = track("user-1");
    try {
      await client.call("CONFIG", "SET", "maxmemory", "1");
      expect(await ask("/v1/track", call)).toMatchObject(UNAVAILABLE);
      expect(await ask("/v1/batch", { batch: [call] })).toMatchObject(UNAVAILABLE);
      await expectViews();
      await client.call("CONFIG", "SET", "maxmemory", "0");
    } finally {
      disconnectRedis(client);
    }
    await expectRecovery([call]);
    await expectSameProcess(pid);
  },
  TIMEOUT_MS,
);

test(
  "a Redis that comes and goes many times leaves the server as it was",
  async () => {
    const { pid } = server;
    const calls: ReturnType<typeof track>[] = [];
    for (let round = 0; round < 5; round++) {
      await redis.kill();
      const call = track("user-1");
      calls.push(call);
      await until(async () => (await ask("/v1/track", call)).status === 503);
      await redis.restart();
      await until(async () => (await ask("/v1/track", call)).status === 200);
    }
    await expectRecovery(calls);
    expect(calls).toHaveLength(5);
    await expectSameProcess(pid);
  },
  TIMEOUT_MS,
);
