/** A year of a shop's orders through the engine alone, compared with SQL over the same file, customer by customer. */
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
import { computeExpected, type ExpectedProfile } from "./expected.ts";
import { CSV_FILE, MAPPING_FILE, MODEL_FILE, skipWithoutFile } from "./input.ts";

const BATCH_EVENTS = 2_000;
/** All arrive at one instant: duplicates are recognised by when they come, not by the times that they carry. */
const RECEIVED_AT = Date.UTC(2026, 0, 1);

test.skipIf(skipWithoutFile())(
  "the engine says the same about every customer as SQL over the same file",
  async () => {
    const engine = await createEngineSubject(await readFile(MODEL_FILE, "utf8"), { clockMode: "event", partitions: 4 });
    let now = 0;
    let batch: Event[] = [];
    const flush = async (): Promise<void> => {
      if (batch.length > 0) await engine.send(RECEIVED_AT, batch);
      batch = [];
    };
    for await (const event of readEvents()) {
      now = Math.max(now, event.timestamp);
      batch.push(event);
      if (batch.length === BATCH_EVENTS) await flush();
    }
    await flush();
    await engine.advance(now);
    const found = await readFound(engine);
    await engine.close();

    const expected = await computeExpected(CSV_FILE);
    expect(now).toBe(expected.now);
    expectSame(found, expected);
  },
  300_000,
);

/** The events that the replay command would send, read the way the server would. */
async function* readEvents(): AsyncGenerator<Event> {
  const mapping = parseMapping(await readFile(MAPPING_FILE, "utf8"));
  const mapper = createMapper(mapping);
  const source = await openSource(CSV_FILE, mapping.input, (columns) => checkColumns(mapper, columns));
  const reception = { receivedAt: RECEIVED_AT, clockMode: "event", limits: LIMITS } as const;
  const read = (calls: readonly unknown[]): readonly Event[] => {
    const { events, refused } = readBatch({ batch: calls as Json[] }, reception);
    expect(refused).toEqual([]);
    return events;
  };
  for await (const line of source.lines()) {
    if ("unreadable" in line) throw new Error(`line ${line.number}: ${line.unreadable}`);
    yield* read(mapper.take(line.line).calls);
  }
  yield* read(mapper.end().calls);
}

async function readFound(engine: EngineSubject): Promise<Found> {
  const model = await readFile(MODEL_FILE, "utf8");
  // Also a segment that nobody is in has a name to compare.
  const names = [...model.matchAll(/^segment "((?:[^"\\]|\\.)*)"/gm)].map(([, name]) => name ?? "");
  const members = new Map(names.map((name) => [name, new Set<string>()]));
  const profiles = new Map<string, ExpectedProfile>();
  for (const id of await engine.contacts()) {
    const profile = await engine.profile(id);
    if (profile === null) throw new Error(`the engine doesn't know ${id}`);
    for (const name of profile.segments) members.get(name)?.add(id);
    const tags = Object.fromEntries(profile.tags.map((tag) => [tag.name, tag.score]));
    profiles.set(id, { score: profile.score, stage: profile.stage ?? "", tags });
    expect(profile.saturated).toBe(false);
  }
  return { members, profiles };
}
