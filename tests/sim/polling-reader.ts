/** A reader for simulations: hundreds of owners share one connection, so that none of them may block it. */
import type { RedisClient } from "../../kernel/redis.ts";
import type { RawEntry } from "../../processor/entries.ts";
import type { StreamReader } from "../../processor/reader.ts";
import { pause } from "./faulty-client.ts";

export function createPollingReader(redis: RedisClient, batch: () => number): StreamReader {
  return {
    subscribe(subscriber) {
      let closed = false;
      let { after } = subscriber;
      const poll = async (): Promise<void> => {
        while (!closed) {
          if (subscriber.hungry()) {
            const entries = (await redis.xrangeBuffer(
              subscriber.key,
              `(${after}`,
              "+",
              "COUNT",
              batch(),
            )) as RawEntry[];
            const last = entries.at(-1);
            if (!closed && last !== undefined) {
              after = last[0].toString("latin1");
              subscriber.take(entries);
            }
          }
          await pause(1);
        }
      };
      // The server going away ends the test, which says so itself.
      poll().catch(() => {});
      return {
        wake: () => {},
        close() {
          closed = true;
        },
      };
    },
    close: () => {},
  };
}
