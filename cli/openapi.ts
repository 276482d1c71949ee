/** The OpenAPI document: what the routes say about themselves, with what all routes of a part have in common. */
import fastifySwagger, { type SwaggerTransform } from "@fastify/swagger";
import type { FastifyInstance, FastifySchema } from "fastify";
import { Type, type TSchema } from "typebox";
import { ERRORS, type ErrorCode } from "../kernel/errors.ts";
import type { DescribedBody } from "../kernel/route-docs.ts";
import { diagnostic } from "../query/schemas.ts";
import { VERSION } from "./package.ts";

interface Part {
  readonly description: string;
  /** Who may call: any one of these; none where nobody is asked. */
  readonly security: readonly Record<string, readonly string[]>[];
  /** What each of its routes can answer. */
  readonly errors: readonly ErrorCode[];
}

const API_KEY = [{ apiKey: [] }];
const QUERY_ERRORS = ["bad_request", "unauthorized", "forbidden", "internal"] as const;

/** By tag, in the order of the document. */
const PARTS: Readonly<Record<string, Part>> = {
  Collection: {
    description: "Segment's HTTP Tracking API. Bodies are JSON whatever their content type says, gzipped or not.",
    security: [{ writeKey: [] }, { writeKeyHeader: [] }],
    errors: ["unauthorized", "forbidden", "internal"],
  },
  Model: { description: "The model in use and its versions.", security: API_KEY, errors: QUERY_ERRORS },
  Segments: { description: "What segments there are, and who is in them.", security: API_KEY, errors: QUERY_ERRORS },
  Contacts: { description: "All about one contact.", security: API_KEY, errors: QUERY_ERRORS },
  Queries: { description: "Contacts that a predicate selects.", security: API_KEY, errors: QUERY_ERRORS },
  Overviews: { description: "Lists over everybody.", security: API_KEY, errors: QUERY_ERRORS },
  Control: { description: "Waiting, the clock, the state of the whole.", security: API_KEY, errors: QUERY_ERRORS },
  Supervision: { description: "For supervisors and Prometheus.", security: [], errors: ["internal"] },
};

/** API.md's error body. */
const ERROR_SCHEMA = Type.Object({
  error: Type.Object({
    code: Type.Enum(Object.keys(ERRORS) as ErrorCode[]),
    message: Type.String(),
    details: Type.Optional(Type.Unknown()),
  }),
  diagnostics: Type.Optional(
    Type.Array(diagnostic, { description: "With `invalid_model`: what is wrong with the source, and where" }),
  ),
});

const DESCRIPTION = `Events go in through Collection; segments, contacts and queries come out of the rest.

Every error has a code of the catalogue in docs/api.md. Answers carry \`x-request-id\`, which the log has too.`;

/** Must be registered before the routes that it shall know. */
export async function registerOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Sluice", version: VERSION, description: DESCRIPTION, license: { name: "Apache-2.0" } },
      tags: Object.entries(PARTS).map(([name, { description }]) => ({ name, description })),
      components: {
        securitySchemes: {
          writeKey: { type: "http", scheme: "basic", description: "The write key as user name, no password." },
          writeKeyHeader: { type: "apiKey", in: "header", name: "X-Write-Key" },
          apiKey: { type: "http", scheme: "bearer", description: "One of API_KEYS." },
        },
      },
    },
    convertConstToEnum: false,
    refResolver: {
      buildLocalReference: (json, _base, _fragment, i) => (typeof json["$id"] === "string" ? json["$id"] : `def-${i}`),
    },
    transform,
  });
  app.addSchema({ $id: "Error", ...ERROR_SCHEMA });
}

const transform: SwaggerTransform = ({ schema, url }) => {
  // A route may have none: then the check below tells who forgot it.
  const said: FastifySchema = { ...schema };
  if (said.hide === true) return { schema: said, url };
  const [tag = ""] = said.tags ?? [];
  const part = PARTS[tag];
  if (part === undefined) throw new Error(`the route ${url} is of no known part of the API`);
  const { takes, answers, reads, errors, ...rest } = said;
  const headers = reads === undefined ? {} : { headers: Type.Object(headersOf(reads)) };
  const body = takes === undefined ? {} : { body: contentOf(takes) };
  return {
    url,
    schema: {
      ...rest,
      ...headers,
      ...body,
      security: part.security,
      response: {
        ...responsesOf(rest.response),
        ...described(answers),
        ...failures([...part.errors, ...(errors ?? [])]),
      },
    },
  };
};

function headersOf(reads: Readonly<Record<string, string>>): Record<string, TSchema> {
  return Object.fromEntries(
    Object.entries(reads).map(([name, description]) => [name, Type.Optional(Type.String({ description }))]),
  );
}

function contentOf({ type = "application/json", schema, description }: DescribedBody) {
  return { ...(description === undefined ? {} : { description }), content: { [type]: { schema } } };
}

function responsesOf(response: unknown): Record<string, unknown> {
  const given = (response ?? {}) as Record<string, TSchema>;
  return Object.fromEntries(
    Object.entries(given).map(([status, schema]) => [status, contentOf({ schema, description: "The answer" })]),
  );
}

function described(answers: FastifySchema["answers"]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(answers ?? {}).map(([status, body]) => [status, contentOf(body)]));
}

/** One answer for each status, which names the codes that it can have. */
function failures(codes: readonly ErrorCode[]): Record<string, unknown> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set(codes)) {
    const { status } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      String(status),
      {
        description: same.map((code) => `\`${code}\`: ${ERRORS[code].meaning}`).join(" "),
        content: { "application/json": { schema: { $ref: "Error#" } } },
      },
    ]),
  );
}
