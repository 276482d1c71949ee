import { afterEach, beforeEach, expect, test } from "vitest";
import { createCrew } from "../../processor/crew.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";
import { QUICK, silent } from "./lab.ts";

let server: RedisServer;

beforeEach(async () => {
  server = await startRedis();
});

afterEach(async () => {
  await server.stop();
});

test("a worker that takes longer to begin than one that works may be silent is waited for", async () => {
  let lost = 0;
  const crew = createCrew({
    threads: 1,
    task: {
      redisUrl: server.url,
      partitions: 1,
      options: { ...QUICK, leaseMs: 80 },
      logLevel: "silent",
      shardModule: null,
      sharedClock: null,
    },
    log: silent,
    // No thread has loaded its program by then.
    silenceMs: 20,
    onMessage() {},
    onLost() {
      lost++;
    },
  });
  try {
    await crew.started;
    expect(lost).toBe(0);
    expect(crew.present(0)).toBe(true);
  } finally {
    await crew.stop(5_000);
  }
});
