/**
 * Collection alone: a process with the ingest role on one core, Redis and the load on the other, in turns with a
 * Fastify route that only parses the same bodies. A request counts when it is answered, which is after Redis has it.
 */
import { setTimeout as pause } from "node:timers/promises";
import { openEntry } from "../kernel/entry.ts";
import { partitionKeys } from "../kernel/keys.ts";
import type { Benchmark, BenchCheck, BenchOptions, BenchRow } from "./benchmark.ts";
import { createTraffic } from "./events.ts";
import { bodiesOf, loadProgram, runLoad, type Bodies, type LoadResult } from "./load.ts";
import { resultOf } from "./machine.ts";
import {
  BACK,
  FRONT,
  pinningNote,
  redisFsync,
  startEmptyRoute,
  startRedis,
  startSluice,
  type Running,
} from "./processes.ts";
import { openRedis, type BenchRedis } from "./redis.ts";
import { rowOf, type Goal } from "./statistics.ts";

const CONTACTS = 200_000;
const PARTITIONS = 16;
/** Rounds in front that don't count. */
const WARM_UP = 2;
/** Longer than the server takes for what it has begun. */
const QUIET_MS = 300;

interface Mode {
  readonly what: string;
  readonly batch: number;
  /** Enough that the server never waits for its clients: single events are written in groups. */
  readonly connections: number;
  readonly goal: Goal;
}

const MODES: readonly Mode[] = [
  { what: "single events", batch: 1, connections: 128, goal: { at: "least", value: 1, stretch: 1.3 } },
  { what: "batches of 100", batch: 100, connections: 32, goal: { at: "least", value: 0.6, stretch: 0.8 } },
];

/** One measurement of one server. */
interface Measured extends LoadResult {
  readonly cpuMicros: number;
  readonly redisMicros: number;
  /** Share of a core that the server had: 1 when it is what limits. */
  readonly busy: number;
}

interface Round {
  readonly empty: Measured;
  readonly sluice: Measured;
  /** Events that are in the streams afterwards. */
  readonly stored: number;
}

export const ingest: Benchmark = {
  name: "ingest",
  about: "events acknowledged after Redis has them, beside a Fastify route that only parses them",
  async run(options) {
    const redis = await startRedis(BACK);
    const [empty, sluice, client] = await Promise.all([
      startEmptyRoute(FRONT),
      startSluice({ redisUrl: redis.url, cores: FRONT, roles: ["ingest"], env: { PARTITIONS: String(PARTITIONS) } }),
      openRedis(redis.url),
    ]);
    try {
      const rows: BenchRow[] = [];
      const checks: BenchCheck[] = [];
      for (const mode of MODES) {
        const rounds = await measure(mode, { empty, sluice, redis, client }, options);
        rows.push(...rowsOf(mode, rounds));
        checks.push(...checksOf(mode, rounds));
      }
      const notes = [
        pinningNote("The server", `Redis (appendfsync ${redisFsync()}) and ${loadProgram()}`),
        `${MODES.map(({ what, connections }) => `${what}: ${connections} connections`).join("; ")}; ${PARTITIONS} partitions.`,
      ];
      return resultOf(ingest, options, { rows, checks, notes });
    } finally {
      client.close();
      await Promise.all([empty.stop(), sluice.stop()]);
      await redis.stop();
    }
  },
};

interface Parties {
  readonly empty: Running;
  readonly sluice: Running;
  readonly redis: Running;
  readonly client: BenchRedis;
}

async function measure(mode: Mode, parties: Parties, { rounds, seconds, short, log }: BenchOptions): Promise<Round[]> {
  const bodies = bodiesOf(createTraffic({ seed: 1, contacts: CONTACTS }), mode.batch);
  const found: Round[] = [];
  for (let round = 1 - (short ? 0 : WARM_UP); round <= (short ? 1 : rounds); round++) {
    const one = (server: Running): Promise<Measured> =>
      loadOne(server, parties.redis, mode, bodies, short ? 1 : seconds, round + WARM_UP);
    // Who comes first changes from round to round.
    const first = round % 2 === 0 ? await one(parties.empty) : null;
    const sluice = await one(parties.sluice);
    const empty = first ?? (await one(parties.empty));
    const stored = await takeStored(parties.client);
    const ratio = perSecond(sluice) / perSecond(empty);
    log(
      `  ${mode.what}, ${round > 0 ? `round ${round}` : "warm-up"}: ${Math.round(perSecond(sluice))} of ${Math.round(perSecond(empty))} events/s` +
        ` (${ratio.toFixed(2)} x; CPU ${sluice.cpuMicros.toFixed(1)} and ${empty.cpuMicros.toFixed(1)} µs)`,
    );
    if (round > 0) found.push({ empty, sluice, stored });
  }
  return found;
}

