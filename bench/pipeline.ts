/**
 * The whole path in one process, as users run it: accepted (answered, so in Redis), processed (worked off and
 * committed) and visible (in the answers of queries), in turns with an empty Fastify route. Server, Redis and load
 * share the same two cores. Real data comes from the mappings of the examples, judged by the models that these have.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Benchmark, BenchCheck, BenchOptions, BenchRow } from "./benchmark.ts";
import { createTraffic, windowedModel } from "./events.ts";
import { bodiesOf, bodiesOfCalls, loadProgram, runLoad, type Bodies } from "./load.ts";
import { resultOf } from "./machine.ts";
import { grown, readMetrics } from "./metrics.ts";
import { BOTH, redisFsync, startEmptyRoute, startRedis, startSluice, type Running } from "./processes.ts";
import { DATA_SETS, readCalls } from "./real-data.ts";
import { settle, statusOf } from "./server-calls.ts";
import { rowOf, type Goal } from "./statistics.ts";

const CONTACTS = 200_000;
const SEGMENTS = 100;
const WARM_UP = 2;
/** Every look asks for the state of all partitions, which is work for those that are measured. */
const POLL_MS = 20;
/** Of a data set; load begins again with the first when it has sent the last. */
const REAL_EVENTS = 150_000;
/**
 * What is accepted in a second takes up to a quarter of a minute to process under the models of the examples, so a
 * round is one second of load, however long the others are.
 */
const REAL = { rounds: 3, warmUp: 1, loadSeconds: 1 } as const;

interface Scene {
  readonly what: string;
  readonly bodies: Bodies;
  readonly connections: number;
  readonly goal?: Goal;
}

/** How often a scene is played, and for how long load is sent to the empty route and to the server. */
interface Program {
  readonly rounds: number;
  readonly warmUp: number;
  readonly emptySeconds: number;
  readonly loadSeconds: number;
}

interface Round {
  /** Events a second. */
  readonly empty: number;
  readonly accepted: number;
  readonly processed: number;
  readonly visible: number;
  readonly p99Ms: number;
  readonly emptyCpuMicros: number;
  readonly cpuMicros: number;
  readonly redisMicros: number;
  readonly failed: number;
  /** Events answered; what the processor has counted since. */
  readonly answered: number;
  readonly counted: Counted;
}

export const pipeline: Benchmark = {
  name: "pipeline",
  about: "events accepted, processed, committed and visible to queries, beside an empty Fastify route",
  async run(options) {
    const { short } = options;
    const notes = [
      `Server, Redis (appendfsync ${redisFsync()}), empty route and ${loadProgram()} share ${BOTH.length || "all"} cores; ` +
        `${SEGMENTS} segments over windows, ${CONTACTS.toLocaleString("en")} contacts.`,
    ];
    const rows: BenchRow[] = [];
    const checks: BenchCheck[] = [];
    const play = async (scene: Scene, parties: Parties, program: Program): Promise<void> => {
      const rounds = await measure(scene, parties, program, options.log);
      rows.push(...rowsOf(scene.what, rounds, scene.goal));
      checks.push(...checksOf(scene.what, rounds));
    };
    const { synthetic, real } = programsOf(options);
    const empty = await startEmptyRoute(BOTH);
    try {
      await withSluice(empty, windowedModel(SEGMENTS), {}, async (parties) => {
        const traffic = createTraffic({ seed: 1, contacts: CONTACTS });
        const scenes: readonly Scene[] = [
          {
            what: "batches of 100",
            bodies: bodiesOf(traffic, 100),
            connections: 32,
            goal: { at: "least", value: 0.5, stretch: 0.6 },
          },
          { what: "single events", bodies: bodiesOf(traffic, 1), connections: 128 },
        ];
        for (const scene of short ? scenes.slice(0, 1) : scenes) await play(scene, parties, synthetic);
      });
      for (const set of short ? DATA_SETS.slice(-1) : DATA_SETS) {
        if (set.file === null) {
          notes.push(set.missing);
          options.log(`  ${set.missing}`);
          continue;
        }
        const calls = await readCalls(set, short ? 5_000 : REAL_EVENTS);
        const scene = { what: `real data, ${set.title}`, bodies: bodiesOfCalls(calls, 100), connections: 32 };
        await withSluice(empty, await set.model(), { CLOCK: "event" }, (parties) => play(scene, parties, real));
      }
      return resultOf(pipeline, options, { rows, checks, notes });
    } finally {
      await empty.stop();
    }
  },
};

interface Parties {
  readonly empty: Running;
  readonly sluice: Running;
  readonly redis: Running;
}

async function withSluice(
  empty: Running,
  model: string,
  env: Readonly<Record<string, string>>,
  work: (parties: Parties) => Promise<void>,
): Promise<void> {
  const redis = await startRedis(BOTH);
  try {
    const sluice = await startSluice({ redisUrl: redis.url, cores: BOTH, model, env });
    try {
      await work({ empty, sluice, redis });
    } finally {
      await sluice.stop();
    }
  } finally {
    await redis.stop();
  }
}

function programsOf({ rounds, seconds, short }: BenchOptions): Readonly<Record<"synthetic" | "real", Program>> {
  if (short) {
    const once: Program = { rounds: 1, warmUp: 0, emptySeconds: 1, loadSeconds: 1 };
    return { synthetic: once, real: once };
  }
  return {
    synthetic: { rounds, warmUp: WARM_UP, emptySeconds: seconds, loadSeconds: seconds },
    real: { ...REAL, rounds: Math.min(REAL.rounds, rounds), emptySeconds: seconds },
  };
}

