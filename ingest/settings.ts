/** `GET /v1/projects/:writeKey/settings`: what analytics.js asks for before it sends anything. */
import type { FastifyPluginAsync } from "fastify";
import { isLoopbackHost } from "../kernel/access.ts";
import type { Gate } from "./gate.ts";
import type { RateLimit } from "./rate-limit.ts";
import { settingsSchema } from "./schemas.ts";

export const SETTINGS_PATH = "/v1/projects/:writeKey/settings";

/** A name or address with or without a port, as it may stand in a URL. */
const HOST = /^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
/** No plan restricts anything: every event goes to every integration, of which there is one. */
const FREE = { __default: { enabled: true, integrations: {} } };

/**
 * The answer names one integration, the one that sends events to where it was asked; so a page that loads its settings
 * from here needs no other address. The client takes https unless told otherwise.
 */
export function settingsRoute({ gate, rate }: { gate: Gate; rate: RateLimit }): FastifyPluginAsync {
  return async (app) => {
    app.get<{ Params: { writeKey: string } }>(
      SETTINGS_PATH,
      {
        schema: {
          summary: "What analytics.js asks for at its start",
          description: "The key stands in the path. The answer points the client's events back here.",
          tags: ["Collection"],
          answers: { 200: { schema: settingsSchema, description: "Settings of the one integration there is" } },
          errors: ["rate_limited"],
        },
      },
      async (request) => {
        const { writeKey } = request.params;
        // Without keys the gate looks at the caller and not at the key.
        gate.admitHeaders(request);
        if (gate.admitKey(writeKey) === "browser") rate.take(request.ip, 1);
        const { host = "" } = request.headers;
        const here = HOST.test(host) ? { apiHost: `${host}/v1` } : {};
        const protocol = isLoopbackHost(host) ? { protocol: "http" } : {};
        return {
          integrations: { "Segment.io": { apiKey: writeKey, ...here, ...protocol } },
          plan: { track: FREE, identify: FREE, group: FREE },
        };
      },
    );
  };
}
