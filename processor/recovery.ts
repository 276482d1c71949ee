/**
 * Brings a partition's memory to what it was at the last commit: the last checkpoint, then the steps of the redo log
 * after it run again, without results. See processor/commit.ts for why nothing can change meanwhile.
 */
import { decodeStep, type Step } from "../kernel/delta.ts";
import type { PartitionKeys } from "../kernel/keys.ts";
import { decodeCheckpoint, type CheckpointRecord } from "../kernel/partition-state.ts";
import type { RedisClient } from "../kernel/redis.ts";
import { runScript, runScriptForBuffers } from "../kernel/scripts.ts";
import { compareStreamIds, STREAM_START } from "../kernel/stream-id.ts";
import { OwnershipLost, START, type Position, type Token } from "./commit.ts";
import { decodeEntry, eventsOf, type RawEntry } from "./entries.ts";
import { checkForGap, EntriesLost, readStreamCounts } from "./gap.ts";
import { FENCE_SCRIPT } from "./scripts/fence.ts";
import { HASH_PART_SCRIPT } from "./scripts/hash-part.ts";
import type { PageSource } from "./page-source.ts";
import type { Shard, ShardOptions, ShardStart, StepInput, StreamEntry } from "./state-machine.ts";
import type { LastCheckpoint } from "./sweep.ts";

export type CreateShard = (options: ShardOptions, start?: ShardStart) => Shard;

export interface RecoveryDeps {
  readonly redis: RedisClient;
  readonly pages: PageSource;
  readonly keys: PartitionKeys;
  readonly createShard: CreateShard;
  readonly shardOptions: ShardOptions;
  /** Bytes of resident pages that the partition may have. */
  readonly memoryShare: () => number;
  /** The token that this recovery and what follows it work under, as soon as it is known. */
  readonly onToken?: (token: Token) => void;
  /** Asked at first, when it is known whether entries wait, and between steps: the partition isn't wanted any more. */
  readonly abandoned: (waiting: boolean) => boolean;
}

export interface Recovered {
  readonly shard: Shard;
  readonly token: Token;
  readonly position: Position;
  readonly lastCheckpoint: LastCheckpoint;
  /** Steps and events that were run again. */
  readonly steps: number;
  readonly events: number;
}

/** The redo log and the state don't fit each other. Never passed over: the partition stands still instead. */
export class DamagedState extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DamagedState";
  }
}

/** Whoever asked for the work doesn't want it any more. */
export class Abandoned extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Abandoned";
  }
}

const DELTAS_A_READ = 64;
/** A page's index has some 130 bytes, a chunk of fingerprints 64 KB: about half a megabyte and two. */
const INDEX_FIELDS_A_READ = 4_000;
const SEEN_FIELDS_A_READ = 32;
const ENTRIES_A_READ = 64;

/**
 * Throws OwnershipLost when the partition has another owner, Abandoned when it isn't wanted any more, EntriesLost when
 * entries were trimmed before they were consumed, DamagedState when what is stored contradicts itself, and what the
 * connection throws.
 */
export async function recoverPartition(nonce: string, deps: RecoveryDeps): Promise<Recovered> {
  const { redis, keys, createShard, shardOptions, abandoned } = deps;
  const giveUp = (): never => {
    throw new Abandoned("the partition was given up before it was loaded");
  };
  if (abandoned(true)) giveUp();
  const token = await takeNewEpoch(redis, keys, nonce);
  deps.onToken?.(token);
  const { position, checkpoint } = await readState(redis, keys);
  const counts = await readStreamCounts(redis, keys.in, position.offset);
  checkForGap(counts, position.consumed);
  if (abandoned(counts.waiting)) giveUp();

  const [index, seen] =
    checkpoint === null
      ? [new Map<number, Buffer>(), new Map<string, Buffer>()]
      : await Promise.all([readIndex(redis, keys.index, position.contacts), readSeen(redis, keys.seen)]);
  const shard =
    checkpoint === null
      ? createShard(shardOptions)
      : createShard(shardOptions, { checkpoint: checkpoint.shard, index, seen });
  const redone = await redo(shard, checkpoint, position, deps);
  return {
    shard,
    token,
    position,
    lastCheckpoint: checkpoint === null ? null : { seq: checkpoint.seq, epoch: checkpoint.epoch },
    ...redone,
  };
}

/** Pages that a step needs and that aren't in memory. */
export async function bringPages(shard: Shard, input: StepInput, pages: PageSource, key: string): Promise<void> {
  await pages.load(key, shard.missingPages(input), (number, page) => {
    if (page === null) throw new DamagedState(`page ${number} is missing`);
    shard.loadPage(number, page);
  });
}

async function takeNewEpoch(redis: RedisClient, keys: PartitionKeys, nonce: string): Promise<Token> {
  const epoch = await runScript(redis, FENCE_SCRIPT, [keys.owner, keys.state], [nonce]);
  if (epoch === null) throw new OwnershipLost("the partition has another owner");
  return { epoch: Number(epoch), nonce };
}

async function readState(
  redis: RedisClient,
  keys: PartitionKeys,
): Promise<{ position: Position; checkpoint: CheckpointRecord | null }> {
  const fields = ["seq", "epoch", "offset", "consumed", "now", "clock", "model", "contacts"] as const;
  const values = await redis.hmgetBuffer(keys.state, ...fields, "checkpoint");
  if (!values[0]) return { position: START, checkpoint: null };
  const text = (field: (typeof fields)[number]): string => {
    const value = values[fields.indexOf(field)];
    if (!value) throw new DamagedState(`the state has no ${field}`);
    return value.toString("latin1");
  };
  const checkpoint = values[fields.length];
  return {
    position: {
      seq: Number(text("seq")),
      epoch: Number(text("epoch")),
      offset: text("offset"),
      consumed: Number(text("consumed")),
      now: Number(text("now")),
      clock: Number(text("clock")),
      model: Number(text("model")),
      contacts: Number(text("contacts")),
    },
    checkpoint: checkpoint ? decodeCheckpoint(checkpoint) : null,
  };
}

