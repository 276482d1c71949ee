/** The process in which one contender is measured, turn by turn. */
import { answerQuestions, collectGarbage, configOf } from "../forked.ts";
import { makePair, timeOf, type BitmapPair } from "./bitmaps.ts";
import type { Contender, MakeContender } from "./contender.ts";
import { clickHouse, duckDb, type Database, type Way } from "./databases.ts";
import { dbIvmQueries, dbIvmShared } from "./db-ivm.ts";
import { jsonLogicContender, jsonRulesEngine, siftContender } from "./rule-engines.ts";
import { createFacts, digestOf, makeRules, type RuleKind } from "./rules.ts";
import { matchingContender, sluiceContender } from "./sluice.ts";

const CONTENDERS = {
  sluice: sluiceContender,
  "sluice matching": matchingContender,
  "json-rules-engine": jsonRulesEngine,
  sift: siftContender,
  "json-logic-engine": jsonLogicContender,
  "@tanstack/db-ivm": dbIvmQueries,
  "@tanstack/db-ivm by hand": dbIvmShared,
} satisfies Record<string, MakeContender>;

const DATABASES = { ClickHouse: clickHouse, DuckDB: duckDb };

export type ContenderName = keyof typeof CONTENDERS;
export type DatabaseName = keyof typeof DATABASES;

export interface PeerConfig {
  readonly who: ContenderName | DatabaseName | "roaring";
  readonly kind: RuleKind;
  readonly rules: number;
  readonly contacts: number;
  readonly gapMs: number;
}

export type PeerQuestion =
  /** Takes as many facts as fit the time, in portions; or exactly so many. */
  | { readonly ask: "take"; readonly seconds: number; readonly portion: number }
  | { readonly ask: "take exactly"; readonly facts: number }
  /** Databases: the facts without measuring, then a recomputation. */
  | { readonly ask: "load"; readonly facts: number }
  | { readonly ask: "recompute"; readonly way: Way; readonly rules: number }
  | { readonly ask: "members"; readonly way: Way }
  /** Bitmaps. */
  | { readonly ask: "count"; readonly size: number; readonly density: number; readonly seconds: number };

export interface PeerAnswer {
  /** Facts taken for this question. */
  readonly facts: number;
  /** CPU of this process in all, µs; for bitmaps Sluice's time of one count. */
  readonly micros: number;
  /** Roaring's time of one count, µs. */
  readonly otherMicros: number;
  readonly digest: string;
}

const LOAD_FACTS = 100_000;
const NOTHING: PeerAnswer = { facts: 0, micros: 0, otherMicros: 0, digest: "" };

const config = configOf() as PeerConfig;
const rules = makeRules(config.kind, config.rules);
const facts = createFacts(config.contacts, config.gapMs);
const contender = isContender(config.who) ? await CONTENDERS[config.who](rules) : null;
const database = isDatabase(config.who) ? await DATABASES[config.who](rules) : null;
let pair: { readonly of: string; readonly made: BitmapPair } | null = null;

function isContender(name: string): name is ContenderName {
  return name in CONTENDERS;
}

function isDatabase(name: string): name is DatabaseName {
  return name in DATABASES;
}

async function measured(work: () => unknown): Promise<number> {
  const begun = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(begun);
  return user + system;
}

async function take(from: Contender, count: number): Promise<number> {
  const ready = from.prepare(facts.take(count));
  collectGarbage("minor");
  return measured(ready);
}

async function answer(question: PeerQuestion): Promise<PeerAnswer> {
  switch (question.ask) {
    case "take": {
      let [taken, micros] = [0, 0];
      while (taken === 0 || micros < question.seconds * 1e6) {
        micros += await take(present(contender), question.portion);
        taken += question.portion;
      }
      return { ...NOTHING, facts: taken, micros };
    }
    case "take exactly": {
      let micros = 0;
      for (let left = question.facts; left > 0; left -= LOAD_FACTS) {
        micros += await take(present(contender), Math.min(left, LOAD_FACTS));
      }
      return { ...NOTHING, facts: question.facts, micros };
    }
    case "load":
      for (let left = question.facts; left > 0; left -= LOAD_FACTS) {
        await present(database).load(facts.take(Math.min(left, LOAD_FACTS)));
      }
      await present(database).settle();
      return { ...NOTHING, facts: question.facts };
    case "recompute": {
      const work = (): Promise<number> => recompute(present(database), question.way, question.rules);
      return { ...NOTHING, micros: await measured(work) };
    }
    case "members": {
      const { way } = question;
      const members = await (contender?.members(facts.now) ?? present(database).members(way, facts.now));
      return { ...NOTHING, digest: digestOf(members) };
    }
    case "count":
      return count(question.size, question.density, question.seconds);
  }
}

function recompute(from: Database, way: Way, count: number): Promise<number> {
  return from.recompute(way, count, facts.now);
}

async function count(size: number, density: number, seconds: number): Promise<PeerAnswer> {
  const of = `${size} ${density}`;
  if (pair?.of !== of) pair = { of, made: await makePair(size, density) };
  const { made } = pair;
  const [ours, theirs] = [made.sluice(), made.roaring()];
  const digest = ours === theirs ? "equal" : `${ours} and ${theirs}`;
  return { ...NOTHING, micros: timeOf(made.sluice, seconds), otherMicros: timeOf(made.roaring, seconds), digest };
}

function present<T>(value: T | null): T {
  if (value === null) throw new Error(`${config.who} can't be asked that`);
  return value;
}

answerQuestions((question) => answer(question as PeerQuestion));
