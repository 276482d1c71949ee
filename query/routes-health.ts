/** What supervisors and Prometheus ask. */
import type { FastifyPluginAsync } from "fastify";
import { Type } from "typebox";
import type { RouteDocs } from "../kernel/route-docs.ts";
import { notReady, requireModel, type QueryContext } from "./context.ts";

const TAGS = ["Supervision"];

export const HEALTH_SCHEMA: RouteDocs = {
  summary: "Liveness: the process answers",
  tags: TAGS,
  answers: { 200: { schema: Type.Object({ alive: Type.Literal(true) }), description: "It does" } },
};

export const READY_SCHEMA: RouteDocs = {
  summary: "Readiness: Redis is there and the views are whole",
  tags: TAGS,
  answers: {
    200: {
      schema: Type.Object({ ready: Type.Literal(true), partitions: Type.Optional(Type.Integer()) }),
      description: "Requests may be sent here",
    },
  },
  errors: ["not_ready"],
};

export const METRICS_SCHEMA: RouteDocs = {
  summary: "Metrics in Prometheus' text format",
  description: "Asks for an API key where keys are set, unless METRICS_PUBLIC is true.",
  tags: TAGS,
  answers: { 200: { type: "text/plain", schema: Type.String(), description: "One metric a line" } },
  errors: ["unauthorized", "forbidden"],
};

/** Liveness and readiness tell nothing about contacts, so they need no key. */
export function healthRoutes(context: QueryContext): FastifyPluginAsync {
  return async (app) => {
    app.get("/healthz", { schema: HEALTH_SCHEMA }, async () => ({ alive: true }));

    app.get("/readyz", { schema: READY_SCHEMA }, async () => {
      const waiting = context.follower.partitions.filter((one) => !one.ready).map((one) => one.number);
      if (waiting.length > 0) throw notReady(`views of partitions ${waiting.join(", ")} are still loading`);
      requireModel(context);
      if (context.deps.redis.status !== "ready") throw notReady("Redis can't be reached");
      return { ready: true, partitions: context.follower.partitions.length };
    });
  };
}

export function metricsRoute(context: QueryContext): FastifyPluginAsync {
  const { registry } = context.deps;
  return async (app) => {
    app.get("/metrics", { schema: METRICS_SCHEMA }, async (_request, reply) => {
      return reply.header("content-type", registry.contentType).send(await registry.metrics());
    });
  };
}
