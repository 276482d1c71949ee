/**
 * How long it takes until a server is of use: a processor over a million contacts takes events, a view over them
 * answers, and a processor that was killed under full load has been replaced and has caught up.
 *
 * Times count from the moment at which the process is started or killed, the start of Node included. A successor on the
 * same machine doesn't wait for the dead owner's leases.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Benchmark, BenchCheck } from "./benchmark.ts";
import { createTraffic } from "./events.ts";
import { bodiesOf, runLoad, type Load } from "./load.ts";
import { resultOf } from "./machine.ts";
import { BOTH, redisFsync, startRedis, startSluice, type Running } from "./processes.ts";
import { settle, statusOf, whenReady } from "./server-calls.ts";
import { rowOf } from "./statistics.ts";
import { fillStore, identifiedOf } from "./store.ts";

const PARTITIONS = 16;
const SEGMENTS = 100;
/** Each look takes the view and this program a millisecond or two of the cores that are measured. */
const POLL_MS = 50;
/** At most so many: each takes its time. */
const ROUNDS_MAX = 2;
/** What is sent before a kill: so many seconds that bring contacts into memory, then as many to find out what is taken. */
const WARM_UP_SECONDS = 3;
const WARM_UPS = 2;

interface Parties {
  readonly redisUrl: string;
  readonly ingest: Running;
  readonly query: Running;
  readonly contacts: number;
  readonly env: Readonly<Record<string, string>>;
}

export const start: Benchmark = {
  name: "start",
  about: "from the start of a process, or the kill of one, until it is of use",
  async run(options) {
    const { short, log } = options;
    const rounds = short ? 1 : Math.min(ROUNDS_MAX, options.rounds);
    const seconds = short ? 1 : options.seconds;
    const contacts = short ? 2_000 : 1_000_000;
    const redis = await startRedis(BOTH);
    const running: Running[] = [redis];
    try {
      const store = { redisUrl: redis.url, partitions: PARTITIONS, contacts, segments: SEGMENTS, seed: 6 };
      const filled = await fillStore(store);
      log(`  ${filled.contacts} contacts after ${filled.seconds.toFixed(1)} s`);
      const ingest = await startSluice({ redisUrl: redis.url, cores: BOTH, roles: ["ingest"] });
      running.unshift(ingest);

      const views: number[] = [];
      let query: Running | null = null;
      for (let round = 0; round < rounds; round++) {
        await query?.stop();
        const begun = performance.now();
        query = await startSluice({ redisUrl: redis.url, cores: BOTH, roles: ["query"] });
        await whenReady(query.url);
        views.push((performance.now() - begun) / 1000);
        log(`  a view answers after ${views.at(-1)?.toFixed(2)} s`);
      }
      if (query === null) throw new Error("there are no rounds");
      running.unshift(query);

      const env: Record<string, string> = short ? { LEASE_SECONDS: "1" } : {};
      const parties: Parties = { redisUrl: redis.url, ingest, query, contacts, env };
      const taken: number[] = [];
      const recoveries: Recovery[] = [];
      for (let round = 0; round < rounds; round++) {
        taken.push(await timeToTake(parties, round));
        log(`  a processor takes events after ${taken.at(-1)?.toFixed(2)} s`);
        const found = await killUnderLoad(parties, seconds, round);
        recoveries.push(found);
        log(
          `  killed under load: ${found.waiting} entries waited, owned again after ${found.ownedSeconds.toFixed(2)} s, ` +
            `caught up after ${found.caughtUpSeconds.toFixed(2)} s (CPU ${found.cpuSeconds.toFixed(2)} s)`,
        );
      }
      const millions = contacts.toLocaleString("en");
      const rows = [
        rowOf(`a processor over ${millions} contacts takes events in every partition`, taken, "s", {
          at: "most",
          value: 2,
        }),
        rowOf(`a view over ${millions} contacts answers`, views, "s", { at: "most", value: 10 }),
        rowOf(
          "killed under full load: everything accepted is processed",
          recoveries.map((one) => one.caughtUpSeconds),
          "s",
          { at: "most", value: 5 },
        ),
        rowOf(
          "killed under full load: all partitions have an owner again",
          recoveries.map((one) => one.ownedSeconds),
          "s",
        ),
        rowOf(
          "killed under full load: CPU of the successor until then",
          recoveries.map((one) => one.cpuSeconds),
          "s",
        ),
        rowOf(
          "killed under full load: entries that waited at the kill",
          recoveries.map((one) => one.waiting),
          "entries",
        ),
      ];
      const checks: BenchCheck[] = [
        {
          what: "after a kill every contact has the points of its events, no more and no less",
          holds: recoveries.every(({ exact }) => exact),
        },
      ];
      const notes = [
        `Redis (appendfsync ${redisFsync()}) and a process for each role share ${BOTH.length || "all"} cores; ` +
          "until the kill as many events as the processor has just been seen to keep up with, a new one at once; " +
          `${rounds} rounds.`,
      ];
      return resultOf(start, options, { rows, checks, notes });
    } finally {
      for (const one of running) await one.stop();
    }
  },
};

