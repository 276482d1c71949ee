/** What a store is made with and keeps for its life: how many partitions, and which clock. */
import { CLOCK_DEFAULT, PARTITIONS_DEFAULT } from "../kernel/config.ts";
import type { ClockMode } from "../kernel/clock.ts";
import { META_KEY } from "../kernel/keys.ts";
import type { RedisClient } from "../kernel/redis.ts";
import { defineScript, runScript } from "../kernel/scripts.ts";

export interface StoreMeta {
  readonly partitions: number;
  readonly clockMode: ClockMode;
}

/** The store was made otherwise than this start asks for. */
export class StoreMismatch extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StoreMismatch";
  }
}

/** Counts up when what is stored changes its meaning. */
const FORMAT = 1;

/**
 * Writes the hash whole if there is none; replies all its fields, old or new, so that of several first starts one
 * wins and all see the same.
 *
 * KEYS  1 meta
 * ARGV  fields and values
 */
const FOUND_STORE = defineScript(
  "found-store",
  `
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('HSET', KEYS[1], unpack(ARGV)) end
return redis.call('HGETALL', KEYS[1])
`,
);

/** @param wanted null where the start leaves it to the store. Throws `StoreMismatch`. */
export async function openStore(
  redis: RedisClient,
  wanted: { readonly partitions: number | null; readonly clockMode: ClockMode | null },
  now: number,
): Promise<StoreMeta> {
  const fields = {
    format: FORMAT,
    partitions: wanted.partitions ?? PARTITIONS_DEFAULT,
    clock: wanted.clockMode ?? CLOCK_DEFAULT,
    created: now,
  };
  const found = readPairs(await runScript(redis, FOUND_STORE, [META_KEY], Object.entries(fields).flat()));
  const [format, partitions, clock] = [found.get("format"), Number(found.get("partitions")), found.get("clock")];
  if (format !== String(FORMAT)) {
    throw new StoreMismatch(
      `The store has format ${format ?? "unknown"}; this version of Sluice reads format ${FORMAT}.`,
    );
  }
  if (!Number.isInteger(partitions) || partitions < 1 || (clock !== "wall" && clock !== "event")) {
    throw new StoreMismatch(`${META_KEY} in Redis is damaged: it doesn't say how the store was made.`);
  }
  if (wanted.partitions !== null && wanted.partitions !== partitions) {
    throw new StoreMismatch(
      `PARTITIONS=${wanted.partitions}, but this store was made with ${partitions}, which can't be changed any more. ` +
        "Leave PARTITIONS out, or use another store.",
    );
  }
  if (wanted.clockMode !== null && wanted.clockMode !== clock) {
    throw new StoreMismatch(
      `CLOCK=${wanted.clockMode}, but this store was made with CLOCK=${clock}, and times of both kinds don't mix. ` +
        "Leave CLOCK out, or use another store.",
    );
  }
  return { partitions, clockMode: clock };
}

function readPairs(reply: unknown): Map<string, string> {
  const flat = Array.isArray(reply) ? reply.map(String) : [];
  const pairs = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) pairs.set(flat[i] ?? "", flat[i + 1] ?? "");
  return pairs;
}
