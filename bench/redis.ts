/** A benchmark's own connection to Redis, to look at what the measured ones have left there. */
import type { Redis } from "ioredis";
import { createLog } from "../kernel/log.ts";
import { connectRedis, disconnectRedis, isCluster, whenReady } from "../kernel/redis.ts";

export interface BenchRedis {
  readonly client: Redis;
  /** The packed entries of a stream of events, in their order. */
  entries(stream: string): AsyncGenerator<Buffer>;
  close(): void;
}

const ENTRIES_AT_ONCE = 200;

export async function openRedis(url: string): Promise<BenchRedis> {
  const client = connectRedis(url, { name: "bench", log: createLog("warn"), commandTimeoutMs: 60_000 });
  if (isCluster(client)) throw new Error("the benchmarks use one Redis server");
  await whenReady(client);
  return {
    client,
    async *entries(stream) {
      for (let from = "-"; ;) {
        const found = await client.xrangeBuffer(stream, from, "+", "COUNT", ENTRIES_AT_ONCE);
        for (const [, fields] of found) {
          const [field, value] = fields;
          if (field?.toString() === "e" && value !== undefined) yield value;
        }
        const last = found.at(-1)?.[0];
        if (last === undefined || found.length < ENTRIES_AT_ONCE) return;
        from = `(${last.toString()}`;
      }
    },
    close: () => disconnectRedis(client),
  };
}
