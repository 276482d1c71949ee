import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { loadInitialModel } from "../../cli/initial-model.ts";
import { checkRedis } from "../../cli/redis-fitness.ts";
import { openStore, StoreMismatch } from "../../cli/store-meta.ts";
import { buildModelRecord } from "../../dsl/registry.ts";
import { decodeControl } from "../../kernel/control.ts";
import { META_KEY, MODELS_KEY, partitionKeys } from "../../kernel/keys.ts";
import { createLog } from "../../kernel/log.ts";
import { EMPTY_MODEL } from "../../kernel/model-record.ts";
import { connectRedis, disconnectRedis, whenReady, type RedisClient } from "../../kernel/redis.ts";
import { readCurrent, storeVersion } from "../../query/model-store.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";

let server: RedisServer;
let redis: RedisClient;
let dir: string;
let logged: string[];
const log = createLog("info", {}, { write: (line) => void logged.push((JSON.parse(line) as { msg: string }).msg) });
const clock = { now: () => 1234 };
const unsaid = { partitions: null, clockMode: null };

beforeAll(async () => {
  server = await startRedis();
  redis = connectRedis(server.url, { name: "test", log: createLog("silent") });
  await whenReady(redis, 10_000);
  dir = mkdtempSync(join(tmpdir(), "sluice-store-"));
});

afterAll(async () => {
  disconnectRedis(redis);
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

beforeEach(() => {
  logged = [];
});

afterEach(() => redis.flushall());

describe("what a store is made with", () => {
  test("is the default where nothing is said", async () => {
    expect(await openStore(redis, unsaid, 1234)).toEqual({ partitions: 16, clockMode: "wall" });
    expect(await redis.hgetall(META_KEY)).toEqual({ format: "1", partitions: "16", clock: "wall", created: "1234" });
  });

  test("stays, whatever later starts leave unsaid", async () => {
    await openStore(redis, { partitions: 4, clockMode: "event" }, 1);
    expect(await openStore(redis, unsaid, 2)).toEqual({ partitions: 4, clockMode: "event" });
    expect(await openStore(redis, { partitions: 4, clockMode: "event" }, 3)).toEqual({
      partitions: 4,
      clockMode: "event",
    });
    expect(await redis.hget(META_KEY, "created")).toBe("1");
  });

  test("is defended against a start that wants something else", async () => {
    await openStore(redis, { partitions: 4, clockMode: "event" }, 1);
    const other = openStore(redis, { partitions: 8, clockMode: null }, 2);
    await expect(other).rejects.toThrow(StoreMismatch);
    await expect(other).rejects.toThrow("PARTITIONS=8, but this store was made with 4");
    await expect(openStore(redis, { partitions: null, clockMode: "wall" }, 2)).rejects.toThrow("made with CLOCK=event");
  });

  test("is decided once when many start together", async () => {
    const wishes = Array.from({ length: 20 }, (_, i) => ({ partitions: i + 1, clockMode: null }));
    const results = await Promise.allSettled(wishes.map((wish) => openStore(redis, wish, 1)));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("must be known", async () => {
    await redis.hset(META_KEY, { format: "2", partitions: "4", clock: "wall" });
    await expect(openStore(redis, unsaid, 1)).rejects.toThrow("format 2; this version of Sluice reads format 1");
    await redis.hset(META_KEY, { format: "1", partitions: "many" });
    await expect(openStore(redis, unsaid, 1)).rejects.toThrow("damaged");
  });
});

describe("the model of a file", () => {
  const load = (file: string | null) => loadInitialModel({ redis, partitions: 2, clock, log, file });
  const model = (name: string, source: string): string => {
    writeFileSync(join(dir, name), source);
    return join(dir, name);
  };

  test("becomes version 1 of an empty store and goes to every partition", async () => {
    const record = await load(model("a.sluice", 'segment "s" = known\n'));
    expect(record).toMatchObject({ version: 1, by: "file", at: 1234, source: 'segment "s" = known\n' });
    expect(await readCurrent(redis)).toEqual(record);
    for (const partition of [0, 1]) {
      const entries = await redis.xrangeBuffer(partitionKeys(partition).in, "-", "+");
      const fields = entries[0]?.[1] ?? [];
      expect(decodeControl(fields[1] ?? Buffer.alloc(0))).toEqual({ kind: "model", record });
    }
  });

  test("is not loaded where there is a model", async () => {
    const first = await load(model("a.sluice", 'segment "s" = known\n'));
    expect(await load(model("b.sluice", 'segment "t" = known\n'))).toEqual(first);
    // Not even read.
    expect(await load(join(dir, "none.sluice"))).toEqual(first);
  });

  test("is none where none is named", async () => {
    expect(await load(null)).toMatchObject({ version: 0, source: "" });
  });

  test("is stored once when many start together", async () => {
    const file = model("a.sluice", 'segment "s" = known\n');
    const records = await Promise.all(Array.from({ length: 10 }, () => load(file)));
    expect(new Set(records.map(({ version }) => version))).toEqual(new Set([1]));
    expect(await redis.hkeys(MODELS_KEY)).toHaveLength(2);
  });

  test("reaches every partition before the start is over, though another start died before it told them", async () => {
    const built = buildModelRecord(EMPTY_MODEL, 'segment "s" = known\n', 1234, "file");
    if (!built.ok) throw new Error(JSON.stringify(built.diagnostics));
    await storeVersion(redis, built.record);
    expect(await load(null)).toEqual(built.record);
    for (const partition of [0, 1]) {
      const entries = await redis.xrangeBuffer(partitionKeys(partition).in, "-", "+");
      const fields = entries[0]?.[1] ?? [];
      expect(decodeControl(fields[1] ?? Buffer.alloc(0))).toEqual({ kind: "model", record: built.record });
    }
    // Partitions that have it are left alone.
    for (const partition of [0, 1]) await redis.hset(partitionKeys(partition).state, "model", "1");
    await load(null);
    expect(await redis.xlen(partitionKeys(0).in)).toBe(1);
  });

  test("is refused whole when it has mistakes", async () => {
    const file = model("wrong.sluice", 'segment "s" = known\nsegment "s" = known\n');
    await expect(load(file)).rejects.toThrow(/wrong\.sluice \(MODEL\) has mistakes:\n.*wrong\.sluice:2:9: /);
    expect(await readCurrent(redis)).toMatchObject({ version: 0 });
  });
});

describe("the Redis that was given", () => {
  const answering = (info: string) => checkRedis({ info: async () => info } as unknown as RedisClient, log);

  test("is warned of when it may lose data", async () => {
    await checkRedis(redis, log);
    expect(logged).toEqual([expect.stringContaining("no append-only file")]);
    logged = [];
    await answering("redis_version:7.2.0\r\nmaxmemory_policy:allkeys-lru\r\naof_enabled:1\r\n");
    expect(logged).toEqual([expect.stringContaining("noeviction")]);
  });

  test("is refused when it is too old", async () => {
    await expect(answering("redis_version:6.2.14\r\n")).rejects.toThrow("Redis is version 6.2.14; Sluice needs 7.0");
  });

  test("may hide what it is", async () => {
    await answering("");
    expect(logged).toEqual([]);
  });
});
