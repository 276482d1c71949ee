/**
 * Events that were refused at collection or failed in processing, newest first. They lie in one stream per place
 * where they failed; the list merges them by stream id, which begins with the time.
 */
import { partitionKeys, REJECTED_KEY } from "../kernel/keys.ts";
import type { RedisClient } from "../kernel/redis.ts";
import { compareStreamIds } from "../kernel/stream-id.ts";

export interface RejectedEvent {
  /** The instant of the refusal, ms since 1970. */
  readonly at: number;
  readonly code: string;
  readonly message: string;
  /** The partition where it failed; null when it was refused at collection. */
  readonly partition: number | null;
  /** As it came; text where it was cut or no JSON. */
  readonly event: unknown;
}

/** Source 0 is collection, source p + 1 is partition p. */
export interface RejectedPosition {
  readonly id: string;
  readonly source: number;
}

export async function listRejected(
  redis: RedisClient,
  partitions: number,
  limit: number,
  after: RejectedPosition | null,
): Promise<{ readonly rejected: RejectedEvent[]; readonly next: RejectedPosition | null }> {
  const keys = [REJECTED_KEY, ...Array.from({ length: partitions }, (_, p) => partitionKeys(p).rejected)];
  const streams = await Promise.all(
    keys.map((key, source) => redis.xrevrange(key, startOf(source, after), "-", "COUNT", limit + 1)),
  );
  const entries = streams.flatMap((stream, source) => stream.map(([id, fields]) => ({ id, source, fields })));
  entries.sort((a, b) => compareStreamIds(b.id, a.id) || a.source - b.source);
  const page = entries.slice(0, limit);
  const last = page.at(-1);
  return {
    rejected: page.map(({ id, source, fields }) => readEntry(id, source, fields)),
    next: entries.length > limit && last !== undefined ? { id: last.id, source: last.source } : null,
  };
}

/** Entries of one id come in order of their sources. */
function startOf(source: number, after: RejectedPosition | null): string {
  if (after === null) return "+";
  return source > after.source ? after.id : `(${after.id}`;
}

function readEntry(id: string, source: number, fields: readonly string[]): RejectedEvent {
  const values = new Map<string, string>();
  for (let i = 0; i + 1 < fields.length; i += 2) values.set(fields[i] ?? "", fields[i + 1] ?? "");
  const at = Number(values.get("at"));
  return {
    at: Number.isSafeInteger(at) && at > 0 ? at : Number(id.split("-")[0]),
    code: values.get("code") ?? "unknown",
    message: values.get("message") ?? "",
    partition: source === 0 ? null : source - 1,
    event: readJson(values.get("event") ?? "null"),
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