/** From the start of a processor until it has committed an event in every partition, s. */
async function timeToTake({ redisUrl, ingest, query, contacts, env }: Parties, round: number): Promise<number> {
  await sendProbes(ingest.url, contacts, `start-${round}`);
  if ((await statusOf(query.url)).partitions.some(({ backlog }) => backlog === 0)) {
    throw new Error("not every partition has an event to take");
  }
  const begun = performance.now();
  const processor = await startSluice({ redisUrl, cores: BOTH, roles: ["processor"], env });
  await worked(query.url);
  const seconds = (performance.now() - begun) / 1000;
  await settle(query.url);
  await processor.stop();
  return seconds;
}

/** Enough events that each partition gets some; each is worth one point. */
async function sendProbes(url: string, contacts: number, id: string): Promise<void> {
  const batch = Array.from({ length: 500 }, (_, i) => ({
    type: "track",
    event: "Witness",
    userId: `customer-${Math.floor((i * identifiedOf(contacts)) / 500)}`,
    messageId: `${id}-${i}`,
    properties: { category: "coats", price: 10 },
  }));
  const answer = await fetch(`${url}/v1/batch`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ batch }),
  });
  if (!answer.ok) throw new Error(`events were answered ${answer.status}`);
  await answer.arrayBuffer();
}

async function worked(url: string): Promise<void> {
  while ((await statusOf(url)).totals.backlog > 0) await pause(POLL_MS);
}

interface Recovery {
  /** Entries that were accepted and not processed when the processor was killed. */
  readonly waiting: number;
  readonly cpuSeconds: number;
  readonly ownedSeconds: number;
  readonly caughtUpSeconds: number;
  readonly exact: boolean;
}

async function killUnderLoad(
  { redisUrl, ingest, query, contacts, env }: Parties,
  seconds: number,
  round: number,
): Promise<Recovery> {
  const witness = `witness-${round}`;
  const first = await startSluice({ redisUrl, cores: BOTH, roles: ["processor"], env });
  await worked(query.url);
  const identified = identifiedOf(contacts);
  const bodies = bodiesOf(createTraffic({ seed: round + 1, contacts: identified }), 100);
  const load: Load = {
    url: ingest.url,
    bodies,
    contacts: identified,
    connections: 32,
    seconds,
    seed: round,
    cores: BOTH,
  };
  const perSecond = await rateOf(load, query.url);
  let sent = 0;
  let loading = true;
  const witnessing = (async (): Promise<void> => {
    // One contact that gets one event at a time, answered before the next: its points tell whether any got lost.
    while (loading) sent += await sendWitness(ingest.url, witness, sent);
  })();
  await runLoad({ ...load, rate: Math.max(1, Math.round(perSecond / load.bodies.events)) });
  const killedAt = performance.now();
  await first.kill();
  const atKill = await statusOf(query.url);
  const epochs = atKill.partitions.map(({ epoch }) => epoch ?? 0);
  loading = false;
  await witnessing;
  const second = await startSluice({ redisUrl, cores: BOTH, roles: ["processor"], env });
  const since = (): number => (performance.now() - killedAt) / 1000;
  let ownedSeconds: number | null = null;
  for (;;) {
    const { partitions, totals } = await statusOf(query.url);
    if (partitions.every(({ epoch }, i) => (epoch ?? 0) > (epochs[i] ?? 0))) ownedSeconds ??= since();
    if (totals.backlog === 0) break;
    await pause(POLL_MS);
  }
  const [caughtUpSeconds, cpuSeconds] = [since(), second.cpuSeconds()];
  await settle(query.url);
  const card = (await (await fetch(`${query.url}/v1/contacts/${witness}`)).json()) as { score: number };
  await second.stop();
  await first.stop();
  return {
    waiting: atKill.totals.backlog,
    cpuSeconds,
    ownedSeconds: ownedSeconds ?? caughtUpSeconds,
    caughtUpSeconds,
    exact: card.score === sent,
  };
}

/** Events a second that a processor with warm contacts keeps up with. More than it takes would only grow a backlog. */
async function rateOf(load: Load, queryUrl: string): Promise<number> {
  let perSecond = 0;
  for (let i = 0; i < WARM_UPS; i++) {
    const seconds = Math.min(load.seconds, WARM_UP_SECONDS);
    const taken = await runLoad({ ...load, seconds, seed: load.seed * WARM_UPS + i });
    const begun = performance.now() - taken.seconds * 1000;
    await worked(queryUrl);
    perSecond = (taken.events * 1000) / (performance.now() - begun);
  }
  return perSecond;
}

/** How many events were sent: always one. */
async function sendWitness(url: string, userId: string, number: number): Promise<number> {
  const body = { event: "Witness", userId, messageId: `${userId}-${number}`, properties: { category: "coats" } };
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/v1/track`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`an event was answered ${answer.status}`);
  await answer.arrayBuffer();
  return 1;
}
