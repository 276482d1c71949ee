/**
 * TanStack's incremental view maintenance. A window is a stream from which events are taken out again when they leave
 * it, which is how such a graph is told of deletions. There are two graphs: one with the operators that are meant for
 * it, a filter and a grouped count for every segment, as a query compiler would write it; and one made by hand, where
 * events go only to the stream of their window, are told apart by name once for all segments, and counts are kept as
 * multiplicities.
 */
import type { Contender } from "./contender.ts";
import { loadPeer } from "./load.ts";
import { sortedMembers, type Fact, type Rule } from "./rules.ts";

type Pairs<T> = [item: T, times: number][];

interface Stream<T> {
  pipe<U>(operator: (stream: Stream<T>) => Stream<U>): Stream<U>;
}

interface Ivm {
  readonly D2: new () => {
    newInput(): Stream<Fact> & { sendData(data: unknown): void };
    finalize(): void;
    run(): void;
  };
  readonly MultiSet: new (pairs: Pairs<Fact>) => unknown;
  filter<T>(test: (item: T) => boolean): (stream: Stream<T>) => Stream<T>;
  map<T, U>(to: (item: T) => U): (stream: Stream<T>) => Stream<U>;
  reduce<V, R>(fold: (values: Pairs<V>) => Pairs<R>): (stream: Stream<[number, V]>) => Stream<[number, R]>;
  groupBy<T, K>(
    key: (item: T) => K,
    aggregates: Readonly<Record<"n", unknown>>,
  ): (stream: Stream<T>) => Stream<[string, K & { n: number }]>;
  readonly groupByOperators: { count(): unknown };
  output<T>(take: (data: { getInner(): Pairs<T> }) => void): (stream: Stream<T>) => Stream<T>;
}

type Group = [key: string, group: { readonly contact: number; readonly n: number }];

const BATCH_EVENTS = 1_000;
/** Facts that have left a window are dropped so many at a time. */
const FORGET_EVENTS = 100_000;

/** Events of a window's names, in the order in which they leave it. */
interface Window {
  readonly lengthMs: number;
  readonly input: { sendData(data: unknown): void };
  readonly inside: Fact[];
  first: number;
}

/** A segment a pipeline. */
export const dbIvmQueries = (rules: readonly Rule[]): Promise<Contender> => createGraph(rules, "queries");

/** With all that can be shared between segments shared by hand. */
export const dbIvmShared = (rules: readonly Rule[]): Promise<Contender> => createGraph(rules, "shared");

async function createGraph(rules: readonly Rule[], form: "queries" | "shared"): Promise<Contender> {
  const ivm = (await loadPeer("@tanstack/db-ivm")) as Ivm;
  const graph = new ivm.D2();
  const members = rules.map(() => new Set<number>());
  const windows = new Map<number, Window>();
  const windowOf = new Map<string, Window>();
  const lengths = new Set(rules.map(({ windowMs }) => windowMs ?? 0));
  for (const lengthMs of lengths) {
    const input = graph.newInput();
    const window: Window = { lengthMs, input, inside: [], first: 0 };
    windows.set(lengthMs, window);
    const own = rules.map((rule, i) => ({ ...rule, i })).filter(({ windowMs }) => windowMs === lengthMs);
    if (form === "queries") {
      for (const { event, category, atLeast, i } of own) {
        const present = new Map<number, number>();
        input
          .pipe(ivm.filter((fact: Fact) => fact.event === event && fact.category === category))
          .pipe(ivm.groupBy(({ contact }: Fact) => ({ contact }), { n: ivm.groupByOperators.count() }))
          .pipe(ivm.filter(([, { n }]: Group) => n >= atLeast))
          .pipe(ivm.output((data: { getInner(): Pairs<Group> }) => followGroups(members[i], present, data.getInner())));
      }
      continue;
    }
    for (const name of new Set(own.map(({ event }) => event))) {
      windowOf.set(name, window);
      const named = input.pipe(ivm.filter((fact: Fact) => fact.event === name));
      for (const { category, atLeast, event, i } of own) {
        if (event !== name) continue;
        named
          .pipe(ivm.filter((fact: Fact) => fact.category === category))
          .pipe(ivm.map((fact: Fact): [number, number] => [fact.contact, 1]))
          .pipe(ivm.reduce((values: Pairs<number>): Pairs<true> => (countOf(values) >= atLeast ? [[true, 1]] : [])))
          .pipe(ivm.output((data: { getInner(): Pairs<[number, true]> }) => follow(members[i], data.getInner())));
      }
    }
  }
  graph.finalize();

  /** Takes in a batch and takes out what has left its window by `now`. */
  const advance = (batch: readonly Fact[], now: number): void => {
    const changes = new Map<Window, Pairs<Fact>>([...windows.values()].map((window) => [window, []]));
    for (const fact of batch) {
      const own = windowOf.get(fact.event);
      for (const window of form === "queries" ? windows.values() : own === undefined ? [] : [own]) {
        window.inside.push(fact);
        changes.get(window)?.push([fact, 1]);
      }
    }
    for (const [window, pairs] of changes) {
      for (let fact = window.inside[window.first]; fact !== undefined; fact = window.inside[window.first]) {
        if (fact.at > now - window.lengthMs) break;
        pairs.push([fact, -1]);
        window.first++;
      }
      if (window.first > FORGET_EVENTS) forget(window);
      if (pairs.length > 0) window.input.sendData(new ivm.MultiSet(pairs));
    }
    graph.run();
  };
  return {
    prepare(facts) {
      return () => {
        for (let i = 0; i < facts.length; i += BATCH_EVENTS) {
          const batch = facts.slice(i, i + BATCH_EVENTS);
          advance(batch, batch.at(-1)?.at ?? 0);
        }
      };
    },
    members(now) {
      advance([], now);
      return sortedMembers(members);
    },
  };
}

function forget(window: Window): void {
  window.inside.splice(0, window.first);
  window.first = 0;
}

function countOf(values: Pairs<number>): number {
  let count = 0;
  for (const [, times] of values) count += times;
  return count;
}

/** A count that changes comes as the old one taken out and the new one put in, in any order. */
function followGroups(set: Set<number> | undefined, present: Map<number, number>, pairs: Pairs<Group>): void {
  for (const [[, { contact }], times] of pairs) {
    const sum = (present.get(contact) ?? 0) + times;
    if (sum > 0) {
      present.set(contact, sum);
      set?.add(contact);
    } else {
      present.delete(contact);
      set?.delete(contact);
    }
    if (sum < 0) present.set(contact, sum);
  }
}

/** A change of a key comes as its old value taken out and its new one put in, in any order. */
function follow(set: Set<number> | undefined, pairs: Pairs<[number, true]>): void {
  for (const [[contact], times] of pairs) {
    if (times > 0) set?.add(contact);
    else set?.delete(contact);
  }
}
