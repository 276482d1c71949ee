/** Which pages of other sites may call collection from a browser, and read its answers. */
import type { FastifyInstance } from "fastify";
import { SluiceError } from "../kernel/errors.ts";

/** API.md. `content-type` is what makes browsers ask, `x-retry-count` is sent by client libraries. */
const ALLOWED_HEADERS = "authorization, content-type, x-retry-count, x-write-key";
/** What a page may read beside the body. */
const EXPOSED_HEADERS = "retry-after, x-request-id";
/** How long browsers remember the permission; most of them cap it here. */
const MAX_AGE_SECONDS = 7_200;

export interface Cors {
  /** Adds to every answer of the app's routes what lets a page that may ask read it. */
  markAnswers(app: FastifyInstance): void;
  /** Answers the browser's question whether a page may send what it wants to. */
  allowPreflight(app: FastifyInstance, path: string, method: "GET" | "POST"): void;
}

export function createCors(origins: readonly string[]): Cors {
  const all = origins.includes("*");
  const known = new Set(origins);
  const isAllowed = (origin: string | undefined): origin is string =>
    origin !== undefined && (all || known.has(origin));

  return {
    markAnswers(app) {
      if (origins.length === 0) return;
      app.addHook("onRequest", (request, reply, done) => {
        const { origin } = request.headers;
        if (!all) reply.header("vary", "Origin");
        if (isAllowed(origin)) {
          reply.headers({
            "access-control-allow-origin": all ? "*" : origin,
            "access-control-expose-headers": EXPOSED_HEADERS,
          });
        }
        done();
      });
    },
    allowPreflight(app, path, method) {
      app.options(path, { schema: { hide: true } }, (request, reply) => {
        const { origin } = request.headers;
        if (origin !== undefined && !isAllowed(origin)) {
          throw new SluiceError("forbidden", "CORS_ORIGINS does not name the origin of this page");
        }
        reply.headers({
          "access-control-allow-methods": method,
          "access-control-allow-headers": ALLOWED_HEADERS,
          "access-control-max-age": String(MAX_AGE_SECONDS),
          allow: `${method}, OPTIONS`,
        });
        void reply.code(204).send();
      });
    },
  };
}
