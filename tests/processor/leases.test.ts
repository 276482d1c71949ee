import { afterEach, beforeEach, expect, test } from "vitest";
import { PROCESSORS_KEY } from "../../kernel/keys.ts";
import { acquire, announce, renew } from "../../processor/leases.ts";
import { createLab, KEYS, PARTITION, type Lab } from "./lab.ts";

const LEASE_MS = 60_000;

let lab: Lab;

beforeEach(async () => {
  lab = await createLab();
});

afterEach(async () => {
  await lab.end();
});

const nobody = (): boolean => false;
const only = (ended: string) => (id: string) => id === ended;

test("a lease is waited for unless its holder is known to have ended", async () => {
  const first = await acquire(lab.redis, "first-1", PARTITION, 0, LEASE_MS, nobody);
  if (first === null) throw new Error("the partition was free");
  expect(await acquire(lab.redis, "second-2", PARTITION, 0, LEASE_MS, nobody)).toBe(null);
  expect(await acquire(lab.redis, "second-2", PARTITION, 0, LEASE_MS, only("third-3"))).toBe(null);
  const epochs = [await lab.redis.get(KEYS.owner)];
  const second = await acquire(lab.redis, "second-2", PARTITION, 0, LEASE_MS, only("first-1"));
  epochs.push(await lab.redis.get(KEYS.owner));
  expect(second).not.toBe(null);
  expect(await lab.redis.get(KEYS.lease)).toBe(`second-2:0:${second?.nonce ?? ""}`);
  const [before, after] = epochs.map((owner) => Number(owner?.split(":")[0]));
  expect(after).toBeGreaterThan(before ?? 0);
  // Were it alive after all, it would learn that it has lost.
  expect(await renew(lab.redis, "first-1", first, LEASE_MS)).toBe(false);
});

test("a lease that went to somebody else meanwhile is not taken for that of the one that has ended", async () => {
  await acquire(lab.redis, "first-1", PARTITION, 0, LEASE_MS, nobody);
  const taken = await acquire(lab.redis, "third-3", PARTITION, 0, LEASE_MS, (id) => {
    // Between the look at the lease and the attempt to take it.
    void lab.redis.set(KEYS.lease, "second-2:0:nonce");
    return id === "first-1";
  });
  expect(taken).toBe(null);
  expect(await lab.redis.get(KEYS.lease)).toBe("second-2:0:nonce");
});

test("partitions are not shared with processes that have ended", async () => {
  await announce(lab.redis, "first-1", LEASE_MS, nobody);
  await announce(lab.redis, "second-2", LEASE_MS, nobody);
  expect(await announce(lab.redis, "third-3", LEASE_MS, nobody)).toEqual(["first-1", "second-2", "third-3"]);
  expect(await announce(lab.redis, "third-3", LEASE_MS, only("first-1"))).toEqual(["second-2", "third-3"]);
  expect(await lab.redis.zrange(PROCESSORS_KEY, "0", "-1")).toEqual(["second-2", "third-3"]);
});
