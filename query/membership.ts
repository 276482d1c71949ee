/**
 * Since when a contact is in a segment. Views don't keep that, and pages in Redis do: where the contact hasn't moved
 * since its page was written, the page is asked, which is one read and bothers nobody. Otherwise the partition's owner
 * is asked, as for a card.
 */
import { ByteReader } from "../kernel/bytes.ts";
import { LIMITS } from "../kernel/limits.ts";
import { readPageHeader, readRowHead } from "../kernel/page.ts";
import { hasBit } from "./bitmap.ts";
import { fetchCard } from "./card.ts";
import { findContact, freshness, type Freshness, type QueryContext } from "./context.ts";
import { fromRedis } from "./http-errors.ts";
import type { ActiveSegment } from "./model-registry.ts";

export interface Membership {
  readonly member: boolean;
  /** ms since 1970; null for who is no member. */
  readonly since: number | null;
  readonly freshness: Freshness;
}

const NO_WORDS = new Uint32Array(0);

/** Throws `not_found`, `not_ready`, `unavailable` and `timeout`. */
export async function membershipOf(
  context: QueryContext,
  segment: ActiveSegment,
  contactId: string,
): Promise<Membership> {
  const { partition, slot } = findContact(context, contactId);
  const isMember = (): boolean => hasBit(partition.view?.segments.get(segment.id)?.words ?? NO_WORDS, slot);
  const nobody = (): Membership => ({ member: false, since: null, freshness: freshness(context, [partition]) });
  if (!isMember()) return nobody();

  const number = String(Math.floor(slot / LIMITS.page_contacts));
  const page = await fromRedis(context.deps.redis.hgetBuffer(partition.keys.pages, number));
  // The view has gone on meanwhile, or was dropped: what counts is what it says now.
  if (partition.ready && page !== null) {
    if (!isMember()) return nobody();
    const since = sinceInPage(page, slot, contactId, segment.id, (seq) => partition.moves.isKnownTo(slot, seq));
    if (since !== null) return { member: true, since, freshness: freshness(context, [partition]) };
  }
  // It may have left in the meantime; the newer answer counts.
  const { card, freshness: fresh } = await fetchCard(context, contactId);
  const since = card.segments.find((one) => one.name === segment.name)?.since;
  return { member: since !== undefined, since: since ?? null, freshness: fresh };
}

/** Null where the page is too old or doesn't say that the contact is a member. */
function sinceInPage(
  page: Buffer,
  slot: number,
  contactId: string,
  segment: number,
  isNewEnough: (seq: number) => boolean,
): number | null {
  const input = new ByteReader(page);
  const { seq, count } = readPageHeader(input);
  const place = slot % LIMITS.page_contacts;
  if (place >= count || !isNewEnough(seq)) return null;
  for (let i = 0; i < place; i++) {
    const length = input.varint();
    input.at += length;
  }
  input.varint();
  const { id, members, since } = readRowHead(input);
  return id === contactId ? (since[members.indexOf(segment)] ?? null) : null;
}
