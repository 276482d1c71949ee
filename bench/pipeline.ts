/**
 * `npm run bench -- pipeline [seconds] [rounds]`: how many events a second one process takes (accepted), has worked
 * off (processed) and shows in its answers (visible), in turns with an empty Fastify route on the same machine.
 */
import { createTraffic, windowedModel } from "./events.ts";
import { runLoad } from "./load.ts";
import { startEmptyRoute, startSluice, type Running } from "./processes.ts";

const CONTACTS = 200_000;
const SEGMENTS = 100;
const CONNECTIONS = 20;

interface Round {
  readonly empty: number;
  readonly accepted: number;
  readonly processed: number;
  readonly visible: number;
  readonly p99Ms: number;
  readonly failed: number;
  readonly emptyCpuMicros: number;
  readonly cpuMicros: number;
}

export async function pipeline(args: readonly string[]): Promise<void> {
  const seconds = Number(args[0] ?? 5);
  const rounds = Number(args[1] ?? 3);
  const empty = await startEmptyRoute();
  const sluice = await startSluice(windowedModel(SEGMENTS));
  try {
    for (const batch of [100, 1]) {
      const label = batch === 1 ? "single events" : `batches of ${batch}`;
      console.log(`\n${label}, ${CONNECTIONS} connections, ${SEGMENTS} windowed segments, ${CONTACTS} contacts`);
      const results: Round[] = [];
      for (let round = 0; round <= rounds; round++) {
        const result = await runRound(empty, sluice, batch, seconds, round + 1);
        // The first round warms both up.
        if (round > 0) results.push(result);
      }
      print(results);
    }
  } finally {
    await Promise.all([empty.stop(), sluice.stop()]);
  }
}

async function runRound(empty: Running, sluice: Running, batch: number, seconds: number, seed: number): Promise<Round> {
  const load = { batch, connections: CONNECTIONS, seconds, traffic: createTraffic({ seed, contacts: CONTACTS }) };
  const emptyCpu = await empty.cpuSeconds();
  const ceiling = await runLoad({ ...load, url: empty.url });
  const emptyCpuSeconds = (await empty.cpuSeconds()) - emptyCpu;

  const cpu = await sluice.cpuSeconds();
  const begun = performance.now();
  const taken = await runLoad({ ...load, url: sluice.url });
  const processedAt = await drained(sluice.url);
  await settle(sluice.url);
  const visibleAt = performance.now();
  const cpuSeconds = (await sluice.cpuSeconds()) - cpu;
  return {
    empty: ceiling.events / ceiling.seconds,
    accepted: taken.events / taken.seconds,
    processed: (taken.events * 1000) / (processedAt - begun),
    visible: (taken.events * 1000) / (visibleAt - begun),
    p99Ms: taken.p99Ms,
    failed: taken.failed + ceiling.failed,
    emptyCpuMicros: (emptyCpuSeconds * 1e6) / ceiling.events,
    cpuMicros: (cpuSeconds * 1e6) / taken.events,
  };
}

/** Waits until nothing that was accepted is left to process; gives the time at which that was so. */
async function drained(url: string): Promise<number> {
  for (;;) {
    const answer = await fetch(`${url}/v1/status`);
    const { partitions } = (await answer.json()) as { partitions: { backlog: number }[] };
    if (partitions.every(({ backlog }) => backlog === 0)) return performance.now();
  }
}

async function settle(url: string): Promise<void> {
  const answer = await fetch(`${url}/v1/settle?timeout=120`, { method: "POST" });
  if (!answer.ok) throw new Error(`settle answered ${answer.status}: ${await answer.text()}`);
}

function print(rounds: readonly Round[]): void {
  const rate = (pick: (round: Round) => number): string => Math.round(median(rounds.map(pick))).toLocaleString("en");
  const ratio = (pick: (round: Round) => number): string =>
    median(rounds.map((round) => pick(round) / round.empty)).toFixed(2);
  const micros = (pick: (round: Round) => number): string => median(rounds.map(pick)).toFixed(1);
  console.log(`  median of ${rounds.length} paired rounds    events/s   x empty route`);
  console.log(
    `  empty Fastify route     ${rate((r) => r.empty).padStart(12)}            1.00   ${micros((r) => r.emptyCpuMicros)} µs CPU an event`,
  );
  console.log(
    `  accepted                ${rate((r) => r.accepted).padStart(12)}            ${ratio((r) => r.accepted)}   p99 ${micros((r) => r.p99Ms)} ms`,
  );
  console.log(
    `  processed               ${rate((r) => r.processed).padStart(12)}            ${ratio((r) => r.processed)}`,
  );
  console.log(
    `  visible                 ${rate((r) => r.visible).padStart(12)}            ${ratio((r) => r.visible)}   ${micros((r) => r.cpuMicros)} µs CPU an event, without Redis`,
  );
  const failed = rounds.reduce((sum, round) => sum + round.failed, 0);
  if (failed > 0) console.log(`  ${failed} requests failed`);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >>> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}
