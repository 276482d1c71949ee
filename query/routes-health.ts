/** What supervisors and Prometheus ask. */
import type { FastifyPluginAsync } from "fastify";
import { notReady, requireModel, type QueryContext } from "./context.ts";

/** Liveness and readiness tell nothing about contacts, so they need no key. */
export function healthRoutes(context: QueryContext): FastifyPluginAsync {
  return async (app) => {
    app.get("/healthz", async () => ({ alive: true }));

    app.get("/readyz", async () => {
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
    app.get("/metrics", async (_request, reply) => {
      return reply.header("content-type", registry.contentType).send(await registry.metrics());
    });
  };
}
