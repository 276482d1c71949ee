/**
 * Peers on the same rules and the same events, with the same members asserted: engines that run rules over an event,
 * incremental views, databases that compute everything again, and native bitmaps. Everyone has a process of its own
 * and they take turns; what is compared is CPU time.
 */
import path from "node:path";
import type { BenchCheck, Benchmark, BenchOptions, BenchResult, BenchRow, Findings } from "./benchmark.ts";
import { startForked, type Forked } from "./forked.ts";
import { resultOf } from "./machine.ts";
import type { Way } from "./peers/databases.ts";
import { installPeers, PeersMissing, peerVersion } from "./peers/load.ts";
import type { ContenderName, DatabaseName, PeerAnswer, PeerConfig, PeerQuestion } from "./peers/process.ts";
import { HISTORY_MS, type RuleKind } from "./peers/rules.ts";
import { median, rowOf, type Goal } from "./statistics.ts";

const PROCESS = path.join(import.meta.dirname, "peers", "process.ts");
const HEAP_MB = 6_144;
const MINUTE = 60_000;
/**
 * CPU time of a contender's round at most: the judge has to go through everything that the quickest of them took, and is
 * not as quick.
 */
const TAKE_SECONDS_MAX = 0.3;
/** Rounds of recomputing at most: each asks every query of every database. */
const DATABASE_ROUNDS_MAX = 3;

type Peer = Forked<PeerQuestion, PeerAnswer>;

/** Facts between two looks at the time: tens of ms of work, beside which what V8 still does about making them is little. */
const PORTIONS: Readonly<Record<ContenderName, number>> = {
  sluice: 10_000,
  "sluice matching": 200_000,
  "json-rules-engine": 50,
  sift: 2_000,
  "json-logic-engine": 10_000,
  "@tanstack/db-ivm": 5_000,
  "@tanstack/db-ivm by hand": 10_000,
};

export const peers: Benchmark = {
  name: "peers",
  about: "the same rules in json-rules-engine, sift, json-logic-engine, db-ivm, ClickHouse, DuckDB and roaring",
  async run(options): Promise<BenchResult> {
    try {
      installPeers(options.log);
    } catch (error) {
      if (!(error instanceof PeersMissing)) throw error;
      options.log(`  ${error.message}`);
      return resultOf(peers, options, { rows: [], checks: [], notes: ["Left out: the peers could not be installed."] });
    }
    const parts: Findings[] = [await ruleEngines(options, 100)];
    if (!options.short) parts.push(await ruleEngines(options, 1_000));
    parts.push(await views(options), await databases(options), await bitmaps(options));
    return resultOf(peers, options, {
      rows: parts.flatMap(({ rows }) => rows),
      checks: parts.flatMap(({ checks }) => checks),
      notes: [`Versions: ${versions()}.`, ...new Set(parts.flatMap(({ notes }) => notes ?? []))],
    });
  },
};

function versions(): string {
  const names = ["json-rules-engine", "sift", "json-logic-engine", "@tanstack/db-ivm", "@duckdb/node-api", "roaring"];
  return names.map((name) => `${name} ${peerVersion(name) ?? "not installed"}`).join(", ");
}

function startPeer(config: PeerConfig): Peer {
  return startForked<PeerQuestion, PeerAnswer>(PROCESS, { config, heapMb: HEAP_MB });
}

interface Race {
  readonly kind: RuleKind;
  readonly rules: number;
  readonly contacts: number;
  readonly gapMs: number;
  /** Facts that those who keep a state take first. */
  readonly before: Readonly<Partial<Record<ContenderName, number>>>;
  readonly who: readonly ContenderName[];
}

interface Raced {
  /** µs an event, by round. */
  readonly micros: Readonly<Partial<Record<ContenderName, readonly number[]>>>;
  readonly checks: readonly BenchCheck[];
}

async function race(options: BenchOptions, { who, before, ...setup }: Race): Promise<Raced> {
  const runners = who.map((name) => ({ name, peer: startPeer({ who: name, ...setup }), taken: 0, micros: [0] }));
  const judge = startPeer({ who: "sluice", ...setup });
  try {
    const seconds = takeSeconds(options);
    for (const runner of runners) {
      const first = before[runner.name] ?? 0;
      if (first > 0) await runner.peer.ask({ ask: "take exactly", facts: first });
      runner.taken = first;
      runner.micros = [];
    }
    for (let round = 0; round <= (options.short ? 1 : options.rounds); round++) {
      for (const runner of runners) {
        const portion = Math.ceil(PORTIONS[runner.name] / (options.short ? 10 : 1));
        const { facts, micros } = await runner.peer.ask({ ask: "take", seconds, portion });
        runner.taken += facts;
        // The first round warms up.
        if (round > 0) runner.micros.push(micros / facts);
      }
    }
    const checks: BenchCheck[] = [];
    let judged = 0;
    // The judge goes through the same facts and stops where each of the others did.
    for (const { name, peer, taken } of runners.toSorted((a, b) => a.taken - b.taken)) {
      if (taken > judged) await judge.ask({ ask: "take exactly", facts: taken - judged });
      judged = taken;
      const [wanted, found] = [await judge.ask(MEMBERS), await peer.ask(MEMBERS)];
      const what = `${setup.rules} rules: ${name} has the same members (${wanted.digest})`;
      checks.push({ what, holds: wanted.digest === found.digest });
    }
    const micros = Object.fromEntries(runners.map((runner) => [runner.name, runner.micros]));
    for (const { name } of runners) options.log(`  ${setup.rules} rules: ${name} ${spread(micros[name])} an event`);
    return { micros, checks };
  } finally {
    for (const { peer } of runners) peer.stop();
    judge.stop();
  }
}

