/** The collection half of the HTTP API, as a Fastify plugin. */
import type { FastifyError, FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import type { Registry } from "prom-client";
import type { Clock, ClockMode } from "../kernel/clock.ts";
import { SluiceError } from "../kernel/errors.ts";
import type { CallKind, Event, JsonObject } from "../kernel/event.ts";
import { LIMITS } from "../kernel/limits.ts";
import type { Log } from "../kernel/log.ts";
import type { RedisClient } from "../kernel/redis.ts";
import type { RouteDocs } from "../kernel/route-docs.ts";
import { plainBody, tooLarge } from "./body.ts";
import { readBatch, readCall, type Reception } from "./calls.ts";
import { createCors } from "./cors.ts";
import { createGate, type Sender } from "./gate.ts";
import { createCollector, type Collector } from "./group-commit.ts";
import { parseObject } from "./json.ts";
import { createIngestMetrics } from "./metrics.ts";
import { createRateLimit } from "./rate-limit.ts";
import { refusalOf } from "./refusals.ts";
import { batchAnswerSchema, batchSchema, callSchema, successSchema } from "./schemas.ts";
import { SETTINGS_PATH, settingsRoute } from "./settings.ts";

export interface IngestLimits {
  readonly event_bytes_max: number;
  readonly batch_events_max: number;
  readonly batch_bytes_max: number;
  readonly body_unzipped_bytes_max: number;
  /** Size of all partitions' streams over which events are refused with 503. */
  readonly stream_bytes_max: number;
  readonly browser_events_per_second: number;
}

export const INGEST_LIMITS: IngestLimits = {
  event_bytes_max: LIMITS.event_bytes_max,
  batch_events_max: LIMITS.batch_events_max,
  batch_bytes_max: LIMITS.batch_bytes_max,
  body_unzipped_bytes_max: LIMITS.body_unzipped_bytes_max,
  stream_bytes_max: 2 * 1024 ** 3,
  browser_events_per_second: 100,
};

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
}

declare module "fastify" {
  interface FastifyRequest {
    /** Whose key a header of the request has; null while only the body may have one. */
    sender: Sender | null;
  }
}

interface SingleCall {
  readonly kind: CallKind;
  readonly paths: readonly string[];
  readonly summary: string;
}

const SINGLE_CALLS: readonly SingleCall[] = [
  { kind: "track", paths: ["/v1/track", "/v1/t"], summary: "Somebody did something" },
  { kind: "identify", paths: ["/v1/identify", "/v1/i"], summary: "Who somebody is, and traits" },
  { kind: "page", paths: ["/v1/page", "/v1/p"], summary: "Somebody saw a page" },
  { kind: "screen", paths: ["/v1/screen", "/v1/s"], summary: "Somebody saw a screen of an app" },
  { kind: "group", paths: ["/v1/group", "/v1/g"], summary: "Whom somebody works for (not supported yet)" },
  { kind: "alias", paths: ["/v1/alias", "/v1/a"], summary: "Joins two ids (not supported yet)" },
];
const IMPORT_PATH = "/v1/import";
const BATCH_PATHS = ["/v1/batch", "/v1/b", IMPORT_PATH] as const;

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
const SUCCESS = '{"success":true}';

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
    const collector: Collector = createCollector({
      redis: deps.redis,
      partitions: config.partitions,
      clock,
      log: deps.log,
      metrics,
      streamBytesMax: limits.stream_bytes_max,
    });

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
        request.sender = gate.admitHeaders(request);
        if (request.sender === "browser") rate.check(request.ip);
        collector.check();
      });
      inner.addHook("onResponse", async (_request, reply) => {
        metrics.answered(reply.elapsedTime / 1000, reply.statusCode);
      });
      // The framework refuses larger bodies while they arrive; those in between are read and refused with an answer.
      const bodyLimit = Math.max(limits.body_unzipped_bytes_max, limits.batch_bytes_max, limits.event_bytes_max);
      for (const call of SINGLE_CALLS) {
        for (const path of call.paths) {
          const schema = schemaOfCall(call, path);
          inner.post(path, { bodyLimit, schema }, (request, reply) => takeCall(request, reply, call.kind));
        }
      }
      for (const path of BATCH_PATHS) {
        const schema = { summary: BATCH_SUMMARIES[path], ...BATCH_SCHEMA };
        inner.post(path, { bodyLimit, schema }, (request, reply) => takeBatch(request, reply, path));
      }
    }

    /** Parses and authenticates. */
    async function open(
      request: FastifyRequest,
      plainBytesMax: number,
      sentBytesMax: number,
    ): Promise<{ readonly body: JsonObject; readonly sender: Sender }> {
      const sent = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      metrics.body(sent.length);
      if (sent.length > sentBytesMax) throw tooLarge(sentBytesMax, "");
      const body = parseObject(await plainBody(sent, plainBytesMax));
      return { body, sender: request.sender ?? gate.admitKey(body["writeKey"]) };
    }

    function receive(sender: Sender): Reception {
      return { receivedAt: clock.now(), clockMode: config.clockMode, limits, sender };
    }

    async function takeCall(request: FastifyRequest, reply: FastifyReply, kind: CallKind): Promise<FastifyReply> {
      const { body, sender } = await open(request, limits.event_bytes_max, limits.event_bytes_max);
      if (sender === "browser") rate.take(request.ip, 1);
      const reception = receive(sender);
      await collector.collect([await readOrKeep(body, kind, reception)]);
      metrics.accepted(1);
      return reply.header("content-type", JSON_TYPE).send(SUCCESS);
    }

    /** What is refused is kept for inspection before the caller hears of it. */
    async function readOrKeep(body: JsonObject, kind: CallKind, reception: Reception): Promise<Event> {
      try {
        return readCall(body, kind, reception);
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        await collector.collect([], [refusalOf(body, reception.receivedAt, error.code, error.message)]);
        metrics.rejected(error.code, 1);
        throw error;
      }
    }

    async function takeBatch(request: FastifyRequest, reply: FastifyReply, path: string): Promise<FastifyReply> {
      const { body, sender } = await open(request, limits.body_unzipped_bytes_max, limits.batch_bytes_max);
      if (sender === "browser") {
        if (path === IMPORT_PATH) throw new SluiceError("forbidden", "a browser key may not import");
        rate.take(request.ip, Array.isArray(body["batch"]) ? body["batch"].length : 1);
      }
      const reception = receive(sender);
      const { events, refused } = readBatch(body, reception);
      const refusals = refused.map(({ call, code, message }) => refusalOf(call, reception.receivedAt, code, message));
      await collector.collect(events, refusals);
      metrics.accepted(events.length);
      for (const { code } of refused) metrics.rejected(code, 1);
      const rejected = refused.map(({ index, code, message }) => ({ index, code, message }));
      const answer = JSON.stringify({ success: true, accepted: events.length, rejected });
      return reply.header("content-type", JSON_TYPE).send(answer);
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
  if (known.code === "internal") request.log.error({ err: error }, "a request failed");
  if (known.retryAfterSeconds !== null) void reply.header("retry-after", String(known.retryAfterSeconds));
  return reply.code(known.status).header("content-type", JSON_TYPE).send(known.toBody());
}

function fromFramework(error: FastifyError, request: FastifyRequest, limits: IngestLimits): SluiceError {
  const status = error.statusCode ?? 500;
  if (status === 413) return tooLarge(limits.batch_bytes_max, "");
  if (status >= 400 && status < 500) return new SluiceError("bad_request", error.message);
  return new SluiceError("internal", `something went wrong here; the log has it under request ${request.id}`);
}
