/**
 * A store of many contacts, written straight to Redis: what a month of traffic leaves behind, within a minute.
 *
 * Every contact has the reference profile: 20 events over the last 30 days, 5 tags, 6 traits, judged under
 * `referenceModel`. In each partition a thousand contacts are the real work of a real shard; the others are theirs
 * over again under ids of their own. Commits are the real ones; only HTTP and the input streams are left out. So a
 * server that is started on the store finds it as another server would have left it, with the fingerprints of all
 * messages of the last two days.
 */
import { randomUUID } from "node:crypto";
import { openStore } from "../cli/store-meta.ts";
import { buildModelRecord } from "../dsl/registry.ts";
import { machineClock } from "../kernel/clock.ts";
import { ByteReader, ByteWriter } from "../kernel/bytes.ts";
import { encodeEntry, openEntry } from "../kernel/entry.ts";
import type { Event, JsonObject } from "../kernel/event.ts";
import { hash, hash64, isAnonymous, partitionOf } from "../kernel/ids.ts";
import { partitionKeys } from "../kernel/keys.ts";
import { DAY_MS, LIMITS } from "../kernel/limits.ts";
import { createLog } from "../kernel/log.ts";
import { EMPTY_MODEL, type ModelRecord } from "../kernel/model-record.ts";
import { readPageHeader, readRowHead, writePageHeader, writeRowHead, type RowHead } from "../kernel/page.ts";
import { CHECKPOINT_FORMAT } from "../kernel/partition-state.ts";
import { connectRedis, disconnectRedis, whenReady, type RedisClient } from "../kernel/redis.ts";
import { runScript } from "../kernel/scripts.ts";
import {
  createCommitBuffers,
  sendCommit,
  START,
  type Commit,
  type PageWrite,
  type Position,
  type Token,
} from "../processor/commit.ts";
import { PROCESSOR_DEFAULTS } from "../processor/options.ts";
import { ACQUIRE_SCRIPT } from "../processor/scripts/acquire.ts";
import { RELEASE_SCRIPT } from "../processor/scripts/release.ts";
import { createSeen } from "../processor/seen.ts";
import { decodeShardCheckpoint, encodeShardCheckpoint } from "../processor/shard-checkpoint.ts";
import { createShard } from "../processor/shard.ts";
import type { Shard, StreamEntry } from "../processor/state-machine.ts";
import { storeVersion } from "../query/model-store.ts";
import { createRandom } from "./random.ts";

export interface StoreOptions {
  /** An empty Redis. */
  readonly redisUrl: string;
  readonly partitions: number;
  readonly contacts: number;
  /** Segments of the model. */
  readonly segments: number;
  readonly seed: number;
}

export interface FilledStore {
  readonly contacts: number;
  readonly events: number;
  readonly model: string;
  readonly seconds: number;
}

export const PROFILE = { events: 20, tags: 5, traits: 6, days: 30 } as const;

const EVENT_NAMES = 20;
/** As `createTraffic` has them, so that its events move the members of the same segments. */
const CATEGORIES = ["coats", "shoes", "shirts", "hats", "bags", "jeans", "socks"] as const;
const PLANS = ["free", "basic", "pro", "enterprise"] as const;
const COUNTRIES = ["IT", "FR", "DE", "ES", "PT", "NL", "BE", "AT", "PL", "SE"] as const;
const STAGES = ["visitor", "lead", "customer"] as const;
/** The last tenth of the contacts have no userId. */
const IDENTIFIED_SHARE = 0.9;
const EVENTS_PER_ENTRY = 500;
const ENTRIES_PER_STEP = 16;
/** In each partition: so many contacts that have been through the shard themselves. */
const ORIGINALS = 1_000;
const COMMIT_BYTES = 4 * 1024 * 1024;
const LEASE_MS = 600_000;

/** Contact ids from 0 on: `customer-N` as traffic has them, `~visitor-N` behind `identifiedOf(contacts)`. */
export function contactIdAt(n: number, contacts: number): string {
  return n < identifiedOf(contacts) ? `customer-${n}` : `~visitor-${n}`;
}

export function identifiedOf(contacts: number): number {
  return Math.ceil(contacts * IDENTIFIED_SHARE);
}

