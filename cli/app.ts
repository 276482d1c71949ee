/** The HTTP server of a process: the halves of the API that its roles have, in one Fastify app. */
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from "fastify";
import { buildIngest } from "../ingest/server.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Config, Role } from "../kernel/config.ts";
import { SluiceError } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { Metrics } from "../kernel/metrics.ts";
import type { RedisClient } from "../kernel/redis.ts";
import { createGuard } from "../query/auth.ts";
import { sendError } from "../query/http-errors.ts";
import { buildQuery, QUERY_APP_OPTIONS } from "../query/server.ts";
import type { StoreMeta } from "./store-meta.ts";

export interface AppDeps {
  readonly roles: readonly Role[];
  readonly config: Config;
  readonly store: StoreMeta;
  readonly redis: RedisClient;
  /** A new connection for blocking reads. */
  connect(): RedisClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export async function buildApp(deps: AppDeps): Promise<FastifyInstance> {
  const { roles, config, redis, clock, log, metrics: registry } = deps;
  const { partitions, clockMode } = deps.store;
  // By its general type, or the app's type names pino's and fits nothing else.
  const loggerInstance: FastifyBaseLogger = log;
  const app = Fastify({
    ...QUERY_APP_OPTIONS,
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: (error, request, reply) => void sendError(error, request, reply),
    // The framework's own answer says neither when to try again nor what is wrong.
    return503OnClosing: false,
  });
  let closing = false;
  app.addHook("preClose", async () => {
    closing = true;
  });
  app.addHook("onRequest", async () => {
    if (closing) throw new SluiceError("unavailable", "the server is shutting down", { retryAfterSeconds: 1 });
  });
  app.setErrorHandler(sendError);
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?")[0] ?? "";
    return sendError(new SluiceError("not_found", `there is no ${request.method} ${path}`), request, reply);
  });
  if (roles.includes("ingest")) {
    const { writeKeys, limits } = config;
    await app.register(
      buildIngest({ redis, clock, log, registry, config: { partitions, clockMode, writeKeys, limits } }),
    );
  }
  if (roles.includes("query")) {
    const { apiKeys, metricsPublic } = config;
    const connect = (): RedisClient => deps.connect();
    const query = { redis, connect, clock, log, registry, config: { partitions, clockMode, apiKeys, metricsPublic } };
    await app.register(buildQuery(query));
  } else {
    await app.register(supervision(deps));
  }
  return app;
}

/** What supervisors and Prometheus ask, for processes without the query role, which has these itself. */
function supervision({ redis, metrics, config }: AppDeps) {
  return async (app: FastifyInstance): Promise<void> => {
    const guard = createGuard(config.apiKeys);
    app.get("/healthz", async () => ({ alive: true }));
    app.get("/readyz", async () => {
      if (redis.status === "ready") return { ready: true };
      throw new SluiceError("not_ready", "Redis can't be reached", { retryAfterSeconds: 1 });
    });
    app.get("/metrics", async (request, reply) => {
      if (!config.metricsPublic) guard(request);
      return reply.header("content-type", metrics.contentType).send(await metrics.metrics());
    });
  };
}
