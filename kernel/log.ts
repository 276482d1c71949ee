/** Structured logs: one JSON line an event on standard output. */
import { destination, pino, stdTimeFunctions, type DestinationStream, type Logger } from "pino";
import type { LogLevel } from "./config.ts";

export type Log = Logger;

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
    },
    to,
  );
}