/**
 * Points, a tag for each category, three stages, and of every ten segments seven over a window with a filter, one
 * over a window of all events, one over score and tags, one over a trait.
 */
export function referenceModel(segments: number): string {
  const lines = [
    "score +1 on any",
    `score +5 on "Event 0"`,
    `score +2 on "Event 1" where price > 150`,
    `score -3 on "Event 3" where price < 20`,
    `score +20 while trait.plan = "enterprise"`,
    "tag category on any",
    `stages ${STAGES.map((stage) => `"${stage}"`).join(", ")}`,
    `stage "lead" when score >= 25`,
    `stage "customer" when count("Event 2" where price > 100) >= 1`,
  ];
  for (let i = 0; i < segments; i++) lines.push(`segment "segment ${i}" = ${predicate(i)}`);
  return `${lines.join("\n")}\n`;
}

function predicate(i: number): string {
  const category = CATEGORIES[i % CATEGORIES.length] ?? "";
  const days = 1 + (i % PROFILE.days);
  switch (i % 10) {
    case 7:
      return `count(any in last ${days} days) >= ${3 + (i % 9)}`;
    case 8:
      return `tag("${category}") >= ${1 + (i % 6)} and score >= ${20 + (i % 25)}`;
    case 9:
      return i % 20 === 9
        ? `trait.plan = "${PLANS[(i >> 4) % PLANS.length] ?? ""}" and trait.age > ${20 + (i % 40)}`
        : `trait.country = "${COUNTRIES[(i >> 4) % COUNTRIES.length] ?? ""}"`;
    default:
      return `count("Event ${i % EVENT_NAMES}" where category = "${category}" in last ${days} days) >= ${i % 3 === 2 ? 2 : 1}`;
  }
}

/** Fills an empty Redis. Resolves when the last checkpoint is written; no lease is left behind. */
export async function fillStore(options: StoreOptions): Promise<FilledStore> {
  const begun = performance.now();
  const { redisUrl, partitions, contacts, segments, seed } = options;
  const redis = connectRedis(redisUrl, { name: "fill", log: createLog("silent"), commandTimeoutMs: 60_000 });
  const model = referenceModel(segments);
  const now = machineClock.now();
  try {
    await whenReady(redis, 10_000);
    if ((await redis.dbsize()) > 0) throw new Error("the Redis to fill is not empty");
    await openStore(redis, { partitions, clockMode: "wall" }, now);
    const built = buildModelRecord(EMPTY_MODEL, model, now, "bench");
    if (!built.ok) throw new Error(`the reference model is refused: ${built.diagnostics[0]?.message ?? ""}`);
    if (!(await storeVersion(redis, built.record))) throw new Error("somebody else is writing to the Redis to fill");
    const numbers: number[][] = Array.from({ length: partitions }, () => []);
    for (let n = 0; n < contacts; n++) numbers[partitionOf(contactIdAt(n, contacts), partitions)]?.push(n);
    for (const [partition, own] of numbers.entries()) {
      const ids = own.map((n) => contactIdAt(n, contacts));
      await fillPartition(redis, partition, { ids, seed: seed * partitions + partition, now, record: built.record });
    }
  } finally {
    disconnectRedis(redis);
  }
  const seconds = (performance.now() - begun) / 1000;
  return { contacts, events: contacts * PROFILE.events, model, seconds };
}

interface Contents {
  /** In order of arrival. */
  readonly ids: readonly string[];
  readonly seed: number;
  readonly now: number;
  readonly record: ModelRecord;
}

