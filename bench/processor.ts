/**
 * The processor alone, out of Redis: a process with the processor role and one worker thread works off a backlog that
 * lies in the streams, everything committed and checkpoints included, in turns with a program that reads the same
 * events as msgpackr records out of Redis, unpacks them and does nothing else.
 *
 * The processor stays alive over all rounds, as in life. It begins to work while a backlog is still being written; the
 * clock starts when that is done, and only what is left by then counts.
 */
import { setTimeout as pause } from "node:timers/promises";
import { machineClock } from "../kernel/clock.ts";
import type { Event } from "../kernel/event.ts";
import { partitionKeys } from "../kernel/keys.ts";
import { nextEvent, packEntries, writeBacklog, writeRecords, type Backlog } from "./backlog.ts";
import type { Benchmark, BenchCheck, BenchRow } from "./benchmark.ts";
import { createTraffic, windowedModel } from "./events.ts";
import { startForked, type Forked } from "./forked.ts";
import { resultOf } from "./machine.ts";
import { grown, readMetrics } from "./metrics.ts";
import { BACK, FRONT, pinningNote, redisFsync, startRedis, startSluice, type Running } from "./processes.ts";
import { openRedis, type BenchRedis } from "./redis.ts";
import { rowOf } from "./statistics.ts";
import type { UnpackConfig, Unpacked } from "./unpack-process.ts";

const PARTITIONS = 16;
const SEGMENTS = 100;
const WARM_UP = 2;
const POLL_MS = 10;

interface Sizes {
  readonly contacts: number;
  /** Of the first backlog, and the most of a later one. */
  readonly events: number;
  readonly eventsMax: number;
  /** Of those of the first as records. */
  readonly records: number;
}

const FULL: Sizes = { contacts: 200_000, events: 500_000, eventsMax: 3_000_000, records: 500_000 };
const SHORT: Sizes = { contacts: 1_000, events: 20_000, eventsMax: 20_000, records: 5_000 };
/** A backlog lasts this many times the seconds of a measurement, so that there are checkpoints in it. */
const BACKLOG_LASTS = 2;

/** One side of a round. */
interface Side {
  readonly events: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly redisSeconds: number;
}

interface Counted {
  readonly events: number;
  readonly duplicates: number;
  readonly doubts: number;
  /** Partitions lost to another owner. */
  readonly fenced: number;
}

interface Round {
  readonly processor: Side;
  readonly unpack: Side;
  /** What the processor's counters say of the whole backlog. */
  readonly counted: Counted;
  readonly written: number;
  readonly sum: number;
}

export const processor: Benchmark = {
  name: "processor",
  about: "a backlog worked off and committed, beside reading and unpacking the same events",
  async run(options) {
    const sizes = options.short ? SHORT : FULL;
    const redis = await startRedis(BACK);
    const client = await openRedis(redis.url);
    const sluice = await startSluice({
      redisUrl: redis.url,
      cores: FRONT,
      roles: ["processor"],
      model: windowedModel(SEGMENTS),
      env: { PARTITIONS: String(PARTITIONS), PROCESSOR_THREADS: "1" },
    });
    let unpack: Forked<"again", Unpacked> | null = null;
    try {
      const source = createSource(sizes);
      // The first of those that the first backlog has.
      const sample = [...createSource(sizes).events(sizes.records)];
      const sum = sample.reduce((total, { properties }) => total + Number(properties["price"]), 0);
      const keys = await writeRecords(client, sample, PARTITIONS);
      sample.length = 0;
      const config: UnpackConfig = { redisUrl: redis.url, keys, cores: FRONT };
      unpack = startForked<"again", Unpacked>(new URL("./unpack-process.ts", import.meta.url).pathname, { config });

      const rounds: Round[] = [];
      let { events } = sizes;
      const warmUp = options.short ? 0 : WARM_UP;
      for (let round = 1 - warmUp; round <= (options.short ? 1 : options.rounds); round++) {
        const backlog = await packEntries(source.events(events), PARTITIONS, machineClock.now());
        const found = await runRound({ redis, client, sluice, unpack }, backlog);
        events = nextSize(found.processor, options.seconds, sizes);
        options.log(`  ${round > 0 ? `round ${round}` : "warm-up"}: ${told(found)}`);
        if (round > 0) rounds.push(found);
      }
      const contacts = await contactsIn(client);
      const checks = checksOf(rounds, { sum, contacts, expected: source.contacts() });
      const notes = [
        pinningNote("The processor and the unpacking program", `Redis (appendfsync ${redisFsync()})`),
        `${SEGMENTS} segments over windows, ${contacts.toLocaleString("en")} contacts seen, ` +
          `backlogs of ${(rounds[0]?.written ?? 0).toLocaleString("en")} events and more in ${PARTITIONS} partitions.`,
      ];
      return resultOf(processor, options, { rows: rowsOf(rounds), checks, notes });
    } finally {
      unpack?.stop();
      client.close();
      await sluice.stop();
      await redis.stop();
    }
  },
};

