/**
 * Loads a partition's view from what its owner has stored: the last checkpoint names a step S, the pages hold each
 * contact as of some step (S or later), and the deltas after S bring all pages to the same step.
 *
 * A page that holds step n already has what deltas up to n say of its contacts, so those rows are passed over. The
 * view is whole once it has passed every step known at the end of loading; the follower serves it from then on.
 */
import { decodeStep, type Step } from "../kernel/delta.ts";
import type { PartitionKeys } from "../kernel/keys.ts";
import { LIMITS } from "../kernel/limits.ts";
import { decodeCheckpoint } from "../kernel/partition-state.ts";
import type { RedisClient } from "../kernel/redis.ts";
import type { ReplyBuffers } from "../kernel/reply-buffers.ts";
import type { TagNames } from "./tag-names.ts";
import { PartitionView } from "./view.ts";

/** Pages asked for at once; a page is a kilobyte to some, and takes some tens of microseconds to read. */
const PAGES_A_READ = 256;
/** Room for contacts to come, before every column has to grow. */
const ROOM = 1.05;

export interface LoadedView {
  readonly view: PartitionView;
  /** The step of the checkpoint and the epoch that committed it; 0 and null when there is none. */
  readonly seq: number;
  readonly epoch: number | null;
  /** The view must have passed this step before it is served. */
  readonly target: number;
  /** The step that a page held when it was loaded, by page number. */
  readonly pageSeqs: ReadonlyMap<number, number>;
  /** The oldest model version that any loaded page has; null without pages. */
  readonly oldestModel: number | null;
  /** The model version of the partition, as committed. */
  readonly model: number;
  /** The newest committed step, when the delta stream still has it. */
  readonly last: Step | null;
}

/** @param buffers what the connection reads into, for nobody else meanwhile; released as pages are taken in */
export async function loadView(
  redis: RedisClient,
  keys: PartitionKeys,
  tagNames: TagNames,
  buffers: ReplyBuffers,
): Promise<LoadedView> {
  const [checkpoint, contacts] = await redis.hmgetBuffer(keys.state, "checkpoint", "contacts");
  const start = checkpoint ? decodeCheckpoint(checkpoint) : null;
  const slots = Number(contacts?.toString() ?? 0);
  const view = new PartitionView(tagNames);
  view.reserve(Math.ceil(slots * ROOM));
  const pageSeqs = new Map<number, number>();
  let oldestModel: number | null = null;
  let target = start?.seq ?? 0;

  // Contacts that came after these are whole in the deltas after the checkpoint; so are those without a page yet.
  const pages = Math.ceil(slots / LIMITS.page_contacts);
  for (let from = 0; from < pages; from += PAGES_A_READ) {
    const numbers = Array.from({ length: Math.min(PAGES_A_READ, pages - from) }, (_, i) => from + i);
    const found = await redis.hmgetBuffer(keys.pages, ...numbers.map(String));
    for (const [i, page] of numbers.entries()) {
      const bytes = found[i];
      if (!bytes) continue;
      const header = view.putPage(page, bytes);
      pageSeqs.set(page, header.seq);
      oldestModel = Math.min(oldestModel ?? header.model, header.model);
      target = Math.max(target, header.seq);
    }
    buffers.release();
  }

  const [committed, model] = await redis.hmget(keys.state, "seq", "model");
  const last = await lastStep(redis, keys.deltas);
  target = Math.max(target, Number(committed ?? 0), last?.seq ?? 0);
  const seq = start?.seq ?? 0;
  return { view, seq, epoch: start?.epoch ?? null, target, pageSeqs, oldestModel, model: Number(model ?? 0), last };
}

async function lastStep(redis: RedisClient, deltas: string): Promise<Step | null> {
  const [entry] = await redis.xrevrangeBuffer(deltas, "+", "-", "COUNT", 1);
  const step = entry === undefined ? null : fieldOf(entry[1], "s");
  return step === null ? null : decodeStep(step);
}

/** The value of a field in a stream entry's flat list of names and values. */
export function fieldOf(fields: readonly Buffer[], name: string): Buffer | null {
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if (fields[i]?.toString() === name) return fields[i + 1] ?? null;
  }
  return null;
}
