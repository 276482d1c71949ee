/**
 * What a contact of the reference profile costs in Redis, in the views and in the processor, and whether the processor
 * stays within its bound, and right, when it may hold only a small part of the contacts.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Redis } from "ioredis";
import { partitionKeys, PREFIX } from "../kernel/keys.ts";
import { LIMITS } from "../kernel/limits.ts";
import type { Benchmark, BenchCheck, BenchOptions, BenchRow } from "./benchmark.ts";
import { resultOf } from "./machine.ts";
import { readMetrics } from "./metrics.ts";
import { BOTH, startRedis, startSluice, type Running } from "./processes.ts";
import { openRedis } from "./redis.ts";
import { settle, whenReady } from "./server-calls.ts";
import { rowOf } from "./statistics.ts";
import { fillStore, identifiedOf, PROFILE } from "./store.ts";

const PARTITIONS = 16;
const SEGMENTS = 100;
const MB = 1024 * 1024;
/** The least that a server can be told, and what it has if it isn't. */
const SMALL_MB = 16;
const USUAL_MB = 512;
/** Contacts that are sent events and asked for; spread over all, so that nearly each is on a page of its own. */
const TOUCHED = 20_000;
const ASKED = 300;
const AT_ONCE = 16;
/** A tenth of a second each. */
const LOOKS = 30;
const BATCH = 500;
const ROUNDS = 2;
/** A card is asked for again for so long. */
const CARD_MS_MAX = 60_000;
/** More than the time between two of them. */
const SIGN_OF_LIFE_MS = 1_500;

export const memory: Benchmark = {
  name: "memory",
  about: "bytes for each contact in Redis, in the views and in the processor",
  async run(options) {
    const sizes = options.short ? [2_000] : options.large ? [1_000_000, 10_000_000] : [1_000_000];
    const rows: BenchRow[] = [];
    const checks: BenchCheck[] = [];
    for (const contacts of sizes) {
      const found = await measure(contacts, options);
      rows.push(...found.rows);
      checks.push(...found.checks);
    }
    const profile = `${PROFILE.events} events in ${PROFILE.days} days, ${PROFILE.tags} tags, ${PROFILE.traits} traits`;
    const notes = [
      `The reference profile: ${profile}, under ${SEGMENTS} segments. Redis by MEMORY USAGE of its keys; processes by ` +
        "their resident memory less that of the same process on an empty store.",
    ];
    return resultOf(memory, options, { rows, checks, notes });
  },
};

async function measure(
  contacts: number,
  { short, log }: BenchOptions,
): Promise<{ readonly rows: BenchRow[]; readonly checks: BenchCheck[] }> {
  const redis = await startRedis(BOTH);
  const client = await openRedis(redis.url);
  const running: Running[] = [redis];
  try {
    const looks = short ? 1 : LOOKS;
    const empty = await viewMemory(await emptyQuery(), looks);
    const store = { redisUrl: redis.url, partitions: PARTITIONS, contacts, segments: SEGMENTS, seed: 4 };
    const filled = await fillStore(store);
    log(`  ${contacts} contacts after ${filled.seconds.toFixed(1)} s`);

    const query = await startSluice({ redisUrl: redis.url, cores: BOTH, roles: ["query"] });
    running.unshift(query);
    await whenReady(query.url);
    const views = (await settledRss(query, looks)) - empty;
    const inRedis = await redisBytes(client.client);

    const use = (mb: number): Promise<ProcessorUse> => useProcessor(redis.url, query.url, contacts, mb, short);
    const usual = await use(USUAL_MB);
    const small = await use(SMALL_MB);
    const eachLoaded = usual.resident / usual.loaded;
    const share = Math.min(100, (small.resident / eachLoaded / contacts) * 100);
    log(`  a processor with ${SMALL_MB} MB held ${share.toFixed(1)} % of the contacts`);
    const each = (bytes: number): number[] => [bytes / contacts];
    const total = inRedis.pages + inRedis.index;
    const bytes = "bytes/contact";
    return {
      rows: [
        rowOf(`${label(contacts)}: Redis`, each(total), bytes, { at: "most", value: 600 }),
        rowOf(`${label(contacts)}: Redis, the profiles`, each(inRedis.pages), bytes),
        rowOf(`${label(contacts)}: Redis, the index`, each(inRedis.index), bytes),
        rowOf(`${label(contacts)}: Redis, streams and fingerprints of messages`, each(inRedis.rest), bytes),
        rowOf(`${label(contacts)}: views`, each(views), bytes, { at: "most", value: 200 }),
        rowOf(`${label(contacts)}: a contact that the processor has loaded`, [eachLoaded], "bytes"),
        rowOf(`${label(contacts)}: the processor with ${USUAL_MB} MB, the whole process`, [usual.rss / MB], "MB"),
        rowOf(`${label(contacts)}: the processor with ${SMALL_MB} MB, the whole process`, [small.rss / MB], "MB"),
        rowOf(`${label(contacts)}: of the contacts in its ${SMALL_MB} MB`, [share], "%"),
      ],
      checks: [
        // A step may need more than the bound for a moment.
        {
          what: `${label(contacts)}: a processor with ${SMALL_MB} MB keeps within them`,
          holds: small.resident <= SMALL_MB * MB * 1.25,
        },
        { what: `${label(contacts)}: a processor with ${SMALL_MB} MB counts rightly`, holds: small.right },
        { what: `${label(contacts)}: a processor with ${USUAL_MB} MB counts rightly`, holds: usual.right },
      ],
    };
  } finally {
    client.close();
    for (const one of running) await one.stop();
  }
}

