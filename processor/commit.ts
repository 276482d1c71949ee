/**
 * The commit protocol: how a partition's state gets into Redis so that every step is written once, whatever fails.
 *
 * What is kept, all under one hash tag (kernel/keys.ts):
 * - `in`      the entries, in the order that decides everything; trimmed below the last checkpoint
 * - `d`       the redo log: one delta a step (which entries, at which instant, what changed), id `epoch-seq`
 * - `pages`, `index`   contacts, each page with the step it holds: the checkpoint's or a later one
 * - `seen`    fingerprints of messages, exactly as of the checkpoint
 * - `state`   the position of the last commit, and the checkpoint (kernel/partition-state.ts)
 * - `owner`   `epoch:nonce`, the fencing token of whoever may write
 *
 * 1. **One owner.** Taking a partition (scripts/acquire.ts) gives a new epoch. A commit is refused unless the token is
 *    still the newest and the partition still is at the step before. A lease with a TTL decides who should be the
 *    owner; the token alone decides who may write, so an owner that sleeps through its lease can do no harm.
 * 2. **A step is a commit.** The runtime runs step n on the shard, sends it, and may run step n+1 while the reply is
 *    on its way; it is sent only when n is acknowledged. So at most one commit is of unknown outcome.
 * 3. **Any doubt ends in a reload.** A refusal, a connection error, a time-out, a handler that threw: the memory of the
 *    partition is dropped. Reloading begins by moving the token to a new epoch (scripts/fence.ts): from then on a
 *    request that is still on its way somewhere is refused, so whether it had happened is simply read.
 * 4. **Rolling checkpoint** (processor/sweep.ts). At step S: the shard's state outside pages, the list of dirty pages.
 *    The following commits carry those pages, each as of the step it is encoded at. The last one also carries the
 *    checkpoint itself and `seen` as of S, and trims `in` up to the checkpoint and `d` up to the one before it, so that
 *    followers aren't cut off. While nothing arrives, commits without a step carry the rest.
 * 5. **Recovery** (processor/recovery.ts). Start from the checkpoint and run the steps of the redo log after it again,
 *    on the same entries and at the same instants, without results; a page that holds a later step is left alone. The
 *    memory then is what the last owner's was at the last commit.
 *
 * A page is clean only once its commit is acknowledged, which is why pages are evicted right after an acknowledgement
 * and nowhere else.
 */
import { ByteWriter } from "../kernel/bytes.ts";
import { encodeReplies, encodeStep, type Step } from "../kernel/delta.ts";
import type { PartitionKeys } from "../kernel/keys.ts";
import { CommandBlocks } from "../kernel/packed-command.ts";
import { encodeCheckpoint, type CheckpointRecord } from "../kernel/partition-state.ts";
import type { RedisClient } from "../kernel/redis.ts";
import { runPackedScript, type ScriptArgument } from "../kernel/scripts.ts";
import { COMMIT_SCRIPT } from "./scripts/commit.ts";
import type { StepOutput } from "./state-machine.ts";

/** Where a partition stands after a step. */
export interface Position {
  /** The last step, and the epoch it was committed in. */
  readonly seq: number;
  readonly epoch: number;
  readonly offset: string;
  readonly consumed: number;
  readonly now: number;
  readonly clock: number;
  readonly model: number;
  readonly contacts: number;
}

export const START: Position = {
  seq: 0,
  epoch: 0,
  offset: "0-0",
  consumed: 0,
  now: 0,
  clock: 0,
  model: 0,
  contacts: 0,
};

export interface PageWrite {
  readonly number: number;
  readonly page: Buffer;
  readonly index: Buffer;
}

/** An event that made a handler throw, set aside. */
export interface RejectedEvent {
  readonly code: string;
  readonly message: string;
  /** The instant of the step, ms since 1970. */
  readonly at: number;
  /** The event as JSON. */
  readonly event: string;
}

/** The end of a sweep: what makes its checkpoint the one to recover from. */
export interface CheckpointWrite {
  readonly record: CheckpointRecord;
  readonly seenWrite: readonly (readonly [field: string, bytes: Buffer])[];
  readonly seenRemove: readonly string[];
  /** Smallest ids to keep; null trims nothing. */
  readonly keepIn: string | null;
  readonly keepDeltas: string | null;
}

