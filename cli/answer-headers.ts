/** What every answer carries: the request's id, and headers that tell browsers to be careful with it. */
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { withoutKeys } from "../kernel/log.ts";

/** Answers are data: nothing in them is to be run, framed, guessed at or kept by anybody on the way. */
export const ANSWER_HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

/** An id given by a proxy is taken over if it could be one, so that its log and ours can be joined. */
const FOREIGN_ID = /^[A-Za-z0-9._-]{8,64}$/;

/** For Fastify's `genReqId`: short, and different from those of other processes and of other starts. */
export function requestIds(): (request: Pick<IncomingMessage, "headers">) => string {
  const process = randomBytes(5).toString("hex");
  let count = 0;
  return ({ headers }) => {
    const given = headers["x-request-id"];
    if (typeof given === "string" && FOREIGN_ID.test(given)) return given;
    count++;
    return `${process}-${count.toString(36)}`;
  };
}

export function markAnswer(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(ANSWER_HEADERS);
  reply.header("x-request-id", request.id);
}

/** For all routes of the app, those of its plugins and the answer to unknown ones included. */
export function markAnswers(app: FastifyInstance): void {
  app.addHook("onRequest", (request, reply, done) => {
    markAnswer(request, reply);
    done();
  });
  if (!isDebugging(app.log)) return;
  app.addHook("onResponse", async (request, reply) => {
    const { id: reqId, method, url } = request;
    const took_ms = Math.round(reply.elapsedTime * 1000) / 1000;
    request.log.debug({ reqId, method, path: withoutKeys(url), status: reply.statusCode, took_ms }, "answered");
  });
}

/** Only then every request gets a line of its own. */
export function isDebugging(log: { readonly level: string }): boolean {
  return ["debug", "trace"].includes(log.level);
}
