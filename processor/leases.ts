/**
 * Which partitions this process owns. Processes that live share them evenly: each looks at the others a few times
 * within a lease, gives back what it has too much of and takes what nobody has. Nobody decides for others, so that
 * there is nobody whose loss matters.
 */
import { randomUUID } from "node:crypto";
import { partitionKeys, PROCESSORS_KEY } from "../kernel/keys.ts";
import type { RedisClient } from "../kernel/redis.ts";
import { runScript } from "../kernel/scripts.ts";
import { ACQUIRE_SCRIPT } from "./scripts/acquire.ts";
import { MEMBERS_SCRIPT } from "./scripts/members.ts";
import { RELEASE_SCRIPT } from "./scripts/release.ts";
import { RENEW_SCRIPT } from "./scripts/renew.ts";

/** A partition that this process has taken. */
export interface Holding {
  readonly partition: number;
  readonly nonce: string;
  readonly worker: number;
  /** It was asked back from its worker. */
  releasing: boolean;
}

/** How many partitions a process should have, by its place among those that live. */
export function fairShare(partitions: number, processes: number, place: number): number {
  return Math.floor(partitions / processes) + (place < partitions % processes ? 1 : 0);
}

/** The processes that live, this one included, in the same order for everybody; those that have ended are struck off. */
export async function announce(
  redis: RedisClient,
  id: string,
  leaseMs: number,
  hasEnded: (id: string) => boolean,
): Promise<string[]> {
  const members = (await runScript(redis, MEMBERS_SCRIPT, [PROCESSORS_KEY], [id, leaseMs])) as string[];
  const ended = members.filter((member) => member !== id && hasEnded(member));
  if (ended.length > 0) await redis.zrem(PROCESSORS_KEY, ...ended);
  return members.filter((member) => !ended.includes(member));
}

export async function withdraw(redis: RedisClient, id: string): Promise<void> {
  await redis.zrem(PROCESSORS_KEY, id);
}

/** An id has no colons. */
function holderOf(lease: string): string {
  return lease.slice(0, lease.indexOf(":"));
}

function leaseValue(id: string, { worker, nonce }: Pick<Holding, "worker" | "nonce">): string {
  return `${id}:${worker}:${nonce}`;
}

/** Null when somebody else has it. A lease is not waited for if its holder has ended for certain. */
export async function acquire(
  redis: RedisClient,
  id: string,
  partition: number,
  worker: number,
  leaseMs: number,
  hasEnded: (id: string) => boolean,
): Promise<Holding | null> {
  const { lease, owner, state } = partitionKeys(partition);
  // Most of those that aren't ours are somebody's: asking costs less than trying.
  const held = await redis.get(lease);
  if (held !== null && !hasEnded(holderOf(held))) return null;
  const holding: Holding = { partition, nonce: randomUUID(), worker, releasing: false };
  const args = [leaseValue(id, holding), leaseMs, holding.nonce, held ?? ""];
  const epoch = await runScript(redis, ACQUIRE_SCRIPT, [lease, owner, state], args);
  return epoch === null ? null : holding;
}

/** False when it is somebody else's now. */
export async function renew(redis: RedisClient, id: string, holding: Holding, leaseMs: number): Promise<boolean> {
  const { lease, owner } = partitionKeys(holding.partition);
  const args = [leaseValue(id, holding), leaseMs, holding.nonce];
  return (await runScript(redis, RENEW_SCRIPT, [lease, owner], args)) === 1;
}

export async function giveBack(redis: RedisClient, id: string, holding: Holding): Promise<void> {
  await runScript(redis, RELEASE_SCRIPT, [partitionKeys(holding.partition).lease], [leaseValue(id, holding)]);
}
