/**
 * Pages as they are stored, for all partitions of a worker: read on a connection of their own into memory that is used
 * again (kernel/reply-buffers.ts), and so one read after the other.
 */
import type { RedisClient } from "../kernel/redis.ts";
import type { ReplyBuffers } from "../kernel/reply-buffers.ts";

export interface PageSource {
  /**
   * Calls `take` for each page in the order of `numbers`, with null for one that isn't there; its bytes are valid during
   * the call only. Throws what `take` and what the connection throws.
   */
  load(key: string, numbers: readonly number[], take: (number: number, page: Buffer | null) => void): Promise<void>;
}

const PAGES_A_READ = 512;

/**
 * @param redis of nobody else, where there are buffers
 * @param buffers what the connection reads into; null where it makes new ones, and reads needn't wait for each other
 */
export function createPageSource(redis: RedisClient, buffers: ReplyBuffers | null): PageSource {
  let last: Promise<void> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const mine = last.then(work);
    // Whoever asked is told of a failure; the next one has a try of its own.
    last = mine.catch(() => {});
    return mine;
  };

  const read = async (key: string, numbers: readonly number[], take: Parameters<PageSource["load"]>[2]) => {
    try {
      const pages = await redis.hmgetBuffer(key, ...numbers.map(String));
      numbers.forEach((number, i) => take(number, pages[i] ?? null));
    } finally {
      buffers?.release();
    }
  };
  return {
    async load(key, numbers, take) {
      for (let from = 0; from < numbers.length; from += PAGES_A_READ) {
        const some = numbers.slice(from, from + PAGES_A_READ);
        await (buffers === null ? read(key, some, take) : inTurn(() => read(key, some, take)));
      }
    },
  };
}
