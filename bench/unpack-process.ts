/**
 * Reads streams of packed records from their beginning to their end and unpacks them, as often as it is asked: the
 * least that any processor of objects has to do.
 */
import { createLog } from "../kernel/log.ts";
import { connectRedis, isCluster, whenReady } from "../kernel/redis.ts";
import { recordPacker, type PlainRecord } from "./backlog.ts";
import { answerQuestions, configOf } from "./forked.ts";
import { pinSelf, type Cores } from "./processes.ts";

export interface UnpackConfig {
  readonly redisUrl: string;
  readonly keys: readonly string[];
  readonly cores: Cores;
}

export interface Unpacked {
  readonly events: number;
  /** Of the property `price`. */
  readonly sum: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Entries of each stream in one read, as many as the processor takes. */
const ENTRIES_AT_ONCE = 64;

const { redisUrl, keys, cores } = configOf() as UnpackConfig;
pinSelf(cores);
const redis = connectRedis(redisUrl, { name: "unpack", log: createLog("warn"), commandTimeoutMs: null });
const packer = recordPacker();
answerQuestions(readAll);

async function readAll(): Promise<Unpacked> {
  if (isCluster(redis)) throw new Error("the benchmarks use one Redis server");
  await whenReady(redis);
  const begun = performance.now();
  const cpu = process.cpuUsage();
  const positions = new Map(keys.map((key) => [key, "0-0"]));
  let events = 0;
  let sum = 0;
  for (;;) {
    const places = [...positions.keys(), ...positions.values()];
    const found = await redis.xreadBuffer("COUNT", ENTRIES_AT_ONCE, "STREAMS", ...places);
    if (found === null) break;
    for (const [key, entries] of found) {
      for (const [id, fields] of entries) {
        positions.set(key.toString(), id.toString());
        const packed = fields[1];
        if (packed === undefined) continue;
        for (const { properties } of packer.unpack(packed) as PlainRecord[]) {
          events++;
          sum += Number(properties["price"]);
        }
      }
    }
  }
  const { user, system } = process.cpuUsage(cpu);
  return { events, sum, seconds: (performance.now() - begun) / 1000, cpuSeconds: (user + system) / 1e6 };
}
