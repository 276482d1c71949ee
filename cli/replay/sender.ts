/**
 * Sends calls in batches to a running server and doesn't give up: what the server can't take now (503, 429, no
 * answer at all) is sent again until it is taken. Repeating is harmless, since every call has a messageId.
 *
 * Calls of one contact are never overtaken by each other: a contact belongs to one lane, and a lane has at most one
 * request on its way. With one lane all calls arrive in the order of the file.
 */
import { setTimeout as pause } from "node:timers/promises";
import { contactIdOf, partitionOf } from "../../kernel/ids.ts";
import type { Call } from "./call.ts";

export interface SenderOptions {
  /** `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly key: string | null;
  readonly batchEvents: number;
  readonly lanes: number;
  /** A call that the server refused for good. */
  readonly onRejected: (call: Call, reason: string) => Promise<void>;
  /** Something that the person in front should know: the server is away, or back. */
  readonly onNote: (text: string) => void;
  /** The server has answered for all calls of a lane up to this one; `number` as it was given to `add`. */
  readonly onAnswered?: (lane: number, number: number) => void;
  /** Ends the waiting for a server that is away: what was not taken by then is not sent. */
  readonly signal?: AbortSignal;
}

export interface Sender {
  /**
   * Resolves when there is room for more; waits as long as the server is away. Rejects with a `SendError`.
   * @param number of the call, rising; `onAnswered` speaks of it.
   */
  add(call: Call, number?: number): Promise<void>;
  /** Sends what is left, full batches or not, without waiting for the answers. */
  flush(): Promise<void>;
  /** Sends what is left and waits for all answers. */
  finish(): Promise<void>;
  /** Waits for the requests on their way, however they end. */
  settled(): Promise<void>;
  readonly accepted: number;
  readonly rejected: number;
}

/** The server answers, but sending on would be in vain: a wrong key, another service. */
export class SendError extends Error {}

/** The signal came before the server took it. */
export class SendingEnded extends Error {}

/** The place of a call's lane: all calls of a contact have the same one. */
export function laneOf(call: Call, lanes: number): number {
  return partitionOf(contactIdOf(call.userId ?? null, call.anonymousId ?? null), lanes);
}

/** Below the server's 500 KB, with room for the brackets around. */
const BATCH_BYTES_MAX = 480 * 1024;
const ANSWER_MS_MAX = 60_000;
const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 5_000;

interface Lane {
  readonly place: number;
  /** Number of the last call in it. */
  last: number;
  calls: Call[];
  texts: string[];
  bytes: number;
  inFlight: Promise<void>;
}

interface BatchAnswer {
  readonly accepted: number;
  readonly rejected: readonly { readonly index: number; readonly code: string; readonly message: string }[];
}

