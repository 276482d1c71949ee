/**
 * Pages as they are stored, for all partitions of a worker: read on a connection of their own into memory that is used
 * again (kernel/reply-buffers.ts), all that wait for pages together, and one such group after the other. An answer is
 * taken in the next turn of the event loop, which is as long as the steps of the others take: one by one, the last of
 * many partitions would wait for as many turns.
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

type Take = Parameters<PageSource["load"]>[2];

interface Read {
  readonly pages: number;
  /** Never rejects. */
  run(): Promise<void>;
}

const PAGES_A_READ = 1024;
/** Further reads wait for the next group. */
const PAGES_A_GROUP = 4096;

/**
 * @param redis of nobody else, where there are buffers
 * @param buffers what the connection reads into; null where it makes new ones, and reads needn't wait for each other
 */
export function createPageSource(redis: RedisClient, buffers: ReplyBuffers | null): PageSource {
  const waiting: Read[] = [];
  let running = false;

  const read = async (key: string, numbers: readonly number[], take: Take): Promise<void> => {
    const pages = await redis.hmgetBuffer(key, ...numbers.map(String));
    numbers.forEach((number, i) => take(number, pages[i] ?? null));
  };

  const readInGroup = (into: ReplyBuffers, key: string, numbers: readonly number[], take: Take): Promise<void> =>
    new Promise((resolve, reject) => {
      // Whoever asked is told of a failure; the others are not.
      waiting.push({ pages: numbers.length, run: () => read(key, numbers, take).then(resolve, reject) });
      if (!running) void runGroups(into);
    });

  const runGroups = async (into: ReplyBuffers): Promise<void> => {
    running = true;
    while (waiting.length > 0) {
      let pages = 0;
      let count = 0;
      while (count < waiting.length && pages < PAGES_A_GROUP) pages += (waiting[count++] as Read).pages;
      await Promise.all(waiting.splice(0, count).map((one) => one.run()));
      into.release();
    }
    running = false;
  };

  return {
    async load(key, numbers, take) {
      for (let from = 0; from < numbers.length; from += PAGES_A_READ) {
        const some = numbers.slice(from, from + PAGES_A_READ);
        await (buffers === null ? read(key, some, take) : readInGroup(buffers, key, some, take));
      }
    },
  };
}