interface Parties {
  readonly redis: Running;
  readonly client: BenchRedis;
  readonly sluice: Running;
  readonly unpack: Forked<"again", Unpacked>;
}

/** Events that go on where the last ones ended, with ids that were never sent. */
function createSource({ contacts }: Sizes) {
  const traffic = createTraffic({ seed: 7, contacts });
  const seen = new Set<string>();
  let count = 0;
  return {
    *events(number: number): Generator<Event> {
      const now = machineClock.now();
      for (let i = 0; i < number; i++) {
        const event = nextEvent(traffic, `message-${++count}`, now - number + i);
        if (event.userId !== null) seen.add(event.userId);
        yield event;
      }
    },
    /** How many different ones the events so far are about. */
    contacts: () => seen.size,
  };
}

async function runRound({ redis, client, sluice, unpack }: Parties, backlog: Backlog): Promise<Round> {
  const redisBefore = redis.cpuSeconds();
  const { events, sum, seconds, cpuSeconds } = await unpack.ask("again");
  const unpacked = { events, seconds, cpuSeconds, redisSeconds: redis.cpuSeconds() - redisBefore };

  const before = await readMetrics(sluice.url);
  const consumedBefore = await consumed(client);
  await writeBacklog(client, backlog);
  const left = backlog.events - eventsOf(backlog, consumedBefore, await consumed(client));
  const [cpu, redisCpu, begun] = [sluice.cpuSeconds(), redis.cpuSeconds(), performance.now()];
  const target = consumedBefore.map((entries, partition) => entries + (backlog.partitions[partition]?.length ?? 0));
  for (;;) {
    const now = await consumed(client);
    if (target.every((entries, partition) => (now[partition] ?? 0) >= entries)) break;
    await pause(POLL_MS);
  }
  const processed: Side = {
    events: left,
    seconds: (performance.now() - begun) / 1000,
    cpuSeconds: sluice.cpuSeconds() - cpu,
    redisSeconds: redis.cpuSeconds() - redisCpu,
  };
  const counted = await countedSince(before, sluice.url, backlog.events);
  return { processor: processed, unpack: unpacked, counted, written: backlog.events, sum };
}

function nextSize({ events, seconds }: Side, wanted: number, { events: least, eventsMax }: Sizes): number {
  const lasting = Math.round((events / seconds) * wanted * BACKLOG_LASTS);
  return Math.min(eventsMax, Math.max(least, lasting));
}

/** Entries that each partition has consumed and committed in its life. */
async function consumed({ client }: BenchRedis): Promise<number[]> {
  const pipeline = client.pipeline();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    pipeline.hget(partitionKeys(partition).state, "consumed");
  }
  const replies = (await pipeline.exec()) ?? [];
  return replies.map(([, value]) => Number(value ?? 0));
}

