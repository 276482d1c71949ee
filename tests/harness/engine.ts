/**
 * The engine as a subject: real shards, without Redis. What Redis would hold (entries, steps, pages, checkpoints) is
 * kept in maps, with sweeps that are as incomplete as in life, so that `restart` recovers the way a process does.
 */
import { ByteWriter } from "../../kernel/bytes.ts";
import { contactIdOf, isAnonymous, partitionOf } from "../../kernel/ids.ts";
import type { ClockMode } from "../../kernel/clock.ts";
import type { Control } from "../../kernel/control.ts";
import type { Card, Step } from "../../kernel/delta.ts";
import { encodeEntry, openEntry } from "../../kernel/entry.ts";
import type { Event } from "../../kernel/event.ts";
import { LIMITS } from "../../kernel/limits.ts";
import { EMPTY_MODEL, type ModelRecord } from "../../kernel/model-record.ts";
import { buildModelRecord } from "../../dsl/registry.ts";
import { createShard } from "../../processor/shard.ts";
import type { Shard, ShardLimits, StepInput, StepOutput, StreamEntry } from "../../processor/state-machine.ts";
import { readFeed, type FeedRecord } from "../../kernel/feed.ts";
import type { Profile, Subject } from "./subject.ts";

export interface EngineOptions {
  readonly partitions?: number;
  readonly clockMode?: ClockMode;
  readonly limits?: Partial<ShardLimits>;
  /** Bytes of resident pages; small ones make every step bring its pages again. */
  readonly memory?: number;
}

export interface EngineSubject extends Subject {
  restart(): Promise<void>;
  close(): Promise<void>;
  putModel(now: number, source: string): Promise<{ fresh: readonly string[] }>;
  /** All enters and leaves so far, by partition and in order. */
  feed(): FeedRecord[];
  card(contactId: string): Promise<Card | null>;
}

/** A partition and what would be in Redis for it. */
interface Partition {
  shard: Shard;
  readonly steps: { readonly input: StepInput; readonly bytes: readonly (Buffer | Control)[] }[];
  readonly pages: Map<number, Buffer>;
  readonly index: Map<number, Buffer>;
  readonly seen: Map<string, Buffer>;
  checkpoint: { readonly seq: number; readonly bytes: Buffer } | null;
  sweep: {
    readonly seq: number;
    readonly bytes: Buffer;
    readonly pages: Set<number>;
    readonly remove: readonly string[];
  } | null;
  readonly feed: FeedRecord[];
}

