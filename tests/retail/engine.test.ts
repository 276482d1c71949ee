/** A year of a shop's orders through the engine alone, out of order, compared with SQL over the same file. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { createMapper, checkColumns } from "../../cli/replay/mapper.ts";
import { parseMapping } from "../../cli/replay/mapping.ts";
import { openSource } from "../../cli/replay/source.ts";
import { readBatch } from "../../ingest/calls.ts";
import type { Event, Json } from "../../kernel/event.ts";
import { LIMITS } from "../../kernel/limits.ts";
import { createEngineSubject, type EngineSubject } from "../harness/engine.ts";
import { expectSame, type Found } from "./comparison.ts";
import { computeExpected, type Customer, type Profile } from "./expected.ts";
import { CSV_FILE, MAPPING_FILE, MODEL_FILE, skipWithoutFile } from "./input.ts";

const BATCH_EVENTS = 2_000;
const BATCHES_BEFORE_RESTART = 120;
/** All arrive at one instant: duplicates are recognised by when they come, not by the times that they carry. */
const RECEIVED_AT = Date.UTC(2026, 0, 1);

test.skipIf(skipWithoutFile())(
  "in any order of arrival, and over a restart, the engine says the same about every customer as SQL",
  async () => {
    const engine = await createEngineSubject(await readFile(MODEL_FILE, "utf8"), { clockMode: "event", partitions: 3 });
    const events = shuffle(await readEvents());
    for (let at = 0; at < events.length; at += BATCH_EVENTS) {
      await engine.send(RECEIVED_AT, events.slice(at, at + BATCH_EVENTS));
      if (at === BATCHES_BEFORE_RESTART * BATCH_EVENTS) await engine.restart();
    }
    // Partitions follow what they have seen; this brings all of them to the largest, as settling does.
    await engine.advance(events.reduce((largest, { timestamp }) => Math.max(largest, timestamp), 0));
    const { customers, ...found } = await readFound(engine);
    await engine.close();

    const expected = await computeExpected(CSV_FILE);
    expectSame(found, expected);
    expect(customers).toEqual(expected.customers);
  },
  300_000,
);

/** By Fisher and Yates, with the constants of Numerical Recipes' generator: the same disorder every time. */
function shuffle(events: Event[]): Event[] {
  let state = 20_111_209;
  for (let i = events.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    const [one, other] = [events[i], events[j]];
    if (one === undefined || other === undefined) throw new Error("outside the list");
    events[i] = other;
    events[j] = one;
  }
  return events;
}

/** The events that the replay command would send, read the way the server would. */
async function readEvents(): Promise<Event[]> {
  const mapping = parseMapping(await readFile(MAPPING_FILE, "utf8"));
  const mapper = createMapper(mapping);
  const source = await openSource(CSV_FILE, mapping.input, (columns) => checkColumns(mapper, columns));
  const events: Event[] = [];
  const read = (calls: readonly unknown[]): void => {
    const batch = readBatch(
      { batch: calls as Json[] },
      { receivedAt: RECEIVED_AT, clockMode: "event", limits: LIMITS },
    );
    if (batch.refused.length > 0) throw new Error(JSON.stringify(batch.refused));
    events.push(...batch.events);
  };
  for await (const line of source.lines()) {
    if ("unreadable" in line) throw new Error(`line ${line.number}: ${line.unreadable}`);
    read(mapper.take(line.line).calls);
  }
  read(mapper.end().calls);
  return events;
}

async function readFound(engine: EngineSubject): Promise<Found & { customers: Map<string, Customer> }> {
  const model = await readFile(MODEL_FILE, "utf8");
  // Also a segment that nobody is in has a name to compare.
  const names = [...model.matchAll(/^segment "((?:[^"\\]|\\.)*)"/gm)].map(([, name]) => name ?? "");
  const members = new Map(names.map((name) => [name, new Set<string>()]));
  const profiles = new Map<string, Profile>();
  const customers = new Map<string, Customer>();
  for (const id of await engine.contacts()) {
    const profile = await engine.profile(id);
    if (profile === null) throw new Error(`the engine doesn't know ${id}`);
    for (const name of profile.segments) members.get(name)?.add(id);
    const tags = Object.fromEntries(profile.tags.map((tag) => [tag.name, tag.score]));
    profiles.set(id, { score: profile.score, stage: profile.stage ?? "", tags });
    const { country } = profile.traits;
    if (typeof country !== "string") throw new Error(`${id} has no country`);
    customers.set(id, {
      country,
      firstSeen: new Date(profile.firstSeen).toISOString(),
      lastSeen: new Date(profile.lastSeen).toISOString(),
    });
    expect(profile.saturated).toBe(false);
  }
  return { members, profiles, customers };
}
