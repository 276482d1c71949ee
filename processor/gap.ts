/**
 * Notices entries that left the stream before they were consumed: somebody trimmed or deleted them, or the stream was
 * lost. Redis itself doesn't tell a reader; it goes on with the next entry there is. (`max-deleted-entry-id` isn't
 * set by trimming; `entries-added` is right and survives a rewrite of the append-only file.)
 *
 * Every entry ever added was consumed, waits in the stream, or is lost. So
 * - what was removed in all (`added - length`) may never exceed what was consumed, and
 * - when the last entry ever added is consumed, all that were added must have been.
 */
import type { RedisClient } from "../kernel/redis.ts";
import { runScript } from "../kernel/scripts.ts";
import { STREAM_COUNTS_SCRIPT } from "./scripts/stream-counts.ts";

export interface StreamCounts {
  /** Entries ever added, and entries there now. */
  readonly added: number;
  readonly length: number;
  /** The largest id ever given, `0-0` for an empty stream. */
  readonly lastId: string;
}

/** Accepted events are gone, and going on would hide it. */
export class EntriesLost extends Error {
  constructor(message: string) {
    super(message);
    this.name = "EntriesLost";
  }
}

export async function readStreamCounts(redis: RedisClient, key: string): Promise<StreamCounts> {
  const [added, length, lastId] = (await runScript(redis, STREAM_COUNTS_SCRIPT, [key], [])) as [number, number, string];
  return { added, length, lastId };
}

/**
 * Throws EntriesLost. `offset` and `consumed` are of one step, and no later step was sent before `counts` was read:
 * otherwise its checkpoint may have trimmed more than `consumed`.
 */
export function checkForGap(counts: StreamCounts, offset: string, consumed: number): void {
  const { added, length, lastId } = counts;
  const removed = added - length;
  let lost = Math.max(0, removed - consumed);
  if (lastId === offset) lost = Math.max(lost, added - consumed);
  if (lost > 0) {
    throw new EntriesLost(
      `${lost} entries left the stream before they were consumed (added ${added}, present ${length}, consumed ${consumed})`,
    );
  }
  if (added < consumed) {
    throw new EntriesLost(`the stream was replaced: it has had ${added} entries, of which ${consumed} were consumed`);
  }
}
