/** The HTTP server of a process: the halves of the API that its roles have, in one Fastify app. */
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from "fastify";
import { buildIngest } from "../ingest/server.ts";
import type { Clock } from "../kernel/clock.ts";
import { actionModeFor, type Config, type Role } from "../kernel/config.ts";
import { SluiceError } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { Metrics } from "../kernel/metrics.ts";
import type { RedisClient } from "../kernel/redis.ts";
import type { ReplyBuffers } from "../kernel/reply-buffers.ts";
import { createGuard } from "../query/auth.ts";
import { sendError } from "../query/http-errors.ts";
import { HEALTH_SCHEMA, METRICS_SCHEMA, READY_SCHEMA } from "../query/routes-health.ts";
import { buildQuery, QUERY_APP_OPTIONS } from "../query/server.ts";
import { ANSWER_HEADERS, isDebugging, markAnswer, markAnswers, requestIds } from "./answer-headers.ts";
import { limitClosing } from "./closing.ts";
import { docsRoutes } from "./docs-routes.ts";
import { registerOpenApi } from "./openapi.ts";
import { answerUnknownRoutes } from "./routing.ts";
import type { StoreMeta } from "./store-meta.ts";

export interface AppDeps {
  readonly roles: readonly Role[];
  readonly config: Config;
  readonly store: StoreMeta;
  readonly redis: RedisClient;
  /** A new connection for a reader of its own, which may block. */
  connect(buffers: ReplyBuffers): RedisClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** From the first byte of a request to its last; the framework's own default is to wait for ever. */
const REQUEST_MS_MAX = 300_000;

export async function buildApp(deps: AppDeps): Promise<FastifyInstance> {
  const { roles, config, redis, clock, log, metrics: registry } = deps;
  const { partitions, clockMode } = deps.store;
  // By its general type, or the app's type names pino's and fits nothing else.
  const loggerInstance: FastifyBaseLogger = log;
  const ids = requestIds();
  const app = Fastify({
    ...QUERY_APP_OPTIONS,
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: ids,
    // A log of its own for every request costs more than an answer from memory; who logs names the request.
    childLoggerFactory: (logger) => logger,
    requestTimeout: REQUEST_MS_MAX,
    trustProxy: config.trustedProxies.length === 0 ? false : [...config.trustedProxies],
    frameworkErrors: (error, request, reply) => {
      // Hooks don't run for what is no request yet.
      markAnswer(request, reply);
      void sendError(error, request, reply);
    },
    // The framework's own answer says neither when to try again nor what is wrong.
    return503OnClosing: false,
  });
  let closing = false;
  app.addHook("preClose", async () => {
    closing = true;
  });
  app.addHook("onRequest", (_request, _reply, done) => {
    if (!closing) return done();
    done(new SluiceError("unavailable", "the server is shutting down", { retryAfterSeconds: 1 }));
  });
  app.setErrorHandler(sendError);
  markAnswers(app);
  answerUnknownRoutes(app);
  await registerOpenApi(app);
  if (roles.includes("ingest")) {
    const { writeKeys, browserKeys, corsOrigins, limits } = config;
    const ingest = { partitions, clockMode, writeKeys, browserKeys, corsOrigins, limits };
    const requestId = (given: string | undefined): string => ids({ headers: { "x-request-id": given } });
    // What is to be logged request by request must pass the app's hooks.
    const front = isDebugging(log) ? {} : { front: { headers: ANSWER_HEADERS, requestId } };
    await app.register(buildIngest({ redis, clock, log, registry, config: ingest, ...front }));
  }
  if (roles.includes("query")) {
    const { apiKeys, metricsPublic } = config;
    const connect = (buffers: ReplyBuffers): RedisClient => deps.connect(buffers);
    const actions = actionModeFor(clockMode, config.actions);
    const query = { partitions, clockMode, actions, apiKeys, metricsPublic };
    const quick = isDebugging(log) ? {} : { quick: { headers: ANSWER_HEADERS, requestId: ids } };
    await app.register(buildQuery({ redis, connect, clock, log, registry, config: query, ...quick }));
  } else {
    await app.register(supervision(deps));
  }
  await app.register(docsRoutes(config.apiKeys));
  limitClosing(app);
  return app;
}

/** What supervisors and Prometheus ask, for processes without the query role, which has these itself. */
function supervision({ redis, metrics, config }: AppDeps) {
  return async (app: FastifyInstance): Promise<void> => {
    const guard = createGuard(config.apiKeys);
    app.get("/healthz", { schema: HEALTH_SCHEMA }, async () => ({ alive: true }));
    app.get("/readyz", { schema: READY_SCHEMA }, async () => {
      if (redis.status === "ready") return { ready: true };
      throw new SluiceError("not_ready", "Redis can't be reached", { retryAfterSeconds: 1 });
    });
    app.get("/metrics", { schema: METRICS_SCHEMA }, async (request, reply) => {
      if (!config.metricsPublic) guard(request);
      return reply.header("content-type", metrics.contentType).send(await metrics.metrics());
    });
  };
}
