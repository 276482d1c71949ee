/** Calls of the contract that this version does not answer yet: refused by name instead of 404. */
import type { FastifyPluginAsync, HTTPMethods } from "fastify";
import { SluiceError } from "../kernel/errors.ts";

/** A call leaves this table when its route is built. */
export const RESERVED_ROUTES: readonly (readonly [method: HTTPMethods, url: string, what: string])[] = [
  ["GET", "/v1/segments/:name/export", "exporting a segment"],
  ["GET", "/v1/segments/:name/history", "the history of a segment's size"],
  ["PUT", "/v1/segments/:name/members/:id", "adding to a static segment"],
  ["DELETE", "/v1/segments/:name/members/:id", "removing from a static segment"],
  ["POST", "/v1/segments/preview", "previewing a segment"],
  ["GET", "/v1/contacts", "finding contacts"],
  ["GET", "/v1/contacts/:id/events", "the events of a contact"],
  ["POST", "/v1/contacts/:id/tags", "editing tags"],
  ["POST", "/v1/contacts/:id/score", "editing a score"],
  ["PUT", "/v1/contacts/:id/stage", "editing a stage"],
  ["DELETE", "/v1/contacts/:id", "forgetting a contact"],
  ["POST", "/v1/rfm", "recomputing RFM"],
  ["GET", "/v1/changes", "the feed of changes"],
];

export const reservedRoutes: FastifyPluginAsync = async (app) => {
  for (const [method, url, what] of RESERVED_ROUTES) {
    app.route({
      method,
      url,
      schema: {
        summary: `${what[0]?.toUpperCase() ?? ""}${what.slice(1)} (not supported yet)`,
        tags: [partOf(url)],
        errors: ["not_supported"],
      },
      handler() {
        throw new SluiceError("not_supported", `${what} is not supported yet (${method} ${url})`);
      },
    });
  }
};

function partOf(url: string): string {
  if (url.startsWith("/v1/segments")) return "Segments";
  return url.startsWith("/v1/contacts") ? "Contacts" : "Overviews";
}
