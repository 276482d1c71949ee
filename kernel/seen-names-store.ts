/** The stored set of names seen: read in portions, so that nobody waits behind a large one. */
import { SEEN_NAMES_KEY } from "./keys.ts";
import type { RedisClient } from "./redis.ts";
import { createNameCollector, type NameCollector, type SeenNames } from "./seen-names.ts";

const PORTION = 1_000;

/** Notes all that is stored; may be repeated. */
export async function loadSeenNames(redis: RedisClient, into: NameCollector): Promise<void> {
  let cursor = "0";
  do {
    const [next, members] = await redis.sscan(SEEN_NAMES_KEY, cursor, "COUNT", PORTION);
    into.load(members);
    cursor = next;
  } while (cursor !== "0");
}

export async function readSeenNames(redis: RedisClient): Promise<SeenNames> {
  const names = createNameCollector();
  await loadSeenNames(redis, names);
  return names.seen;
}