export interface Commit {
  readonly token: Token;
  readonly before: Position;
  readonly after: Position;
  /** Null: only pages or a checkpoint; the position stays. */
  readonly step: {
    readonly record: Step;
    readonly output: StepOutput;
    readonly rejected: readonly RejectedEvent[];
  } | null;
  readonly pages: readonly PageWrite[];
  readonly checkpoint: CheckpointWrite | null;
}

export interface Token {
  readonly epoch: number;
  readonly nonce: string;
}

export function tokenText(token: Token): string {
  return `${token.epoch}:${token.nonce}`;
}

/** The partition has another owner: its memory is worthless and must be dropped. */
export class OwnershipLost extends Error {
  constructor(message: string) {
    super(message);
    this.name = "OwnershipLost";
  }
}

/** It is not known whether a commit was written, or it was refused as out of step: reload to find out. */
export class CommitDoubt extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = "CommitDoubt";
  }
}

const PAGES_BYTES = 256 * 1024;
/** Only a commit that frees memory is larger. */
const PAGES_BYTES_KEPT = 8 * 1024 * 1024;

/** What commits are put together in, one for all partitions of a thread: it is free again once a commit is sent. */
export interface CommitBuffers {
  /** For the pages of one commit. */
  readonly pages: ByteWriter;
  readonly blocks: CommandBlocks;
}

export function createCommitBuffers(): CommitBuffers {
  return { pages: new ByteWriter(PAGES_BYTES, PAGES_BYTES_KEPT), blocks: new CommandBlocks() };
}

/**
 * Sends a commit, of which nothing is needed any more when this returns. Resolves when it is written. Throws
 * OwnershipLost when another owner was there first, CommitDoubt when the outcome is unknown or the server refused it, and
 * any other error for a fault of the program.
 */
export async function sendCommit(
  redis: RedisClient,
  keys: PartitionKeys,
  commit: Commit,
  keep: { readonly feedEntries: number; readonly rejectedEntries: number },
  { blocks }: Pick<CommitBuffers, "blocks">,
): Promise<void> {
  const { owner, state, deltas, feed, pages, index, seen, rejected } = keys;
  const names = [owner, state, keys.in, deltas, feed, pages, index, seen, rejected];
  try {
    await runPackedScript(redis, COMMIT_SCRIPT, names, commitArguments(commit, keep), blocks);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (message.startsWith("FENCED")) throw new OwnershipLost(message);
    if (message.startsWith("BADARGS")) throw new Error(`a commit was malformed: ${message}`, { cause: error });
    throw new CommitDoubt(message, error);
  }
}

function commitArguments(
  { token, before, after, step, pages, checkpoint }: Commit,
  keep: { readonly feedEntries: number; readonly rejectedEntries: number },
): ScriptArgument[] {
  const output = step?.output ?? null;
  const rejected = step?.rejected ?? [];
  const args: ScriptArgument[] = [
    tokenText(token),
    before.seq,
    after.seq,
    token.epoch,
    after.offset,
    after.consumed,
    after.now,
    after.clock,
    after.model,
    after.contacts,
    step === null ? "" : encodeStep(step.record),
    output?.rows ?? "",
    output === null || output.replies.length === 0 ? "" : encodeReplies(output.replies),
    output?.feed ?? "",
    keep.feedEntries,
    checkpoint === null ? "" : encodeCheckpoint(checkpoint.record),
    checkpoint?.keepIn ?? "",
    checkpoint?.keepDeltas ?? "",
    pages.length,
    checkpoint?.seenWrite.length ?? 0,
    checkpoint?.seenRemove.length ?? 0,
    rejected.length,
    keep.rejectedEntries,
  ];
  for (const { number, page, index } of pages) args.push(number, page, index);
  if (checkpoint !== null) {
    for (const [field, bytes] of checkpoint.seenWrite) args.push(field, bytes);
    for (const field of checkpoint.seenRemove) args.push(field);
  }
  for (const { code, message, at, event } of rejected) args.push(code, message, at, event);
  return args;
}