async function measure(
  scene: Scene,
  parties: Parties,
  program: Program,
  log: (line: string) => void,
): Promise<Round[]> {
  const found: Round[] = [];
  const { rounds, warmUp } = program;
  for (let round = 1 - warmUp; round <= rounds; round++) {
    const result = await runRound(scene, parties, program, round + warmUp);
    const { empty, accepted, processed, visible, cpuMicros, emptyCpuMicros } = result;
    log(
      `  ${scene.what}, ${round > 0 ? `round ${round}` : "warm-up"}: accepted ${share(accepted, empty)}, ` +
        `processed ${share(processed, empty)}, visible ${share(visible, empty)} of ${Math.round(empty)} events/s` +
        ` (CPU ${cpuMicros.toFixed(1)} and ${emptyCpuMicros.toFixed(1)} µs)`,
    );
    if (round > 0) found.push(result);
  }
  return found;
}

async function runRound(
  { bodies, connections }: Scene,
  { empty, sluice, redis }: Parties,
  { emptySeconds, loadSeconds }: Program,
  seed: number,
): Promise<Round> {
  const load = { bodies, contacts: CONTACTS, connections, seed, cores: BOTH };
  const emptyCpu = empty.cpuSeconds();
  const ceiling = await runLoad({ ...load, url: empty.url, seconds: emptySeconds });
  const emptyCpuSeconds = empty.cpuSeconds() - emptyCpu;

  const before = await readMetrics(sluice.url);
  const [cpu, redisCpu] = [sluice.cpuSeconds(), redis.cpuSeconds()];
  const taken = await runLoad({ ...load, url: sluice.url, seconds: loadSeconds });
  // The program for load needs a moment before it sends the first request, so its own clock counts.
  const begun = performance.now() - taken.seconds * 1000;
  await drained(sluice.url);
  const processedAt = performance.now();
  await settle(sluice.url);
  const visibleAt = performance.now();
  const [cpuSeconds, redisSeconds] = [sluice.cpuSeconds() - cpu, redis.cpuSeconds() - redisCpu];
  return {
    empty: ceiling.events / ceiling.seconds,
    accepted: taken.events / taken.seconds,
    processed: (taken.events * 1000) / (processedAt - begun),
    visible: (taken.events * 1000) / (visibleAt - begun),
    p99Ms: taken.p99Ms,
    emptyCpuMicros: (emptyCpuSeconds * 1e6) / ceiling.events,
    cpuMicros: (cpuSeconds * 1e6) / taken.events,
    redisMicros: (redisSeconds * 1e6) / taken.events,
    failed: taken.failed + ceiling.failed,
    answered: taken.events,
    counted: await countedSince(before, sluice.url, taken.events),
  };
}

interface Counted {
  readonly events: number;
  readonly duplicates: number;
  /** Commits of unknown outcome. */
  readonly doubts: number;
}

/** The processor's counters come with the next sign of life of its threads. */
async function countedSince(before: ReadonlyMap<string, number>, url: string, atLeast: number): Promise<Counted> {
  for (const deadline = performance.now() + 5_000; ;) {
    const after = await readMetrics(url);
    const of = (counter: string): number => grown(before, after, `sluice_processor_${counter}_total`);
    const counted = { events: of("events"), duplicates: of("duplicates"), doubts: of("doubts") };
    if (counted.events >= atLeast || performance.now() > deadline) return counted;
    await pause(POLL_MS);
  }
}

/** Waits until nothing that was accepted is left to process. */
async function drained(url: string): Promise<void> {
  for (;;) {
    if ((await statusOf(url)).totals.backlog === 0) return;
    await pause(POLL_MS);
  }
}

function rowsOf(what: string, rounds: readonly Round[], goal?: Goal): BenchRow[] {
  const of = (label: string, pick: (round: Round) => number, unit: string, aim?: Goal): BenchRow =>
    rowOf(`${what}: ${label}`, rounds.map(pick), unit, aim);
  return [
    of("visible, beside the empty route", ({ visible, empty }) => visible / empty, "x", goal),
    of("processed, beside the empty route", ({ processed, empty }) => processed / empty, "x"),
    of("accepted, beside the empty route", ({ accepted, empty }) => accepted / empty, "x"),
    of("visible", ({ visible }) => visible, "events/s"),
    of("empty route", ({ empty }) => empty, "events/s"),
    of("CPU of the server, all of it", ({ cpuMicros }) => cpuMicros, "µs/event"),
    of("CPU of the empty route", ({ emptyCpuMicros }) => emptyCpuMicros, "µs/event"),
    of("CPU of Redis", ({ redisMicros }) => redisMicros, "µs/event"),
    of("answered, p99", ({ p99Ms }) => p99Ms, "ms"),
    of("commits in doubt", ({ counted }) => counted.doubts, "a round"),
  ];
}

function checksOf(what: string, rounds: readonly Round[]): BenchCheck[] {
  return [
    { what: `${what}: no request failed`, holds: rounds.every(({ failed }) => failed === 0) },
    {
      what: `${what}: everything answered was processed, and nothing taken for a repetition`,
      holds: rounds.every(
        ({ answered, counted }) => answered > 0 && counted.events >= answered && counted.duplicates === 0,
      ),
    },
  ];
}

function share(rate: number, empty: number): string {
  return `${(rate / empty).toFixed(2)} x`;
}
