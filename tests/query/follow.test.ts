import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLog } from "../../kernel/log.ts";
import { connectRedis } from "../../kernel/redis.ts";
import { fromMicros } from "../../kernel/decimal.ts";
import { hasBit } from "../../query/bitmap.ts";
import { startFollower, type Follower } from "../../query/follower.ts";
import type { Reply } from "../../kernel/delta.ts";
import { FakePartition } from "./fake-partition.ts";
import { silent, startHarness, type QueryHarness } from "./harness.ts";
import { until } from "./until.ts";

let harness: QueryHarness;
let follower: Follower;
let replies: Reply[];
let drops: number;

beforeEach(async () => {
  harness = await startHarness(2);
  replies = [];
  drops = 0;
});
afterEach(async () => {
  await follower.stop();
  await harness.close();
});

function follow(log = silent): Follower {
  follower = startFollower({
    redis: harness.redis,
    connect: (buffers) =>
      connectRedis(harness.server.url, { name: "test-follower", log: silent, commandTimeoutMs: null, buffers }),
    partitions: harness.partitions.length,
    log,
    onReplies: (_partition, _step, given) => replies.push(...given),
    onDropped: () => drops++,
    onModelMayHaveChanged: async () => {},
  });
  return follower;
}

function fake(partition = 0): FakePartition {
  const one = harness.partitions[partition];
  if (one === undefined) throw new Error("no such partition");
  return one;
}

/** What the view of a partition says, in the form that a fake keeps. */
function seen(partition = 0): unknown[] {
  const view = follower.partitions[partition]?.view;
  if (view === null || view === undefined) return [];
  return Array.from({ length: view.contacts }, (_, slot) => {
    const tags: [string, number][] = [];
    view.tags.eachTagOf(slot, (tag, points) => tags.push([view.tagNames.name(tag), points]));
    const segments = [...view.segments].filter(([, members]) => hasBit(members.words, slot)).map(([id]) => id);
    return {
      id: view.ids.id(slot),
      found: view.find(view.ids.id(slot)),
      score: view.score(slot),
      stage: view.stages.get(slot),
      segments: segments.sort((a, b) => a - b),
      tags: tags.sort(([a], [b]) => (a < b ? -1 : 1)),
      known: hasBit(view.known.words, slot),
    };
  });
}

function wanted(partition = 0): unknown[] {
  return fake(partition).contacts.map((contact, slot) => ({
    id: contact.id,
    found: slot,
    score: contact.score,
    stage: contact.stage,
    segments: [...contact.segments].sort((a, b) => a - b),
    tags: [...contact.tags].sort(([a], [b]) => (a < b ? -1 : 1)),
    known: !contact.id.startsWith("~"),
  }));
}

async function caughtUp(partition = 0): Promise<void> {
  await until(
    () => follower.partitions[partition]?.ready === true && follower.partitions[partition]?.seq === fake(partition).seq,
  );
}

