/**
 * Queries over HTTP while events arrive at half of the rate that this machine takes: a store of a million contacts of
 * the reference profile, one process that collects and processes, one that answers.
 *
 * Latencies are of requests at a fixed rate and count from the moment at which each was due; an empty Fastify route is
 * asked in the same way beside the same events, as all of them share the cores. The call for personalisation is asked as
 * often as it is answered, in turns with that route.
 */
import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { Benchmark, BenchCheck, BenchOptions, BenchRow } from "./benchmark.ts";
import { createTraffic } from "./events.ts";
import { CONTACT } from "./load-job.ts";
import { bodiesOf, getting, loadProgram, runLoad, type Load, type LoadResult } from "./load.ts";
import { resultOf } from "./machine.ts";
import { grown, readMetrics } from "./metrics.ts";
import { paced, send, type PacedRequest } from "./paced.ts";
import { BOTH, redisFsync, startEmptyRoute, startRedis, startSluice, type Running } from "./processes.ts";
import { settle, whenReady } from "./server-calls.ts";
import { median, quantile, rowOf, type Goal } from "./statistics.ts";
import { fillStore, identifiedOf } from "./store.ts";

const PARTITIONS = 16;
const SEGMENTS = 100;
/** Of the calls that pages wait for, and of those that people wait for. */
const OFTEN_PER_SECOND = 100;
const SELDOM_PER_SECOND = 20;
const CATEGORIES = ["coats", "shoes", "shirts", "hats", "bags", "jeans", "socks"] as const;
const STAGES = ["visitor", "lead", "customer"] as const;
const EVENTS_SHARE = 0.5;
/** Loads at the full rate by which the maximum is found, each until all of it is shown; all but the first count. */
const LOADS = 3;
/** Events flow for so long before anything is asked. */
const SETTLING_SECONDS = 1;
const ACCEPTED_POLL_MS = 20;
const PROBE_PAUSE_MS = 20;
const POLL_MS = 1;
const SHORT_SECONDS = 0.3;
/** At most so many: each asks ten things one after the other. */
const ROUNDS_MAX = 3;

interface Kind {
  readonly what: string;
  /** The goal; null for what is only there to be compared with. */
  readonly p99Ms: number | null;
  readonly of: "query" | "empty";
  readonly perSecond: number;
  next(): PacedRequest;
}

export const queries: Benchmark = {
  name: "queries",
  about: "answers over a million contacts while events arrive at half of the maximum rate",
  async run(options) {
    const { short } = options;
    const contacts = short ? 2_000 : 1_000_000;
    const redis = await startRedis(BOTH);
    const running: Running[] = [redis];
    try {
      const store = { redisUrl: redis.url, partitions: PARTITIONS, contacts, segments: SEGMENTS, seed: 3 };
      const filled = await fillStore(store);
      options.log(`  ${filled.contacts} contacts after ${filled.seconds.toFixed(1)} s`);
      const start = (roles: readonly ("ingest" | "processor" | "query")[]): Promise<Running> =>
        startSluice({ redisUrl: redis.url, cores: BOTH, roles });
      const [events, query, empty] = await Promise.all([
        start(["ingest", "processor"]),
        start(["query"]),
        startEmptyRoute(BOTH),
      ]);
      running.unshift(events, query, empty);
      await whenReady(query.url);

      const checks = await checkAnswers(query.url);
      const background = await createBackground(events.url, query.url, identifiedOf(contacts), options);
      const { rows, failed } = await measure({ query, empty, events, contacts }, background, options);
      checks.push({ what: "no request failed", holds: failed === 0 });
      const notes = [
        `${contacts.toLocaleString("en")} contacts, ${SEGMENTS} segments; Redis (appendfsync ${redisFsync()}), a process with ` +
          `the roles ingest and processor, one with query, and the load share ${BOTH.length || "all"} cores. ` +
          `Events arrive at ${Math.round(background.perSecond).toLocaleString("en")} a second, half of what is taken and ` +
          `shown; queries ${OFTEN_PER_SECOND} a second, the last three kinds ${SELDOM_PER_SECOND}; ${loadProgram()} for the call for personalisation.`,
      ];
      return resultOf(queries, options, { rows, checks, notes });
    } finally {
      for (const one of running) await one.stop();
    }
  },
};

interface Background {
  readonly perSecond: number;
  /** Events at half of the maximum for so long; resolves when they flow, and then to what becomes of them. */
  begin(seconds: number): Promise<{ readonly ended: Promise<LoadResult> }>;
}