async function fillPartition(redis: RedisClient, partition: number, contents: Contents): Promise<void> {
  const { ids, now } = contents;
  const keys = partitionKeys(partition);
  const nonce = randomUUID();
  const lease = `bench:0:${nonce}`;
  const epoch = await runScript(redis, ACQUIRE_SCRIPT, [keys.lease, keys.owner, keys.state], [lease, LEASE_MS, nonce]);
  const token: Token = { epoch: Number(epoch), nonce };
  const buffers = createCommitBuffers();
  const commit = (before: Position, after: Position, rest: Omit<Commit, "token" | "before" | "after">): Promise<void> =>
    sendCommit(redis, keys, { token, before, after, ...rest }, PROCESSOR_DEFAULTS, buffers);

  const shard = createShard({ partition, clockMode: "wall", limits: PROCESSOR_DEFAULTS.limits });
  let position = START;
  for (const entries of work(contents)) {
    const before = position;
    const input = { seq: before.seq + 1, now, work: { kind: "entries" }, entries, skip: [] } as const;
    const output = shard.step(input, true);
    const { clock, model, modelComplete, events, duplicates } = output;
    position = { ...before, seq: input.seq, epoch: token.epoch, now, clock, model, contacts: ids.length };
    const { offset } = before;
    const place = { seq: input.seq, epoch: token.epoch, prevEpoch: before.epoch, after: offset, to: offset };
    const result = { clock, model, modelComplete, contacts: ids.length, events, duplicates };
    const step = { ...place, ...result, work: input.work, now, skip: input.skip };
    // Nobody follows yet, and nobody runs these steps again: the checkpoint comes after them.
    const silent = { ...output, rows: null, feed: null, replies: [] };
    await commit(before, position, {
      step: { record: step, output: silent, rejected: [] },
      pages: [],
      checkpoint: null,
    });
  }

  let pages: PageWrite[] = [];
  let bytes = 0;
  for (const page of copies(shard, ids)) {
    pages.push(page);
    bytes += page.page.length;
    if (bytes < COMMIT_BYTES) continue;
    await commit(position, position, { step: null, pages, checkpoint: null });
    pages = [];
    bytes = 0;
  }
  const seen = fingerprints(ids.length, now, contents.seed);
  const state = { ...decodeShardCheckpoint(shard.checkpoint()), contacts: ids.length, seen: seen.state };
  const { seq, offset, consumed } = position;
  const taken = { seq, epoch: token.epoch, offset, consumed, now };
  const record = { format: CHECKPOINT_FORMAT, ...taken, shard: encodeShardCheckpoint(state) };
  const { write: seenWrite, remove: seenRemove } = seen.take();
  const checkpoint = { record, seenWrite, seenRemove, keepIn: null, keepDeltas: null };
  await commit(position, position, { step: null, pages, checkpoint });
  await redis.xtrim(keys.deltas, "MAXLEN", 0);
  await runScript(redis, RELEASE_SCRIPT, [keys.lease], [lease]);
}

/** The entries of each step: the model, then all events of the contacts that others will be copies of. */
function* work({ ids, seed, now, record }: Contents): Generator<readonly StreamEntry[]> {
  const id = "0-1";
  yield [{ id, kind: "control", control: { kind: "model", record } }];
  let entries: StreamEntry[] = [];
  for (const { calls, receivedAt } of groups(ids.slice(0, ORIGINALS), seed, now)) {
    entries.push({ id, kind: "events", events: openEntry(encodeEntry(calls, receivedAt)) });
    if (entries.length < ENTRIES_PER_STEP) continue;
    yield entries;
    entries = [];
  }
  if (entries.length > 0) yield entries;
}

/** All pages of the partition: contact n has the profile of contact `n % ORIGINALS`. */
function* copies(shard: Shard, ids: readonly string[]): Generator<PageWrite> {
  const encoded = new ByteWriter(64 * 1024);
  const originals = shard.dirtyPages().map((page) => shard.encodePage(page, encoded));
  const [first] = originals;
  if (first === undefined) return;
  const header = readPageHeader(new ByteReader(first.page));
  const rows = originals.flatMap(({ page }) => rowsOf(page));
  const flips = originals.flatMap(({ index }) => flipsOf(index));
  const pages = new ByteWriter(64 * 1024);
  const row = new ByteWriter(4096);
  for (let from = 0; from < ids.length; from += LIMITS.page_contacts) {
    const members = ids.slice(from, from + LIMITS.page_contacts);
    pages.reset();
    writePageHeader(pages, { ...header, count: members.length });
    const index = new ByteWriter(16 + members.length * 16);
    index.varint(header.seq);
    index.varint(members.length);
    for (const [place, id] of members.entries()) {
      const model = rows[(from + place) % rows.length];
      if (model === undefined) throw new Error("there is no row to copy");
      row.reset();
      writeRowHead(row, { ...model.head, id, known: !isAnonymous(id) });
      row.raw(model.features);
      pages.block(row.view());
      hash64(id);
      index.u32(hash.lo);
      index.u32(hash.hi);
      index.f64(flips[(from + place) % rows.length] ?? Infinity);
    }
    yield { number: from / LIMITS.page_contacts, page: pages.finish(), index: index.finish() };
  }
}

