/** A Fastify app with the query plugin on a real Redis, and fake owners of its partitions. */
import Fastify, { type FastifyInstance } from "fastify";
import { pino } from "pino";
import { Registry } from "prom-client";
import type { ClockMode } from "../../kernel/clock.ts";
import { partitionOf } from "../../kernel/ids.ts";
import { EMPTY_MODEL, type ModelRecord } from "../../kernel/model-record.ts";
import { connectRedis, disconnectRedis, whenReady, type RedisClient } from "../../kernel/redis.ts";
import { buildModelRecord } from "../../dsl/registry.ts";
import type { QuickOptions } from "../../query/context.ts";
import { announceVersion, storeVersion } from "../../query/model-store.ts";
import { buildQuery, QUERY_APP_OPTIONS } from "../../query/server.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";
import { FakePartition } from "./fake-partition.ts";
import { until } from "./until.ts";

export const silent = pino({ level: "silent" });

export interface AppOptions {
  readonly apiKeys?: string[];
  readonly clockMode?: ClockMode;
  readonly metricsPublic?: boolean;
  readonly quick?: QuickOptions;
}

export interface QueryHarness {
  readonly server: RedisServer;
  readonly redis: RedisClient;
  readonly partitions: readonly FakePartition[];
  readonly clock: { now(): number; value: number };
  /** The fake owner of a contact. */
  ownerOf(contactId: string): FakePartition;
  /** Stores a model; with `take` the fake owners switch to it at once. */
  putModel(source: string, take?: boolean): Promise<ModelRecord>;
  app(options?: AppOptions): Promise<FastifyInstance>;
  /** An app whose views are whole. */
  readyApp(options?: AppOptions): Promise<FastifyInstance>;
  close(): Promise<void>;
}

export async function startHarness(partitions = 2): Promise<QueryHarness> {
  const server = await startRedis();
  const connections: RedisClient[] = [];
  const connect = (): RedisClient => {
    const client = connectRedis(server.url, { name: "test", log: silent });
    connections.push(client);
    return client;
  };
  const redis = connect();
  await whenReady(redis, 5_000);
  const fakes = Array.from({ length: partitions }, (_, p) => new FakePartition(redis, p));
  const apps: FastifyInstance[] = [];
  const clock = { value: 1_000_000, now: () => clock.value };
  let model = EMPTY_MODEL;

  const harness: QueryHarness = {
    server,
    redis,
    partitions: fakes,
    clock,
    ownerOf(contactId) {
      const fake = fakes[partitionOf(contactId, partitions)];
      if (fake === undefined) throw new Error("no such partition");
      return fake;
    },
    async putModel(source, take = true) {
      const built = buildModelRecord(model, source, 1_700_000_000_000, "test");
      if (!built.ok) throw new Error(JSON.stringify(built.diagnostics));
      model = built.record;
      if (!(await storeVersion(redis, model))) throw new Error("another model is current");
      if (take) {
        await announceVersion(redis, model, partitions);
        for (const fake of fakes) await fake.takeControls();
      }
      return model;
    },
    async app(options = {}) {
      const app = Fastify(QUERY_APP_OPTIONS);
      apps.push(app);
      await app.register(
        buildQuery({
          redis,
          connect: (buffers) =>
            connectRedis(server.url, { name: "test-follower", log: silent, commandTimeoutMs: null, buffers }),
          clock,
          config: {
            partitions,
            clockMode: options.clockMode ?? "wall",
            actions: "on",
            apiKeys: options.apiKeys ?? [],
            metricsPublic: options.metricsPublic ?? false,
          },
          log: silent,
          registry: new Registry(),
          ...(options.quick === undefined ? {} : { quick: options.quick }),
        }),
      );
      await app.ready();
      return app;
    },
    async readyApp(options = {}) {
      const app = await harness.app(options);
      await until(async () => (await app.inject("/readyz")).statusCode === 200);
      return app;
    },
    async close() {
      for (const app of apps) await app.close();
      for (const connection of connections) disconnectRedis(connection);
      await server.stop();
    },
  };
  return harness;
}

/** Waits until a GET answers what is wanted. */
export async function eventually(
  app: FastifyInstance,
  url: string,
  holds: (body: never) => boolean,
): Promise<Record<string, unknown>> {
  return until(async () => {
    const answer = await app.inject(url);
    const body = answer.json<Record<string, unknown>>();
    return answer.statusCode === 200 && holds(body as never) ? body : undefined;
  });
}
