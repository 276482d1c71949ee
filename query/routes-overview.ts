/** Lists over everybody: the funnel, tags, and what was rejected. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { compareCodePoints } from "../kernel/compare.ts";
import { fromMicros } from "../kernel/decimal.ts";
import { LIMITS } from "../kernel/limits.ts";
import { freshness, isoTime, servedPartitions, type QueryContext, type ServedPartition } from "./context.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { fromRedis } from "./http-errors.ts";
import { listRejected, type RejectedPosition } from "./rejected.ts";
import * as schemas from "./schemas.ts";

const TAGS = ["Overviews"];
const TAGS_LIST = ["tags"];
const REJECTED_LIST = ["rejected"];

export function overviewRoutes(context: QueryContext): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      "/v1/funnel",
      {
        schema: {
          summary: "How many contacts are at each stage, in declared order",
          tags: TAGS,
          errors: ["not_ready"],
          response: {
            200: Type.Object({
              stages: Type.Array(Type.Object({ name: Type.String(), count: Type.Integer() })),
              ...schemas.freshnessFields,
            }),
          },
        },
      },
      async () => {
        const served = servedPartitions(context);
        const stages = context.models.current.stages.map(({ name, id }) => ({
          name,
          count: served.reduce((sum, { view }) => sum + view.stages.count(id), 0),
        }));
        return { stages, ...freshness(context, context.follower.partitions) };
      },
    );

    app.get(
      "/v1/tags",
      {
        schema: {
          summary: "Tags by how many contacts have them",
          tags: TAGS,
          errors: ["invalid_call", "not_ready"],
          querystring: Type.Object({ limit: schemas.limit(1), cursor: schemas.cursor }),
          response: {
            200: Type.Object({
              tags: Type.Array(Type.Object({ name: Type.String(), contacts: Type.Integer(), points: Type.Number() })),
              next: schemas.next,
              ...schemas.freshnessFields,
            }),
          },
        },
      },
      async (request) => {
        const { limit = LIMITS.list_default, cursor } = request.query;
        const all = tagTotals(context, servedPartitions(context)).sort(compareTags);
        const after = cursor === undefined ? null : decodeCursor(cursor, TAGS_LIST, ["integer", "string"]);
        const behind = after === null ? null : { contacts: Number(after[0]), name: String(after[1]) };
        const rest = behind === null ? all : all.filter((tag) => compareTags(tag, behind) > 0);
        const tags = rest.slice(0, limit);
        const last = tags.at(-1);
        return {
          tags,
          next: rest.length > limit && last ? encodeCursor(TAGS_LIST, [last.contacts, last.name]) : null,
          ...freshness(context, context.follower.partitions),
        };
      },
    );

    app.get(
      "/v1/rejected",
      {
        schema: {
          summary: "Events that were refused or failed, newest first",
          tags: TAGS,
          errors: ["invalid_call", "unavailable"],
          querystring: Type.Object({ limit: schemas.limit(1), cursor: schemas.cursor }),
          response: {
            200: Type.Object({
              rejected: Type.Array(
                Type.Object({
                  at: schemas.instant,
                  code: Type.String(),
                  message: Type.String(),
                  partition: schemas.nullable(Type.Integer()),
                  event: Type.Unknown(),
                }),
              ),
              next: schemas.next,
            }),
          },
        },
      },
      async (request) => {
        const { limit = LIMITS.list_default, cursor } = request.query;
        const { redis, config } = context.deps;
        const after = cursor === undefined ? null : rejectedPosition(cursor);
        const { rejected, next } = await fromRedis(listRejected(redis, config.partitions, limit, after));
        return {
          rejected: rejected.map((one) => ({ ...one, at: isoTime(one.at) })),
          next: next === null ? null : encodeCursor(REJECTED_LIST, [next.id, next.source]),
        };
      },
    );
  };
}

function rejectedPosition(cursor: string): RejectedPosition {
  const [id, source] = decodeCursor(cursor, REJECTED_LIST, ["string", "integer"]);
  // The id goes into a command; one that is none starts behind everything.
  return { id: /^\d{1,15}-\d{1,15}$/.test(String(id)) ? String(id) : "0-0", source: Number(source) };
}

interface TagTotal {
  readonly name: string;
  readonly contacts: number;
  readonly points: number;
}

function tagTotals(context: QueryContext, served: readonly ServedPartition[]): TagTotal[] {
  const { tagNames } = context.follower;
  const totals: TagTotal[] = [];
  for (let tag = 0; tag < tagNames.size; tag++) {
    let contacts = 0;
    let micros = 0;
    for (const { view } of served) {
      contacts += view.tags.count(tag);
      micros += view.tags.total(tag);
    }
    if (contacts > 0) totals.push({ name: tagNames.name(tag), contacts, points: fromMicros(micros) });
  }
  return totals;
}

function compareTags(a: Pick<TagTotal, "contacts" | "name">, b: Pick<TagTotal, "contacts" | "name">): number {
  return b.contacts - a.contacts || compareCodePoints(a.name, b.name);
}
