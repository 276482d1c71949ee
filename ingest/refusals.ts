/** Events that were refused, kept in a capped stream so that somebody can look at them. */
import type { ErrorCode } from "../kernel/errors.ts";
import type { Json } from "../kernel/event.ts";
import { REJECTED_KEY } from "../kernel/keys.ts";
import { isObject } from "./json.ts";

export interface Refusal {
  /** When it came, ms since 1970. */
  readonly at: number;
  readonly code: ErrorCode;
  readonly message: string;
  /** JSON text of what was sent, cut to `TEXT_CHARS_MAX`. */
  readonly event: string;
}

const TEXT_CHARS_MAX = 32 * 1024;
/** About how many are kept. */
const KEPT = 10_000;

export function refusalOf(call: Json, at: number, code: ErrorCode, message: string): Refusal {
  return { at, code, message, event: textOf(call) };
}

/** The write key is the sender's secret and stays out of what others can list. */
function textOf(call: Json): string {
  try {
    const kept = isObject(call) && call["writeKey"] !== undefined ? { ...call, writeKey: "…" } : call;
    return JSON.stringify(kept).slice(0, TEXT_CHARS_MAX);
  } catch {
    // Writing it down overflows the stack.
    return '"(nested too deeply to be kept)"';
  }
}

/** The arguments of XADD. Fields: `at` (ms since 1970), `code`, `message`, `event` (JSON text). */
export function rejectedCommand({ at, code, message, event }: Refusal): [string, ...(string | number)[]] {
  const fields = ["at", at, "code", code, "message", message, "event", event];
  return [REJECTED_KEY, "MAXLEN", "~", KEPT, "*", ...fields];
}
