/** A file of events through the engine alone, in no order and over a restart, compared with SQL over the same file. */
import { readFile } from "node:fs/promises";
import { createMapper, checkColumns } from "../../cli/replay/mapper.ts";
import { parseMapping } from "../../cli/replay/mapping.ts";
import { openSource } from "../../cli/replay/source.ts";
import { readBatch } from "../../ingest/calls.ts";
import type { Event, Json } from "../../kernel/event.ts";
import { LIMITS } from "../../kernel/limits.ts";
import { createEngineSubject, type EngineSubject } from "../harness/engine.ts";
import { createRandom } from "../sim/random.ts";
import { compare, compareCards, type Found } from "./comparison.ts";
import { computeExpected, type Customer, type Profile } from "./expected.ts";
import type { RealInput } from "./input.ts";

const BATCH_EVENTS = 2_000;
/** All arrive at one instant: duplicates are recognised by when they come, not by the times that they carry. */
const RECEIVED_AT = Date.UTC(2026, 0, 1);

/** Compares everybody's segments, points, tags, stage, values and times; returns what is different, in words. */
export async function compareEngine(input: RealInput): Promise<string[]> {
  const model = await readFile(input.modelFile, "utf8");
  const limits = { distinct_max: input.distinctMax };
  const engine = await createEngineSubject(model, { clockMode: "event", partitions: 3, limits });
  // The same disorder every time.
  const events = createRandom(20_111_209).shuffled(await readEvents(input));
  const restartAt = Math.floor((events.length * 0.55) / BATCH_EVENTS) * BATCH_EVENTS;
  for (let at = 0; at < events.length; at += BATCH_EVENTS) {
    await engine.send(RECEIVED_AT, events.slice(at, at + BATCH_EVENTS));
    if (at === restartAt) await engine.restart();
  }
  // Partitions follow what they have seen; this brings all of them to the largest, as settling does.
  await engine.advance(events.reduce((largest, { timestamp }) => Math.max(largest, timestamp), 0));
  const { customers, ...found } = await readFound(engine, model);
  await engine.close();

  const expected = await computeExpected(input);
  const unseen = [...expected.customers.keys()].filter((id) => !customers.has(id)).map((id) => `${id}: has no card`);
  return [...compare(found, expected), ...compareCards(customers, expected), ...unseen];
}

/** The events that the replay command would send, read the way the server would. */
async function readEvents({ csvFile, mappingFile }: RealInput): Promise<Event[]> {
  const mapping = parseMapping(await readFile(mappingFile, "utf8"));
  const mapper = createMapper(mapping);
  const source = await openSource(csvFile, mapping.input, (columns) => checkColumns(mapper, columns));
  const events: Event[] = [];
  const read = (calls: readonly unknown[]): void => {
    const batch = readBatch(
      { batch: calls as Json[] },
      { receivedAt: RECEIVED_AT, clockMode: "event", limits: LIMITS, sender: "server" },
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

async function readFound(
  engine: EngineSubject,
  model: string,
): Promise<Found & { readonly customers: ReadonlyMap<string, Customer> }> {
  // Also a segment that nobody is in has a name to compare.
  const names = [...model.matchAll(/^segment "((?:[^"\\]|\\.)*)"/gm)].map(([, name]) => name ?? "");
  const members = new Map(names.map((name) => [name, new Set<string>()]));
  const profiles = new Map<string, Profile>();
  const customers = new Map<string, Customer>();
  for (const id of await engine.contacts()) {
    const card = await engine.card(id);
    if (card === null) throw new Error(`the engine doesn't know ${id}`);
    if (card.saturated) throw new Error(`${id} has reached a bound`);
    for (const { name } of card.segments) members.get(name)?.add(id);
    const tags = Object.fromEntries(card.tags.map((tag) => [tag.name, tag.score]));
    profiles.set(id, { score: card.score, stage: card.stage ?? "", tags });
    const { country } = card.traits;
    if (typeof country !== "string") throw new Error(`${id} has no country`);
    customers.set(id, {
      country,
      firstSeen: new Date(card.firstSeen).toISOString(),
      lastSeen: new Date(card.lastSeen).toISOString(),
      values: card.values,
    });
  }
  return { members, profiles, customers };
}
