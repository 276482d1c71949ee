/** Events as collection would have packed them, and the same events as msgpackr packs records. */
import { Packr } from "msgpackr";
import type * as Entry from "../kernel/entry.ts";
import type { Event, JsonObject } from "../kernel/event.ts";
import { contactIdOf, partitionOf } from "../kernel/ids.ts";
import { partitionKeys } from "../kernel/keys.ts";
import { fromBuild } from "./build.ts";
import type { Traffic } from "./events.ts";
import type { BenchRedis } from "./redis.ts";

export interface Backlog {
  readonly events: number;
  /** For each partition its entries, and how many events they have. */
  readonly partitions: readonly (readonly PackedEntry[])[];
}

export interface PackedEntry {
  readonly bytes: Buffer;
  readonly events: number;
}

/** Events of an entry or of a group of records. */
export const GROUP = 100;
const WRITES_AT_ONCE = 256;

/** One event as collection would hand it on. `id` makes its messageId one that was never sent. */
export function nextEvent(traffic: Traffic, id: string, timestamp: number): Event {
  const { event, userId, properties } = traffic.next();
  return {
    kind: "track",
    name: String(event),
    userId: String(userId),
    anonymousId: null,
    messageId: id,
    timestamp,
    properties: properties as JsonObject,
    context: {},
    traits: {},
  };
}

/** Packs events into entries of `GROUP`, with the encoder of the build that is measured. */
export async function packEntries(events: Iterable<Event>, partitions: number, receivedAt: number): Promise<Backlog> {
  const { encodeEntry } = await fromBuild<typeof Entry>("kernel/entry.ts");
  const open: Event[][] = Array.from({ length: partitions }, () => []);
  const packed: PackedEntry[][] = Array.from({ length: partitions }, () => []);
  let count = 0;
  const close = (partition: number): void => {
    const group = open[partition] ?? [];
    if (group.length === 0) return;
    packed[partition]?.push({ bytes: encodeEntry(group, receivedAt), events: group.length });
    open[partition] = [];
  };
  for (const event of events) {
    const partition = partitionOf(contactIdOf(event.userId, event.anonymousId), partitions);
    const group = open[partition] ?? [];
    group.push(event);
    count++;
    if (group.length === GROUP) close(partition);
  }
  for (let partition = 0; partition < partitions; partition++) close(partition);
  return { events: count, partitions: packed };
}

/** Writes a backlog into the partitions' streams, a little into each in turn, as load would. */
export async function writeBacklog({ client }: BenchRedis, { partitions }: Backlog): Promise<void> {
  const longest = Math.max(...partitions.map((entries) => entries.length));
  let pipeline = client.pipeline();
  for (let i = 0; i < longest; i++) {
    for (const [partition, entries] of partitions.entries()) {
      const entry = entries[i];
      if (entry !== undefined) pipeline.xadd(partitionKeys(partition).in, "*", "e", entry.bytes);
    }
    if (pipeline.length < WRITES_AT_ONCE && i < longest - 1) continue;
    const replies = (await pipeline.exec()) ?? [];
    for (const [error] of replies) if (error !== null) throw error;
    pipeline = client.pipeline();
  }
}

/** What a user of msgpackr would store: what the event says, and no more. */
export interface PlainRecord {
  readonly event: string | null;
  readonly userId: string | null;
  readonly messageId: string;
  readonly timestamp: number;
  readonly properties: JsonObject;
}

/** Packs that carry their record structures within them, so that each can be read by itself. */
export function recordPacker(): Packr {
  return new Packr({ useRecords: true });
}

/** Writes the events as groups of records into streams; gives the keys of the streams. */
export async function writeRecords(
  { client }: BenchRedis,
  events: Iterable<Event>,
  streams: number,
): Promise<readonly string[]> {
  const packer = recordPacker();
  const keys = Array.from({ length: streams }, (_, i) => `records:${i}`);
  let group: PlainRecord[] = [];
  let groups = 0;
  let pipeline = client.pipeline();
  const close = (): void => {
    pipeline.xadd(keys[groups++ % streams] ?? "", "*", "e", packer.pack(group));
    group = [];
  };
  for (const { name, userId, messageId, timestamp, properties } of events) {
    group.push({ event: name, userId, messageId, timestamp, properties });
    if (group.length === GROUP) close();
    if (pipeline.length < WRITES_AT_ONCE) continue;
    await pipeline.exec();
    pipeline = client.pipeline();
  }
  if (group.length > 0) close();
  await pipeline.exec();
  return keys;
}
