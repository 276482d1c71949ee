/** `/v1/segments`: what there is, how many are in it, and who. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { SluiceError } from "../kernel/errors.ts";
import { LIMITS } from "../kernel/limits.ts";
import { createBreather } from "./breather.ts";
import {
  findSegment,
  freshness,
  isoTime,
  isServed,
  modelProgress,
  requireModel,
  requireServed,
  servedPartitions,
  type QueryContext,
  type ServedPartition,
} from "./context.ts";
import { sendJson } from "./member-json.ts";
import { listMembers } from "./member-list.ts";
import { membershipOf } from "./membership.ts";
import type { ActiveSegment } from "./model-registry.ts";
import type { MemberSet } from "./pages.ts";
import * as schemas from "./schemas.ts";

const segmentSchema = Type.Object({
  name: Type.String(),
  kind: Type.Union([Type.Literal("dynamic"), Type.Literal("static")]),
  size: schemas.nullable(Type.Integer({ description: "null while a new segment is being built" })),
  identified: schemas.nullable(Type.Integer({ description: "members that have a userId" })),
  state: Type.Union([Type.Literal("ready"), Type.Literal("building")]),
  progress: Type.Number({ description: "fraction of partitions that have finished" }),
  definition: schemas.nullable(Type.String()),
});
const nameParams = Type.Object({ name: schemas.segmentName });
const TAGS = ["Segments"];
const NO_WORDS = new Uint32Array(0);

export function segmentRoutes(context: QueryContext): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      "/v1/segments",
      {
        schema: {
          summary: "All segments in the order of the model",
          tags: TAGS,
          errors: ["not_ready"],
          response: {
            200: Type.Object({ segments: Type.Array(segmentSchema), ...schemas.freshnessFields }),
          },
        },
      },
      async () => {
        const served = servedPartitions(context);
        const segments = context.models.current.segments.map((segment) => describe(context, served, segment));
        return { segments, ...freshness(context, context.follower.partitions) };
      },
    );

    app.get(
      "/v1/segments/:name",
      {
        schema: {
          summary: "One segment",
          tags: TAGS,
          errors: ["not_found", "not_ready"],
          params: nameParams,
          response: { 200: Type.Object({ ...segmentSchema.properties, ...schemas.freshnessFields }) },
        },
      },
      async (request) => {
        const segment = findSegment(requireModel(context), request.params.name);
        const served = servedPartitions(context);
        return { ...describe(context, served, segment), ...freshness(context, context.follower.partitions) };
      },
    );

    app.get(
      "/v1/segments/:name/members",
      {
        schema: {
          summary: "Who is in a segment",
          tags: TAGS,
          answers: {
            200: {
              schema: Type.Object({
                size: Type.Integer(),
                members: Type.Array(Type.Object({ id: Type.String(), score: Type.Number() })),
                next: schemas.next,
                ...schemas.freshnessFields,
              }),
              description: "A page of them; with `order=score` the highest first",
            },
          },
          errors: ["invalid_call", "not_found", "not_ready"],
          params: nameParams,
          querystring: Type.Object({ order: schemas.order, limit: schemas.limit(1), cursor: schemas.cursor }),
        },
      },
      async (request, reply) => {
        const model = requireModel(context);
        const segment = findSegment(model, request.params.name);
        requireServed(context, segment);
        const sets = servedPartitions(context).map((one) => membersOf(one, segment));
        const size = sets.reduce((sum, set) => sum + (set.view.segments.get(segment.id)?.count ?? 0), 0);
        const list = await listMembers({
          sets,
          list: ["segment", segment.name],
          order: request.query.order ?? "id",
          limit: request.query.limit ?? LIMITS.list_default,
          cursor: request.query.cursor,
          fields: ["id", "score"],
          model,
          fresh: freshness(context, context.follower.partitions),
          breathe: createBreather(),
        });
        return sendJson(reply, `{"size":${size},${list}`);
      },
    );

    app.get(
      "/v1/segments/:name/members/:id",
      {
        schema: {
          summary: "Whether a contact is in a segment, and since when",
          tags: TAGS,
          errors: ["invalid_call", "not_found", "not_supported", "not_ready", "timeout", "unavailable"],
          params: Type.Object({ name: schemas.segmentName, id: schemas.contactId }),
          querystring: Type.Object({
            explain: Type.Optional(Type.Boolean({ description: "reserved: not supported yet" })),
          }),
          response: {
            200: Type.Object({
              member: Type.Boolean(),
              since: schemas.nullable(schemas.instant),
              ...schemas.freshnessFields,
            }),
          },
        },
      },
      async (request) => {
        if (request.query.explain === true) {
          throw new SluiceError("not_supported", "?explain=true is not supported yet");
        }
        const segment = findSegment(requireModel(context), request.params.name);
        requireServed(context, segment);
        const { member, since, freshness: fresh } = await membershipOf(context, segment, request.params.id);
        return { member, since: since === null ? null : isoTime(since), ...fresh };
      },
    );
  };
}

function membersOf({ partition, view }: ServedPartition, segment: ActiveSegment): MemberSet {
  return { partition: partition.number, view, words: view.segments.get(segment.id)?.words ?? NO_WORDS };
}

function describe(context: QueryContext, served: readonly ServedPartition[], segment: ActiveSegment) {
  const { ready, progress } = modelProgress(context);
  const complete = isServed(context, segment);
  let size = 0;
  let identified = 0;
  for (const { view } of served) {
    const members = view.segments.get(segment.id);
    if (members === undefined) continue;
    size += members.count;
    identified += members.identified;
  }
  return {
    name: segment.name,
    kind: segment.kind,
    size: complete ? size : null,
    identified: complete ? identified : null,
    state: ready && complete ? ("ready" as const) : ("building" as const),
    progress,
    definition: segment.definition,
  };
}