function takeSeconds({ short, seconds }: BenchOptions): number {
  return short ? 0.01 : Math.min(TAKE_SECONDS_MAX, seconds);
}

const MEMBERS: PeerQuestion = { ask: "members", way: "each" };

function spread(micros: readonly number[] | undefined): string {
  return `${median(micros ?? []).toFixed(2)} µs`;
}

function ratio(what: string, raced: Raced, more: ContenderName, less: ContenderName, goal?: Goal): BenchRow {
  const base = raced.micros[less] ?? [];
  const values = (raced.micros[more] ?? []).map((micros, round) => micros / (base[round] ?? Number.NaN));
  return rowOf(what, values, "x", goal);
}

function cost(what: string, raced: Raced, name: ContenderName): BenchRow {
  return rowOf(what, raced.micros[name] ?? [], "µs/event");
}

async function ruleEngines(options: BenchOptions, rules: number): Promise<Findings> {
  const names = ["json-rules-engine", "sift", "json-logic-engine"] as const;
  const contacts = options.short ? 100 : 10_000;
  const before = options.short ? {} : { sluice: 50_000 };
  const who = ["sluice", "sluice matching", ...names] as const;
  const raced = await race(options, { kind: "events", rules, contacts, gapMs: 30 * MINUTE, before, who });
  const least: Goal = { at: "least", value: 500 };
  const goals: Partial<Record<ContenderName, Goal>> = rules === 100 ? { "json-rules-engine": least, sift: least } : {};
  return {
    rows: [
      cost(`${rules} rules on an event, Sluice's matching alone`, raced, "sluice matching"),
      cost(`${rules} rules on an event, Sluice with contacts, repeats, memberships, delta`, raced, "sluice"),
      ...names.flatMap((name) => [
        cost(`${rules} rules on an event, ${name}`, raced, name),
        ratio(`${name} beside Sluice's matching, ${rules} rules`, raced, name, "sluice matching", goals[name]),
        ratio(`${name} beside all that Sluice does, ${rules} rules`, raced, name, "sluice"),
      ]),
    ],
    checks: raced.checks,
    notes: ["Rules engines only find which rules an event matches, so they stand beside Sluice's matching first."],
  };
}

async function views(options: BenchOptions): Promise<Findings> {
  const ivm = ["@tanstack/db-ivm", "@tanstack/db-ivm by hand"] as const;
  const who = ["sluice", ...ivm] as const;
  const contacts = options.short ? 50 : 2_000;
  // As many as the longest window holds.
  const before = options.short ? {} : Object.fromEntries(who.map((name) => [name, 200_000]));
  const raced = await race(options, { kind: "windows", rules: 100, contacts, gapMs: 30 * MINUTE, before, who });
  const goal: Goal = { at: "least", value: 16 };
  return {
    rows: [
      cost("100 windowed segments, Sluice", raced, "sluice"),
      ...ivm.flatMap((name) => [
        cost(`100 windowed segments, ${name}`, raced, name),
        ratio(
          `${name} beside Sluice, 100 windowed segments`,
          raced,
          name,
          "sluice",
          name === ivm[0] ? goal : undefined,
        ),
      ]),
    ],
    checks: raced.checks,
    notes: [
      "db-ivm has a filter and a grouped count for each segment; by hand, all that segments have in common is shared. " +
        "It lets events leave their windows once in 1,000 events, Sluice at their very instant.",
    ],
  };
}

const SEGMENTS = [1, 10, 100] as const;
/** More than this isn't told apart. */
const SEGMENTS_MOST = 1_000_000;
const WAYS: readonly Way[] = ["each", "join"];
const FRESHNESS = [
  ["1 minute", MINUTE],
  ["1 hour", 60 * MINUTE],
  ["1 day", 1_440 * MINUTE],
] as const;

