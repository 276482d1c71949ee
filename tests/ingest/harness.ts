/** Collection on a real Redis, as an app to inject requests into, and what it has written. */
import Fastify, { type FastifyInstance } from "fastify";
import { Registry } from "prom-client";
import type { FrontOptions } from "../../ingest/front.ts";
import { buildIngest, type IngestConfig } from "../../ingest/server.ts";
import type { Clock } from "../../kernel/clock.ts";
import { openEntry } from "../../kernel/entry.ts";
import type { Event } from "../../kernel/event.ts";
import { partitionKeys, REJECTED_KEY } from "../../kernel/keys.ts";
import { createLog } from "../../kernel/log.ts";
import { connectRedis, disconnectRedis, whenReady, type ConnectOptions, type RedisClient } from "../../kernel/redis.ts";
import type { RedisServer } from "../harness/redis.ts";

export const NOW = Date.UTC(2026, 0, 31, 12);
export const PARTITIONS = 4;

export interface TestClock extends Clock {
  at: number;
}

export interface IngestApp {
  readonly app: FastifyInstance;
  readonly redis: RedisClient;
  readonly clock: TestClock;
  readonly registry: Registry;
  /** Every event in the streams, by partition and in order. */
  events(): Promise<Event[]>;
  entries(partition: number): Promise<Event[][]>;
  rejected(): Promise<Record<string, string>[]>;
  /** Empties Redis. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function startIngest(
  server: RedisServer,
  config: Partial<IngestConfig> = {},
  options: Partial<ConnectOptions> = {},
  front?: FrontOptions,
): Promise<IngestApp> {
  const log = createLog("silent");
  const redis = connectRedis(server.url, { name: "test", log, ...options });
  await whenReady(redis);
  const clock: TestClock = {
    at: NOW,
    now() {
      return this.at;
    },
  };
  const registry = new Registry();
  const app = Fastify({ trustProxy: "10.9.9.9" });
  const partitions = config.partitions ?? PARTITIONS;
  await app.register(
    buildIngest({
      redis,
      clock,
      log,
      registry,
      config: { partitions, clockMode: "wall", writeKeys: [], ...config },
      ...(front === undefined ? {} : { front }),
    }),
  );
  await app.ready();

  async function entries(partition: number): Promise<Event[][]> {
    const found = await redis.xrangeBuffer(partitionKeys(partition).in, "-", "+");
    return found.map(([, fields]) => {
      const [name, bytes] = fields;
      if (name?.toString() !== "e" || bytes === undefined) throw new Error("not an entry of events");
      const reader = openEntry(bytes);
      return Array.from({ length: reader.count }, (_, i) => reader.event(i));
    });
  }

  return {
    app,
    redis,
    clock,
    registry,
    entries,
    async events() {
      const all = await Promise.all(Array.from({ length: partitions }, (_, partition) => entries(partition)));
      return all.flat(2);
    },
    async rejected() {
      const found = await redis.xrange(REJECTED_KEY, "-", "+");
      return found.map(([, fields]) => {
        const record: Record<string, string> = {};
        for (let i = 0; i < fields.length; i += 2) record[fields[i] ?? ""] = fields[i + 1] ?? "";
        return record;
      });
    },
    async clear() {
      await redis.flushall();
    },
    async close() {
      await app.close();
      disconnectRedis(redis);
    },
  };
}
