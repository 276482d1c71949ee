/** `POST /v1/query`: the contacts for which any predicate over what the views keep holds now. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { checkPredicate } from "../dsl/check.ts";
import type { Diagnostic } from "../dsl/diagnostic.ts";
import { parsePredicate } from "../dsl/parse.ts";
import { planPredicate, type PredicatePlan } from "../dsl/predicate-plan.ts";
import { SluiceError } from "../kernel/errors.ts";
import { LIMITS } from "../kernel/limits.ts";
import { createBreather } from "./breather.ts";
import { findSegment, freshness, requireModel, requireServed, servedPartitions, type QueryContext } from "./context.ts";
import { evaluate } from "./evaluate.ts";
import { DiagnosedError } from "./http-errors.ts";
import { sendJson, MEMBER_FIELDS, type MemberField } from "./member-json.ts";
import { listMembers } from "./member-list.ts";
import type { ActiveModel } from "./model-registry.ts";
import { countMembers, type MemberSet } from "./pages.ts";
import * as schemas from "./schemas.ts";

const PREDICATE_CHARS_MAX = 64 * 1024;
const DEFAULT_FIELDS: readonly MemberField[] = ["id", "score"];

/** Written by hand, see member-list.ts. */
const answerSchema = Type.Object({
  count: Type.Integer({ description: "all for which it holds" }),
  took_ms: Type.Number(),
  members: Type.Array(schemas.member),
  next: schemas.next,
  ...schemas.freshnessFields,
});

export function queryRoutes(context: QueryContext): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      "/v1/query",
      {
        schema: {
          summary: "Contacts for which a predicate holds",
          description: "Over segments, tags, score and stage; other facts are refused by name, with 422.",
          tags: ["Queries"],
          answers: { 200: { schema: answerSchema, description: "A page of them, and how many there are" } },
          errors: ["invalid_json", "invalid_call", "invalid_model", "unsupported_media_type", "too_large", "not_ready"],
          body: Type.Object({
            where: Type.String({ maxLength: PREDICATE_CHARS_MAX, description: "a predicate of the model language" }),
            order: schemas.order,
            limit: schemas.limit(0),
            cursor: schemas.cursor,
            fields: Type.Optional(
              Type.Array(Type.String(), {
                minItems: 1,
                maxItems: 100,
                description: `some of ${MEMBER_FIELDS.join(", ")}`,
                default: [...DEFAULT_FIELDS],
              }),
            ),
          }),
        },
      },
      async (request, reply) => {
        const started = performance.now();
        const { where, order, limit, cursor } = request.body;
        const fields = fieldsOf(request.body.fields);
        const model = requireModel(context);
        const plan = compile(model, where);
        for (const name of segmentsIn(plan)) requireServed(context, findSegment(model, name));
        const served = servedPartitions(context);
        const fresh = freshness(context, context.follower.partitions);
        const breathe = createBreather();
        const sets: MemberSet[] = [];
        for (const { partition, view } of served) {
          await breathe();
          sets.push({ partition: partition.number, view, words: evaluate(plan, view, model) });
        }
        const count = countMembers(sets);
        const list = await listMembers({
          sets,
          list: ["query", where],
          order: order ?? "id",
          limit: limit ?? LIMITS.list_default,
          cursor,
          fields,
          model,
          fresh,
          breathe,
        });
        const took = Math.round((performance.now() - started) * 1000) / 1000;
        return sendJson(reply, `{"count":${count},"took_ms":${took},${list}`);
      },
    );
  };
}

/** Throws DiagnosedError. */
function compile(model: ActiveModel, where: string): PredicatePlan {
  const { predicate, diagnostics } = parsePredicate(where);
  if (predicate === null || hasErrors(diagnostics)) throw wrong("the predicate can't be read", diagnostics);
  const problems = checkPredicate(predicate, model.checked);
  if (hasErrors(problems)) throw wrong("the predicate does not fit the model", problems);
  const stages = model.stages.map((stage) => stage.name);
  const planned = planPredicate(predicate, { zone: model.checked.zone, stages });
  if (planned.plan === null) throw wrong("the predicate needs what queries do not keep", planned.diagnostics);
  return planned.plan;
}

function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((one) => one.severity === "error");
}

function wrong(what: string, diagnostics: readonly Diagnostic[]): DiagnosedError {
  const first = diagnostics.find((one) => one.severity === "error");
  return new DiagnosedError(first === undefined ? what : `${what}: ${first.message}`, diagnostics);
}

function* segmentsIn(plan: PredicatePlan): Generator<string> {
  if (plan.kind === "segment") yield plan.name;
  else if (plan.kind === "not") yield* segmentsIn(plan.part);
  else if (plan.kind === "and" || plan.kind === "or") for (const part of plan.parts) yield* segmentsIn(part);
}

/** Throws `invalid_call` naming what isn't there. */
function fieldsOf(given: readonly string[] | undefined): readonly MemberField[] {
  if (given === undefined) return DEFAULT_FIELDS;
  const known = [...new Set(given)].map((name) => {
    const field = MEMBER_FIELDS.find((one) => one === name);
    if (field !== undefined) return field;
    throw new SluiceError("invalid_call", `the field ${JSON.stringify(name)} is not answered by query yet`, {
      details: { field: "fields", known: MEMBER_FIELDS },
    });
  });
  return known;
}
