import { expect, test } from "vitest";
import { buildModelRecord, planOf } from "../../dsl/registry.ts";
import { ByteWriter } from "../../kernel/bytes.ts";
import { encodeEntry, openEntry } from "../../kernel/entry.ts";
import type { Event } from "../../kernel/event.ts";
import { LIMITS } from "../../kernel/limits.ts";
import { EMPTY_MODEL, type ModelRecord } from "../../kernel/model-record.ts";
import { createShard } from "../../processor/shard.ts";
import type { Shard, StreamEntry } from "../../processor/state-machine.ts";

const T = Date.UTC(2026, 0, 10);

function recordOf(source: string): ModelRecord {
  const built = buildModelRecord(EMPTY_MODEL, source, T, "test");
  if (!built.ok) throw new Error(JSON.stringify(built.diagnostics));
  return built.record;
}

const RECORD = recordOf(`
  segment "often" = count("A" in last 1 hour) >= 2
  segment "silent" = not did("A" in last 1 minute)
`);

function event(name: string, at: number): Event {
  return {
    kind: "track",
    name,
    userId: "u1",
    anonymousId: null,
    messageId: `${name} ${at}`,
    timestamp: at,
    properties: {},
    context: {},
    traits: {},
  };
}

function step(shard: Shard, now: number, entry: StreamEntry): void {
  shard.step({ seq: shard.seq + 1, now, work: { kind: "entries" }, entries: [entry], skip: [] }, true);
}

function newShard(): Shard {
  const shard = createShard({ partition: 0, clockMode: "wall", limits: LIMITS });
  step(shard, T, { id: "0-1", kind: "control", control: { kind: "model", record: RECORD } });
  return shard;
}

const events = (now: number): StreamEntry => ({
  id: `${now}-1`,
  kind: "events",
  events: openEntry(encodeEntry([event("A", now)], now)),
});

test("partitions that were given the same model share its plan", () => {
  const copy = JSON.parse(JSON.stringify(RECORD)) as ModelRecord;
  expect(planOf(copy)).toBe(planOf(RECORD));
  expect(planOf({ ...copy, version: 2 })).not.toBe(planOf(RECORD));
  expect(planOf(copy, { ...LIMITS, tags_max: 5 })).not.toBe(planOf(RECORD));
});

test("what a step that ended in the middle left in the plan is nothing to the others", () => {
  const [untouched, other] = [newShard(), newShard()];
  for (const shard of [untouched, other]) step(shard, T, events(T));
  step(untouched, T + 5_000, events(T + 5_000));
  planOf(RECORD).dirty.fill();
  step(other, T + 5_000, events(T + 5_000));
  expect(other.encodePage(0, new ByteWriter())).toEqual(untouched.encodePage(0, new ByteWriter()));
  expect(planOf(RECORD).dirty.take()).toBe(-1);
});