/** Finds out how many events a second are taken and shown, over so long that checkpoints have their share in it. */
async function createBackground(
  url: string,
  queryUrl: string,
  contacts: number,
  { seconds, short }: BenchOptions,
): Promise<Background> {
  const bodies = bodiesOf(createTraffic({ seed: 5, contacts }), 100);
  const load: Load = { url, bodies, contacts, connections: 16, seconds: short ? 1 : seconds, seed: 9, cores: BOTH };
  let events = 0;
  let ms = 0;
  for (let i = 0; i < (short ? 1 : LOADS); i++) {
    const taken = await runLoad({ ...load, seed: i + 1 });
    const begun = performance.now() - taken.seconds * 1000;
    await settle(queryUrl);
    // The first of these brings contacts into memory.
    if (i === 0 && !short) continue;
    events += taken.events;
    ms += performance.now() - begun;
  }
  const perSecond = ((events * 1000) / ms) * EVENTS_SHARE;
  return {
    perSecond,
    async begin(duration) {
      const before = await readMetrics(url);
      const rate = Math.max(1, Math.round(perSecond / 100));
      const ended = runLoad({ ...load, seconds: duration, seed: 77, rate });
      let over = false;
      const end = (): void => void (over = true);
      ended.then(end, end);
      // A program that makes load takes both cores while it starts.
      const events = short ? 1 : perSecond * SETTLING_SECONDS;
      while (grown(before, await readMetrics(url), "sluice_ingest_events_accepted_total") < events) {
        if (over) throw new Error(`the load was over before its events flowed: ${JSON.stringify(await ended)}`);
        await pause(ACCEPTED_POLL_MS);
      }
      return { ended };
    },
  };
}

interface Parties {
  readonly query: Running;
  readonly empty: Running;
  readonly events: Running;
  readonly contacts: number;
}

async function measure(
  parties: Parties,
  background: Background,
  options: BenchOptions,
): Promise<{ readonly rows: BenchRow[]; readonly failed: number }> {
  const { short, log } = options;
  const rounds = Math.min(ROUNDS_MAX, options.rounds);
  const seconds = short ? SHORT_SECONDS : options.seconds;
  const kinds = kindsOf(identifiedOf(parties.contacts));
  const found = kinds.map(() => ({ p50: [] as number[], p99: [] as number[] }));
  const ratios: number[] = [];
  const visible = { p50: [] as number[], p99: [] as number[] };
  let failed = 0;
  for (let round = 0; round <= (short ? 0 : rounds); round++) {
    // Enough for everything below; what is left of it is waited for.
    const traffic = await background.begin((kinds.length + 4) * seconds + 2 * SETTLING_SECONDS);
    for (const [i, kind] of kinds.entries()) {
      const pace = { perSecond: kind.perSecond, seconds };
      const result = await paced(parties[kind.of].url, () => kind.next(), pace);
      failed += result.failed;
      found[i]?.p50.push(median(result.latencies));
      found[i]?.p99.push(quantile(result.latencies, 0.99));
    }
    const delays = await visibility(parties, seconds, round);
    visible.p50.push(median(delays));
    visible.p99.push(quantile(delays, 0.99));
    // The last, as it asks for all that there is of both cores: what arrives meanwhile has to wait.
    const ratio = await personalisation(parties, seconds, round);
    ratios.push(ratio.ratio);
    failed += ratio.failed + (await traffic.ended).failed;
    await settle(parties.query.url);
    log(
      `  round ${round}: p99 ${kinds.map(({ what }, i) => `${what} ${last(found[i]?.p99)} ms`).join(", ")}; ` +
        `personalisation ${ratio.ratio.toFixed(2)} x; visible p50 ${last(visible.p50)}, p99 ${last(visible.p99)} ms`,
    );
    // The first round warms up.
    if (round === 0 && !short) for (const list of [ratios, ...found, visible].flatMap(listsOf)) list.length = 0;
  }
  const rows = kinds.flatMap(({ what, p99Ms }, i) => [
    rowOf(`${what}, p99`, found[i]?.p99 ?? [], "ms", p99Ms === null ? undefined : { at: "most", value: p99Ms }),
    rowOf(`${what}, p50`, found[i]?.p50 ?? [], "ms"),
  ]);
  const goals: Readonly<Record<"ratio" | "p50" | "p99", Goal>> = {
    ratio: { at: "least", value: 0.5 },
    p50: { at: "most", value: 50 },
    p99: { at: "most", value: 250 },
  };
  rows.push(
    rowOf("a contact's segments, beside an empty GET route", ratios, "x", goals.ratio),
    rowOf("an event from accepted to visible, p50", visible.p50, "ms", goals.p50),
    rowOf("an event from accepted to visible, p99", visible.p99, "ms", goals.p99),
  );
  return { rows, failed };
}

function listsOf(of: number[] | { readonly p50: number[]; readonly p99: number[] }): number[][] {
  return Array.isArray(of) ? [of] : [of.p50, of.p99];
}

function last(values: readonly number[] | undefined): string {
  return (values?.at(-1) ?? Number.NaN).toFixed(1);
}

