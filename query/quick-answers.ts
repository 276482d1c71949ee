/**
 * The quick way for the call that sites make for every page view, `GET /v1/contacts/:id/segments`: what the views know is
 * answered right where Node's HTTP server has read the request, since routing, hooks and replies of the framework cost
 * several times what the answer does.
 *
 * It knows only success. Whatever else comes (another path, a query, a body, a caller without leave, a contact that isn't
 * there, a view that is still loading) goes the app's way before anything was done for it, so each rule and each error
 * exists once. The app's hooks don't see what is answered here.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import type { Guard } from "./auth.ts";
import { findContact, freshness, type QueryContext, type QuickOptions } from "./context.ts";
import { freshnessJson, JSON_TYPE } from "./member-json.ts";
import { segmentsAnswer } from "./segments-answer.ts";

const START = "/v1/contacts/";
const END = "/segments";
/** Longer ids than most, and shorter than any bound of the router. */
const TARGET_CHARS_MAX = 512;
/** One part of a path, as it stands in a URL. */
const PART = /^(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})+$/;

/** Answers on the app's server ahead of the app; must be called before it listens. */
export function attachQuickAnswers(
  app: FastifyInstance,
  context: QueryContext,
  guard: Guard,
  { headers, requestId }: QuickOptions,
): void {
  const { server } = app;
  const appsWay = server.listeners("request");
  const fixed = Object.entries(headers).flat();
  let closing = false;
  app.addHook("preClose", async () => {
    closing = true;
  });
  server.removeAllListeners("request");
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const answer = closing ? null : answerOf(context, guard, request);
    if (answer === null) {
      for (const listener of appsWay) listener.call(server, request, response);
      return;
    }
    const length = String(Buffer.byteLength(answer));
    const own = ["x-request-id", requestId(request), "content-type", JSON_TYPE, "content-length", length];
    response.writeHead(200, [...fixed, ...own]);
    response.end(answer);
  });
}

/** Null where the app shall see to it. */
function answerOf(context: QueryContext, guard: Guard, request: IncomingMessage): string | null {
  const contactId = contactIn(request);
  if (contactId === null) return null;
  try {
    guard(request);
    const { partition, view, slot } = findContact(context, contactId);
    return segmentsAnswer(context.models.current, view, slot, freshnessJson(freshness(context, [partition])));
  } catch {
    // The app's way will come to the same, and says it.
    return null;
  }
}

function contactIn({ method, url = "", headers }: IncomingMessage): string | null {
  if (method !== "GET" || url.length > TARGET_CHARS_MAX || !url.startsWith(START) || !url.endsWith(END)) return null;
  if (headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined) return null;
  const part = url.slice(START.length, -END.length);
  if (!PART.test(part)) return null;
  try {
    return part.includes("%") ? decodeURIComponent(part) : part;
  } catch {
    return null;
  }
}
