/** What is answered where no route fits: 405 for a path that has other methods, else 404. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { SluiceError } from "../kernel/errors.ts";
import { withoutKeys } from "../kernel/log.ts";
import { sendError } from "../query/http-errors.ts";

interface KnownPath {
  readonly matches: RegExp;
  readonly methods: Set<string>;
}

/** Must be called before the routes that it shall know. */
export function answerUnknownRoutes(app: FastifyInstance): void {
  const paths = new Map<string, KnownPath>();
  app.addHook("onRoute", ({ url, method }) => {
    const known = paths.get(url) ?? { matches: matcherOf(url), methods: new Set() };
    paths.set(url, known);
    for (const one of [method].flat()) known.methods.add(one);
  });
  app.setNotFoundHandler((request, reply) => refuse(paths.values(), request, reply));
}

/** A route's pattern as a regular expression: `:name` stands for one part of the path. */
function matcherOf(url: string): RegExp {
  const parts = url
    .split("/")
    .map((part) => (part.startsWith(":") ? "[^/]+" : part.replace(/[^A-Za-z0-9_-]/g, "\\$&")));
  return new RegExp(`^${parts.join("/")}$`);
}

function refuse(paths: Iterable<KnownPath>, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split("?", 1)[0] ?? "";
  const methods = new Set([...paths].filter((one) => one.matches.test(path)).flatMap((one) => [...one.methods]));
  const what = `${request.method} ${withoutKeys(path)}`;
  if (methods.size === 0) return sendError(new SluiceError("not_found", `there is no ${what}`), request, reply);
  const allowed = [...methods].sort().join(", ");
  reply.header("allow", allowed);
  return sendError(
    new SluiceError("method_not_allowed", `there is no ${what}; the path has ${allowed}`),
    request,
    reply,
  );
}
