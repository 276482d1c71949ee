/** What calls and answers of collection look like, for the API's document. The code that reads them is calls.ts. */
import { Type, type TSchema } from "typebox";
import { ERRORS, type ErrorCode } from "../kernel/errors.ts";
import type { CallKind } from "../kernel/event.ts";
import { LIMITS } from "../kernel/limits.ts";

const id = (what: string) =>
  Type.Optional(
    Type.Union([Type.String({ maxLength: LIMITS.id_chars_max }), Type.Number()], {
      description: `${what}; a number becomes a string`,
    }),
  );
const instant = (what: string) =>
  Type.Optional(
    Type.Union([Type.String(), Type.Number()], {
      description: `${what}: ISO 8601 (UTC where no zone is named) or milliseconds since 1970`,
    }),
  );
const anyObject = (what: string) => Type.Optional(Type.Object({}, { additionalProperties: true, description: what }));

const common = {
  userId: id("Who it is; this or `anonymousId` must be given"),
  anonymousId: id("Whom the client takes it for while nobody has logged in"),
  messageId: Type.Optional(
    Type.String({
      maxLength: LIMITS.message_id_chars_max,
      description: "The same one sent again within a day changes nothing; made where it is missing",
    }),
  ),
  timestamp: instant("When it happened; the time of receipt where it is missing"),
  originalTimestamp: instant("Stands for `timestamp` where that is missing"),
  sentAt: instant("The client's clock as it sends: the difference to the server's corrects `timestamp`"),
  context: anyObject("About the call; `context.traits` are set on the contact"),
  integrations: anyObject("Ignored"),
  writeKey: Type.Optional(Type.String({ description: "Instead of a header" })),
};
const properties = { properties: anyObject("What filters, sums and tags of the model read") };
const traits = (whose: string) => ({ traits: anyObject(`What is known about ${whose}; null unsets a key`) });
const name = Type.Optional(Type.String());

const own: Readonly<Record<CallKind, Readonly<Record<string, TSchema>>>> = {
  track: { event: Type.String({ minLength: 1, description: "What happened" }), ...properties },
  identify: traits("the contact"),
  page: { name, ...properties },
  screen: { name, ...properties },
  group: { groupId: Type.Union([Type.String(), Type.Number()]), ...traits("the company") },
  alias: { previousId: Type.String({ description: "An anonymousId that is joined to `userId`" }) },
};

export function callSchema(kind: CallKind): TSchema {
  return Type.Object({ ...own[kind], ...common }, { additionalProperties: true });
}

const call = Type.Object(
  {
    type: Type.Enum(Object.keys(own) as CallKind[]),
    ...common,
    ...properties,
    ...traits("the contact"),
    event: Type.Optional(Type.String({ description: "Of a track call" })),
    name: Type.Optional(Type.String({ description: "Of a page or screen call" })),
  },
  { additionalProperties: true, description: "A call as it would be sent alone, with its `type`" },
);

export const batchSchema = Type.Object({
  batch: Type.Array(call, { maxItems: LIMITS.batch_events_max }),
  context: anyObject("For every call that has none"),
  sentAt: common.sentAt,
  writeKey: common.writeKey,
});

export const successSchema = Type.Object({ success: Type.Literal(true) });

export const batchAnswerSchema = Type.Object({
  success: Type.Literal(true),
  accepted: Type.Integer({ description: "How many are in Redis now" }),
  rejected: Type.Array(
    Type.Object({
      index: Type.Integer({ description: "Place in `batch`, from 0" }),
      code: Type.Enum(Object.keys(ERRORS) as ErrorCode[]),
      message: Type.String(),
    }),
    { description: "Those that were not taken, kept for GET /v1/rejected" },
  ),
});

export const settingsSchema = Type.Object({
  integrations: Type.Object({}, { additionalProperties: true }),
  plan: Type.Object({}, { additionalProperties: true }),
});
