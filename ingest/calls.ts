/** Turns calls of the tracking API, one by one or in a batch, into events. */
import type { ClockMode } from "../kernel/clock.ts";
import { SluiceError, type ErrorCode } from "../kernel/errors.ts";
import { CALL_KINDS, type CallKind, type Event, type Json, type JsonObject } from "../kernel/event.ts";
import type { Sender } from "./gate.ts";
import { invalid, readId, readMessageId, readObject, readTimestamp } from "./fields.ts";
import { checkBounds, isObject, nameOf } from "./json.ts";

/** Names of events, pages and screens: beyond any title, far below the limit of an event. */
const NAME_CHARS_MAX = 1_000;
const EMPTY: JsonObject = Object.freeze({});

export interface CallLimits {
  readonly event_bytes_max: number;
  readonly batch_events_max: number;
}

export interface Reception {
  /** ms since 1970, one instant for all calls of a request. */
  readonly receivedAt: number;
  readonly clockMode: ClockMode;
  readonly limits: CallLimits;
  readonly sender: Sender;
}

/** An event of a batch that was not taken. */
export interface Refused {
  readonly index: number;
  readonly code: ErrorCode;
  readonly message: string;
  /** What was sent. */
  readonly call: Json;
}

export interface Batch {
  readonly events: readonly Event[];
  readonly refused: readonly Refused[];
}

/** A context and the traits that it sets. */
interface Context {
  readonly context: JsonObject;
  readonly traits: JsonObject | null;
}

/** What a batch says for every call in it that doesn't say it itself. */
interface Shared {
  readonly sentAt: Json | undefined;
  /** Throws when the batch's context is no good. */
  context(): Context;
}

const NO_CONTEXT: Context = { context: EMPTY, traits: null };
const NOTHING_SHARED: Shared = { sentAt: undefined, context: () => NO_CONTEXT };
const KINDS: ReadonlySet<string> = new Set(CALL_KINDS);

/** A single call as an event. Throws `invalid_call`, `not_supported`, `forbidden`, `too_large`. */
export function readCall(call: JsonObject, kind: CallKind, reception: Reception): Event {
  return toEvent(call, kind, reception, NOTHING_SHARED);
}

/** Takes what is good of a batch. Throws only when there is no array of calls, or one longer than allowed. */
export function readBatch(body: JsonObject, reception: Reception): Batch {
  const calls = body["batch"];
  if (!Array.isArray(calls)) throw invalid("batch", `\`batch\` must be an array of calls, not ${nameOf(calls)}`);
  const { batch_events_max } = reception.limits;
  if (calls.length > batch_events_max) {
    throw new SluiceError("too_large", `the batch has ${calls.length} events; the limit is ${batch_events_max}`);
  }
  const shared = sharedBy(body, reception.limits);
  const events: Event[] = [];
  const refused: Refused[] = [];
  // Nobody looks at the stack of a refusal, and collecting it is most of what one costs.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    (calls as readonly Json[]).forEach((call, index) => {
      try {
        events.push(fromBatch(call, reception, shared));
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        refused.push({ index, code: error.code, message: error.message, call });
      }
    });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return { events, refused };
}

function fromBatch(call: Json, reception: Reception, shared: Shared): Event {
  if (!isObject(call)) throw new SluiceError("invalid_call", `a call must be an object, not ${nameOf(call)}`);
  const type = call["type"];
  if (typeof type !== "string") throw invalid("type", `\`type\` must name the kind of call; it is ${nameOf(type)}`);
  if (!KINDS.has(type)) throw invalid("type", `\`type\` must be one of ${CALL_KINDS.join(", ")}`);
  return toEvent(call, type as CallKind, reception, shared);
}

/** The context is looked at when the first call needs it; what is wrong with it is wrong with each that does. */
function sharedBy(body: JsonObject, limits: CallLimits): Shared {
  let context: Context | null = null;
  let problem: unknown = null;
  return {
    sentAt: body["sentAt"],
    context() {
      if (problem !== null) throw problem;
      try {
        return (context ??= checkedContext(body, limits));
      } catch (error) {
        problem = error;
        throw error;
      }
    },
  };
}

function checkedContext(body: JsonObject, limits: CallLimits): Context {
  const context = readContext(body);
  if (context === null) return NO_CONTEXT;
  checkBounds({ context: body["context"] ?? null }, limits.event_bytes_max, "the batch's `context`");
  return context;
}

function toEvent(call: JsonObject, kind: CallKind, reception: Reception, shared: Shared): Event {
  const { receivedAt, clockMode, limits, sender } = reception;
  if (kind === "alias" && sender === "browser") {
    throw new SluiceError("forbidden", "a browser key may not send alias calls: anybody could join other people's ids");
  }
  if (kind === "group" || kind === "alias") {
    throw new SluiceError("not_supported", `${kind} calls are not supported yet`);
  }
  checkBounds(call, limits.event_bytes_max, "the event");
  const name = readName(call, kind);
  const userId = readId(call, "userId");
  const anonymousId = readId(call, "anonymousId");
  if (userId === null && anonymousId === null) {
    throw invalid("userId", "the call names nobody: `userId` or `anonymousId` must be given");
  }
  const messageId = readMessageId(call);
  const timestamp = readTimestamp(call, shared.sentAt, receivedAt, clockMode);
  const own = kind === "identify" ? readObject(call, "traits") : null;
  const properties = (kind === "identify" ? own : readObject(call, "properties")) ?? EMPTY;
  const { context, traits } = readContext(call) ?? shared.context();
  return {
    kind,
    name,
    userId,
    anonymousId,
    messageId,
    timestamp,
    properties,
    context,
    traits: mergeTraits(traits, own),
  };
}

function readName(call: JsonObject, kind: CallKind): string | null {
  if (kind === "identify") return null;
  const field = kind === "track" ? "event" : "name";
  const name = call[field];
  if (typeof name === "string") {
    if (name.length > NAME_CHARS_MAX) {
      throw invalid(field, `\`${field}\` has ${name.length} characters; the limit is ${NAME_CHARS_MAX}`);
    }
    if (name !== "") return name;
  } else if (name !== undefined && name !== null) {
    throw invalid(field, `\`${field}\` must be a string, not ${nameOf(name)}`);
  }
  if (kind === "track") throw invalid(field, "a track call must name its `event`");
  return null;
}

/** The call's context without the traits in it; null where it has none. */
function readContext(parent: JsonObject): Context | null {
  const context = readObject(parent, "context");
  if (context === null) return null;
  if (context["traits"] === undefined) return { context, traits: null };
  const { traits: _, ...rest } = context;
  return { context: rest, traits: readObject(context, "traits", "context.traits") };
}

function mergeTraits(fromContext: JsonObject | null, own: JsonObject | null): JsonObject {
  if (fromContext === null) return own ?? EMPTY;
  return own === null ? fromContext : { ...fromContext, ...own };
}