async function databases(options: BenchOptions): Promise<Findings> {
  const events = options.short ? 2_000 : options.large ? 5_000_000 : 2_000_000;
  const contacts = options.short ? 50 : 20_000;
  // All events lie within the longest window, so that none is there to be skipped.
  const setup = { kind: "windows" as const, rules: 100, contacts, gapMs: (HISTORY_MS * contacts) / events };
  const sluice = startPeer({ who: "sluice", ...setup });
  const names: readonly DatabaseName[] = ["ClickHouse", "DuckDB"];
  const found = names.map((name) => ({
    name,
    peer: startPeer({ who: name, ...setup }),
    costs: new Map<string, number[]>(),
  }));
  const checks: BenchCheck[] = [];
  const micros: number[] = [];
  try {
    await sluice.ask({ ask: "take exactly", facts: events });
    const { digest } = await sluice.ask(MEMBERS);
    for (const { name, peer } of found) {
      await peer.ask({ ask: "load", facts: events });
      for (const way of WAYS) {
        const same = (await peer.ask({ ask: "members", way })).digest === digest;
        checks.push({ what: `${name}, ${WAY_NAMES[way]}, has the same members (${digest})`, holds: same });
      }
    }
    for (let round = 0; round <= (options.short ? 1 : Math.min(DATABASE_ROUNDS_MAX, options.rounds)); round++) {
      const taken = await sluice.ask({ ask: "take", seconds: takeSeconds(options), portion: PORTIONS.sluice });
      if (round > 0) micros.push(taken.micros / taken.facts);
      for (const { peer, costs } of found) {
        for (const rules of SEGMENTS) {
          for (const way of WAYS) {
            const answer = await peer.ask({ ask: "recompute", way, rules });
            const key = `${way} ${rules}`;
            if (round > 0) costs.set(key, [...(costs.get(key) ?? []), answer.micros]);
          }
        }
      }
    }
  } finally {
    for (const { peer } of [...found, { peer: sluice }]) peer.stop();
  }
  const event = median(micros);
  return {
    rows: [
      rowOf("100 windowed segments, Sluice, steady", micros, "µs/event"),
      ...found.flatMap(({ name, costs }) => databaseRows(name, costs, event, events)),
    ],
    checks,
    notes: [
      `Databases hold ${events.toLocaleString("en")} events of 48 hours, sorted, loaded for nothing; the cheaper of ` +
        `${WAYS.map((way) => WAY_NAMES[way]).join(" and ")} counts. Freshness is how old an answer may get: at the rate ` +
        "of those events, Sluice's cost of the events that arrive in that time equals one recomputation, whatever the rate.",
    ],
  };
}

const WAY_NAMES: Readonly<Record<Way, string>> = { each: "a query a segment", join: "one query for all" };

function databaseRows(
  name: DatabaseName,
  costs: ReadonlyMap<string, readonly number[]>,
  event: number,
  events: number,
): BenchRow[] {
  const cheaper = (rules: number): readonly number[] => {
    const [each, join] = WAYS.map((way) => costs.get(`${way} ${rules}`) ?? []);
    return median(each ?? []) <= median(join ?? []) ? (each ?? []) : (join ?? []);
  };
  const inMs = (values: readonly number[]): number[] => values.map((value) => value / 1000);
  const [one, most] = [median(cheaper(1)), median(cheaper(100))];
  const perSegment = Math.max(0, (most - one) / 99);
  /** What Sluice spends in that time, µs, at the rate of the events that there are. */
  const spent = (ms: number): number => (events / HISTORY_MS) * ms * event;
  return [
    ...SEGMENTS.map((rules) => rowOf(`${name} recomputes ${rules} segments`, inMs(cheaper(rules)), "ms CPU")),
    {
      what: `${name} is cheaper at 100 segments if answers may be older than`,
      value: most / spent(MINUTE),
      unit: "minutes",
    },
    ...FRESHNESS.map(([text, ms]): BenchRow => {
      const below = Math.floor((spent(ms) - one) / perSegment) + 1;
      return {
        what: `${name} is cheaper at a freshness of ${text} up to (0: never)`,
        // Where the noise is greater than what a segment costs, any number of them would do.
        value: Math.min(SEGMENTS_MOST, Math.max(0, below)),
        unit: "segments",
      };
    }),
  ];
}

async function bitmaps(options: BenchOptions): Promise<Findings> {
  if (peerVersion("roaring") === null) {
    const notes = ["Native roaring is left out: it has to be compiled and was not installed."];
    return { rows: [], checks: [], notes };
  }
  const size = options.short ? 100_000 : 10_000_000;
  const seconds = options.short ? 0.01 : 0.2;
  const peer = startPeer({ who: "roaring", kind: "events", rules: 1, contacts: 1, gapMs: 1 });
  const rows: BenchRow[] = [];
  const checks: BenchCheck[] = [];
  try {
    for (const density of [0.5, 0.1, 0.01]) {
      const answers: PeerAnswer[] = [];
      for (let round = 0; round <= (options.short ? 1 : options.rounds); round++) {
        const answer = await peer.ask({ ask: "count", size, density, seconds });
        if (round > 0) answers.push(answer);
      }
      const what = `AND-count over ${size.toLocaleString("en")} ids, ${density * 100} % set`;
      const ratios = answers.map(({ micros, otherMicros }) => micros / otherMicros);
      rows.push(
        rowOf(
          `${what}: Sluice`,
          answers.map(({ micros }) => micros),
          "µs",
        ),
        rowOf(
          `${what}: native roaring`,
          answers.map(({ otherMicros }) => otherMicros),
          "µs",
        ),
        rowOf(`${what}: Sluice beside roaring`, ratios, "x", { at: "most", value: 3 }),
      );
      checks.push({ what: `${what}: the same count`, holds: answers.every(({ digest }) => digest === "equal") });
    }
  } finally {
    peer.stop();
  }
  return { rows, checks };
}
