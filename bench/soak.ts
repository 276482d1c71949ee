/**
 * Hours of life in minutes: one process with all roles at 70 % of what it can take, watched for what grows: memory,
 * backlog, delays of the event loop.
 *
 * What is kept for a time is bounded to less than the soak lasts, or it would rightly grow all along: fingerprints of
 * messages by DEDUPE_MAX, and contacts by their number: what one holds grows until it has met all that the segments ask
 * for, so there are as many as the load brings that far within the first third.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Benchmark, BenchOptions, Curve } from "./benchmark.ts";
import { createTraffic, windowedModel } from "./events.ts";
import { bodiesOf, runLoad, type Load } from "./load.ts";
import { resultOf } from "./machine.ts";
import { grown, readMetrics } from "./metrics.ts";
import { BOTH, redisFsync, startRedis, startSluice, type Running } from "./processes.ts";
import { openRedis, type BenchRedis } from "./redis.ts";
import { settle, statusOf } from "./server-calls.ts";
import { median, rowOf } from "./statistics.ts";

const CONTACTS = 50_000;
const SEGMENTS = 100;
const SHARE = 0.7;
const BATCH = 100;
const WARM_UPS = 3;
const WARM_UP_SECONDS = 10;
/** In each partition and of each of two generations. */
const DEDUPE_MAX = 250_000;
const MB = 1024 * 1024;
/** What may come and go between one collection of garbage and the next. */
const FLAT = 1.15;

interface Sample {
  readonly minute: number;
  readonly rss: number;
  readonly redis: number;
  /** Entries accepted and not processed. */
  readonly backlog: number;
  readonly loopP99Ms: number;
}

export const soak: Benchmark = {
  name: "soak",
  about: "half an hour at 70 % of the maximum: what grows",
  async run(options) {
    const { short, minutes, log } = options;
    const redis = await startRedis(BOTH);
    const client = await openRedis(redis.url);
    const model = windowedModel(SEGMENTS);
    const env = { DEDUPE_MAX: String(DEDUPE_MAX) };
    const sluice = await startSluice({ redisUrl: redis.url, cores: BOTH, model, env });
    try {
      const load: Load = {
        url: sluice.url,
        bodies: bodiesOf(createTraffic({ seed: 11, contacts: CONTACTS }), BATCH),
        contacts: CONTACTS,
        connections: 16,
        seconds: short ? 1 : WARM_UP_SECONDS,
        seed: 1,
        cores: BOTH,
      };
      const perSecond = (await maximum(load, short)) * SHARE;
      log(`  ${Math.round(perSecond)} events/s for ${short ? "a few seconds" : `${minutes} minutes`}`);
      const seconds = short ? 3 : Math.round(minutes * 60);
      const before = await readMetrics(sluice.url);
      const rate = Math.max(1, Math.round(perSecond / BATCH));
      const loading = runLoad({ ...load, seconds, seed: 2, rate });
      const samples = await watch({ sluice, client, loading }, options);
      const taken = await loading;
      await settle(sluice.url);
      const processed = await processedSince(before, sluice.url, taken.events);

      const thirds = (pick: (sample: Sample) => number): readonly [number, number, number] => {
        const third = Math.ceil(samples.length / 3);
        const of = (i: number): number => median(samples.slice(i * third, (i + 1) * third).map(pick));
        return [of(0), of(1), of(2)];
      };
      const [, rssMiddle, rssEnd] = thirds(({ rss }) => rss);
      const [, redisMiddle, redisEnd] = thirds(({ redis: used }) => used);
      const [, backlogMiddle, backlogEnd] = thirds(({ backlog }) => backlog);
      const loops = samples.map(({ loopP99Ms }) => loopP99Ms);
      const flat = { at: "most", value: FLAT } as const;
      const rows = [
        rowOf("memory of the server, last third to the one before", [rssEnd / rssMiddle], "x", flat),
        rowOf("memory of Redis, last third to the one before", [redisEnd / redisMiddle], "x", flat),
        rowOf("memory of the server at the end", [rssEnd / MB], "MB"),
        rowOf("memory of Redis at the end", [redisEnd / MB], "MB"),
        rowOf("backlog, middle third", [backlogMiddle], "entries"),
        rowOf("backlog, last third", [backlogEnd], "entries"),
        rowOf("delay of the event loop, p99 in a typical interval", [median(loops)], "ms", { at: "most", value: 50 }),
        rowOf("delay of the event loop, p99 in the worst interval", [Math.max(...loops)], "ms"),
        rowOf("events taken", [taken.events / taken.seconds], "events/s"),
        rowOf("answered, p99", [taken.p99Ms], "ms"),
      ];
      const checks = [
        { what: "no request failed", holds: taken.failed === 0 },
        { what: "everything answered was processed", holds: taken.events > 0 && processed >= taken.events },
        {
          // As much as arrives within some seconds is a pause, more is a backlog that grows.
          what: "the backlog does not grow",
          holds: short || backlogEnd <= Math.max(2 * backlogMiddle, 500),
        },
      ];
      const notes = [
        `${minutes} minutes at ${Math.round(SHARE * 100)} % of the maximum, requests at equal distances; server, Redis ` +
          `(appendfsync ${redisFsync()}) and load share ${BOTH.length || "all"} cores; ` +
          `${CONTACTS.toLocaleString("en")} contacts, ${SEGMENTS} segments, DEDUPE_MAX=${DEDUPE_MAX}.`,
      ];
      return resultOf(soak, options, { rows, checks, notes, curves: curvesOf(samples) });
    } finally {
      client.close();
      await sluice.stop();
      await redis.stop();
    }
  },
};

