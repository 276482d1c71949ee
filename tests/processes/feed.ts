/** The feed as it lies in Redis, and what it must be: for each contact and segment in turn an enter and a leave. */
import { readFeed as decodeFeed, type FeedRecord } from "../../kernel/feed.ts";
import { partitionKeys } from "../../kernel/keys.ts";
import { createLog } from "../../kernel/log.ts";
import { connectRedis, disconnectRedis, whenReady } from "../../kernel/redis.ts";
import { readCurrent } from "../../query/model-store.ts";

export interface Feed {
  /** Of all partitions, each partition's in their order. */
  readonly records: readonly FeedRecord[];
  readonly segmentNames: ReadonlyMap<number, string>;
}

/** Throws when anything was trimmed from it. */
export async function readFeed(redisUrl: string, partitions: number): Promise<Feed> {
  const redis = connectRedis(redisUrl, { name: "test", log: createLog("silent") });
  try {
    await whenReady(redis, 10_000);
    const records: FeedRecord[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      const { feed } = partitionKeys(partition);
      if ((await redis.exists(feed)) === 0) continue;
      // In one transaction: an entry that is added between the two would look like one that was trimmed.
      const replies = await redis.multi().xrangeBuffer(feed, "-", "+").xinfo("STREAM", feed).exec();
      const entries = (replies?.[0]?.[1] ?? []) as [Buffer, Buffer[]][];
      const info = (replies?.[1]?.[1] ?? []) as unknown[];
      for (const [, [, bytes = Buffer.alloc(0)]] of entries) records.push(...decodeFeed(bytes));
      const added = info[info.indexOf("entries-added") + 1];
      if (added !== entries.length) throw new Error(`${feed} had ${String(added)} entries and has ${entries.length}`);
    }
    const { segments } = await readCurrent(redis);
    return { records, segmentNames: new Map(segments.map(([name, id]) => [id, name])) };
  } finally {
    disconnectRedis(redis);
  }
}

/**
 * What is wrong with the feed, in words: an enter of somebody who is in, a leave of somebody who isn't, an instant
 * before the contact's last one, an end that isn't the membership. `members` gives the ids of each segment.
 */
export function feedProblems(feed: Feed, members: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const problems: string[] = [];
  const inside = new Map<string, Set<string>>([...members.keys()].map((name) => [name, new Set()]));
  const lastAt = new Map<string, number>();
  for (const { segmentId, contactId, entered, at, cause } of feed.records) {
    const name = feed.segmentNames.get(segmentId) ?? `segment ${segmentId}`;
    const said = `${contactId} ${entered ? "enters" : "leaves"} ${name} at ${at} (${cause})`;
    const ids = inside.get(name);
    if (ids === undefined) {
      problems.push(`${said}: no such segment`);
      continue;
    }
    if (ids.has(contactId) === entered) problems.push(`${said} a second time`);
    if (at < (lastAt.get(contactId) ?? 0)) problems.push(`${said}, after something at ${lastAt.get(contactId)}`);
    lastAt.set(contactId, at);
    if (entered) ids.add(contactId);
    else ids.delete(contactId);
  }
  for (const [name, ids] of members) {
    const told = inside.get(name) ?? new Set();
    for (const id of ids) if (!told.has(id)) problems.push(`${id} is in ${name} and the feed never said so`);
    for (const id of told) if (!ids.has(id)) problems.push(`${id} is not in ${name} and the feed never said so`);
  }
  return problems;
}
