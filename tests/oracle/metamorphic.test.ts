/** A profile is a function of the set of events: their order, their batches, partitions and restarts change nothing. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Event } from "../../kernel/event.ts";
import { createEngineSubject } from "../harness/engine.ts";
import { arbitraryEvent, arrivingAt, DEDUPE_MS, gaps } from "./arbitrary-history.ts";
import { arbitraryModel } from "./arbitrary-model.ts";
import { LIVE } from "./case.ts";
import { type Difference, type Driven, sameProfiles } from "./compare.ts";
import { RUNS, SEED, TIMEOUT_MS } from "./runs.ts";
import { BEGINNINGS, MESSAGE_IDS } from "./vocabulary.ts";

/** Each run drives several engines, so there are fewer of them. */
const METAMORPHIC_RUNS = Math.max(1, Math.ceil(RUNS / 10));

interface History {
  readonly model: string;
  /** With messageIds of their own, in the order of making. */
  readonly events: readonly Event[];
  /** The instant at which profiles are compared, not before the last event. */
  readonly end: number;
}

/** One way for the events of a history to arrive. */
interface Arrival {
  /** Indexes of events, each at least once: a repeated one is a duplicate. */
  readonly order: readonly number[];
  /** How many events there are in a batch. */
  readonly batch: number;
  readonly restarts: boolean;
}

const MAX_EVENTS = 20;

const histories: fc.Arbitrary<History> = fc.oneof(
  ...BEGINNINGS.map((beginning) =>
    fc
      .record({
        model: arbitraryModel(LIVE, beginning, "monotone"),
        sketches: fc.array(arbitraryEvent(LIVE, beginning), { minLength: 1, maxLength: MAX_EVENTS, size: "max" }),
        ids: fc.shuffledSubarray([...MESSAGE_IDS], { minLength: MESSAGE_IDS.length }),
        ages: fc.array(gaps(), { minLength: MAX_EVENTS, maxLength: MAX_EVENTS }),
        tail: gaps(),
      })
      .map(({ model, sketches, ids, ages, tail }) => ({
        model,
        events: sketches.map((sketch, index) =>
          arrivingAt({ ...sketch, messageId: ids[index] ?? "", age: ages[index] ?? 0 }, beginning),
        ),
        end: beginning + tail,
      })),
  ),
);

/** A history and a way for it to arrive. */
const cases = fc
  .record({
    history: histories,
    ranks: fc.array(fc.nat({ max: 999 }), { minLength: MAX_EVENTS, maxLength: MAX_EVENTS }),
    repeated: fc.array(fc.nat({ max: MAX_EVENTS })),
    batch: fc.integer({ min: 1, max: MAX_EVENTS }),
    restarts: fc.boolean(),
  })
  .map(({ history, ranks, repeated, batch, restarts }) => {
    const order = history.events.map((_, index) => index);
    order.sort((a, b) => (ranks[a] ?? 0) - (ranks[b] ?? 0));
    order.push(...repeated.map((index) => index % order.length));
    return { history, arrival: { order, batch, restarts } };
  });

/** In the order of their timestamps, each event a batch of its own. */
function plainly(history: History): Arrival {
  const order = history.events.map((_, index) => index);
  const timestampOf = (index: number): number => history.events[index]?.timestamp ?? 0;
  return { order: order.sort((a, b) => timestampOf(a) - timestampOf(b)), batch: 1, restarts: false };
}

async function afterArrival(history: History, arrival: Arrival, partitions: number): Promise<Driven> {
  const subject = await createEngineSubject(history.model, { partitions });
  const firstArrivals = new Map<number, number>();
  let now = 0;
  for (let i = 0; i < arrival.order.length; i += arrival.batch) {
    const batch = arrival.order.slice(i, i + arrival.batch);
    now = Math.max(now, ...batch.map((index) => history.events[index]?.timestamp ?? 0));
    for (const index of batch) firstArrivals.set(index, firstArrivals.get(index) ?? now);
    // A duplicate that comes a day later need not be noticed, so none does.
    const soonEnough = batch.filter((index) => now - (firstArrivals.get(index) ?? now) < DEDUPE_MS);
    const events = soonEnough.flatMap((index) => history.events[index] ?? []);
    await subject.send(now, events);
    if (arrival.restarts) await subject.restart();
  }
  await subject.advance(history.end);
  return subject;
}

/** How the profiles after an arrival differ from those after the plain one; null where they don't. */
async function differenceAfter(history: History, arrival: Arrival, partitions: number): Promise<Difference | null> {
  const right = await afterArrival(history, plainly(history), 1);
  const other = await afterArrival(history, arrival, partitions);
  try {
    return await sameProfiles(right, other);
  } finally {
    await right.close?.();
    await other.close?.();
  }
}

/** Tries random histories in the arrivals that `changed` makes of random ones; tells the smallest that fails. */
async function complaint(
  changed: (arrival: Arrival, plain: Arrival) => Arrival,
  partitions = 1,
): Promise<string | null> {
  const property = fc.asyncProperty(cases, async ({ history, arrival }) => {
    const difference = await differenceAfter(history, changed(arrival, plainly(history)), partitions);
    if (difference !== null) throw new Error(JSON.stringify(difference));
  });
  const result = await fc.check(property, { numRuns: METAMORPHIC_RUNS, seed: SEED });
  return result.failed ? (fc.defaultReportMessage(result) ?? "failed") : null;
}

describe(`the profile is the same (seed ${SEED}, ${METAMORPHIC_RUNS} cases each)`, { timeout: TIMEOUT_MS }, () => {
  test("in any order of arrival, with duplicates", async () => {
    expect(await complaint(({ order }) => ({ order, batch: 1, restarts: false }))).toBeNull();
  });

  test("with any split into batches", async () => {
    expect(await complaint(({ batch }, plain) => ({ ...plain, batch }))).toBeNull();
  });

  test("restarted after each event", async () => {
    expect(await complaint((_, plain) => ({ ...plain, restarts: true }))).toBeNull();
  });

  test.each([1, 4, 16])("with all of that and %i partitions", async (partitions) => {
    expect(await complaint((arrival) => arrival, partitions)).toBeNull();
  });
});
