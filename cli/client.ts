/** A thin client of the query and control half of the API: what the commands that look at a server share. */
import { setTimeout as pause } from "node:timers/promises";
import type { Diagnostic } from "../dsl/diagnostic.ts";

export interface ClientOptions {
  /** `http://127.0.0.1:8080`. */
  readonly url: string;
  /** One of the server's API_KEYS. */
  readonly key: string | null;
  /** How long a server is waited for that answers, but isn't ready (503) or asks to come back later (429). */
  readonly patience_ms?: number;
}

export interface Question {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, as text/plain. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer<T> {
  /** JSON read, or text. */
  readonly body: T;
  readonly etag: string | null;
}

export interface Client {
  readonly url: string;
  /** Throws `ServerAway` and `Refusal`. */
  ask<T>(method: "GET" | "POST" | "PUT", path: string, question?: Question): Promise<Answer<T>>;
}

/** Nobody answers at the address, nobody who knows Sluice's API does, or the server can't answer now. */
export class ServerAway extends Error {}

/** The server answered no. */
export class Refusal extends Error {
  readonly status: number;
  /** Of the catalogue of errors; null where something in between answered. */
  readonly code: string | null;
  /** What is wrong with a model or a predicate; empty for other refusals. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(message: string, status: number, code: string | null, diagnostics: readonly Diagnostic[]) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.code = code;
    this.diagnostics = diagnostics;
  }
}

const ANSWER_MS_MAX = 60_000;
const PATIENCE_MS = 10_000;
const RETRY_MS = 500;

export function createClient({ url, key, patience_ms: patience = PATIENCE_MS }: ClientOptions): Client {
  return {
    url,
    async ask<T>(method: "GET" | "POST" | "PUT", path: string, question: Question = {}): Promise<Answer<T>> {
      const until = performance.now() + patience;
      for (;;) {
        const response = await send(url, key, method, path, question);
        const text = await response.text();
        if (response.ok) return { body: read(url, response, text) as T, etag: response.headers.get("etag") };
        const refusal = refusalOf(url, key, response, text);
        if (![429, 503, 504].includes(response.status)) throw refusal;
        const wait = Number(response.headers.get("retry-after") ?? Number.NaN) * 1000 || RETRY_MS;
        if (response.status === 504 || performance.now() + wait > until) throw new ServerAway(refusal.message);
        await pause(wait);
      }
    },
  };
}

/** The path of a segment, a contact or anything else that has a name of somebody's choice in it. */
export function pathOf(...parts: readonly string[]): string {
  return `/v1/${parts.map(encodeURIComponent).join("/")}`;
}

async function send(
  url: string,
  key: string | null,
  method: string,
  path: string,
  { query = {}, body, text, headers }: Question,
): Promise<Response> {
  const target = new URL(path, url);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) target.searchParams.set(name, `${value}`);
  const content =
    body !== undefined
      ? { type: "application/json", payload: JSON.stringify(body) }
      : text !== undefined
        ? { type: "text/plain; charset=utf-8", payload: text }
        : null;
  try {
    return await fetch(target, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(content === null ? {} : { "content-type": content.type }),
        ...headers,
      },
      ...(content === null ? {} : { body: content.payload }),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
  } catch (error) {
    throw new ServerAway(awayMessage(url, error), { cause: error });
  }
}

/** What to tell whoever asked a server that can't be reached. */
export function awayMessage(url: string, error: unknown): string {
  return (
    `no server answers at ${url} (${reasonOf(error)})\n` +
    "`sluice start` starts one here; --url or SLUICE_URL names one that runs elsewhere"
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer in ${ANSWER_MS_MAX / 1000} s`;
  const cause = error.cause instanceof Error ? (error.cause as NodeJS.ErrnoException) : null;
  return cause?.code ?? cause?.message ?? error.message;
}

function read(url: string, response: Response, text: string): unknown {
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("text/plain")) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ServerAway(`${url} does not answer like Sluice: ${cut(text)}`);
  }
}

interface ErrorBody {
  readonly error?: { readonly code?: string; readonly message?: string };
  readonly diagnostics?: readonly Diagnostic[];
}

function refusalOf(url: string, key: string | null, { status }: Response, text: string): Refusal {
  let body: ErrorBody = {};
  try {
    body = (JSON.parse(text) as ErrorBody | null) ?? {};
  } catch {
    // Told below: somebody else's error page.
  }
  const { code = null, message } = body.error ?? {};
  if (status === 401) {
    const why = key === null ? "asks for a key" : "doesn't know the key that was given";
    return new Refusal(`${url} ${why}: give one of its API_KEYS with --key or API_KEY`, status, code, []);
  }
  return new Refusal(message ?? `${url} answers ${status}: ${cut(text)}`, status, code, body.diagnostics ?? []);
}

function cut(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
