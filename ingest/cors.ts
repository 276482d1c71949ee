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
  /** What lets a page that may ask read the answer to a request with this `Origin`. */
  headersFor(origin: string | undefined): Readonly<Record<string, string>>;
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
  const forOthers: Readonly<Record<string, string>> = origins.length === 0 || all ? {} : { vary: "Origin" };
  const forKnown = (origin: string): Readonly<Record<string, string>> => ({
    ...forOthers,
    "access-control-allow-origin": all ? "*" : origin,
    "access-control-expose-headers": EXPOSED_HEADERS,
  });
  const headersFor = (origin: string | undefined): Readonly<Record<string, string>> =>
    isAllowed(origin) ? forKnown(origin) : forOthers;

  return {
    headersFor,
    markAnswers(app) {
      if (origins.length === 0) return;
      app.addHook("onRequest", (request, reply, done) => {
        reply.headers(headersFor(request.headers.origin));
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