/**
 * The indexes of all pages. They are asked for by number, from 0 on until there are as many as are stored: a script that
 * finds them with HSCAN takes Redis ten times as long. Some of the last pages may not have been written yet; there are
 * no more of them than contacts.
 */
async function readIndex(redis: RedisClient, key: string, contacts: number): Promise<Map<number, Buffer>> {
  const found = new Map<number, Buffer>();
  const stored = await redis.hlen(key);
  for (let first = 0; found.size < stored;) {
    const wanted = Math.min(INDEX_FIELDS_A_READ, stored - found.size, contacts - first);
    if (wanted <= 0) throw new DamagedState(`of ${stored} pages ${found.size} are among the first ${contacts}`);
    const numbers = Array.from({ length: wanted }, (_, i) => String(first + i));
    const indexes = await redis.hmgetBuffer(key, ...numbers);
    for (const [i, index] of indexes.entries()) if (index !== null) found.set(first + i, index);
    first += wanted;
  }
  return found;
}

/**
 * HSCAN and not HGETALL: a large hash would hold up everybody else. A cursor means something else to a server that was
 * started anew between two reads, or to a replica that took over, and fields would be passed over: then it begins again.
 */
async function readSeen(redis: RedisClient, key: string): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  do {
    found.clear();
    let cursor = "0";
    do {
      const reply = await runScriptForBuffers(redis, HASH_PART_SCRIPT, [key], [cursor, SEEN_FIELDS_A_READ]);
      const [next, part] = reply as [Buffer, Buffer];
      cursor = next.toString("latin1");
      takeFields(part, found);
    } while (cursor !== "0");
  } while (found.size !== (await redis.hlen(key)));
  return found;
}

/** See scripts/hash-part.ts. */
function takeFields(part: Buffer, into: Map<string, Buffer>): void {
  for (let at = 0; at < part.length;) {
    const fieldFrom = at + 4;
    const fieldTo = fieldFrom + part.readUInt32LE(at);
    const from = fieldTo + 4;
    const to = from + part.readUInt32LE(fieldTo);
    into.set(part.toString("latin1", fieldFrom, fieldTo), part.subarray(from, to));
    at = to;
  }
}

async function redo(
  shard: Shard,
  checkpoint: CheckpointRecord | null,
  position: Position,
  { redis, pages, keys, memoryShare, abandoned }: RecoveryDeps,
): Promise<{ steps: number; events: number }> {
  const take = entryCursor(redis, keys.in, checkpoint?.offset ?? STREAM_START);
  let steps = 0;
  let events = 0;
  let seq = checkpoint?.seq ?? 0;
  let from = checkpoint === null ? "-" : `(${checkpoint.epoch}-${checkpoint.seq}`;
  while (seq < position.seq) {
    const deltas = (await redis.xrangeBuffer(keys.deltas, from, "+", "COUNT", DELTAS_A_READ)) as RawEntry[];
    if (deltas.length === 0) {
      throw new DamagedState(`the redo log ends at step ${seq}, the state is at step ${position.seq}`);
    }
    for (const delta of deltas) {
      if (abandoned(true)) throw new Abandoned("the partition was given up while it was recovering");
      const step = stepOf(delta);
      if (step.seq !== seq + 1) throw new DamagedState(`step ${seq} is followed by step ${step.seq} in the redo log`);
      const entries = await take(step);
      const input: StepInput = { seq: step.seq, now: step.now, work: step.work, entries, skip: step.skip };
      await bringPages(shard, input, pages, keys.pages);
      shard.step(input, false);
      if (shard.clock !== step.clock || shard.model !== step.model) {
        throw new DamagedState(`step ${step.seq} came out differently than when it was committed`);
      }
      shard.evict(memoryShare());
      seq = step.seq;
      steps++;
      events += step.events;
      from = `(${delta[0].toString("latin1")}`;
    }
  }
  return { steps, events };
}

function stepOf([id, fields]: RawEntry): Step {
  const bytes = fields[fields.findIndex((field, i) => i % 2 === 0 && field.toString("latin1") === "s") + 1];
  if (bytes === undefined) throw new DamagedState(`delta ${id.toString("latin1")} has no step`);
  return decodeStep(bytes);
}

/** Gives the entries of one step after the other, in order; reads ahead. */
function entryCursor(redis: RedisClient, key: string, after: string): (step: Step) => Promise<StreamEntry[]> {
  let ahead: StreamEntry[] = [];
  let lastRead = after;
  return async ({ seq, after: begin, to, events }) => {
    const taken: StreamEntry[] = [];
    if (begin === to) return taken;
    for (;;) {
      let entry = ahead.shift();
      if (entry === undefined) {
        const raw = (await redis.xrangeBuffer(key, `(${lastRead}`, "+", "COUNT", ENTRIES_A_READ)) as RawEntry[];
        ahead = raw.map(decodeEntry);
        entry = ahead.shift();
      }
      if (entry === undefined || compareStreamIds(entry.id, to) > 0) {
        throw new EntriesLost(`entry ${to} of step ${seq} left the stream before a checkpoint`);
      }
      lastRead = ahead.at(-1)?.id ?? entry.id;
      taken.push(entry);
      if (entry.id === to) break;
    }
    const count = taken.reduce((sum, entry) => sum + eventsOf(entry), 0);
    if (count !== events) throw new EntriesLost(`step ${seq} had ${events} events, of which ${count} are left`);
    return taken;
  };
}