export function createSender(options: SenderOptions): Sender {
  const lanes = Array.from({ length: options.lanes }, (_, place) => emptyLane(place));
  const counts = { accepted: 0, rejected: 0 };
  const endpoint = new URL("/v1/batch", options.url);
  const headers = {
    "content-type": "application/json",
    ...(options.key === null ? {} : { authorization: `Basic ${btoa(`${options.key}:`)}` }),
  };

  const refuse = (call: Call, reason: string): Promise<void> => {
    counts.rejected += 1;
    return options.onRejected(call, reason);
  };

  const send = async (calls: readonly Call[], texts: readonly string[]): Promise<void> => {
    const response = await post(endpoint, headers, `{"batch":[${texts.join(",")}]}`, options);
    if (response.status === 413) {
      const [only] = calls;
      if (calls.length === 1 && only !== undefined) return refuse(only, "too large for the server");
      const half = Math.ceil(calls.length / 2);
      await send(calls.slice(0, half), texts.slice(0, half));
      return send(calls.slice(half), texts.slice(half));
    }
    if (response.status !== 200) throw new SendError(describe(response, options));
    const answer = readAnswer(response.body);
    if (answer === null) throw new SendError(`${endpoint.href} does not answer like Sluice: ${cut(response.body)}`);
    counts.accepted += answer.accepted;
    for (const { index, code, message } of answer.rejected) {
      const call = calls[index];
      if (call !== undefined) await refuse(call, `${code}: ${message}`);
    }
  };

  /** Waits for the lane's last request, then lets the next one go without waiting for it. */
  const flush = async (lane: Lane): Promise<void> => {
    const { calls, texts, last } = lane;
    Object.assign(lane, { calls: [], texts: [], bytes: 0 });
    await lane.inFlight;
    if (calls.length === 0) return;
    lane.inFlight = send(calls, texts).then(() => options.onAnswered?.(lane.place, last));
    // It is awaited by the next flush of this lane; until then a failure is not an unhandled one.
    lane.inFlight.catch(() => {});
  };

  return {
    async add(call, number = 0) {
      const lane = lanes[laneOf(call, lanes.length)];
      if (lane === undefined) throw new Error("a sender has at least one lane");
      const text = JSON.stringify(call);
      const bytes = Buffer.byteLength(text) + 1;
      if (lane.calls.length >= options.batchEvents || lane.bytes + bytes > BATCH_BYTES_MAX) await flush(lane);
      lane.calls.push(call);
      lane.texts.push(text);
      lane.bytes += bytes;
      lane.last = number;
    },
    async flush() {
      await Promise.all(lanes.map(flush));
    },
    async finish() {
      await Promise.all(lanes.map(flush));
      await Promise.all(lanes.map(({ inFlight }) => inFlight));
    },
    async settled() {
      await Promise.allSettled(lanes.map(({ inFlight }) => inFlight));
    },
    get accepted() {
      return counts.accepted;
    },
    get rejected() {
      return counts.rejected;
    },
  };
}

function emptyLane(place: number): Lane {
  return { place, last: 0, calls: [], texts: [], bytes: 0, inFlight: Promise.resolve() };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Posts until the server takes or refuses it, or the signal ends the waiting. */
async function post(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  { onNote, signal }: SenderOptions,
): Promise<Answer> {
  let waiting = false;
  for (let attempt = 0; ; attempt++) {
    let why: string;
    let waitMs = Math.min(RETRY_FIRST_MS * 2 ** attempt, RETRY_MAX_MS);
    try {
      const response = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
      const text = await response.text();
      if (response.status !== 503 && response.status !== 429 && response.status < 500) {
        if (waiting) onNote(`${url.host} takes events again`);
        return { status: response.status, body: text };
      }
      why = `${url.host} answers ${response.status}${messageOf(text)}`;
      waitMs = retryAfterMs(response.headers.get("retry-after")) ?? waitMs;
    } catch (error) {
      why = `${url.host} does not answer (${reasonOf(error)})`;
    }
    if (!waiting) onNote(`${why}; trying again until it does`);
    waiting = true;
    await pause(waitMs, undefined, signal === undefined ? {} : { signal }).catch(() => {});
    if (signal?.aborted === true) throw new SendingEnded(`ended while ${why}`);
  }
}

function retryAfterMs(header: string | null): number | null {
  const seconds = Number(header ?? "");
  return header !== null && Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, 60_000) : null;
}

function readAnswer(body: string): BatchAnswer | null {
  try {
    const answer = JSON.parse(body) as Partial<BatchAnswer>;
    return typeof answer.accepted === "number" && Array.isArray(answer.rejected) ? (answer as BatchAnswer) : null;
  } catch {
    return null;
  }
}

function describe({ status, body }: Answer, { url, key }: SenderOptions): string {
  if (status === 401 && key === null) return `${url} asks for a key: give one of its WRITE_KEYS with --key`;
  if (status === 401) return `${url} doesn't know the key given with --key`;
  return `${url} answers ${status}${messageOf(body) || `: ${cut(body)}`}`;
}

/** `: message` of an error body, else nothing. */
function messageOf(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown } };
    return typeof error?.message === "string" ? `: ${error.message}` : "";
  } catch {
    return "";
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? (error.cause as NodeJS.ErrnoException) : null;
  return cause?.code ?? cause?.message ?? error.message;
}

function cut(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
