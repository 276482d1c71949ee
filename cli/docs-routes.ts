/** `/openapi.json` and `/docs`: what this process can be asked. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { basicUser } from "../kernel/access.ts";
import { SluiceError } from "../kernel/errors.ts";
import { createGuard } from "../query/auth.ts";
import { docsPage, DOCS_PAGE_POLICY, type ApiDocument } from "./docs-page.ts";

const TAGS = ["Supervision"];
/** Browsers then ask for a name and a password. */
const CHALLENGE = 'Basic realm="An API key as user name, no password", charset="UTF-8"';

export function docsRoutes(apiKeys: readonly string[]) {
  return async (app: FastifyInstance): Promise<void> => {
    const guard = createGuard(apiKeys);
    let document: ApiDocument | null = null;
    let page: string | null = null;
    const read = (): ApiDocument => (document ??= app.swagger() as unknown as ApiDocument);

    app.addHook("onRequest", async (request, reply) => {
      keyFromBasic(request);
      try {
        guard(request);
      } catch (error) {
        if (error instanceof SluiceError && error.code === "unauthorized") reply.header("www-authenticate", CHALLENGE);
        throw error;
      }
    });

    app.get(
      "/openapi.json",
      {
        schema: {
          summary: "This document",
          description: "Asks for an API key where keys are set, also as the user name of HTTP Basic.",
          tags: TAGS,
          answers: {
            200: { schema: Type.Object({}, { additionalProperties: true }), description: "OpenAPI 3.1" },
          },
          errors: ["unauthorized", "forbidden"],
        },
      },
      async () => read(),
    );

    app.get(
      "/docs",
      {
        schema: {
          summary: "This document as a page to read",
          description: "Asks for an API key where keys are set, also as the user name of HTTP Basic.",
          tags: TAGS,
          answers: { 200: { type: "text/html", schema: Type.String(), description: "A page without scripts" } },
          errors: ["unauthorized", "forbidden"],
        },
      },
      async (_request, reply) => {
        page ??= docsPage(read());
        return reply.header("content-security-policy", DOCS_PAGE_POLICY).type("text/html; charset=utf-8").send(page);
      },
    );
  };
}

/** A browser can't be told to send a bearer key, but it asks its user for a name. */
function keyFromBasic({ headers }: FastifyRequest): void {
  const user = basicUser(headers.authorization);
  if (user !== null && user !== "") headers.authorization = `Bearer ${user}`;
}
