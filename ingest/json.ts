/** JSON from outside: read strictly, bounded in depth and size, made well-formed. */
import { isUtf8 } from "node:buffer";
import { SluiceError } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/event.ts";
import { LIMITS } from "../kernel/limits.ts";

/** Keys of objects: beyond any name, far below the limit of an event. */
const KEY_CHARS_MAX = 1_000;
const DEPTH_MAX = LIMITS.json_depth_max;

/** An escaped half of a surrogate pair: only bodies that have one can hold a lone one. */
const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/;

/**
 * The JSON object in a body. Keys such as `__proto__` are data like others; of a key that is given twice the last
 * counts. Lone surrogates, which no UTF-8 can carry further, become U+FFFD. Throws `invalid_json`.
 */
export function parseObject(body: Buffer): JsonObject {
  if (body.length === 0) throw new SluiceError("invalid_json", "the body is empty; expected a JSON object");
  if (!isUtf8(body)) throw new SluiceError("invalid_json", "the body is not valid UTF-8");
  const bom = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  const text = body.toString("utf8", bom ? 3 : 0);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unexpected input";
    throw new SluiceError("invalid_json", `the body is not valid JSON: ${reason}`);
  }
  if (!isObject(value)) {
    throw new SluiceError("invalid_json", `the body must be a JSON object, not ${nameOf(value)}`);
  }
  return SURROGATE_ESCAPE.test(text) ? (wellFormed(value, 0) as JsonObject) : value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a value is, in words for a message. */
export function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  return typeof value === "undefined" ? "missing" : `a ${typeof value}`;
}

/** Deeper than any limit on calls; what lies below it is refused by `weigh` in any case and left as it is. */
const WELL_FORMED_DEPTH = 1_000;

function wellFormed(value: Json, depth: number): Json {
  if (typeof value === "string") return isWellFormed(value) ? value : toWellFormed(value);
  if (typeof value !== "object" || value === null || depth > WELL_FORMED_DEPTH) return value;
  if (Array.isArray(value)) return value.map((item: Json) => wellFormed(item, depth + 1));
  // fromEntries defines own properties, also one named __proto__.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [toWellFormed(key), wellFormed(item, depth + 1)]),
  );
}

/** A high surrogate without its low one, or a low one without its high one. */
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function isWellFormed(text: string): boolean {
  return text.search(LONE_SURROGATE) < 0;
}

function toWellFormed(text: string): string {
  return text.replace(LONE_SURROGATE, "\ufffd");
}

/** A weight unit stands for at most this many bytes of JSON text: `\u001f` for a character, a number of 24 digits. */
export const BYTES_PER_UNIT_MAX = 6;

/**
 * Throws `too_large` where the JSON text of `value` has more bytes than allowed, and `invalid_call` where it is nested
 * too deeply, has too long a key, or a number beyond the range of doubles (`1e999`), which JSON.parse makes Infinity.
 * `what` names it in messages.
 */
export function checkBounds(value: JsonObject, bytesMax: number, what: string): void {
  const weight = weigh(value, 1);
  if (Number.isNaN(weight)) throw reasonFor(value, what);
  if (weight * BYTES_PER_UNIT_MAX <= bytesMax) return;
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes > bytesMax) {
    throw new SluiceError("too_large", `${what} has ${bytes} bytes; the limit is ${bytesMax}`);
  }
}

/** A sixth of the largest length that the JSON text can have; NaN where a bound is broken. */
function weigh(value: Json, depth: number): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value === "number") return Number.isFinite(value) ? 4 : NaN;
  if (typeof value !== "object" || value === null) return 1;
  if (depth > DEPTH_MAX) return NaN;
  let weight = 2;
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) weight += weigh(item, depth + 1) + 1;
    return weight;
  }
  const object = value as JsonObject;
  for (const key in object) {
    if (key.length > KEY_CHARS_MAX) return NaN;
    weight += key.length + 3 + weigh(object[key] ?? null, depth + 1);
  }
  return weight;
}

function reasonFor(value: JsonObject, what: string): SluiceError {
  const found = findBroken(value, 1, "");
  const details = { field: found.path };
  const where = found.path === "" ? what : `\`${found.path}\``;
  switch (found.reason) {
    case "depth":
      return new SluiceError("invalid_call", `${what} is nested more than ${DEPTH_MAX} levels deep`, { details });
    case "key":
      return new SluiceError("invalid_call", `a key in ${where} has more than ${KEY_CHARS_MAX} characters`, {
        details,
      });
    default:
      return new SluiceError("invalid_call", `${where} is a number beyond the range of doubles`, { details });
  }
}

interface Broken {
  readonly reason: "depth" | "key" | "number" | null;
  readonly path: string;
}

const WHOLE: Broken = { reason: null, path: "" };
/** A path in a message is cut here. */
const PATH_CHARS_MAX = 200;

/** The first place where `weigh` found a bound broken, looked for again with its path. */
function findBroken(value: Json, depth: number, path: string): Broken {
  const at = path.length > PATH_CHARS_MAX ? `${path.slice(0, PATH_CHARS_MAX)}…` : path;
  if (typeof value === "number") return Number.isFinite(value) ? WHOLE : { reason: "number", path: at };
  if (typeof value !== "object" || value === null) return WHOLE;
  if (depth > DEPTH_MAX) return { reason: "depth", path: at };
  for (const [key, item] of Object.entries<Json>(value)) {
    if (key.length > KEY_CHARS_MAX) return { reason: "key", path: at };
    const inside = Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    const found = findBroken(item, depth + 1, inside);
    if (found.reason !== null) return found;
  }
  return WHOLE;
}
