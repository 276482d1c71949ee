/** The collection half of the HTTP API, as a Fastify plugin. */
import type { FastifyError, FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import type { Registry } from "prom-client";
import type { Clock, ClockMode } from "../kernel/clock.ts";
import { SluiceError } from "../kernel/errors.ts";
import type { CallKind, Event, JsonObject } from "../kernel/event.ts";
import { LIMITS } from "../kernel/limits.ts";
import type { Log } from "../kernel/log.ts";
import type { RedisClient } from "../kernel/redis.ts";
import { plainBody, tooLarge } from "./body.ts";
import { readBatch, readCall, type Reception } from "./calls.ts";
import { createGate } from "./gate.ts";
import { createCollector, type Collector } from "./group-commit.ts";
import { parseObject } from "./json.ts";
import { createIngestMetrics } from "./metrics.ts";
import { refusalOf } from "./refusals.ts";

export interface IngestLimits {
  readonly event_bytes_max: number;
  readonly batch_events_max: number;
  readonly batch_bytes_max: number;
  readonly body_unzipped_bytes_max: number;
  /** Size of all partitions' streams over which events are refused with 503. */
  readonly stream_bytes_max: number;
}

export const INGEST_LIMITS: IngestLimits = {
  event_bytes_max: LIMITS.event_bytes_max,
  batch_events_max: LIMITS.batch_events_max,
  batch_bytes_max: LIMITS.batch_bytes_max,
  body_unzipped_bytes_max: LIMITS.body_unzipped_bytes_max,
  stream_bytes_max: 2 * 1024 ** 3,
};

export interface IngestConfig {
  readonly partitions: number;
  readonly clockMode: ClockMode;
  /** Empty: only this machine may send. */
  readonly writeKeys: readonly string[];
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
    /** A header of the request has a good write key. */
    hasWriteKey: boolean;
  }
}

const SINGLE_CALLS: readonly (readonly [kind: CallKind, paths: readonly string[]])[] = [
  ["track", ["/v1/track", "/v1/t"]],
  ["identify", ["/v1/identify", "/v1/i"]],
  ["page", ["/v1/page", "/v1/p"]],
  ["screen", ["/v1/screen", "/v1/s"]],
  ["group", ["/v1/group", "/v1/g"]],
  ["alias", ["/v1/alias", "/v1/a"]],
];
const BATCH_PATHS = ["/v1/batch", "/v1/b", "/v1/import"] as const;

const JSON_TYPE = "application/json; charset=utf-8";
const SUCCESS = '{"success":true}';

/**
 * The routes of collection. Answers come only after the events are in Redis. Closing the app sends what is waiting and
 * waits for its acknowledgement; the connection stays open, it is the caller's.
 */
export function buildIngest(deps: IngestDeps): FastifyPluginAsync {
  const { config, clock } = deps;
  const limits: IngestLimits = { ...INGEST_LIMITS, ...config.limits };
  const gate = createGate(config.writeKeys);
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

    app.decorateRequest("hasWriteKey", false);
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    app.setErrorHandler((error: FastifyError | SluiceError, request, reply) =>
      sendError(error, request, reply, limits),
    );
    app.addHook("onClose", () => collector.close());
    app.addHook("onRequest", async (request) => {
      // The body is JSON whatever its type says; a type that is no type at all would be refused by the framework.
      delete request.raw.headers["content-type"];
      request.hasWriteKey = gate.admitsHeaders(request);
      collector.check();
    });
    app.addHook("onResponse", async (_request, reply) => {
      metrics.answered(reply.elapsedTime / 1000, reply.statusCode);
    });

    /** Parses and authenticates. */
    async function open(request: FastifyRequest, plainBytesMax: number, sentBytesMax: number): Promise<JsonObject> {
      const sent = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      metrics.body(sent.length);
      if (sent.length > sentBytesMax) throw tooLarge(sentBytesMax, "");
      const body = parseObject(await plainBody(sent, plainBytesMax));
      if (!request.hasWriteKey) gate.admitBody(body["writeKey"]);
      return body;
    }

    function receive(): Reception {
      return { receivedAt: clock.now(), clockMode: config.clockMode, limits };
    }

    async function takeCall(request: FastifyRequest, reply: FastifyReply, kind: CallKind): Promise<FastifyReply> {
      const body = await open(request, limits.event_bytes_max, limits.event_bytes_max);
      const reception = receive();
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

    async function takeBatch(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
      const body = await open(request, limits.body_unzipped_bytes_max, limits.batch_bytes_max);
      const reception = receive();
      const { events, refused } = readBatch(body, reception);
      const refusals = refused.map(({ call, code, message }) => refusalOf(call, reception.receivedAt, code, message));
      await collector.collect(events, refusals);
      metrics.accepted(events.length);
      for (const { code } of refused) metrics.rejected(code, 1);
      const rejected = refused.map(({ index, code, message }) => ({ index, code, message }));
      const answer = JSON.stringify({ success: true, accepted: events.length, rejected });
      return reply.header("content-type", JSON_TYPE).send(answer);
    }

    // The framework refuses larger bodies while they arrive; those in between are read and refused with an answer.
    const bodyLimit = Math.max(limits.body_unzipped_bytes_max, limits.batch_bytes_max, limits.event_bytes_max);
    for (const [kind, paths] of SINGLE_CALLS) {
      for (const path of paths) app.post(path, { bodyLimit }, (request, reply) => takeCall(request, reply, kind));
    }
    for (const path of BATCH_PATHS) app.post(path, { bodyLimit }, (request, reply) => takeBatch(request, reply));
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
