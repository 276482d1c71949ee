/** The collection half of the HTTP API, as a Fastify plugin. */
import type { FastifyError, FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import type { Registry } from "prom-client";
import type { Clock, ClockMode } from "../kernel/clock.ts";
import { SluiceError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/event.ts";
import type { Log } from "../kernel/log.ts";
import type { RedisClient } from "../kernel/redis.ts";
import type { RouteDocs } from "../kernel/route-docs.ts";
import { plainBody, tooLarge } from "./body.ts";
import { createCors } from "./cors.ts";
import { attachFront, type FrontOptions } from "./front.ts";
import { createGate, type Sender } from "./gate.ts";
import { createCollector } from "./group-commit.ts";
import { createIntake, type Reading, type Takes } from "./intake.ts";
import { INGEST_LIMITS, type IngestLimits } from "./limits.ts";
import { createIngestMetrics } from "./metrics.ts";
import { createPacker } from "./packer.ts";
import { BATCH_PATHS, IMPORT_PATH, SINGLE_CALLS, type SingleCall } from "./paths.ts";
import { createRateLimit } from "./rate-limit.ts";
import { batchAnswerSchema, batchSchema, callSchema, successSchema } from "./schemas.ts";
import { SETTINGS_PATH, settingsRoute } from "./settings.ts";

export interface IngestConfig {
  readonly partitions: number;
  readonly clockMode: ClockMode;
  /** Without these and `browserKeys` only this machine may send. */
  readonly writeKeys: readonly string[];
  readonly browserKeys?: readonly string[];
  /** Whose pages may read answers; `*` for all. */
  readonly corsOrigins?: readonly string[];
  readonly limits?: Partial<IngestLimits>;
}

export interface IngestDeps {
  readonly redis: RedisClient;
  readonly clock: Clock;
  readonly config: IngestConfig;
  readonly log: Log;
  readonly registry: Registry;
  /** How answers are marked that don't pass through the app. Without it all requests take the app's way. */
  readonly front?: FrontOptions;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Whose key a header of the request has; null while only the body may have one. */
    sender: Sender | null;
  }
}

/** By path. */
const BATCH_SUMMARIES: Readonly<Record<(typeof BATCH_PATHS)[number], string>> = {
  "/v1/batch": "Many calls at once",
  "/v1/b": "Many calls at once (the short form)",
  "/v1/import": "Many calls at once; not with browser keys",
};

const TAGS = ["Collection"];
const COMMON_ERRORS = ["invalid_json", "too_large", "rate_limited", "unavailable", "backlogged"] as const;
/** Answers are written by hand and bodies read by hand: these only describe them. */
const BATCH_SCHEMA: RouteDocs = {
  tags: TAGS,
  takes: { schema: batchSchema },
  answers: { 200: { schema: batchAnswerSchema, description: "What was taken is in Redis" } },
  errors: [...COMMON_ERRORS, "invalid_call"],
};

function schemaOfCall({ kind, paths, summary }: SingleCall, path: string): RouteDocs {
  return {
    summary,
    ...(path === paths[0] ? {} : { description: `The short form of ${paths[0] ?? ""}.` }),
    tags: TAGS,
    takes: { schema: callSchema(kind) },
    answers: { 200: { schema: successSchema, description: "The event is in Redis" } },
    errors: [...COMMON_ERRORS, "invalid_call", "not_supported"],
  };
}

const JSON_TYPE = "application/json; charset=utf-8";

/**
 * The routes of collection. Answers come only after the events are in Redis. Closing the app sends what is waiting and
 * waits for its acknowledgement; the connection stays open, it is the caller's.
 */
export function buildIngest(deps: IngestDeps): FastifyPluginAsync {
  const { config, clock } = deps;
  const limits: IngestLimits = { ...INGEST_LIMITS, ...config.limits };
  const browserKeys = config.browserKeys ?? [];
  const gate = createGate(config.writeKeys, browserKeys);
  const cors = createCors(config.corsOrigins ?? []);
  const rate = createRateLimit({
    eventsPerSecond: limits.browser_events_per_second,
    now: () => performance.now(),
  });
  const metrics = createIngestMetrics(deps.registry);

  return async (app) => {
    const { partitions, clockMode } = config;
    const packer = createPacker({ partitions, clockMode, limits });
    const collector = createCollector({
      redis: deps.redis,
      partitions,
      packer,
      clock,
      log: deps.log,
      metrics,
      streamBytesMax: limits.stream_bytes_max,
    });
    const intake = createIntake({ gate, collector, packer, metrics, clock, clockMode, limits });
    if (deps.front !== undefined) attachFront(app, { ...deps.front, intake, metrics, cors, clock, log: deps.log });

    app.decorateRequest("sender", null);
    app.setErrorHandler((error: FastifyError | SluiceError, request, reply) =>
      sendError(error, request, reply, limits),
    );
    app.addHook("onClose", () => collector.close());
    cors.markAnswers(app);
    for (const path of [...SINGLE_CALLS.flatMap(({ paths }) => paths), ...BATCH_PATHS]) {
      cors.allowPreflight(app, path, "POST");
    }
    cors.allowPreflight(app, SETTINGS_PATH, "GET");
    await app.register(settingsRoute({ gate, rate }));
    await app.register(calls);

    async function calls(inner: FastifyInstance): Promise<void> {
      inner.removeAllContentTypeParsers();
      inner.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
      inner.addHook("onRequest", async (request) => {
        // The body is JSON whatever its type says; a type that is no type at all would be refused by the framework.
        delete request.raw.headers["content-type"];
        request.sender = intake.admit(request);
        if (request.sender === "browser") rate.check(request.ip);
        intake.check();
      });
      inner.addHook("onResponse", async (_request, reply) => {
        metrics.answered(reply.elapsedTime / 1000, reply.statusCode);
      });
      // The framework refuses larger bodies while they arrive; those in between are read and refused with an answer.
      const bodyLimit = Math.max(limits.body_unzipped_bytes_max, limits.batch_bytes_max, limits.event_bytes_max);
      for (const call of SINGLE_CALLS) {
        for (const path of call.paths) {
          const schema = schemaOfCall(call, path);
          inner.post(path, { bodyLimit, schema }, (request, reply) => take(request, reply, call.kind, path));
        }
      }
      for (const path of BATCH_PATHS) {
        const schema = { summary: BATCH_SUMMARIES[path], ...BATCH_SCHEMA };
        inner.post(path, { bodyLimit, schema }, (request, reply) => take(request, reply, "batch", path));
      }
    }

    async function take(
      request: FastifyRequest,
      reply: FastifyReply,
      takes: Takes,
      path: string,
    ): Promise<FastifyReply> {
      const sent = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      intake.weigh(takes, sent.length);
      const plain = await plainBody(sent, intake.bounds(takes).plain);
      const { body, sender } = intake.open(plain, request.sender);
      if (sender === "browser") spend(request.ip, body, takes, path);
      const reading = takes === "batch" ? intake.read(takes, body, sender) : await readOrKeep(takes, body, sender);
      await new Promise<void>((resolve, reject) => {
        intake.commit(reading, { settle: (error) => (error === null ? resolve() : reject(error)) });
      });
      return reply.header("content-type", JSON_TYPE).send(reading.answer);
    }

    function spend(address: string, { batch }: JsonObject, takes: Takes, path: string): void {
      if (path === IMPORT_PATH) throw new SluiceError("forbidden", "a browser key may not import");
      rate.take(address, takes === "batch" && Array.isArray(batch) ? batch.length : 1);
    }

    /** What is refused is kept for inspection before the caller hears of it. */
    async function readOrKeep(takes: Takes, body: JsonObject, sender: Sender): Promise<Reading> {
      try {
        return intake.read(takes, body, sender);
      } catch (error) {
        if (error instanceof SluiceError) await intake.keepRefused(body, error);
        throw error;
      }
    }
  };
}

function sendError(
  error: FastifyError | SluiceError,
  request: FastifyRequest,
  reply: FastifyReply,
  limits: IngestLimits,
): FastifyReply {
  const known = error instanceof SluiceError ? error : fromFramework(error, request, limits);
  if (known.code === "internal") request.log.error({ reqId: request.id, err: error }, "a request failed");
  if (known.retryAfterSeconds !== null) void reply.header("retry-after", String(known.retryAfterSeconds));
  return reply.code(known.status).header("content-type", JSON_TYPE).send(known.toBody());
}

function fromFramework(error: FastifyError, request: FastifyRequest, limits: IngestLimits): SluiceError {
  const status = error.statusCode ?? 500;
  if (status === 413) return tooLarge(limits.batch_bytes_max, "");
  if (status >= 400 && status < 500) return new SluiceError("bad_request", error.message);
  return new SluiceError("internal", `something went wrong here; the log has it under request ${request.id}`);
}