describe("following a partition", () => {
  it("starts from nothing when nothing has been stored", async () => {
    follow();
    await until(() => follower.ready());
    expect(follower.partitions.map((one) => one.view?.contacts)).toEqual([0, 0]);
  });

  it("takes new contacts and changes of them from deltas", async () => {
    follow();
    const p = fake();
    await p.commit([
      p.add({ id: "ann", score: 5_000_000, stage: 2, segments: new Set([1, 7]), tags: new Map([["x", 1_000_000]]) }),
      p.add({ id: "~b" }),
    ]);
    await p.commit([p.change(0, { enter: [9], leave: [7], tags: [["y", 2]], untag: ["x"], stage: 3 })]);
    await p.commit([p.change(1, { score: -1, tags: [["x", 4]] })]);
    await caughtUp();
    expect(seen()).toEqual(wanted());
    const view = follower.partitions[0]?.view;
    expect(view?.stages.count(3)).toBe(1);
    expect(view?.stages.count(-1)).toBe(1);
    expect(view?.tags.total(view.tagNames.find("x"))).toBe(4);
    expect(view?.segments.get(7)?.count).toBe(0);
    expect(fromMicros(view?.score(0) ?? 0)).toBe(5);
  });

  it("replaces everything known of a contact by a row that has its id", async () => {
    follow();
    const p = fake();
    await p.commit([p.add({ id: "ann", score: 1, stage: 1, segments: new Set([1, 2]), tags: new Map([["x", 1]]) })]);
    const ann = p.contacts[0];
    if (ann === undefined) throw new Error("no contact");
    Object.assign(ann, { score: 9, stage: -1, segments: new Set([2, 3]), tags: new Map([["z", 5]]) });
    await p.commit([p.wholeRow(0)]);
    await caughtUp();
    expect(seen()).toEqual(wanted());
    expect(follower.partitions[0]?.view?.stages.count(1)).toBe(0);
  });

  it("loads pages of a checkpoint and goes on with the deltas after it", async () => {
    const p = fake();
    for (let i = 0; i < 100; i++) await p.commit([p.add({ id: `c${i}`, score: i, segments: new Set([i % 3]) })]);
    await p.sweep();
    for (let i = 0; i < 20; i++) await p.commit([p.change(i, { score: -i, enter: [5] })]);
    follow();
    await caughtUp();
    expect(seen()).toEqual(wanted());
  });

  it("loads as soon as a page that nobody could read is mended", async () => {
    const p = fake();
    for (let i = 0; i < 20; i++) await p.commit([p.add({ id: `c${i}`, score: i })]);
    await p.sweep();
    const { pages } = p.keys;
    const good = await harness.redis.hgetBuffer(pages, "1");
    await harness.redis.hset(pages, "1", Buffer.from([0xff, 1, 2, 3]));
    const said: string[] = [];
    follow(createLog("warn", {}, { write: (line) => said.push(line) }));
    await until(() => said.length > 0 && follower.partitions[1]?.ready === true);
    expect(follower.partitions[0]?.ready).toBe(false);
    await harness.redis.hset(pages, "1", good ?? "");
    await caughtUp();
    expect(seen()).toEqual(wanted());
  });

  it("is not set back by deltas that a page holds already, and waits until all pages are at one step", async () => {
    const p = fake();
    for (let i = 0; i < 64; i++) await p.commit([p.add({ id: `c${i}` })]);
    await p.sweep();
    await p.commit([p.change(0, { score: 1, enter: [1] }), p.change(40, { enter: [1] })]);
    await p.commit([p.change(0, { score: 2, leave: [1] }), p.change(40, { score: 7 })]);
    // Page 0 holds the last step, page 1 still that of the checkpoint.
    await p.writePage(0);
    follow();
    await caughtUp();
    expect(seen()).toEqual(wanted());
    expect(drops).toBe(0);
  });

  it("hands on replies after the rows of their step", async () => {
    follow();
    const p = fake();
    await p.commit([p.add({ id: "ann" })], { replies: [{ kind: "barrier", nonce: "n1" }] });
    await until(() => replies.length === 1);
    expect(seen()).toEqual(wanted());
  });

  it("drops the view and loads again when a delta is missing", async () => {
    follow();
    const p = fake();
    await p.commit([p.add({ id: "ann" })]);
    await caughtUp();
    p.change(0, { score: 77 });
    await p.commit([p.add({ id: "bob" })], { skipSeq: true });
    await p.sweep();
    await until(() => drops > 0);
    await caughtUp();
    expect(seen()).toEqual(wanted());
  });

  it("drops the view when the partition goes on from another step than it was at", async () => {
    follow();
    const p = fake();
    await p.commit([p.add({ id: "ann" })]);
    await p.commit([p.change(0, { score: 5 })]);
    await caughtUp();
    // A failover lost the last step; a new owner commits another one in its place.
    const other = new FakePartition(harness.redis, 0);
    await harness.redis.del(p.keys.deltas);
    await other.commit([other.add({ id: "ann" })]);
    await other.commit([other.change(0, { score: 8 })], { epoch: 9 });
    await until(() => follower.partitions[0]?.ready === true && follower.partitions[0].view?.score(0) === 8);
    expect(drops).toBe(1);
  });

  it("notices that deltas were trimmed before it read them, though nothing new arrives", async () => {
    const p = fake();
    await p.commit([p.add({ id: "ann" })]);
    await p.sweep();
    follow();
    await caughtUp();
    // As if committed and trimmed while this process was cut off.
    p.change(0, { score: 3 });
    p.seq += 5;
    await p.sweep();
    await caughtUp();
    expect(seen()).toEqual(wanted());
    expect(drops).toBe(1);
  });

  it("notices a state that went back while nothing happens", async () => {
    follow();
    const p = fake();
    await p.commit([p.add({ id: "ann" })]);
    await p.commit([p.change(0, { score: 5 })]);
    await caughtUp();
    await harness.redis.xdel(p.keys.deltas, "1-2");
    await harness.redis.hset(p.keys.state, { seq: 1 });
    await until(() => drops === 1 && follower.partitions[0]?.ready === true);
    expect(follower.partitions[0]?.view?.score(0)).toBe(0);
  });

  it("goes on after Redis was away", async () => {
    follow();
    const p = fake();
    await p.commit([p.add({ id: "ann" })]);
    await caughtUp();
    const before = follower.partitions[0]?.loads;
    await harness.redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await until(() => harness.redis.status === "ready");
    await p.commit([p.change(0, { score: 5 })]);
    await caughtUp();
    expect(seen()).toEqual(wanted());
    expect(follower.partitions[0]?.loads).toBe(before);
  });

  it("keeps partitions apart", async () => {
    follow();
    const [p, q] = [fake(0), fake(1)];
    await p.commit([p.add({ id: "ann", tags: new Map([["x", 1]]) })]);
    await q.commit([q.add({ id: "bob", tags: new Map([["x", 2]]) })]);
    await caughtUp(0);
    await caughtUp(1);
    expect(seen(0)).toEqual(wanted(0));
    expect(seen(1)).toEqual(wanted(1));
  });

  it("is as fresh as the heartbeat of an idle owner, and as the last step of a busy one", async () => {
    follow();
    const p = fake();
    await p.commit([p.add({ id: "ann" })], { clock: 1_000 });
    await caughtUp();
    expect(follower.partitions[0]?.freshness()).toEqual({ clock: 1_000, at: 1_000 });
    await p.heartbeat(5_000);
    await until(() => follower.partitions[0]?.freshness()?.clock === 5_000);
    await p.commit([p.change(0, { score: 1 })], { clock: 6_000 });
    await caughtUp();
    expect(follower.partitions[0]?.freshness()).toEqual({ clock: 6_000, at: 6_000 });
    expect(follower.partitions[1]?.freshness()).toBeNull();
  });

  it("knows which model every contact has while a new one spreads", async () => {
    follow();
    const p = fake();
    await p.commit([p.add({ id: "ann" })], { model: 1 });
    await caughtUp();
    expect(follower.partitions[0]?.baseModel).toBe(1);
    await p.commit([], { model: 2, modelComplete: false });
    await caughtUp();
    expect(follower.partitions[0]?.baseModel).toBe(1);
    expect(follower.partitions[0]?.model).toEqual({ version: 2, complete: false });
    await p.commit([p.wholeRow(0)], { model: 2, modelComplete: true });
    await caughtUp();
    expect(follower.partitions[0]?.baseModel).toBe(2);
  });
});
