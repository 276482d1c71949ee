/** The app of a process as `start` builds it, on a real Redis and without a processor. */
import type { DestinationStream } from "pino";
import type { FastifyInstance } from "fastify";
import { buildApp } from "../../cli/app.ts";
import { machineClock } from "../../kernel/clock.ts";
import { readConfig, ROLES, type Role } from "../../kernel/config.ts";
import { createLog } from "../../kernel/log.ts";
import { createMetrics, type Metrics } from "../../kernel/metrics.ts";
import { connectRedis, disconnectRedis, whenReady } from "../../kernel/redis.ts";
import type { RedisServer } from "../harness/redis.ts";

export interface BuiltApp {
  readonly app: FastifyInstance;
  readonly metrics: Metrics;
  /** All that it has logged, one JSON text a line. */
  readonly logged: () => string;
  readonly close: () => Promise<void>;
}

export async function buildTestApp(
  server: RedisServer,
  env: Readonly<Record<string, string>> = {},
  roles: readonly Role[] = ROLES,
): Promise<BuiltApp> {
  const lines: string[] = [];
  const to: DestinationStream = { write: (line) => void lines.push(line) };
  const config = readConfig({ REDIS_URL: server.url, LOG_LEVEL: "trace", ...env }, roles);
  const log = createLog(config.logLevel, {}, to);
  const redis = connectRedis(server.url, { name: "test", log });
  await whenReady(redis, 10_000);
  const metrics = createMetrics();
  const app = await buildApp({
    roles,
    config,
    store: { partitions: 2, clockMode: config.clockMode ?? "wall" },
    redis,
    connect: () => connectRedis(server.url, { name: "follower", log, commandTimeoutMs: null }),
    clock: machineClock,
    log,
    metrics,
  });
  await app.ready();
  return {
    app,
    metrics,
    logged: () => lines.join(""),
    async close() {
      await app.close();
      disconnectRedis(redis);
    },
  };
}