function rowsOf(page: Buffer): { readonly head: RowHead; readonly features: Buffer }[] {
  const input = new ByteReader(page);
  const { count } = readPageHeader(input);
  return Array.from({ length: count }, () => {
    const row = input.block();
    const reader = new ByteReader(row);
    const head = readRowHead(reader);
    return { head, features: row.subarray(reader.at) };
  });
}

function flipsOf(index: Buffer): number[] {
  const input = new ByteReader(index);
  input.varint();
  return Array.from({ length: input.varint() }, () => {
    input.u32();
    input.u32();
    return input.f64();
  });
}

/** What is kept of the messages of the last two days, were they the share of all that they are of a month's. */
function fingerprints(contacts: number, now: number, seed: number): ReturnType<typeof createSeen> {
  const random = createRandom(seed + 1);
  const seen = createSeen(PROCESSOR_DEFAULTS.limits);
  const daily = Math.round((contacts * PROFILE.events) / PROFILE.days);
  for (const day of [2, 1]) {
    seen.advance(now - day * DAY_MS + 1);
    for (let i = 0; i < daily; i++) seen.add(Math.floor(random() * 2 ** 32), Math.floor(random() * 2 ** 32));
  }
  return seen;
}

/** Events as they would have come in, day by day, in groups of one entry. */
function* groups(
  ids: readonly string[],
  seed: number,
  now: number,
): Generator<{ readonly calls: Event[]; readonly receivedAt: number }> {
  const random = createRandom(seed + 1);
  const start = now - PROFILE.days * DAY_MS;
  const times = new Float64Array(ids.length * PROFILE.events);
  for (let i = 0; i < ids.length; i++) {
    const own = times.subarray(i * PROFILE.events, (i + 1) * PROFILE.events);
    // Some have been quiet for weeks, most were here in the last days.
    const quiet = random() * random() * 0.9;
    for (let k = 0; k < own.length; k++) own[k] = Math.floor(now - (quiet + (1 - quiet) * random()) * (now - start));
    own.sort();
  }
  const next = new Uint8Array(ids.length);
  let calls: Event[] = [];
  for (let day = 1; day <= PROFILE.days; day++) {
    const receivedAt = start + day * DAY_MS;
    for (let i = 0; i < ids.length; i++) {
      for (let k = next[i] ?? 0; k < PROFILE.events; k++) {
        const at = times[i * PROFILE.events + k] ?? 0;
        if (at > receivedAt) break;
        next[i] = k + 1;
        calls.push(callOf(ids[i] ?? "", i, k, at, random));
        if (calls.length < EVENTS_PER_ENTRY) continue;
        yield { calls, receivedAt };
        calls = [];
      }
    }
    if (calls.length > 0) yield { calls, receivedAt };
    calls = [];
  }
}

function callOf(id: string, contact: number, k: number, timestamp: number, random: () => number): Event {
  const whole = (n: number): number => Math.floor(random() * n);
  const anonymous = isAnonymous(id);
  return {
    kind: "track",
    name: `Event ${whole(EVENT_NAMES)}`,
    userId: anonymous ? null : id,
    anonymousId: anonymous ? id.slice(1) : null,
    messageId: `${id}-${k}`,
    timestamp,
    properties: {
      category: CATEGORIES[(contact + (k % PROFILE.tags)) % CATEGORIES.length] ?? "",
      price: whole(20_000) / 100,
      sku: `sku-${whole(5_000)}`,
    },
    context: {},
    traits: k === 0 ? traitsOf(contact, random) : {},
  };
}

function traitsOf(contact: number, random: () => number): JsonObject {
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)] ?? "";
  return {
    email: `customer.${contact}@mail.example`,
    name: `Customer ${contact}`,
    plan: pick(PLANS),
    country: pick(COUNTRIES),
    age: 18 + Math.floor(random() * 60),
    newsletter: random() < 0.5,
  };
}
