import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ByteWriter } from "../../kernel/bytes.ts";
import type { DeltaRowSource } from "../../kernel/delta.ts";
import { writeFeedRecord } from "../../kernel/feed.ts";
import { RecentEnters } from "../../query/recent-enters.ts";
import type { FakePartition } from "./fake-partition.ts";
import { startHarness, type QueryHarness } from "./harness.ts";
import { until } from "./until.ts";

let harness: QueryHarness;
let fake: FakePartition;
let app: FastifyInstance;
let big: number;

beforeAll(async () => {
  harness = await startHarness(1);
  const record = await harness.putModel(`segment "big" = score >= 10`);
  big = new Map(record.segments).get("big") ?? -1;
  [fake = fake] = harness.partitions;
});
afterAll(() => harness.close());

/** A step with what it says in the feed; as owners do it, under one id. */
async function commit(rows: readonly DeltaRowSource[], moves: readonly (readonly [string, boolean, number])[]) {
  const out = new ByteWriter();
  for (const [contactId, entered, at] of moves) {
    const id = Buffer.from(contactId);
    writeFeedRecord(out, big, id, 0, id.length, entered, at, "event");
  }
  await harness.redis.xadd(fake.keys.feed, `${fake.epoch}-${fake.seq + 1}`, "f", out.finish());
  await fake.commit(rows, { clock: 900_000 });
}

/** Nobody answers for the partition: what isn't stored can't be known. */
async function since(contactId: string): Promise<unknown> {
  const answer = await app.inject(`/v1/segments/big/members/${contactId}`);
  expect(answer.statusCode, answer.body).toBe(200);
  const { member, since: instant } = answer.json<{ member: boolean; since: string | null }>();
  return member && instant !== null ? Date.parse(instant) : member;
}

async function seen(): Promise<void> {
  await until(async () => {
    const status = (await app.inject("/v1/status")).json<{ partitions: { view: { seq: number } }[] }>();
    return status.partitions[0]?.view.seq === fake.seq;
  });
}

describe("since when a contact is a member", () => {
  it("is read from the page of who has long been one", async () => {
    await fake.commit([fake.add({ id: "old", segments: new Set([big]) }), fake.add({ id: "other" })]);
    await fake.sweep();
    app = await harness.readyApp();
    expect([await since("old"), await since("other")]).toEqual([1, false]);
  });

  it("is read from the feed of who has just become one", async () => {
    await commit(
      [fake.add({ id: "new", segments: new Set([big]) }), fake.change(1, { enter: [big] })],
      [
        ["new", true, 400_000],
        ["other", true, 400_001],
        ["other", false, 400_002],
        ["other", true, 400_003],
      ],
    );
    await seen();
    expect([await since("old"), await since("new"), await since("other")]).toEqual([1, 400_000, 400_003]);
  });

  it("is that of the newest time", async () => {
    await commit(
      [fake.change(0, { leave: [big] }), fake.change(1, { leave: [big] })],
      [
        ["old", false, 500_000],
        ["other", false, 500_000],
      ],
    );
    await seen();
    expect([await since("old"), await since("other")]).toEqual([false, false]);
    await commit([fake.change(0, { enter: [big] })], [["old", true, 600_000]]);
    await seen();
    expect([await since("old"), await since("new"), await since("other")]).toEqual([600_000, 400_000, false]);
  });
});

describe("what is known of recent memberships", () => {
  const step = (seq: number) => ({ seq, id: `1-${seq}` });

  it("is dropped only when a checkpoint has passed it", () => {
    const enters = new RecentEnters();
    for (let seq = 1; seq <= 3_000; seq++) enters.note(seq, 7, step(seq));
    expect(enters.wantsCheckpoint).toBe(true);
    for (const seq of [1_500, 1_500, 2_999]) enters.passed(seq);
    enters.note(1, 7, step(3_001));
    expect([enters.stepOf(2_999, 7), enters.stepOf(1, 7), enters.stepOf(1, 8)]).toEqual([
      step(2_999),
      step(3_001),
      null,
    ]);
    enters.passed(3_000);
    expect([enters.stepOf(2_999, 7), enters.stepOf(1, 7)]).toEqual([null, step(3_001)]);
    enters.passed(3_001);
    expect(enters.stepOf(1, 7)).toBe(null);
    expect(enters.wantsCheckpoint).toBe(false);
  });

  it("is nothing from when it was given up until the next checkpoint", () => {
    const enters = new RecentEnters();
    enters.note(1, 7, step(1));
    enters.forget(5);
    enters.note(2, 7, step(6));
    expect([enters.stepOf(1, 7), enters.stepOf(2, 7), enters.stepOf(3, 7)]).toEqual(["lost", step(6), "lost"]);
    enters.passed(4);
    expect(enters.stepOf(3, 7)).toBe("lost");
    enters.passed(5);
    expect([enters.stepOf(1, 7), enters.stepOf(2, 7), enters.stepOf(3, 7)]).toEqual([null, step(6), null]);
  });

  it("is the newest step of each membership, however many there are", () => {
    const enters = new RecentEnters();
    const wanted = new Map<string, number>();
    for (let seq = 1; seq <= 20_000; seq++) {
      const [slot, segment] = [(seq * 7_919) % 5_003, 1 + ((seq * 31) % 3)];
      enters.note(slot, segment, step(seq));
      wanted.set(`${slot} ${segment}`, seq);
    }
    const found = [...wanted.keys()].map((key) => {
      const [slot, segment] = key.split(" ").map(Number);
      return enters.stepOf(slot ?? -1, segment ?? -1);
    });
    expect(found).toEqual([...wanted.values()].map(step));
    expect([enters.stepOf(5_003, 1), enters.stepOf(1, 4)]).toEqual([null, null]);
  });

  it("stays within bounds", () => {
    const enters = new RecentEnters();
    for (let n = 0; n < 250_000; n++) enters.note(n, 7, step(1 + Math.floor(n / 1_000)));
    expect([enters.stepOf(1, 7), enters.stepOf(249_999, 7)]).toEqual(["lost", step(250)]);
  });
});
