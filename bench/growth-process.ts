/** The process that `growth.ts` measures: shards without Redis, filled, then asked for one round after the other. */
import { createHash } from "node:crypto";
import type * as Registry from "../dsl/registry.ts";
import type * as Entry from "../kernel/entry.ts";
import type { Event } from "../kernel/event.ts";
import type * as Feed from "../kernel/feed.ts";
import { partitionOf } from "../kernel/ids.ts";
import { LIMITS } from "../kernel/limits.ts";
import { EMPTY_MODEL } from "../kernel/model-record.ts";
import type * as ShardModule from "../processor/shard.ts";
import type { Shard, StreamEntry } from "../processor/state-machine.ts";
import { fromBuild } from "./build.ts";
import { answerQuestions, collectGarbage, configOf } from "./forked.ts";
import { createGrowthTraffic, growthModel, type GrowthLoad } from "./growth-load.ts";

export interface GrowthConfig extends GrowthLoad {
  readonly partitions: number;
  /** Events in one flush of collection, over all partitions, and flushes in one step. */
  readonly flushEvents: number;
  readonly stepFlushes: number;
  /** Events that every contact has sent before the first round. */
  readonly past: number;
  /** Also adds up who is in what, which only small sizes have time for. */
  readonly members: boolean;
}

export type GrowthQuestion =
  | { readonly kind: "fill" }
  /** Events of known contacts, or each of a contact that is new; fewer of them when they take too long. */
  | { readonly kind: "round"; readonly events: number; readonly seconds: number; readonly fresh: boolean }
  | { readonly kind: "end" };

export interface GrowthAnswer {
  readonly events: number;
  /** CPU of this process an event, µs. */
  readonly micros: number;
  /** Enters and leaves an event. */
  readonly moves: number;
  /** Bytes of the delta an event. */
  readonly deltaBytes: number;
  readonly duplicates: number;
  readonly contacts: number;
  readonly rssBytes: number;
  /** Of all memberships; empty unless they were asked for. */
  readonly members: string;
}

const { buildModelRecord } = await fromBuild<typeof Registry>("dsl/registry.ts");
const { encodeEntry, openEntry } = await fromBuild<typeof Entry>("kernel/entry.ts");
const { readFeed } = await fromBuild<typeof Feed>("kernel/feed.ts");
const { createShard } = await fromBuild<typeof ShardModule>("processor/shard.ts");

/** Events made at a time outside of what is measured. */
const CHUNK_EVENTS = 5_000;
const BEGIN = Date.UTC(2026, 0, 1);

const config = configOf() as GrowthConfig;
const traffic = createGrowthTraffic(config, 1);
const shards: Shard[] = Array.from({ length: config.partitions }, (_, partition) =>
  createShard({ partition, clockMode: "wall", limits: LIMITS }),
);
const members = new Map<string, boolean>();
let now = BEGIN;
let fresh = config.contacts;

/** Entries by partition; an entry is what one flush brought to it. */
type Batch = readonly (readonly Buffer[])[];

function makeBatches(events: number, contactOf: ((i: number) => number) | null): { at: number; entries: Batch }[] {
  const batches: { at: number; entries: Batch }[] = [];
  for (let made = 0; made < events;) {
    const entries: Buffer[][] = shards.map(() => []);
    for (let flush = 0; flush < config.stepFlushes && made < events; flush++) {
      const groups: Event[][] = shards.map(() => []);
      for (let i = 0; i < config.flushEvents && made < events; i++, made++) {
        now += config.gapMs / config.contacts;
        const event = traffic.next(Math.floor(now), contactOf === null ? null : contactOf(made));
        groups[partitionOf(event.userId ?? "", shards.length)]?.push(event);
      }
      groups.forEach((group, p) => {
        if (group.length > 0) entries[p]?.push(encodeEntry(group, Math.floor(now)));
      });
    }
    batches.push({ at: Math.floor(now), entries });
  }
  return batches;
}

interface Totals {
  events: number;
  cpu: number;
  duplicates: number;
  deltaBytes: number;
  readonly feeds: Buffer[];
}

