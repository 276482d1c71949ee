/** The fields that all calls share: ids, messageId, instants. Every function throws `invalid_call` naming the field. */
import { randomUUID } from "node:crypto";
import type { ClockMode } from "../kernel/clock.ts";
import { SluiceError } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/event.ts";
import { ANONYMOUS_PREFIX } from "../kernel/ids.ts";
import { LIMITS } from "../kernel/limits.ts";
import { isObject, nameOf } from "./json.ts";
import { parseIso } from "./timestamps.ts";

/** API.md: ids that name nobody. They come from clients that turn a missing id into a string. */
const NOBODY: ReadonlySet<string> = new Set(["", "null", "undefined", "anonymous", "-1"]);
const ONLY_ZEROS_AND_DASHES = /^[0-]+$/;

export function invalid(field: string, message: string): SluiceError {
  return new SluiceError("invalid_call", message, { details: { field } });
}

/** A contact's id under `field`; null where the call has none or one that names nobody. */
export function readId(call: JsonObject, field: "userId" | "anonymousId"): string | null {
  const text = textOrNumber(call[field], field);
  if (text === null || NOBODY.has(text) || ONLY_ZEROS_AND_DASHES.test(text)) return null;
  if (text.length > LIMITS.id_chars_max) {
    throw invalid(field, `\`${field}\` has ${text.length} characters; the limit is ${LIMITS.id_chars_max}`);
  }
  if (field === "userId" && text.startsWith(ANONYMOUS_PREFIX)) {
    throw invalid(field, "`userId` begins with ~, which stands before anonymous ids; send it as `anonymousId`");
  }
  return text;
}

/** The call's own messageId, or a new one where it has none. */
export function readMessageId(call: JsonObject): string {
  const text = textOrNumber(call["messageId"], "messageId");
  if (text === null || text === "") return randomUUID();
  if (text.length > LIMITS.message_id_chars_max) {
    const limit = LIMITS.message_id_chars_max;
    throw invalid("messageId", `\`messageId\` has ${text.length} characters; the limit is ${limit}`);
  }
  return text;
}

function textOrNumber(value: Json | undefined, field: string): string | null {
  if (typeof value === "string") return value;
  if (value === undefined || value === null) return null;
  if (typeof value !== "number") {
    throw invalid(field, `\`${field}\` must be a string or a number, not ${nameOf(value)}`);
  }
  // Digits beyond 2^53 are lost before anybody can see them: two users would become one.
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    throw invalid(field, `\`${field}\` is a number too large to be exact; send it as a string`);
  }
  return String(value);
}

/** An object under `field`; null where there is none. */
export function readObject(parent: JsonObject, field: string, path: string = field): JsonObject | null {
  const value = parent[field];
  if (value === undefined || value === null) return null;
  if (!isObject(value)) throw invalid(path, `\`${path}\` must be an object, not ${nameOf(value)}`);
  return value;
}

/**
 * When the call happened, ms since 1970: its `timestamp`, else `originalTimestamp`, else its receipt. With the wall
 * clock the client's clock error (receipt minus `sentAt`) is added first, and a future instant becomes the receipt.
 */
export function readTimestamp(
  call: JsonObject,
  sharedSentAt: Json | undefined,
  receivedAt: number,
  mode: ClockMode,
): number {
  const field = isGiven(call["timestamp"]) ? "timestamp" : "originalTimestamp";
  const given = readInstant(call[field], field);
  const own = call["sentAt"];
  const sentAt = readInstant(isGiven(own) ? own : sharedSentAt, "sentAt");
  if (given === null) return receivedAt;
  const timestamp = mode === "wall" && sentAt !== null ? given + (receivedAt - sentAt) : given;
  if (timestamp < 0) throw invalid(field, `\`${field}\` is before 1970`);
  if (timestamp > receivedAt + LIMITS.future_ms_max) {
    throw invalid(field, `\`${field}\` is more than a day ahead of the server's clock`);
  }
  return mode === "wall" && timestamp > receivedAt ? receivedAt : timestamp;
}

function isGiven(value: Json | undefined): boolean {
  return value !== undefined && value !== null;
}

export function readInstant(value: Json | undefined, field: string): number | null {
  if (value === undefined || value === null) return null;
  const instant = typeof value === "string" ? parseIso(value) : typeof value === "number" ? Math.floor(value) : null;
  if (instant === null) {
    const wanted = "expected ISO 8601 such as 2026-01-31T10:00:00Z, or milliseconds since 1970";
    throw invalid(field, `\`${field}\` is no date: ${wanted}`);
  }
  return instant;
}
