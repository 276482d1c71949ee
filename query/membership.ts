/**
 * Since when a contact is in a segment. Views don't keep that: who became a member lately is looked up in the feed, who
 * did long ago in its page. Either is one read and bothers nobody; where neither knows, the partition's owner is asked, as
 * for a card.
 */
import { readFeed } from "../kernel/feed.ts";
import { LIMITS } from "../kernel/limits.ts";
import { readRowHeadAt } from "../kernel/page.ts";
import type { RedisClient } from "../kernel/redis.ts";
import { hasBit } from "./bitmap.ts";
import { fetchCard } from "./card.ts";
import { findContact, freshness, type Freshness, type QueryContext } from "./context.ts";
import { fromRedis } from "./http-errors.ts";
import type { ActiveSegment } from "./model-registry.ts";
import type { FollowedPartition } from "./partition-follower.ts";
import { fieldOf } from "./view-loader.ts";

export interface Membership {
  readonly member: boolean;
  /** ms since 1970; null for who is no member. */
  readonly since: number | null;
  readonly freshness: Freshness;
}

/** A contact by its id and its place, and a segment by its number. */
interface Member {
  readonly contactId: string;
  readonly slot: number;
  readonly segment: number;
}

const NO_WORDS = new Uint32Array(0);

/** Throws `not_found`, `not_ready`, `unavailable` and `timeout`. */
export async function membershipOf(
  context: QueryContext,
  segment: ActiveSegment,
  contactId: string,
): Promise<Membership> {
  const { partition, view, slot } = findContact(context, contactId);
  const fresh = freshness(context, [partition]);
  if (!hasBit(view.segments.get(segment.id)?.words ?? NO_WORDS, slot)) {
    return { member: false, since: null, freshness: fresh };
  }
  const stored = await fromRedis(sinceOf(context.deps.redis, partition, { contactId, slot, segment: segment.id }));
  if (stored !== null) return { member: true, since: stored, freshness: fresh };
  // It may have left in the meantime; the newer answer counts.
  const { card, freshness: newer } = await fetchCard(context, contactId);
  const since = card.segments.find((one) => one.name === segment.name)?.since;
  return { member: since !== undefined, since: since ?? null, freshness: newer };
}

/** Null where neither the feed nor the page knows. */
async function sinceOf(
  redis: RedisClient,
  { keys, enters }: FollowedPartition,
  member: Member,
): Promise<number | null> {
  const step = enters.stepOf(member.slot, member.segment);
  if (step === "lost") return null;
  if (step === null) {
    const page = await redis.hgetBuffer(keys.pages, String(Math.floor(member.slot / LIMITS.page_contacts)));
    return page === null ? null : sinceInPage(page, member);
  }
  const [entry] = await redis.xrangeBuffer(keys.feed, step.id, step.id);
  const records = entry === undefined ? null : fieldOf(entry[1], "f");
  return records === null ? null : sinceInFeed(records, member);
}

function sinceInPage(page: Buffer, { slot, contactId, segment }: Member): number | null {
  const head = readRowHeadAt(page, slot % LIMITS.page_contacts);
  return head?.id === contactId ? (head.since[head.members.indexOf(segment)] ?? null) : null;
}

/** It may have entered, left and entered again in one step: the last time counts. */
function sinceInFeed(records: Buffer, { contactId, segment }: Member): number | null {
  const own = readFeed(records).findLast((one) => one.segmentId === segment && one.contactId === contactId);
  return own?.entered === true ? own.at : null;
}