function label(contacts: number): string {
  return `${contacts.toLocaleString("en")} contacts`;
}

interface EmptyQuery {
  readonly redis: Running;
  readonly query: Running;
}

async function emptyQuery(): Promise<EmptyQuery> {
  const redis = await startRedis(BOTH);
  await fillStore({ redisUrl: redis.url, partitions: PARTITIONS, contacts: 16, segments: SEGMENTS, seed: 4 });
  const query = await startSluice({ redisUrl: redis.url, cores: BOTH, roles: ["query"] });
  await whenReady(query.url);
  return { redis, query };
}

/** Resident memory of a view of next to nobody; ends it. */
async function viewMemory({ redis, query }: EmptyQuery, looks: number): Promise<number> {
  const rss = await settledRss(query, looks);
  await query.stop();
  await redis.stop();
  return rss;
}

/** The least of some looks: what is garbage after loading goes while the process does little. */
async function settledRss(running: Running, looks: number): Promise<number> {
  let least = running.rss();
  for (let i = 0; i < looks; i++) {
    await (await fetch(`${running.url}/metrics`)).arrayBuffer();
    await pause(100);
    least = Math.min(least, running.rss());
  }
  return least;
}

async function redisBytes(client: Redis): Promise<Readonly<Record<"pages" | "index" | "rest", number>>> {
  const sum = { pages: 0, index: 0, rest: 0 };
  const usage = async (key: string): Promise<number> => (await client.memory("USAGE", key, "SAMPLES", 0)) ?? 0;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const keys = partitionKeys(partition);
    sum.pages += await usage(keys.pages);
    sum.index += await usage(keys.index);
    for (const key of [keys.in, keys.deltas, keys.feed, keys.seen, keys.rejected]) sum.rest += await usage(key);
  }
  // Whatever else there is: a key that nobody thought of would be noticed here.
  const known = new Set(
    Array.from({ length: PARTITIONS }, (_, partition) => Object.values(partitionKeys(partition))).flat(),
  );
  for (const key of await client.keys(`${PREFIX}:*`)) if (!known.has(key)) sum.rest += await usage(key);
  return sum;
}

interface ProcessorUse {
  /** Bytes of loaded contacts, as the processor estimates them, when all events were processed. */
  readonly resident: number;
  /** The most contacts that it can have loaded: those on the pages that the events touched. */
  readonly loaded: number;
  readonly rss: number;
  /** The contacts asked for have the points that the events gave them. */
  readonly right: boolean;
}

/** Sends events to contacts all over the store and looks at what becomes of some of them. */
async function useProcessor(
  redisUrl: string,
  queryUrl: string,
  contacts: number,
  mb: number,
  short: boolean,
): Promise<ProcessorUse> {
  const sluice = await startSluice({
    redisUrl,
    cores: BOTH,
    roles: ["ingest", "processor"],
    env: { PROCESSOR_MEMORY_MB: String(mb) },
  });
  try {
    const identified = identifiedOf(contacts);
    const touched = Math.min(short ? 100 : TOUCHED, identified);
    const ids = Array.from({ length: touched }, (_, i) => `customer-${Math.floor((i * identified) / touched)}`);
    const asked = ids.filter((_, i) => i % Math.ceil(touched / ASKED) === 0);
    const before = await scores(queryUrl, asked);
    // Twice round, so that pages that were changed and dropped are brought again.
    for (let round = 0; round < ROUNDS; round++) await sendToEach(sluice.url, ids);
    await settle(queryUrl);
    const after = await scores(queryUrl, asked);
    const resident = await residentBytes(sluice.url);
    return {
      resident,
      loaded: Math.min(contacts, touched * LIMITS.page_contacts),
      rss: sluice.rss(),
      right: after.every((score, i) => score === (before[i] ?? Number.NaN) + ROUNDS),
    };
  } finally {
    await sluice.stop();
  }
}

/** The gauge comes with the next sign of life of the processor's threads. */
async function residentBytes(url: string): Promise<number> {
  await pause(SIGN_OF_LIFE_MS);
  return (await readMetrics(url)).get("sluice_processor_resident_bytes") ?? Number.NaN;
}

/** An event that no rule of the reference model names, so worth one point, for each. */
async function sendToEach(url: string, ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += BATCH) {
    const batch = ids.slice(at, at + BATCH).map((userId) => ({
      type: "track",
      event: "Witness",
      userId,
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
}

async function scores(url: string, ids: readonly string[]): Promise<number[]> {
  const found: number[] = [];
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const cards = ids.slice(at, at + AT_ONCE).map(async (id) => {
      // A processor that has just been started may still be loading.
      for (const deadline = performance.now() + CARD_MS_MAX; ;) {
        const answer = await fetch(`${url}/v1/contacts/${encodeURIComponent(id)}`);
        if (answer.ok) return ((await answer.json()) as { score: number }).score;
        const text = await answer.text();
        if (performance.now() > deadline) throw new Error(`a contact was answered ${answer.status}: ${text}`);
      }
    });
    found.push(...(await Promise.all(cards)));
  }
  return found;
}
