/** `/v1/model`: the source that is in use, its versions, and putting a new one. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { SluiceError } from "../kernel/errors.ts";
import { LIMITS } from "../kernel/limits.ts";
import type { ModelRecord } from "../kernel/model-record.ts";
import { isoTime, isServed, modelProgress, type QueryContext } from "./context.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { fromRedis } from "./http-errors.ts";
import { currentVersion, readCurrent, readVersion } from "./model-store.ts";
import { putModel } from "./put-model.ts";
import * as schemas from "./schemas.ts";

const versionFields = {
  version: Type.Integer(),
  at: schemas.instant,
  by: Type.String({ description: "the way it came: `api`, `api key 2` for the second of API_KEYS, `file`" }),
  bytes: Type.Integer({ description: "length of the source" }),
};
const names = Type.Array(Type.String());
const VERSIONS_LIST = ["model versions"];
const TAGS = ["Model"];

export function modelRoutes(context: QueryContext): FastifyPluginAsyncTypebox {
  const { redis } = context.deps;
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      "text/plain",
      { parseAs: "buffer", bodyLimit: LIMITS.model_bytes_max },
      (_, body, done) => {
        try {
          done(null, new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body as Buffer));
        } catch {
          done(new SluiceError("bad_request", "the model is not UTF-8"), undefined);
        }
      },
    );

    app.get(
      "/v1/model",
      {
        schema: {
          summary: "The source of the model in use",
          description: "Its ETag is its version, for If-Match of a later PUT.",
          tags: TAGS,
          answers: { 200: { type: "text/plain", schema: Type.String(), description: "The source as it was put" } },
          errors: ["unavailable"],
        },
      },
      async (_request, reply) => {
        const record = await fromRedis(readCurrent(redis));
        return reply.header("etag", etagOf(record)).type("text/plain; charset=utf-8").send(record.source);
      },
    );

    app.put(
      "/v1/model",
      {
        schema: {
          summary: "Puts a new model, or with dry_run only checks it",
          description:
            "The body is the source in the model language. A source equal to the current one makes no new version.",
          tags: TAGS,
          consumes: ["text/plain"],
          querystring: Type.Object({
            dry_run: Type.Optional(Type.Boolean({ description: "nothing is stored; adds `changes`" })),
          }),
          reads: { "if-match": "the version that this one replaces: another one is not overwritten" },
          errors: [
            "bad_request",
            "invalid_call",
            "invalid_model",
            "version_mismatch",
            "conflict",
            "too_large",
            "unsupported_media_type",
            "unavailable",
          ],
          body: Type.String(),
          response: {
            200: Type.Object({
              version: Type.Integer(),
              segments: names,
              building: names,
              warnings: Type.Array(schemas.diagnostic),
              changes: Type.Optional(Type.Object({ added: names, removed: names, kept: names, rebuilt: names })),
            }),
          },
        },
      },
      async (request, reply) => {
        const dryRun = request.query.dry_run ?? false;
        const { changes, ...put } = await putModel(context, {
          source: request.body,
          by: request.caller,
          expected: expectedVersion(request.headers),
          dryRun,
        });
        if (dryRun) return { ...put, building: [...changes.added, ...changes.rebuilt], changes };
        reply.header("etag", `"${put.version}"`);
        return { ...put, building: buildingNow(context) };
      },
    );

    app.get(
      "/v1/model/versions",
      {
        schema: {
          summary: "Who changed the model when, newest first",
          tags: TAGS,
          errors: ["invalid_call", "unavailable"],
          querystring: Type.Object({ limit: schemas.limit(1), cursor: schemas.cursor }),
          response: { 200: Type.Object({ versions: Type.Array(Type.Object(versionFields)), next: schemas.next }) },
        },
      },
      async (request) => {
        const limit = request.query.limit ?? LIMITS.list_default;
        const from =
          request.query.cursor === undefined
            ? await fromRedis(currentVersion(redis))
            : Number(decodeCursor(request.query.cursor, VERSIONS_LIST, ["integer"])[0]);
        const last = Math.max(1, from - limit + 1);
        const versions = [];
        for (let version = from; version >= last; version--) {
          const record = await fromRedis(readVersion(redis, version));
          if (record !== null) versions.push(describeVersion(record));
        }
        return { versions, next: last > 1 ? encodeCursor(VERSIONS_LIST, [last - 1]) : null };
      },
    );

    app.get(
      "/v1/model/versions/:version",
      {
        schema: {
          summary: "One version with its source",
          tags: TAGS,
          errors: ["invalid_call", "not_found", "unavailable"],
          params: Type.Object({ version: Type.Integer({ minimum: 0 }) }),
          response: { 200: Type.Object({ ...versionFields, source: Type.String() }) },
        },
      },
      async (request, reply) => {
        const { version } = request.params;
        const record = await fromRedis(readVersion(redis, version));
        if (record === null) throw new SluiceError("not_found", `there is no version ${version} of the model`);
        reply.header("etag", etagOf(record));
        return { ...describeVersion(record), source: record.source };
      },
    );
  };
}

function etagOf(record: ModelRecord): string {
  return `"${record.version}"`;
}

function describeVersion(record: ModelRecord) {
  return {
    version: record.version,
    at: isoTime(record.at),
    by: record.by,
    bytes: Buffer.byteLength(record.source),
  };
}

/** The version of an If-Match header: as in ETag, with or without its quotes. `*` and no header ask for none. */
function expectedVersion(headers: { readonly "if-match"?: string | undefined }): number | null {
  const given = headers["if-match"]?.trim();
  if (given === undefined || given === "*") return null;
  const version = /^(?:W\/)?"?(\d{1,15})"?$/.exec(given)?.[1];
  if (version !== undefined) return Number(version);
  throw new SluiceError(
    "version_mismatch",
    `If-Match: ${given} is no version of the model; send the ETag of GET /v1/model`,
  );
}

function buildingNow(context: QueryContext): string[] {
  const { ready } = modelProgress(context);
  return context.models.current.segments
    .filter((segment) => !ready || !isServed(context, segment))
    .map((segment) => segment.name);
}
