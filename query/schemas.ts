/** Shapes shared by the routes' parameters and answers. */
import { Type, type TSchema } from "typebox";
import { LIMITS } from "../kernel/limits.ts";

export const limit = (least: number) =>
  Type.Optional(Type.Integer({ minimum: least, maximum: LIMITS.list_max, default: LIMITS.list_default }));
export const cursor = Type.Optional(Type.String({ description: "`next` of the answer before" }));
export const order = Type.Optional(Type.Union([Type.Literal("id"), Type.Literal("score")], { default: "id" }));

export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const next = nullable(Type.String({ description: "cursor of the next page, null on the last" }));
/** ISO 8601 with milliseconds, UTC. */
export const instant = Type.String({ description: "ISO 8601 with milliseconds, UTC" });

export const freshnessFields = {
  as_of: nullable(Type.String({ description: "the instant of the data, ISO 8601; null before anything happened" })),
  lag_ms: nullable(Type.Integer({ description: "how long ago the data was known to be current, ms" })),
};

export const diagnostic = Type.Object({
  severity: Type.Union([Type.Literal("error"), Type.Literal("warning")]),
  line: Type.Integer(),
  column: Type.Integer(),
  length: Type.Integer(),
  message: Type.String(),
  hint: Type.Optional(Type.String()),
});

/** Strongest first. */
export const tags = Type.Array(Type.Object({ name: Type.String(), score: Type.Number() }));

export const member = Type.Object({
  id: Type.String(),
  score: Type.Optional(Type.Number()),
  stage: Type.Optional(nullable(Type.String())),
  tags: Type.Optional(tags),
});

export const segmentName = Type.String({ description: "URL-encoded" });
export const contactId = Type.String({ description: "a userId, or ~ and an anonymousId; URL-encoded" });

export const card = Type.Object({
  id: Type.String(),
  aliases: Type.Array(Type.String()),
  traits: Type.Object({}, { additionalProperties: true }),
  company: Type.Null({ description: "reserved" }),
  score: Type.Number(),
  tags,
  stage: nullable(Type.String()),
  values: Type.Object({}, { additionalProperties: true, description: "by the names of the model's values" }),
  segments: Type.Array(Type.String()),
  firstSeen: instant,
  lastSeen: instant,
  aggregates: Type.Object(
    {},
    {
      additionalProperties: true,
      description: "by their text in the model; `{atLeast: n}` where only a threshold is kept, null without a value",
    },
  ),
  saturated: Type.Boolean({ description: "a bound of the language was reached: something is not exact" }),
  ...freshnessFields,
});
