/** Settling, the clock, and the state of the whole. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { instantOf } from "../dsl/dates.ts";
import { SluiceError } from "../kernel/errors.ts";
import { freshness, isoTime, type QueryContext } from "./context.ts";
import { fromRedis } from "./http-errors.ts";
import * as schemas from "./schemas.ts";
import { moveClock, settle } from "./settle.ts";
import { readStatus, statusSchema } from "./status.ts";

const TIMEOUT_DEFAULT_SECONDS = 30;
const TIMEOUT_MAX_SECONDS = 600;
/** The largest instant that a Date can name. */
const INSTANT_MAX = 8.64e15;

const timeout = Type.Optional(
  Type.Number({
    exclusiveMinimum: 0,
    maximum: TIMEOUT_MAX_SECONDS,
    default: TIMEOUT_DEFAULT_SECONDS,
    description: "seconds",
  }),
);
const TAGS = ["Control"];

export function controlRoutes(context: QueryContext): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      "/v1/settle",
      {
        schema: {
          summary: "Waits until all that was accepted before is visible in queries",
          tags: TAGS,
          errors: ["invalid_call", "timeout", "unavailable"],
          querystring: Type.Object({ timeout }),
          response: { 200: Type.Object({ settled: Type.Literal(true), ...schemas.freshnessFields }) },
        },
      },
      async (request) => {
        await settle(context, deadlineIn(request.query.timeout));
        return { settled: true as const, ...freshness(context, context.follower.partitions) };
      },
    );

    app.post(
      "/v1/clock",
      {
        schema: {
          summary: "Moves the clock forward (CLOCK=event)",
          tags: TAGS,
          errors: ["invalid_json", "invalid_call", "unsupported_media_type", "conflict", "timeout", "unavailable"],
          querystring: Type.Object({ timeout }),
          body: Type.Object({
            now: Type.Union([Type.Integer({ minimum: 0, maximum: INSTANT_MAX }), Type.String()], {
              description: "milliseconds since 1970, or ISO 8601; without a zone in the model's timezone",
            }),
          }),
          response: { 200: Type.Object({ now: schemas.instant, ...schemas.freshnessFields }) },
        },
      },
      async (request) => {
        if (context.deps.config.clockMode !== "event") {
          throw new SluiceError("conflict", "the clock follows the machine's; it can be moved only with CLOCK=event");
        }
        const now = readInstant(context, request.body.now);
        await moveClock(context, now, deadlineIn(request.query.timeout));
        return { now: isoTime(now), ...freshness(context, context.follower.partitions) };
      },
    );

    app.get(
      "/v1/status",
      {
        schema: {
          summary: "Partitions, their owners and backlogs, the model, totals",
          tags: TAGS,
          answers: { 200: { schema: statusSchema, description: "Of the store, and of this process's views" } },
          errors: ["unavailable"],
        },
      },
      async () => {
        const status = await fromRedis(readStatus(context));
        return { ...status, ...freshness(context, context.follower.partitions) };
      },
    );
  };
}

function deadlineIn(seconds: number | undefined): number {
  return performance.now() + (seconds ?? TIMEOUT_DEFAULT_SECONDS) * 1000;
}

/** Milliseconds since 1970, or ISO 8601; without a zone in the model's timezone. */
function readInstant(context: QueryContext, given: number | string): number {
  const instant = typeof given === "number" ? given : instantOf(given, context.models.current.checked.zone);
  if (instant !== null && instant >= 0) return instant;
  throw new SluiceError("invalid_call", "`now` is no instant after 1970: send milliseconds or ISO 8601", {
    details: { field: "now" },
  });
}