async function loadOne(
  server: Running,
  redis: Running,
  { connections }: Mode,
  bodies: Bodies,
  seconds: number,
  seed: number,
): Promise<Measured> {
  const [cpu, redisCpu] = [server.cpuSeconds(), redis.cpuSeconds()];
  const load = { url: server.url, bodies, contacts: CONTACTS, connections, seconds, seed, cores: BACK };
  const result = await runLoad(load);
  const used = server.cpuSeconds() - cpu;
  return {
    ...result,
    cpuMicros: (used * 1e6) / result.events,
    redisMicros: ((redis.cpuSeconds() - redisCpu) * 1e6) / result.events,
    busy: used / result.seconds,
  };
}

/** How many events the streams hold, counted in their entries; empties them. */
async function takeStored(redis: BenchRedis): Promise<number> {
  await quiet(redis);
  let events = 0;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const stream = partitionKeys(partition).in;
    for await (const entry of redis.entries(stream)) events += openEntry(entry).count;
    await redis.client.del(stream);
  }
  return events;
}

/** Until nothing arrives any more of what the load has sent and did not wait for. */
async function quiet({ client }: BenchRedis): Promise<void> {
  for (let last = -1; ;) {
    let entries = 0;
    for (let partition = 0; partition < PARTITIONS; partition++)
      entries += await client.xlen(partitionKeys(partition).in);
    if (entries === last) return;
    last = entries;
    await pause(QUIET_MS);
  }
}

function rowsOf({ what, goal }: Mode, rounds: readonly Round[]): BenchRow[] {
  const of = (label: string, pick: (round: Round) => number, unit: string, aim?: Goal): BenchRow =>
    rowOf(`${what}: ${label}`, rounds.map(pick), unit, aim);
  return [
    of("accepted, beside the empty route", ({ empty, sluice }) => perSecond(sluice) / perSecond(empty), "x", goal),
    of("the same by CPU time of the server", ({ empty, sluice }) => empty.cpuMicros / sluice.cpuMicros, "x"),
    of("accepted", ({ sluice }) => perSecond(sluice), "events/s"),
    of("empty route", ({ empty }) => perSecond(empty), "events/s"),
    of("CPU of the server", ({ sluice }) => sluice.cpuMicros, "µs/event"),
    of("CPU of the empty route", ({ empty }) => empty.cpuMicros, "µs/event"),
    of("CPU of Redis", ({ sluice }) => sluice.redisMicros, "µs/event"),
    of("answered, p50", ({ sluice }) => sluice.p50Ms, "ms"),
    of("answered, p99", ({ sluice }) => sluice.p99Ms, "ms"),
    of("its core in use", ({ sluice }) => sluice.busy * 100, "%"),
    of("its core in use by the empty route", ({ empty }) => empty.busy * 100, "%"),
  ];
}

function checksOf({ what, batch, connections }: Mode, rounds: readonly Round[]): BenchCheck[] {
  return [
    {
      what: `${what}: no request failed`,
      holds: rounds.every(({ empty, sluice }) => empty.failed + sluice.failed === 0),
    },
    {
      // Those that the load did not wait for any more may be there as well.
      what: `${what}: the streams hold what was acknowledged, and no more than was sent`,
      holds: rounds.every(({ stored, sluice }) => {
        const unanswered = (connections + 1) * batch;
        return sluice.events > 0 && stored >= sluice.events && stored <= sluice.events + unanswered;
      }),
    },
  ];
}

function perSecond({ events, seconds }: LoadResult): number {
  return events / seconds;
}
