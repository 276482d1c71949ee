/**
 * The commit protocol under everything that can go wrong between an owner and Redis: two owners at once with
 * overlapping leases, requests and replies that are lost or late, kills at every moment. Each round is decided by its
 * seed, and ends as a run in which nothing went wrong.
 *
 * SIM_ROUNDS and SIM_SEED (the first seed) choose more rounds or a single one again.
 */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ByteWriter } from "../../kernel/bytes.ts";
import { encodeControl } from "../../kernel/control.ts";
import { decodeStep } from "../../kernel/delta.ts";
import { encodeEntry, openEntry } from "../../kernel/entry.ts";
import type { Event } from "../../kernel/event.ts";
import { decodeHeartbeat } from "../../kernel/partition-state.ts";
import { runScript } from "../../kernel/scripts.ts";
import { createCommitBuffers } from "../../processor/commit.ts";
import { createBlockPool } from "../../processor/entry-queue.ts";
import { createGate } from "../../processor/gate.ts";
import { createPageSource } from "../../processor/page-source.ts";
import { ownPartition, type Partition } from "../../processor/partition.ts";
import { ACQUIRE_SCRIPT } from "../../processor/scripts/acquire.ts";
import { HandlerFault, type StreamEntry } from "../../processor/state-machine.ts";
import { createTelemetry } from "../../processor/telemetry.ts";
import { AWAKE_MS, createShard, type FakeContact, type FakeFeedRecord } from "../processor/fake-shard.ts";
import {
  createLab,
  KEYS,
  makeEvent,
  modelControl,
  NOW,
  offsetReaches,
  PARTITION,
  QUICK,
  readContacts,
  readFeed,
  silent,
  until,
  type Lab,
} from "../processor/lab.ts";
import { makeFaulty, pause } from "./faulty-client.ts";
import { createPollingReader } from "./polling-reader.ts";
import { createRandom, type Random } from "./random.ts";

const ROUNDS = Number(process.env["SIM_ROUNDS"] ?? 200);
const FIRST_SEED = Number(process.env["SIM_SEED"] ?? 1);
const ENTRIES = 40;
const TURNS = 4;

/** One for all, as for the partitions of a thread. */
const commits = createCommitBuffers();

let lab: Lab;

beforeAll(async () => {
  lab = await createLab();
});

afterAll(async () => {
  await lab.end();
});

