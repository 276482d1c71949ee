import { afterEach, beforeEach, expect, test } from "vitest";
import { partitionKeys } from "../../kernel/keys.ts";
import { runScript } from "../../kernel/scripts.ts";
import {
  CommitDoubt,
  createCommitBuffers,
  OwnershipLost,
  sendCommit,
  START,
  type Commit,
  type Token,
} from "../../processor/commit.ts";
import { fairShare } from "../../processor/leases.ts";
import { ACQUIRE_SCRIPT } from "../../processor/scripts/acquire.ts";
import { FENCE_SCRIPT } from "../../processor/scripts/fence.ts";
import { RENEW_SCRIPT } from "../../processor/scripts/renew.ts";
import { createLab, KEYS, until, type Lab } from "./lab.ts";

const KEEP = { feedEntries: 100, rejectedEntries: 100 };
const BUFFERS = createCommitBuffers();

let lab: Lab;

beforeEach(async () => {
  lab = await createLab();
});

afterEach(async () => {
  await lab.end();
});

async function acquire(nonce: string): Promise<Token> {
  await lab.redis.del(KEYS.lease);
  const args = [`p:0:${nonce}`, 60_000, nonce];
  const epoch = await runScript(lab.redis, ACQUIRE_SCRIPT, [KEYS.lease, KEYS.owner, KEYS.state], args);
  return { epoch: Number(epoch), nonce };
}

function commitOf(token: Token, seq: number, over: Partial<Commit> = {}): Commit {
  const before = { ...START, seq: seq - 1, epoch: token.epoch };
  const output = {
    clock: 5,
    model: 0,
    modelComplete: true,
    contacts: 1,
    events: 1,
    duplicates: 0,
    rows: Buffer.from("rows"),
    feed: Buffer.from("feed"),
    replies: [],
    saturated: 0,
  };
  const record = {
    seq,
    epoch: token.epoch,
    prevEpoch: before.epoch,
    after: "0-0",
    to: "0-1",
    work: { kind: "entries" as const },
    now: 5,
    clock: 5,
    model: 0,
    modelComplete: true,
    skip: [],
    contacts: 1,
    events: 1,
    duplicates: 0,
  };
  return {
    token,
    before,
    after: { ...before, seq, offset: "0-1", consumed: seq, now: 5, clock: 5, contacts: 1 },
    step: { record, output, rejected: [] },
    pages: [],
    checkpoint: null,
    ...over,
  };
}

/** Everything that is stored, as it is stored. */
async function everything(): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for (const key of (await lab.redis.keys("*")).sort()) {
    const dump = await lab.redis.dumpBuffer(key);
    all.set(key, dump === null ? "" : dump.toString("base64"));
  }
  return all;
}

test("a commit is written once, however often it is sent", async () => {
  const token = await acquire("a");
  await sendCommit(lab.redis, KEYS, commitOf(token, 1), KEEP, BUFFERS);
  const before = await everything();
  await expect(sendCommit(lab.redis, KEYS, commitOf(token, 1), KEEP, BUFFERS)).rejects.toThrow(CommitDoubt);
  expect(await everything()).toEqual(before);
  expect((await lab.redis.xrange(KEYS.deltas, "-", "+")).map(([id]) => id)).toEqual([`${token.epoch}-1`]);
  expect((await lab.redis.xrange(KEYS.feed, "-", "+")).map(([id]) => id)).toEqual([`${token.epoch}-1`]);
});

test("a former owner can't write, even at the right step", async () => {
  const first = await acquire("a");
  const second = await acquire("b");
  expect(second.epoch).toBeGreaterThan(first.epoch);
  const before = await everything();
  await expect(sendCommit(lab.redis, KEYS, commitOf(first, 1), KEEP, BUFFERS)).rejects.toThrow(OwnershipLost);
  expect(await everything()).toEqual(before);
});

test("after a reload what the owner sent before is refused", async () => {
  const token = await acquire("a");
  const epoch = Number(await runScript(lab.redis, FENCE_SCRIPT, [KEYS.owner, KEYS.state], ["a"]));
  expect(epoch).toBeGreaterThan(token.epoch);
  await expect(sendCommit(lab.redis, KEYS, commitOf(token, 1), KEEP, BUFFERS)).rejects.toThrow(OwnershipLost);
  expect(await runScript(lab.redis, FENCE_SCRIPT, [KEYS.owner, KEYS.state], ["somebody else"])).toBe(null);
});

test("no epoch is given twice, even when the last acquisitions were lost", async () => {
  const lost = await acquire("a");
  await lab.redis.del(KEYS.owner);
  // A failover takes longer than the millisecond that it takes to tell them apart.
  await until("the next millisecond", async () => {
    const [seconds, micros] = await lab.redis.time();
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000) > lost.epoch;
  });
  expect((await acquire("b")).epoch).toBeGreaterThan(lost.epoch);
});

test("a lease is renewed by its owner alone, also after it ran out", async () => {
  const { lease, owner } = KEYS;
  await acquire("a");
  const renew = (nonce: string): Promise<unknown> =>
    runScript(lab.redis, RENEW_SCRIPT, [lease, owner], [`p:0:${nonce}`, 60_000, nonce]);
  await lab.redis.del(lease);
  expect(await renew("a")).toBe(1);
  expect(await lab.redis.get(lease)).toBe("p:0:a");
  expect(await renew("b")).toBe(0);
  const args = ["p:0:b", 60_000, "b"];
  expect(await runScript(lab.redis, ACQUIRE_SCRIPT, [lease, owner, KEYS.state], args)).toBe(null);
});

test("a commit that would fail in the middle writes nothing", async () => {
  const token = await acquire("a");
  await lab.redis.set(KEYS.seen, "not a hash");
  const before = await everything();
  await expect(sendCommit(lab.redis, KEYS, commitOf(token, 1), KEEP, BUFFERS)).rejects.toThrow("malformed");
  expect(await everything()).toEqual(before);
});

test("a commit carries more pages than Lua can unpack at once", async () => {
  const token = await acquire("a");
  const pages = Array.from({ length: 10_000 }, (_, number) => ({
    number,
    page: Buffer.from(`page ${number}`),
    index: Buffer.from(`index ${number}`),
  }));
  await sendCommit(lab.redis, KEYS, commitOf(token, 1, { pages }), KEEP, BUFFERS);
  expect(await lab.redis.hlen(KEYS.pages)).toBe(10_000);
  expect(await lab.redis.hget(KEYS.index, "9999")).toBe("index 9999");
});

test("a server that is full refuses entries and still takes commits", async () => {
  const token = await acquire("a");
  await lab.redis.config("SET", "maxmemory", "1");
  await expect(lab.redis.xadd(KEYS.in, "*", "e", "x")).rejects.toThrow("OOM");
  await sendCommit(lab.redis, KEYS, commitOf(token, 1), KEEP, BUFFERS);
  expect(await lab.redis.hget(KEYS.state, "seq")).toBe("1");
});

test("all keys of a partition lie in one slot", () => {
  for (const key of Object.values(partitionKeys(7))) expect(key).toContain("{p7}");
});

test("shares add up to all partitions and differ by one at most", () => {
  for (const [partitions, processes] of [
    [16, 1],
    [16, 3],
    [16, 5],
    [3, 5],
  ] as const) {
    const shares = Array.from({ length: processes }, (_, place) => fairShare(partitions, processes, place));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(partitions);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
  }
});
