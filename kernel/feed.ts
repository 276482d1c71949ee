/**
 * The feed: every enter and leave of a committed step, in the order in which they happened. Kept beside the deltas,
 * under the same ids, and longer: deltas say what is, the feed says what happened.
 *
 *   record = u8 (1 entered | cause << 1), varint segment id, text contact id, f64 at
 */
import { ByteReader, type ByteWriter } from "./bytes.ts";

/** Stored by place; never reordered. */
export const FEED_CAUSES = ["event", "time", "merge", "backfill", "api", "delete"] as const;
export type FeedCause = (typeof FEED_CAUSES)[number];

export interface FeedRecord {
  readonly segmentId: number;
  readonly contactId: string;
  readonly entered: boolean;
  /** ms since 1970. */
  readonly at: number;
  readonly cause: FeedCause;
}

/** `contactId`: as UTF-8, its bytes from `idFrom` up to but without `idTo`. */
export function writeFeedRecord(
  out: ByteWriter,
  segmentId: number,
  contactId: Uint8Array,
  idFrom: number,
  idTo: number,
  entered: boolean,
  at: number,
  cause: FeedCause,
): void {
  out.u8((entered ? 1 : 0) | (FEED_CAUSES.indexOf(cause) << 1));
  out.varint(segmentId);
  out.part(contactId, idFrom, idTo);
  out.f64(at);
}

export function readFeed(bytes: Buffer): FeedRecord[] {
  const input = new ByteReader(bytes);
  const records: FeedRecord[] = [];
  while (!input.done) {
    const flags = input.u8();
    const cause = FEED_CAUSES[flags >> 1];
    if (cause === undefined) throw new RangeError("a feed record has an unknown cause");
    records.push({
      segmentId: input.varint(),
      contactId: input.text(),
      entered: (flags & 1) !== 0,
      at: input.f64(),
      cause,
    });
  }
  return records;
}
