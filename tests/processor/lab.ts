/** What the processor's tests work with: a server, entries to send, owners in this process, and what came out. */
import { randomUUID } from "node:crypto";
import { Command } from "ioredis";
import { ByteWriter } from "../../kernel/bytes.ts";
import { encodeControl, type Control } from "../../kernel/control.ts";
import { decodeStep, type Step } from "../../kernel/delta.ts";
import { encodeEntry } from "../../kernel/entry.ts";
import type { Event } from "../../kernel/event.ts";
import { partitionKeys } from "../../kernel/keys.ts";
import { createLog, type Log } from "../../kernel/log.ts";
import { EMPTY_MODEL } from "../../kernel/model-record.ts";
import { connectRedis, whenReady, type RedisClient } from "../../kernel/redis.ts";
import { ReplyBuffers } from "../../kernel/reply-buffers.ts";
import { runScript } from "../../kernel/scripts.ts";
import type { Clock } from "../../kernel/clock.ts";
import { createCommitBuffers } from "../../processor/commit.ts";
import { createBlockPool } from "../../processor/entry-queue.ts";
import { PROCESSOR_DEFAULTS, type ProcessorOptions } from "../../processor/options.ts";
import { createGate } from "../../processor/gate.ts";
import { createPageSource } from "../../processor/page-source.ts";
import { ownPartition, type Partition } from "../../processor/partition.ts";
import type { PartitionDeps } from "../../processor/partition-context.ts";
import { createReader, type StreamReader } from "../../processor/reader.ts";
import { createRest } from "../../processor/rest.ts";
import { recoverPartition } from "../../processor/recovery.ts";
import { ACQUIRE_SCRIPT } from "../../processor/scripts/acquire.ts";
import { COMMIT_SCRIPT } from "../../processor/scripts/commit.ts";
import type { StepInput } from "../../processor/state-machine.ts";
import { createTelemetry, type Telemetry } from "../../processor/telemetry.ts";
import { startRedis, type RedisServer, type RedisServerOptions } from "../harness/redis.ts";
import { createShard, type FakeContact, type FakeFeedRecord } from "./fake-shard.ts";

export const NOW = 1_700_000_000_000;
export const PARTITION = 3;
export const KEYS = partitionKeys(PARTITION);

/** Quick about everything, so that tests needn't wait. */
export const QUICK: ProcessorOptions = {
  ...PROCESSOR_DEFAULTS,
  threads: 1,
  leaseMs: 1_000,
  sweepMs: 20,
  restMs: 0,
  pulseMs: 50,
  blockMs: 20,
  farewellMs: 5_000,
};

export const silent: Log = createLog("silent");

export interface Lab {
  readonly server: RedisServer;
  readonly redis: RedisClient;
  readonly clock: Clock & { set(now: number): void };
  /** Adds one entry of events to the partition's stream, and gives its id. */
  send(events: readonly Partial<Event>[]): Promise<string>;
  control(control: Control): Promise<string>;
  /** Takes the partition, whoever has it, and works on it. */
  own(over?: Partial<PartitionDeps>): Promise<Owner>;
  end(): Promise<void>;
}

export interface Owner extends Partition {
  readonly telemetry: Telemetry;
}