export async function createEngineSubject(modelText: string, options: EngineOptions = {}): Promise<EngineSubject> {
  const partitionCount = options.partitions ?? 1;
  const clockMode = options.clockMode ?? "wall";
  const limits: ShardLimits = { ...LIMITS, ...options.limits };
  const memory = options.memory ?? Infinity;
  const ids = new Set<string>();
  let now = 0;
  let record: ModelRecord = EMPTY_MODEL;
  let random = 12345;

  const partitions: Partition[] = Array.from({ length: partitionCount }, (_, partition) => ({
    shard: createShard({ partition, clockMode, limits }),
    steps: [],
    pages: new Map(),
    index: new Map(),
    seen: new Map(),
    checkpoint: null,
    sweep: null,
    feed: [],
  }));

  /** A cheap deterministic source of variety (the constants of Numerical Recipes' generator). */
  const chance = (n: number): boolean => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    return random % n === 0;
  };

  const run = (partition: Partition, input: StepInput, emit: boolean): StepOutput => {
    for (const page of partition.shard.missingPages(input)) {
      const bytes = partition.pages.get(page);
      if (bytes === undefined) throw new Error(`page ${page} was never saved`);
      partition.shard.loadPage(page, bytes);
    }
    return partition.shard.step(input, emit);
  };

  const sweepSome = (partition: Partition): void => {
    const { shard } = partition;
    if (partition.sweep === null) {
      if (!chance(3)) return;
      const seen = shard.takeSeen();
      for (const [field, bytes] of seen.write) partition.seen.set(field, bytes);
      const pages = new Set(shard.dirtyPages());
      partition.sweep = { seq: shard.seq, bytes: shard.checkpoint(), pages, remove: seen.remove };
    }
    const { sweep } = partition;
    for (const page of sweep.pages) {
      if (chance(3)) break;
      save(partition, page);
    }
    if (sweep.pages.size > 0) return;
    for (const field of sweep.remove) partition.seen.delete(field);
    partition.checkpoint = { seq: sweep.seq, bytes: sweep.bytes };
    partition.sweep = null;
  };

  const save = (partition: Partition, page: number): void => {
    partition.sweep?.pages.delete(page);
    const { page: bytes, index } = partition.shard.encodePage(page, new ByteWriter());
    partition.pages.set(page, bytes);
    partition.index.set(page, index);
  };

  const step = (
    partition: Partition,
    at: number,
    work: Step["work"],
    entries: StreamEntry[],
    bytes: (Buffer | Control)[],
  ): StepOutput => {
    const input: StepInput = { seq: partition.shard.seq + 1, now: at, work, entries, skip: [] };
    partition.steps.push({ input: { ...input, entries: [] }, bytes });
    const output = run(partition, input, true);
    if (output.feed !== null) partition.feed.push(...readFeed(output.feed));
    sweepSome(partition);
    if (memory < Infinity) {
      for (const page of partition.shard.dirtyPages()) save(partition, page);
      partition.shard.evict(memory);
    } else if (chance(2)) {
      // Contacts come to rest, some of them altogether, and pages that were saved go.
      partition.shard.evict(chance(2) ? 0 : partition.shard.residentBytes / 2);
    }
    return output;
  };

  const reopen = (bytes: readonly (Buffer | Control)[]): StreamEntry[] =>
    bytes.map((one, i) =>
      Buffer.isBuffer(one)
        ? { id: `${i}-0`, kind: "events", events: openEntry(one) }
        : { id: `${i}-0`, kind: "control", control: one },
    );

  const control = (partition: Partition, at: number, one: Control): StepOutput =>
    step(partition, at, { kind: "entries" }, reopen([one]), [one]);

  const putModel = async (at: number, source: string): Promise<{ fresh: readonly string[] }> => {
    const result = buildModelRecord(record, source, at, "test", limits);
    if (!result.ok) throw new Error(`the model has errors: ${JSON.stringify(result.diagnostics)}`);
    record = result.record;
    now = Math.max(now, at);
    for (const partition of partitions) {
      control(partition, now, { kind: "model", record });
      while (partition.shard.migration !== null) {
        const { version, nextPage } = partition.shard.migration;
        step(partition, now, { kind: "migrate", version, fromPage: nextPage, toPage: nextPage + 2 }, [], []);
      }
    }
    return { fresh: result.fresh };
  };

  const card = async (contactId: string): Promise<Card | null> => {
    const partition = partitions[partitionOf(contactId, partitionCount)];
    if (partition === undefined) throw new Error("no such partition");
    const { replies } = control(partition, now, { kind: "card", nonce: "test", contactId });
    const reply = replies.find((one) => one.kind === "card");
    return reply?.kind === "card" ? reply.card : null;
  };

  await putModel(0, modelText);

  return {
    putModel,
    card,
    send(at, events) {
      now = Math.max(now, at);
      const groups: Event[][] = Array.from({ length: partitionCount }, () => []);
      for (const event of events) {
        const id = contactIdOf(event.userId, event.anonymousId);
        ids.add(id);
        groups[partitionOf(id, partitionCount)]?.push(event);
      }
      partitions.forEach((partition, i) => {
        const group = groups[i] ?? [];
        const bytes = group.length === 0 ? [] : [encodeEntry(group, at)];
        step(partition, at, { kind: "entries" }, reopen(bytes), bytes);
      });
    },
    advance(at) {
      now = Math.max(now, at);
      for (const partition of partitions) {
        const until = partition.shard.timersUntil(at, 3);
        if (until !== null) step(partition, at, { kind: "timers", until }, [], []);
        if (clockMode === "wall") step(partition, at, { kind: "entries" }, [], []);
        else control(partition, at, { kind: "clock", nonce: "test", now: at });
      }
    },
    async restart() {
      partitions.forEach((partition, i) => {
        const saved = partition.checkpoint;
        const start =
          saved === null ? undefined : { checkpoint: saved.bytes, index: partition.index, seen: partition.seen };
        // Without a checkpoint nothing that was saved counts: recovery begins with the first step.
        partition.shard = createShard({ partition: i, clockMode, limits }, start);
        partition.sweep = null;
        for (const { input, bytes } of partition.steps.slice(saved?.seq ?? 0)) {
          run(partition, { ...input, entries: reopen(bytes) }, false);
        }
      });
    },
    async close() {},
    feed: () => partitions.flatMap((partition) => partition.feed),
    async profile(contactId) {
      const found = await card(contactId);
      return found === null ? null : profileOf(found);
    },
    contacts: () => [...ids],
  };
}

function profileOf(card: Card): Profile {
  const tags = [...card.tags];
  const byName = [...tags].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  return {
    id: card.id,
    known: !isAnonymous(card.id),
    firstSeen: card.firstSeen,
    lastSeen: card.lastSeen,
    score: card.score,
    tags: byName,
    topTag: tags[0]?.name ?? null,
    stage: card.stage,
    segments: card.segments
      .map((segment) => segment.name)
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    traits: card.traits,
    aggregates: card.aggregates,
    saturated: card.saturated,
  };
}
