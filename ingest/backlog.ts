/** How much is waiting in the partitions' streams, so that collection stops before Redis is full. */
import type { Log } from "../kernel/log.ts";
import type { RedisClient } from "../kernel/redis.ts";

export interface Backlog {
  /** Bytes as last sampled, and what this process has written since. */
  readonly bytes: number;
  readonly isFull: boolean;
  /** Entries of so many bytes were written. */
  add(bytes: number): void;
  close(): void;
}

const SAMPLE_MS = 1_000;

/**
 * Asks Redis every second for the size of each stream (an estimate from a few of its nodes) and adds them up. Streams
 * are trimmed to what somebody still needs, so what they hold is what isn't processed or isn't safely stored yet.
 */
export function watchBacklog(
  redis: RedisClient,
  streams: readonly string[],
  bytesMax: number,
  onSample: (bytes: number) => void,
  log: Log,
): Backlog {
  let sampled = 0;
  let written = 0;
  let sampling = false;
  let full = false;

  const sample = async (): Promise<void> => {
    // While Redis is away nothing is accepted anyway.
    if (sampling || redis.status !== "ready") return;
    sampling = true;
    const before = written;
    try {
      const sizes = await Promise.all(streams.map((stream) => redis.memory("USAGE", stream)));
      sampled = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
      written -= before;
      note();
    } catch (error) {
      log.debug({ err: error }, "the size of the streams couldn't be asked for");
    } finally {
      sampling = false;
    }
  };

  const note = (): void => {
    const bytes = sampled + written;
    onSample(bytes);
    if (bytes >= bytesMax === full) return;
    full = !full;
    if (full) log.warn({ bytes, bytesMax }, "the backlog is over its limit: events are refused until it shrinks");
    else log.info({ bytes, bytesMax }, "the backlog is below its limit again");
  };

  void sample();
  const timer = setInterval(() => void sample(), SAMPLE_MS);
  timer.unref();
  return {
    get bytes() {
      return sampled + written;
    },
    get isFull() {
      return full;
    },
    add(bytes) {
      written += bytes;
      if (sampled + written >= bytesMax) note();
    },
    close() {
      clearInterval(timer);
    },
  };
}