/** What is measured: an entry is opened, stepped through, and the step's delta is there as bytes. */
function take(batches: readonly { readonly at: number; readonly entries: Batch }[], totals: Totals): void {
  const begun = process.cpuUsage();
  for (const { at, entries } of batches) {
    shards.forEach((shard, p) => {
      const opened = (entries[p] ?? []).map((bytes, i): StreamEntry => ({
        id: `${i}-1`,
        kind: "events",
        events: openEntry(bytes),
      }));
      const input = { seq: shard.seq + 1, now: at, work: { kind: "entries" }, entries: opened, skip: [] } as const;
      shard.missingPages(input);
      const output = shard.step(input, true);
      totals.events += output.events;
      totals.duplicates += output.duplicates;
      totals.deltaBytes += output.rows?.length ?? 0;
      if (output.feed !== null) totals.feeds.push(Buffer.from(output.feed));
    });
  }
  const { user, system } = process.cpuUsage(begun);
  totals.cpu += user + system;
}

/** Rounds are made in chunks, so that a long one needs no memory for all its entries at once; over after `seconds`. */
function run(
  events: number,
  contactOf: ((i: number) => number) | null,
  settle: "major" | "minor" | null,
  seconds = Infinity,
): GrowthAnswer {
  const totals: Totals = { events: 0, cpu: 0, duplicates: 0, deltaBytes: 0, feeds: [] };
  let moves = 0;
  for (let made = 0; made < events && totals.cpu < seconds * 1e6; made += CHUNK_EVENTS) {
    const from = made;
    const numbers = contactOf === null ? null : (i: number) => contactOf(from + i);
    const batches = makeBatches(Math.min(CHUNK_EVENTS, events - made), numbers);
    if (settle !== null) collectGarbage(settle);
    take(batches, totals);
    for (const feed of totals.feeds.splice(0)) moves += followFeed(feed);
  }
  return {
    events: totals.events,
    micros: totals.cpu / totals.events,
    moves: moves / totals.events,
    deltaBytes: totals.deltaBytes / totals.events,
    duplicates: totals.duplicates,
    contacts: shards.reduce((sum, shard) => sum + shard.contacts, 0),
    rssBytes: process.memoryUsage.rss(),
    members: "",
  };
}

function followFeed(feed: Buffer): number {
  let moves = 0;
  for (const { segmentId, contactId, entered } of readFeed(feed)) {
    moves++;
    if (config.members) members.set(`${segmentId} ${contactId}`, entered);
  }
  return moves;
}

/** All shards at the last instant, and who is in what then. */
function end(): GrowthAnswer {
  const totals: Totals = { events: 0, cpu: 0, duplicates: 0, deltaBytes: 0, feeds: [] };
  take([{ at: Math.floor(now), entries: shards.map(() => []) }], totals);
  for (const feed of totals.feeds) followFeed(feed);
  const present = [...members].filter(([, member]) => member).map(([pair]) => pair);
  const digest = createHash("sha256").update(present.sort().join("\n")).digest("hex");
  return { ...run(0, null, null), micros: 0, moves: 0, deltaBytes: 0, members: `${present.length} ${digest}` };
}

function installModel(): void {
  const built = buildModelRecord(EMPTY_MODEL, growthModel(config), BEGIN, "bench");
  if (!built.ok) throw new Error(`the model is refused: ${JSON.stringify(built.diagnostics[0])}`);
  const control = { kind: "model", record: built.record } as const;
  for (const shard of shards) {
    const entries: StreamEntry[] = [{ id: "0-1", kind: "control", control }];
    shard.step({ seq: shard.seq + 1, now: BEGIN, work: { kind: "entries" }, entries, skip: [] }, true);
  }
}

function answer(question: GrowthQuestion): GrowthAnswer {
  switch (question.kind) {
    case "fill": {
      const filled = run(config.contacts * config.past, (i) => i % config.contacts, null);
      collectGarbage("major");
      return filled;
    }
    case "round":
      return run(question.events, question.fresh ? () => fresh++ : null, "minor", question.seconds);
    case "end":
      return end();
  }
}

installModel();
answerQuestions((question) => answer(question as GrowthQuestion));