/** Other segments and other contacts in every request. */
function kindsOf(identified: number): readonly Kind[] {
  const whole = (n: number): number => Math.floor(Math.random() * n);
  const segment = (): string => `segment ${whole(SEGMENTS)}`;
  const path = (name: string, rest = ""): string => `/v1/segments/${encodeURIComponent(name)}${rest}`;
  const asked = (where: string): PacedRequest => ({
    method: "POST",
    path: "/v1/query",
    body: JSON.stringify({ where, limit: 1 }),
  });
  return [
    {
      // How long who asks waits where there is nothing to answer: for a core.
      what: "an empty route, asked as often",
      p99Ms: null,
      of: "empty",
      perSecond: OFTEN_PER_SECOND,
      next: () => ({ method: "GET", path: "/v1/contacts/nobody/segments" }),
    },
    {
      what: "size of a segment",
      p99Ms: 5,
      of: "query",
      perSecond: OFTEN_PER_SECOND,
      next: () => ({ method: "GET", path: path(segment()) }),
    },
    {
      what: "membership",
      p99Ms: 5,
      of: "query",
      perSecond: OFTEN_PER_SECOND,
      next: () => ({ method: "GET", path: path(segment(), `/members/customer-${whole(identified)}`) }),
    },
    {
      what: "count of two segments without a third",
      p99Ms: 20,
      of: "query",
      perSecond: SELDOM_PER_SECOND,
      next: () => asked(`in segment "${segment()}" and in segment "${segment()}" and not in segment "${segment()}"`),
    },
    {
      what: "first 100 of a segment by score",
      p99Ms: 50,
      of: "query",
      perSecond: SELDOM_PER_SECOND,
      next: () => ({ method: "GET", path: path(segment(), "/members?order=score&limit=100") }),
    },
    {
      what: "predicate over score, a tag and the stage",
      p99Ms: 100,
      of: "query",
      perSecond: SELDOM_PER_SECOND,
      next: () => {
        const category = CATEGORIES[whole(CATEGORIES.length)] ?? "";
        const stage = STAGES[whole(STAGES.length)] ?? "";
        return asked(`score >= ${10 + whole(30)} and tag("${category}") >= ${1 + whole(6)} and stage = "${stage}"`);
      },
    },
  ];
}

async function personalisation(
  { query, empty, contacts }: Parties,
  seconds: number,
  round: number,
): Promise<{ readonly ratio: number; readonly failed: number }> {
  const bodies = getting([`/v1/contacts/customer-${CONTACT}/segments`]);
  const load = { bodies, contacts: identifiedOf(contacts), connections: 32, seconds, seed: round + 1, cores: BOTH };
  const one = (server: Running): Promise<LoadResult> => runLoad({ ...load, url: server.url });
  const first = round % 2 === 0 ? await one(empty) : null;
  const asked = await one(query);
  const ceiling = first ?? (await one(empty));
  const ratio = asked.requests / asked.seconds / (ceiling.requests / ceiling.seconds);
  return { ratio, failed: asked.failed + ceiling.failed };
}

/** New contacts, each with one event: from its answer to the first query that knows it, ms. */
async function visibility({ events, query }: Parties, seconds: number, round: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  const delays: number[] = [];
  try {
    for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
      const userId = `probe-${round}-${delays.length}`;
      const body = JSON.stringify({ event: "Event 0", userId, properties: { category: "coats" } });
      const { status } = await send(agent, events.url, { method: "POST", path: "/v1/track", body });
      if (status !== 200) throw new Error(`an event was answered ${status}`);
      const accepted = performance.now();
      const asking: PacedRequest = { method: "GET", path: `/v1/contacts/${userId}/segments` };
      while ((await send(agent, query.url, asking)).status !== 200) await pause(POLL_MS);
      delays.push(performance.now() - accepted);
      await pause(PROBE_PAUSE_MS);
    }
  } finally {
    agent.destroy();
  }
  return delays;
}

/** The counts that queries give are those of the members that they list. */
async function checkAnswers(url: string): Promise<BenchCheck[]> {
  const names = ["segment 0", "segment 8", "segment 17"] as const;
  const sets: Set<string>[] = [];
  let sizes = true;
  for (const name of names) {
    const members = await membersOf(url, name);
    sets.push(new Set(members.ids));
    sizes &&= members.size === members.ids.length && members.size === new Set(members.ids).size;
  }
  const [one, two, three] = sets;
  const expected = [...(one ?? [])].filter((id) => two?.has(id) && !three?.has(id)).length;
  const where = `in segment "${names[0]}" and in segment "${names[1]}" and not in segment "${names[2]}"`;
  const answer = await fetch(`${url}/v1/query`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ where, limit: 1 }),
  });
  const { count } = (await answer.json()) as { count: number };
  return [
    { what: "a segment has as many members as it says, and nobody twice", holds: sizes && (one?.size ?? 0) > 0 },
    { what: "AND and NOT of segments count what their members say", holds: count === expected },
  ];
}

async function membersOf(url: string, name: string): Promise<{ readonly size: number; readonly ids: string[] }> {
  const ids: string[] = [];
  for (let cursor = ""; ;) {
    const path = `/v1/segments/${encodeURIComponent(name)}/members?limit=10000${cursor}`;
    const page = (await (await fetch(`${url}${path}`)).json()) as {
      size: number;
      members: { id: string }[];
      next: string | null;
    };
    ids.push(...page.members.map(({ id }) => id));
    if (page.next === null) return { size: page.size, ids };
    cursor = `&cursor=${encodeURIComponent(page.next)}`;
  }
}
