/** Structured logs: one JSON line an event on standard output. */
import { destination, pino, stdTimeFunctions, type DestinationStream, type Logger } from "pino";
import type { LogLevel } from "./config.ts";

export type Log = Logger;

/** Where a key can stand in what is logged. Paths in addresses are `withoutKeys`. */
const SECRETS = [
  "writeKey",
  "*.writeKey",
  "authorization",
  "*.authorization",
  '["x-write-key"]',
  '*["x-write-key"]',
  // The bytes of a request that is no HTTP.
  "err.rawPacket",
];

/** A URL or path for the log: the write key of a settings call and what stands behind `?` are left out. */
export function withoutKeys(url: string): string {
  const [path = ""] = url.split("?", 1);
  return path.replace(/^(\/v1\/projects\/)[^/]+/i, "$1…");
}

function shownRequest(request: unknown): unknown {
  const { method, url } = request as { readonly method?: string; readonly url?: string };
  return { method, url: withoutKeys(url ?? "") };
}

/**
 * A log whose lines carry `bindings` (`{role: "processor"}`). Writes are synchronous, so that the last line before a
 * crash is not lost; hot paths don't log. `to` replaces standard output.
 */
export function createLog(
  level: LogLevel,
  bindings: Readonly<Record<string, unknown>> = {},
  to: DestinationStream = destination({ fd: 1, sync: true }),
): Log {
  return pino(
    {
      level,
      base: { ...bindings },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS, censor: "…" },
      serializers: { req: shownRequest },
    },
    to,
  );
}
