/**
 * Notices entries that left the stream before they were consumed: somebody trimmed or deleted them, or the stream was
 * lost. Redis itself doesn't tell a reader; it goes on with the next entry there is. (`max-deleted-entry-id` isn't
 * set by trimming; `entries-added` is right and survives a rewrite of the append-only file.)
 *
 * Every entry ever added was consumed, waits in the stream, or is lost. So
 * - what was removed in all (`added - length`) may never exceed what was consumed, and
 * - when nothing waits after the last one consumed, all that were ever added must have been consumed.
 */
import type { RedisClient } from "../kernel/redis.ts";
import { runScript } from "../kernel/scripts.ts";
import { STREAM_COUNTS_SCRIPT } from "./scripts/stream-counts.ts";

export interface StreamCounts {
  /** Entries ever added, and entries there now. */
  readonly added: number;
  readonly length: number;
  /** Whether an entry waits after the offset that was asked about. */
  readonly waiting: boolean;
}

/** Accepted events are gone, and going on would hide it. */
export class EntriesLost extends Error {
  constructor(message: string) {
    super(message);
    this.name = "EntriesLost";
  }
}

export async function readStreamCounts(redis: RedisClient, key: string, offset: string): Promise<StreamCounts> {
  const [added, length, waiting] = (await runScript(redis, STREAM_COUNTS_SCRIPT, [key], [offset])) as number[];
  if (added === undefined || length === undefined) throw new Error("the counts of a stream are missing");
  return { added, length, waiting: waiting === 1 };
}

/**
 * Throws EntriesLost. `consumed` belongs to the offset that was asked about, and no later step was sent before `counts`
 * was read: otherwise its checkpoint may have trimmed more than `consumed`.
 */
export function checkForGap({ added, length, waiting }: StreamCounts, consumed: number): void {
  const lost = Math.max(added - length - consumed, waiting ? 0 : added - consumed);
  if (lost > 0) {
    throw new EntriesLost(
      `${lost} entries left the stream before they were consumed (added ${added}, present ${length}, consumed ${consumed})`,
    );
  }
  if (added < consumed) {
    throw new EntriesLost(`the stream was replaced: it has had ${added} entries, of which ${consumed} were consumed`);
  }
}