export async function createLab(options: RedisServerOptions = {}): Promise<Lab> {
  const server = await startRedis(options);
  const connections: RedisClient[] = [];
  const readers: StreamReader[] = [];
  const open = async (buffers: ReplyBuffers | null = null): Promise<RedisClient> => {
    const client = connectRedis(server.url, {
      name: "test",
      log: silent,
      ...(buffers === null ? {} : { commandTimeoutMs: null, buffers }),
    });
    connections.push(client);
    await whenReady(client, 5_000);
    return client;
  };
  const redis = await open();
  let now = NOW;
  const clock = {
    now: () => now,
    set(to: number) {
      now = to;
    },
  };
  return {
    server,
    redis,
    clock,
    async send(events) {
      const id = await redis.xadd(KEYS.in, "*", "e", encodeEntry(events.map(makeEvent), clock.now()));
      return id ?? "";
    },
    async control(control) {
      return (await redis.xadd(KEYS.in, "*", "c", encodeControl(control))) ?? "";
    },
    async own(over = {}) {
      const commands = await open();
      const buffers = new ReplyBuffers();
      const pageBuffers = new ReplyBuffers();
      const ticks = (): number => performance.now();
      const rest = createRest({ longestMs: QUICK.restMs, ticks, busyMs: ticks });
      const bounds = { blockMs: QUICK.blockMs, entries: QUICK.stepEntries };
      const reader = createReader(await open(buffers), commands, { ...bounds, buffers, rest });
      readers.push(reader);
      const nonce = randomUUID();
      await redis.del(KEYS.lease);
      await runScript(redis, ACQUIRE_SCRIPT, [KEYS.lease, KEYS.owner, KEYS.state], [`test:0:${nonce}`, 60_000, nonce]);
      const telemetry = createTelemetry();
      const partition = ownPartition(PARTITION, nonce, {
        redis: commands,
        reader,
        pages: createPageSource(await open(pageBuffers), pageBuffers),
        loading: createGate(1),
        createShard,
        options: QUICK,
        partitions: 1,
        clock,
        ticks,
        log: silent,
        telemetry,
        blocks: createBlockPool(),
        commits: createCommitBuffers(),
        memoryShare: () => Infinity,
        ...over,
      });
      return { ...partition, telemetry };
    },
    async end() {
      for (const reader of readers) reader.close();
      for (const client of connections) client.disconnect();
      await server.stop();
    },
  };
}

let events = 0;

export function makeEvent(over: Partial<Event>): Event {
  return {
    kind: "track",
    name: "Viewed",
    userId: "u1",
    anonymousId: null,
    messageId: `message-${++events}`,
    timestamp: NOW,
    properties: {},
    context: {},
    traits: {},
    ...over,
  };
}

/** Whether this is the call that writes a commit, given the name of a client's method and what it is called with. */
export function isCommit(name: string | symbol, args: readonly unknown[]): boolean {
  const [command] = args;
  return name === "sendCommand" && command instanceof Command && command.args[0] === COMMIT_SCRIPT.sha;
}

export function modelControl(version: number): Control {
  return { kind: "model", record: { ...EMPTY_MODEL, version } };
}

/** Waits for a condition; fails after 20 s with what was waited for. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export async function offsetReaches(redis: RedisClient, id: string): Promise<void> {
  await until(`offset ${id}`, async () => (await redis.hget(KEYS.state, "offset")) === id);
}

export async function readSteps(redis: RedisClient): Promise<Step[]> {
  const deltas = (await redis.xrangeBuffer(KEYS.deltas, "-", "+")) as [Buffer, Buffer[]][];
  return deltas.map(([, fields]) => decodeStep(fields[1] ?? Buffer.alloc(0)));
}

export async function readFeed(redis: RedisClient): Promise<{ id: string; records: FakeFeedRecord[] }[]> {
  const entries = await redis.xrange(KEYS.feed, "-", "+");
  return entries.map(([id, fields]) => ({ id, records: JSON.parse(fields[1] ?? "[]") as FakeFeedRecord[] }));
}

/** Every contact as a new owner would find it after recovery, by id. Takes the partition away from whoever has it. */
export async function readContacts(redis: RedisClient): Promise<Map<string, FakeContact>> {
  const nonce = randomUUID();
  await redis.del(KEYS.lease);
  await runScript(redis, ACQUIRE_SCRIPT, [KEYS.lease, KEYS.owner, KEYS.state], [`test:0:${nonce}`, 60_000, nonce]);
  const { shard } = await recoverPartition(nonce, {
    redis,
    pages: createPageSource(redis, null),
    keys: KEYS,
    createShard,
    shardOptions: { partition: PARTITION, clockMode: "wall", limits: PROCESSOR_DEFAULTS.limits },
    memoryShare: () => Infinity,
    abandoned: () => false,
  });
  const contacts = new Map<string, FakeContact>();
  const count = Math.ceil(shard.contacts / 4);
  const look: StepInput = {
    seq: shard.seq + 1,
    now: 0,
    work: { kind: "migrate", version: 0, fromPage: 0, toPage: count },
    entries: [],
    skip: [],
  };
  for (const number of shard.missingPages(look)) {
    const page = await redis.hgetBuffer(KEYS.pages, String(number));
    if (page !== null) shard.loadPage(number, page);
  }
  for (let number = 0; number < count; number++) {
    const { rows } = JSON.parse(shard.encodePage(number, new ByteWriter()).page.toString()) as { rows: FakeContact[] };
    for (const contact of rows) contacts.set(contact.id, contact);
  }
  return contacts;
}