/**
 * Events a second from the first request to the last answer of queries, warm; by the program that sends at equal distances
 * afterwards, since it takes its share of the cores.
 */
async function maximum(load: Load, short: boolean): Promise<number> {
  const rates: number[] = [];
  for (let i = 0; i < (short ? 1 : WARM_UPS); i++) {
    const taken = await runLoad({ ...load, seed: 100 + i, rate: Infinity });
    const begun = performance.now() - taken.seconds * 1000;
    await settle(load.url);
    rates.push((taken.events * 1000) / (performance.now() - begun));
  }
  return Math.max(...rates);
}

interface Watched {
  readonly sluice: Running;
  readonly client: BenchRedis;
  readonly loading: Promise<unknown>;
}

async function watch({ sluice, client, loading }: Watched, { short, minutes, log }: BenchOptions): Promise<Sample[]> {
  const samples: Sample[] = [];
  let ended = false;
  void loading.then(
    () => (ended = true),
    () => (ended = true),
  );
  const begun = performance.now();
  // Some sixty samples; the delays of the event loop are those since the last one.
  const interval = short ? 300 : Math.max(2_000, (minutes * 60_000) / 60);
  while (!ended) {
    await pause(interval);
    const metrics = await readMetrics(sluice.url);
    const { totals } = await statusOf(sluice.url);
    const info = await client.client.info("memory");
    const sample: Sample = {
      minute: (performance.now() - begun) / 60_000,
      rss: sluice.rss(),
      redis: Number(/used_memory:(\d+)/.exec(info)?.[1] ?? 0),
      backlog: totals.backlog,
      loopP99Ms: (metrics.get("nodejs_eventloop_lag_p99_seconds") ?? 0) * 1000,
    };
    samples.push(sample);
    log(
      `  ${sample.minute.toFixed(1)} min: server ${(sample.rss / MB).toFixed(0)} MB, ` +
        `Redis ${(sample.redis / MB).toFixed(0)} MB, backlog ${sample.backlog}, loop p99 ${sample.loopP99Ms.toFixed(1)} ms`,
    );
  }
  return samples;
}

async function processedSince(before: ReadonlyMap<string, number>, url: string, atLeast: number): Promise<number> {
  for (const deadline = performance.now() + 5_000; ;) {
    const processed = grown(before, await readMetrics(url), "sluice_processor_events_total");
    if (processed >= atLeast || performance.now() > deadline) return processed;
    await pause(50);
  }
}

function curvesOf(samples: readonly Sample[]): Curve[] {
  const x = { label: "time", unit: "min", log: false };
  const points = (pick: (sample: Sample) => number): (readonly [number, number])[] =>
    samples.map((sample) => [sample.minute, pick(sample)]);
  return [
    {
      title: "Memory",
      x,
      y: { label: "memory", unit: "MB", log: false },
      series: [
        { name: "server", points: points(({ rss }) => rss / MB) },
        { name: "Redis", points: points(({ redis }) => redis / MB) },
      ],
    },
    {
      title: "Backlog",
      x,
      y: { label: "backlog", unit: "entries", log: false },
      series: [{ name: "entries not processed yet", points: points(({ backlog }) => backlog) }],
    },
    {
      title: "Delay of the event loop",
      x,
      y: { label: "p99", unit: "ms", log: false },
      series: [{ name: "p99 of each interval", points: points(({ loopP99Ms }) => loopP99Ms) }],
    },
  ];
}