test("whatever is lost, late or killed, the end is that of a straight run and every step is there once", async () => {
  let rounds = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
    try {
      await round(seed);
      rounds++;
    } catch (error) {
      throw new Error(`round with seed ${seed} failed: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }
  expect(rounds).toBe(ROUNDS);
}, 600_000);

interface Planned {
  readonly id: string;
  readonly field: "e" | "c";
  readonly bytes: Buffer;
}

async function round(seed: number): Promise<void> {
  const random = createRandom(seed);
  await lab.redis.flushall();
  lab.clock.set(NOW);
  const entries = planEntries(random);
  const keepDeltas = random.chance(0.5);
  const faults = { probability: 0.05 + random.next() * 0.15, keepDeltas };
  const settling: (() => Promise<void>)[] = [];

  const own = async (choices: Random, bad: boolean): Promise<Partition> => {
    const nonce = randomUUID();
    await lab.redis.del(KEYS.lease);
    const args = [`sim:0:${nonce}`, 60_000, nonce];
    await runScript(lab.redis, ACQUIRE_SCRIPT, [KEYS.lease, KEYS.owner, KEYS.state], args);
    let partition: Partition | null = null;
    const way = makeFaulty(lab.redis, choices, {
      probability: bad ? faults.probability : 0,
      keepDeltas,
      kill: () => partition?.drop(),
    });
    settling.push(() => way.settled());
    partition = ownPartition(PARTITION, nonce, {
      redis: way.client,
      pages: createPageSource(way.client, null),
      reader: createPollingReader(lab.redis, () => 1 + choices.below(8)),
      loading: createGate(1),
      createShard,
      options: {
        ...QUICK,
        sweepMs: 1 + choices.below(40),
        sliceBytes: 200 + choices.below(4_000),
        stepEntries: 1 + choices.below(6),
        timerBatch: 1 + choices.below(10),
        migratePages: 1 + choices.below(3),
        pulseMs: 10,
        blockMs: 3,
      },
      partitions: 1,
      clock: lab.clock,
      ticks: () => performance.now(),
      log: silent,
      telemetry: createTelemetry(),
      blocks: createBlockPool(),
      commits,
      memoryShare: choices.chance(0.5) ? () => 600 : () => Infinity,
    });
    return partition;
  };

  const owners: Partition[] = [];
  /** Takes the partition again and again; what it had before may go on beside it, unaware. */
  const life = async (choices: Random): Promise<void> => {
    for (let turn = 0; turn < TURNS; turn++) {
      const partition = await own(choices, true);
      owners.push(partition);
      await pause(choices.below(30));
      if (choices.chance(0.4)) partition.drop();
      else if (choices.chance(0.3)) partition.release();
    }
  };
  const feedEntries = async (choices: Random): Promise<void> => {
    for (const { id, field, bytes } of entries) {
      await lab.redis.xadd(KEYS.in, id, field, bytes);
      if (choices.chance(0.2)) lab.clock.set(lab.clock.now() + choices.below(AWAKE_MS));
      if (choices.chance(0.3)) await pause(choices.below(6));
    }
  };
  await Promise.all([
    life(createRandom(seed * 3 + 1)),
    life(createRandom(seed * 3 + 2)),
    feedEntries(createRandom(seed * 3 + 3)),
  ]);

  const last = entries.at(-1)?.id ?? "";
  const final = await own(createRandom(seed), false);
  await offsetReaches(lab.redis, last);
  lab.clock.set(NOW + 1_000_000);
  await until("everybody is asleep", async () => {
    const heartbeat = await lab.redis.get(KEYS.heartbeat);
    return heartbeat !== null && decodeHeartbeat(heartbeat).clock === NOW + 1_000_000;
  });
  for (const owner of owners) owner.drop();
  await Promise.all(owners.map(({ ended }) => ended));
  await Promise.all(settling.map((settled) => settled()));
  final.release();
  expect(await final.ended).toBe("released");

  await compare(entries, keepDeltas);
}

/** Ids are given here, so that the same entries can be run again without Redis. */
function planEntries(random: Random): Planned[] {
  const messages: string[] = [];
  const event = (): Event => {
    const repeat = messages.length > 0 && random.chance(0.15);
    const messageId = repeat ? (messages[random.below(messages.length)] ?? "m") : `m${messages.length}`;
    if (!repeat) messages.push(messageId);
    const name = random.chance(0.02) ? "Poison" : "Viewed";
    return makeEvent({ userId: `u${random.below(25)}`, messageId, name, timestamp: NOW + random.below(5_000) });
  };
  let version = 0;
  return Array.from({ length: ENTRIES }, (_, i): Planned => {
    const id = `${NOW}-${i + 1}`;
    if (random.chance(0.05)) return { id, field: "c", bytes: encodeControl(modelControl(++version)) };
    if (random.chance(0.05)) return { id, field: "c", bytes: encodeControl({ kind: "barrier", nonce: id }) };
    return { id, field: "e", bytes: encodeEntry(Array.from({ length: 1 + random.below(5) }, event), NOW) };
  });
}

interface Straight {
  readonly contacts: Map<string, FakeContact>;
  readonly feed: FakeFeedRecord[];
  readonly poison: number;
}

/** The same entries one after the other in one shard, without Redis and without faults. */
function straightRun(entries: readonly Planned[]): Straight {
  const decoded = entries.map(({ id, field, bytes }): StreamEntry =>
    field === "e"
      ? { id, kind: "events", events: openEntry(bytes) }
      : { id, kind: "control", control: { kind: "barrier", nonce: id } },
  );
  let version = 0;
  const skips = decoded.map(() => [] as number[]);
  for (;;) {
    const shard = createShard({ partition: 0, clockMode: "wall", limits: QUICK.limits });
    const feed: FakeFeedRecord[] = [];
    try {
      decoded.forEach((entry, i) => {
        const input = {
          seq: i + 1,
          now: NOW,
          work: { kind: "entries" as const },
          entries: [entry],
          skip: skips[i] ?? [],
        };
        const output = shard.step(input, true);
        if (output.feed !== null) feed.push(...(JSON.parse(output.feed.toString()) as FakeFeedRecord[]));
      });
    } catch (error) {
      if (!(error instanceof HandlerFault)) throw error;
      skips[shard.seq - 1]?.push(error.eventIndex);
      continue;
    }
    version = entries.filter(({ field, bytes }) => field === "c" && isModel(bytes)).length;
    const contacts = new Map<string, FakeContact>();
    for (const number of shard.dirtyPages()) {
      const { rows } = JSON.parse(shard.encodePage(number, new ByteWriter()).page.toString()) as {
        rows: FakeContact[];
      };
      for (const row of rows) contacts.set(row.id, { ...row, awake: false, model: version });
    }
    return { contacts, feed, poison: skips.flat().length };
  }
}

function isModel(bytes: Buffer): boolean {
  return bytes.includes("model");
}

async function compare(entries: readonly Planned[], keepDeltas: boolean): Promise<void> {
  const straight = straightRun(entries);
  expect(await lab.redis.hget(KEYS.state, "consumed")).toBe(String(entries.length));
  expect(sorted(await readContacts(lab.redis))).toEqual(sorted(straight.contacts));

  const feed = await readFeed(lab.redis);
  expect(feed.flatMap(({ records }) => records)).toEqual(straight.feed);
  const rejected = await lab.redis.xrange(KEYS.rejected, "-", "+");
  expect(rejected).toHaveLength(straight.poison);

  const deltas = (await lab.redis.xrangeBuffer(KEYS.deltas, "-", "+")) as [Buffer, Buffer[]][];
  const steps = deltas.map(([, fields]) => decodeStep(fields[1] ?? Buffer.alloc(0)));
  const first = keepDeltas ? 1 : (steps[0]?.seq ?? 0);
  expect(steps.map(({ seq }) => seq)).toEqual(steps.map((_, i) => first + i));
  expect(String(steps.at(-1)?.seq)).toBe(await lab.redis.hget(KEYS.state, "seq"));
  expect(deltas.map(([id]) => id.toString())).toEqual(steps.map(({ epoch, seq }) => `${epoch}-${seq}`));
  steps.slice(1).forEach(({ prevEpoch }, i) => expect(prevEpoch).toBe(steps[i]?.epoch));
  if (!keepDeltas) return;
  // Every entry is in one step, and what a follower of the rows ends with is the state.
  expect(steps[0]?.after).toBe("0-0");
  steps.slice(1).forEach(({ after }, i) => expect(after).toBe(steps[i]?.to));
  const followed = new Map<string, FakeContact>();
  for (const [, fields] of deltas) {
    const at = fields.findIndex((field) => field.toString() === "r");
    if (at === -1) continue;
    for (const row of JSON.parse(fields[at + 1]?.toString() ?? "[]") as FakeContact[]) followed.set(row.id, row);
  }
  const version = [...straight.contacts.values()][0]?.model ?? 0;
  for (const row of followed.values()) row.model = version;
  expect(sorted(followed)).toEqual(sorted(straight.contacts));
}

function sorted(contacts: ReadonlyMap<string, FakeContact>): FakeContact[] {
  return [...contacts.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
