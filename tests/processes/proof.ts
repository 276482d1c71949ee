/** The end of a run: everything that was answered is in exactly once, and nothing else is. */
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { machineClock, type ClockMode } from "../../kernel/clock.ts";
import type { Event } from "../../kernel/event.ts";
import type { FeedRecord } from "../../kernel/feed.ts";
import { contactIdOf } from "../../kernel/ids.ts";
import type { Subject } from "../harness/subject.ts";
import { modelOf, sameProfiles } from "../oracle/compare.ts";
import { createOracle, type Oracle } from "../oracle/oracle.ts";
import { call } from "../retail/answers.ts";
import { feedProblems, readFeed, type Feed } from "./feed.ts";
import { readMembers, readSubject } from "./http-subject.ts";
import { HOT_WINDOW_MS, MODEL } from "./shop.ts";

export interface ProofOptions {
  /** A server with the query role. */
  readonly url: string;
  readonly redisUrl: string;
  readonly partitions: number;
  readonly clockMode: ClockMode;
  /** Every event that was answered, once. */
  readonly events: readonly Event[];
}

/** For so long nothing may change by itself while answers are read. */
const QUIET_MS = 60_000;
const POLL_MS = 50;
/** What a failure shows of a long list. */
const SHOWN = 20;

/** Compares profiles, lists and the feed with what one naive pass over the events gives. Fails with the difference. */
export async function expectExactlyOnce(options: ProofOptions): Promise<void> {
  const { url, clockMode, events } = options;
  await call(`${url}/v1/settle?timeout=60`, {});
  const oracle = createOracle(modelOf({ model: MODEL }));
  // A run may have more events than a call takes arguments.
  const latest = events.reduce((at, { timestamp }) => Math.max(at, timestamp), -Infinity);
  oracle.send(clockMode === "event" ? latest : machineClock.now(), events);
  const until = clockMode === "wall" ? await letWindowsRunEmpty(url, oracle) : Infinity;

  // Before the profiles, whose instant shows that nothing had moved yet.
  const feed = await readFeed(options.redisUrl, options.partitions);
  const subject = await readSubject(url);
  expect(await sameProfiles(oracle, subject as unknown as Subject)).toBeNull();
  expect(subject.asOf).toBeLessThan(until);

  const members = membersOf(oracle);
  for (const [name, ids] of members) {
    for (const order of ["id", "score"] as const) {
      const listed = await readMembers(url, name, order);
      expect(new Set(listed), `members of ${name} by ${order}`).toEqual(ids);
    }
  }
  const { rejected } = await call<{ rejected: unknown[] }>(`${url}/v1/rejected`);
  expect(rejected).toEqual([]);

  expect(feedProblems(feed, members).slice(0, SHOWN)).toEqual([]);
  const coolings = timedLeaves(feed, "hot");
  expect(coolings).not.toEqual([]);
  const views = new Set(events.map((event) => `${contactIdOf(event.userId, event.anonymousId)} ${event.timestamp}`));
  const untimely = coolings.filter(({ contactId, at }) => !views.has(`${contactId} ${at - HOT_WINDOW_MS}`));
  expect(untimely.slice(0, SHOWN), "leaves at another instant than when a view leaves the window").toEqual([]);
}

/** Moves the oracle to an instant after which nothing changes by itself for a while; returns it. */
export function advanceToQuiet(oracle: Oracle, clock: () => number): number {
  for (let last: number | undefined = -Infinity; ;) {
    // Time went on since the oracle took the events, and whatever fell due in between has to be lived through as well.
    const now = Math.max(last, clock());
    oracle.advance(now);
    last = oracle.flipInstants(now, now + QUIET_MS).at(-1);
    if (last === undefined) return now;
  }
}

/** Waits until no window has anything left that will fall out soon; returns until when nothing changes. */
async function letWindowsRunEmpty(url: string, oracle: Oracle): Promise<number> {
  const now = advanceToQuiet(oracle, () => machineClock.now());
  for (;;) {
    const { as_of } = await call<{ as_of: string }>(`${url}/v1/segments`);
    if (Date.parse(as_of) >= now) return now + QUIET_MS;
    await pause(POLL_MS);
  }
}

function membersOf(oracle: Oracle): ReadonlyMap<string, ReadonlySet<string>> {
  const names = modelOf({ model: MODEL }).declarations.flatMap((one) =>
    one.kind === "segment" ? [one.name.text] : [],
  );
  const members = new Map<string, Set<string>>(names.map((name) => [name, new Set()]));
  for (const id of oracle.contacts()) {
    for (const name of oracle.profile(id)?.segments ?? []) members.get(name)?.add(id);
  }
  return members;
}

function timedLeaves(feed: Feed, segment: string): FeedRecord[] {
  return feed.records.filter(
    (one) => feed.segmentNames.get(one.segmentId) === segment && one.cause === "time" && !one.entered,
  );
}