/** Events in the entries that were consumed between the two. */
function eventsOf({ partitions }: Backlog, from: readonly number[], to: readonly number[]): number {
  let events = 0;
  for (const [partition, entries] of partitions.entries()) {
    const count = (to[partition] ?? 0) - (from[partition] ?? 0);
    for (const entry of entries.slice(0, count)) events += entry.events;
  }
  return events;
}

/** The processor's counters come with the next sign of life of its threads. */
async function countedSince(before: ReadonlyMap<string, number>, url: string, atLeast: number): Promise<Counted> {
  for (const deadline = performance.now() + 5_000; ;) {
    const after = await readMetrics(url);
    const of = (counter: string): number => grown(before, after, `sluice_processor_${counter}_total`);
    const counted = { events: of("events"), duplicates: of("duplicates"), doubts: of("doubts"), fenced: of("fenced") };
    if (counted.events >= atLeast || performance.now() > deadline) return counted;
    await pause(POLL_MS);
  }
}

async function contactsIn({ client }: BenchRedis): Promise<number> {
  let contacts = 0;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    contacts += Number((await client.hget(partitionKeys(partition).state, "contacts")) ?? 0);
  }
  return contacts;
}

function rowsOf(rounds: readonly Round[]): BenchRow[] {
  const sides = { processor: (round: Round) => round.processor, unpack: (round: Round) => round.unpack } as const;
  const rate = ({ events, seconds }: Side): number => events / seconds;
  const cpu = ({ events, cpuSeconds }: Side): number => (cpuSeconds * 1e6) / events;
  const redis = ({ events, redisSeconds }: Side): number => (redisSeconds * 1e6) / events;
  const of = (side: keyof typeof sides, value: (side: Side) => number): number[] =>
    rounds.map((round) => value(sides[side](round)));
  const ratio = (value: (side: Side) => number): number[] =>
    rounds.map((round) => value(round.processor) / value(round.unpack));
  return [
    rowOf("processed, beside reading and unpacking", ratio(rate), "x", { at: "least", value: 0.8, stretch: 1 }),
    rowOf(
      "the same by CPU time of the process",
      ratio(cpu).map((one) => 1 / one),
      "x",
    ),
    rowOf("processed and committed", of("processor", rate), "events/s"),
    rowOf("read and unpacked", of("unpack", rate), "events/s"),
    rowOf("CPU of the processor", of("processor", cpu), "µs/event"),
    rowOf("CPU of reading and unpacking", of("unpack", cpu), "µs/event"),
    rowOf("CPU of Redis for the processor", of("processor", redis), "µs/event", { at: "most", value: 0.6 }),
    rowOf("CPU of Redis for reading", of("unpack", redis), "µs/event"),
    // Legal, and dear: the partition is loaded again.
    rowOf(
      "commits in doubt",
      rounds.map(({ counted }) => counted.doubts),
      "a round",
    ),
  ];
}

function checksOf(
  rounds: readonly Round[],
  { sum, contacts, expected }: { readonly sum: number; readonly contacts: number; readonly expected: number },
): BenchCheck[] {
  return [
    {
      what: "every event of a backlog was processed, once",
      holds: rounds.every(({ counted, written }) => counted.events === written && counted.duplicates === 0),
    },
    { what: "there are as many contacts as the events name", holds: contacts === expected },
    {
      what: "what was unpacked is what was packed",
      holds: rounds.every((round) => Math.abs(round.sum - sum) < 1e-6 * sum),
    },
  ];
}

function told({ processor: one, unpack: other, counted, written }: Round): string {
  const text = ({ events, seconds, cpuSeconds, redisSeconds }: Side): string => {
    const [cpu, redis] = [(cpuSeconds * 1e6) / events, (redisSeconds * 1e6) / events];
    return `${Math.round(events / seconds)} events/s (CPU ${cpu.toFixed(2)} µs, Redis ${redis.toFixed(2)} µs)`;
  };
  const exact = counted.events === written && counted.duplicates + counted.doubts === 0;
  return `${text(one)} beside ${text(other)}${exact ? "" : ` of ${written}: ${JSON.stringify(counted)}`}`;
}
