import { Command } from "ioredis";
import { afterEach, beforeEach, expect, test } from "vitest";
import { decodeReplies } from "../../kernel/delta.ts";
import { decodeHeartbeat } from "../../kernel/partition-state.ts";
import type { RedisClient } from "../../kernel/redis.ts";
import { compareStreamIds } from "../../kernel/stream-id.ts";
import { HASH_PART_SCRIPT } from "../../processor/scripts/hash-part.ts";
import {
  createLab,
  isCommit,
  KEYS,
  modelControl,
  NOW,
  offsetReaches,
  QUICK,
  readContacts,
  readFeed,
  readSteps,
  until,
  type Lab,
} from "./lab.ts";

let lab: Lab;

beforeEach(async () => {
  lab = await createLab();
});

afterEach(async () => {
  await lab.end();
});

test("entries become steps without a gap, each once", async () => {
  await lab.send([{ userId: "a" }, { userId: "b" }]);
  const owner = await lab.own();
  await owner.live;
  for (let i = 0; i < 30; i++) await lab.send([{ userId: `u${i % 7}` }]);
  const last = await lab.send([{ userId: "a" }, { userId: "a" }]);
  await offsetReaches(lab.redis, last);
  owner.release();
  expect(await owner.ended).toBe("released");

  const contacts = await readContacts(lab.redis);
  expect(contacts.get("a")?.count).toBe(3);
  expect([...contacts.values()].reduce((sum, { count }) => sum + count, 0)).toBe(34);
  const steps = await readSteps(lab.redis);
  steps.forEach((step, i) => expect(step.seq).toBe((steps[0]?.seq ?? 0) + i));
  expect(await lab.redis.hget(KEYS.state, "consumed")).toBe("32");
});

test("a repeated message changes nothing, also after a hand-over", async () => {
  const first = await lab.own();
  await offsetReaches(lab.redis, await lab.send([{ userId: "a", messageId: "m1" }]));
  first.release();
  await first.ended;
  const second = await lab.own();
  await offsetReaches(
    lab.redis,
    await lab.send([
      { userId: "a", messageId: "m1" },
      { userId: "a", messageId: "m2" },
    ]),
  );
  second.release();
  await second.ended;
  expect((await readContacts(lab.redis)).get("a")?.count).toBe(2);
  expect(second.telemetry.take().counters.duplicates).toBe(1);
});

test("what is in the stream when a drain begins is finished, what comes later is not waited for", async () => {
  const owner = await lab.own({ options: { ...QUICK, stepEntries: 4 } });
  await owner.live;
  for (let i = 0; i < 300; i++) void lab.send([{ userId: `u${i % 7}` }]);
  const last = await lab.send([{ userId: "last" }]);
  owner.release(30_000);
  const later = lab.send([{ userId: "later" }]);
  expect(await owner.ended).toBe("released");
  await later;
  const offset = (await lab.redis.hget(KEYS.state, "offset")) ?? "";
  expect(compareStreamIds(offset, last)).toBeGreaterThanOrEqual(0);
  expect((await readContacts(lab.redis)).get("last")?.count).toBe(1);
});

test("a partition that is drained before it is loaded finishes what is in the stream all the same", async () => {
  const last = await lab.send([{ userId: "early" }]);
  const owner = await lab.own();
  owner.release(30_000);
  expect(await owner.ended).toBe("released");
  expect(await lab.redis.hget(KEYS.state, "offset")).toBe(last);
  expect((await readContacts(lab.redis)).get("early")?.count).toBe(1);
});

test("a partition that is drained before it is loaded is not loaded if nothing waits for it", async () => {
  const first = await lab.own();
  await offsetReaches(lab.redis, await lab.send([{ userId: "a" }]));
  first.release();
  await first.ended;
  const second = await lab.own();
  second.release(30_000);
  expect(await second.ended).toBe("released");
  expect(second.telemetry.take().counters.recoveries).toBe(0);
});

test("a drain ends in time, whatever is left", async () => {
  let now = 0;
  const owner = await lab.own({ ticks: () => (now += 100), options: { ...QUICK, stepEntries: 1 } });
  await owner.live;
  for (let i = 0; i < 300; i++) await lab.send([{ userId: `u${i % 7}` }]);
  owner.release(1);
  expect(await owner.ended).toBe("released");
});

test("after a hand-over nothing is run again and the stream is empty", async () => {
  const first = await lab.own();
  for (let i = 0; i < 50; i++) await lab.send([{ userId: `u${i}` }]);
  await offsetReaches(lab.redis, await lab.send([{ userId: "last" }]));
  first.release();
  await first.ended;
  expect(await lab.redis.xlen(KEYS.in)).toBe(0);
  const second = await lab.own();
  await second.live;
  const { counters } = second.telemetry.take();
  expect(counters.recoveries).toBe(1);
  expect(counters.steps).toBe(0);
  second.release();
  await second.ended;
});

test("an idle partition is swept, so that a restart has nothing to run again", async () => {
  const owner = await lab.own();
  await offsetReaches(lab.redis, await lab.send([{ userId: "a" }]));
  await until("a checkpoint", async () => (await lab.redis.hexists(KEYS.state, "checkpoint")) === 1);
  await until("the stream is trimmed", async () => (await lab.redis.xlen(KEYS.in)) === 0);
  owner.drop();
  expect(await owner.ended).toBe("lost");
  expect((await readContacts(lab.redis)).get("a")?.count).toBe(1);
});

test("timers run without entries, and the heartbeat says up to when the state is known", async () => {
  const owner = await lab.own();
  await offsetReaches(lab.redis, await lab.send([{ userId: "a" }]));
  lab.clock.set(NOW + 999);
  await until("a heartbeat just before the flip", async () => {
    const text = await lab.redis.get(KEYS.heartbeat);
    return text !== null && decodeHeartbeat(text).clock === NOW + 999;
  });
  expect(await lab.redis.hget(KEYS.state, "seq")).toBe("1");
  lab.clock.set(NOW + 1_000);
  await until("the flip", async () => (await lab.redis.hget(KEYS.state, "seq")) === "2");
  owner.release();
  await owner.ended;
  expect((await readSteps(lab.redis)).at(-1)?.work).toEqual({ kind: "timers", until: NOW + 1_000 });
  expect((await readContacts(lab.redis)).get("a")?.awake).toBe(false);
});

test("after a pause overdue timers run in bounded batches before the entries", async () => {
  const options = { ...QUICK, timerBatch: 10, sweepMs: 60_000 };
  const owner = await lab.own({ options });
  const sleepers = Array.from({ length: 35 }, (_, i) => ({ userId: `u${i}`, timestamp: NOW + i }));
  await offsetReaches(lab.redis, await lab.send(sleepers));
  owner.drop();
  await owner.ended;
  lab.clock.set(NOW + 10_000);
  const last = await lab.send([{ userId: "late" }]);
  const next = await lab.own({ options });
  await offsetReaches(lab.redis, last);
  next.drop();
  await next.ended;
  const kinds = (await readSteps(lab.redis)).map(({ work }) => work.kind);
  // The last five run with the entry, or before it if it hasn't been read by then.
  const batches = kinds.slice(1, -1);
  expect(kinds).toEqual(["entries", ...batches.map(() => "timers"), "entries"]);
  expect([3, 4]).toContain(batches.length);
  const contacts = await readContacts(lab.redis);
  expect([...contacts.values()].filter(({ awake }) => awake)).toEqual([]);
});

test("an event whose handler throws is set aside with its reason, and the rest goes on", async () => {
  const owner = await lab.own();
  await lab.send([{ userId: "a" }]);
  await lab.send([{ userId: "a" }, { userId: "bad", name: "Poison" }, { userId: "b" }]);
  await lab.send([{ userId: "bad", name: "Poison", messageId: "second" }, { userId: "c" }]);
  const last = await lab.send([{ userId: "bad", name: "Poison" }]);
  await offsetReaches(lab.redis, last);
  owner.release();
  await owner.ended;
  const contacts = await readContacts(lab.redis);
  expect([...contacts.keys()].sort()).toEqual(["a", "b", "c"]);
  expect(contacts.get("a")?.count).toBe(2);
  const rejected = await lab.redis.xrange(KEYS.rejected, "-", "+");
  expect(rejected).toHaveLength(3);
  const fields = rejected[1]?.[1] ?? [];
  expect(fields.slice(0, 5)).toEqual(["code", "handler_failed", "message", "poisoned", "at"]);
  expect(JSON.parse(fields[7] ?? "")).toMatchObject({ userId: "bad", messageId: "second" });
  expect(owner.telemetry.take().counters.rejected).toBe(3);
});

test("poison in a step that is redone stays set aside", async () => {
  const options = { ...QUICK, sweepMs: 60_000 };
  const owner = await lab.own({ options });
  await offsetReaches(lab.redis, await lab.send([{ userId: "a" }, { userId: "a", name: "Poison" }, { userId: "b" }]));
  owner.drop();
  await owner.ended;
  expect([...(await readContacts(lab.redis)).keys()].sort()).toEqual(["a", "b"]);
  expect(await lab.redis.xlen(KEYS.rejected)).toBe(1);
});

test("entries trimmed before they were consumed stop the partition", async () => {
  const first = await lab.own();
  await offsetReaches(lab.redis, await lab.send([{ userId: "a" }]));
  first.release();
  await first.ended;
  for (let i = 0; i < 5; i++) await lab.send([{ userId: `lost${i}` }]);
  await lab.redis.xtrim(KEYS.in, "MAXLEN", 2);
  const second = await lab.own();
  await until("the partition stands still", () => second.gauges().halted);
  expect(await lab.redis.hget(KEYS.state, "consumed")).toBe("1");
  second.drop();
  await second.ended;
});

test("a page that there can't be stops the partition", async () => {
  const first = await lab.own();
  await offsetReaches(lab.redis, await lab.send([{ userId: "a" }]));
  first.release();
  await first.ended;
  await lab.redis.hset(KEYS.index, "7", "of nobody");
  const second = await lab.own();
  await until("the status says why", async () => {
    const heartbeat = await lab.redis.get(KEYS.heartbeat);
    return heartbeat !== null && (decodeHeartbeat(heartbeat).halted ?? "").includes("of 2 pages");
  });
  expect(second.gauges().halted).toBe(true);
  second.drop();
  await second.ended;
});

test("entries deleted under a running owner are noticed", async () => {
  const owner = await lab.own({ options: { ...QUICK, sweepMs: 60_000 } });
  await offsetReaches(lab.redis, await lab.send([{ userId: "a" }]));
  const pipeline = lab.redis.multi();
  pipeline.xadd(KEYS.in, "9999999999999-1", "e", "never read");
  pipeline.xdel(KEYS.in, "9999999999999-1");
  await pipeline.exec();
  await until("the partition stands still", () => owner.gauges().halted);
  expect(await lab.redis.hget(KEYS.state, "consumed")).toBe("1");
  owner.drop();
  await owner.ended;
});

test("an entry that can't be read stops the partition after what came before it", async () => {
  const owner = await lab.own();
  const good = await lab.send([{ userId: "a" }]);
  await lab.redis.xadd(KEYS.in, "*", "x", "what is this");
  await offsetReaches(lab.redis, good);
  await until("the status says why", async () => {
    const heartbeat = await lab.redis.get(KEYS.heartbeat);
    return heartbeat !== null && (decodeHeartbeat(heartbeat).halted ?? "").includes("unknown field");
  });
  expect(owner.gauges().halted).toBe(true);
  expect(await lab.redis.hget(KEYS.state, "offset")).toBe(good);
  owner.drop();
  await owner.ended;
});

test("barriers are answered in the delta of the step that reaches them", async () => {
  const owner = await lab.own({ options: { ...QUICK, sweepMs: 60_000 } });
  await lab.send([{ userId: "a" }]);
  await offsetReaches(lab.redis, await lab.control({ kind: "barrier", nonce: "n1" }));
  owner.drop();
  await owner.ended;
  const deltas = (await lab.redis.xrangeBuffer(KEYS.deltas, "-", "+")) as [Buffer, Buffer[]][];
  const replies = deltas.flatMap(([, fields]) => {
    const at = fields.findIndex((field) => field.toString() === "a");
    return at === -1 ? [] : decodeReplies(fields[at + 1] ?? Buffer.alloc(0));
  });
  expect(replies).toEqual([{ kind: "barrier", nonce: "n1" }]);
});

test("a model has a step of its own, then its pages are migrated, also across owners", async () => {
  const options = { ...QUICK, migratePages: 2, sweepMs: 30 };
  let owner = await lab.own({ options });
  for (let i = 0; i < 40; i++) await lab.send([{ userId: `u${i}` }]);
  await lab.control(modelControl(1));
  const last = await lab.send([{ userId: "after" }]);
  // Owner after owner is killed while the migration is on its way.
  for (let seq = 0; (await lab.redis.hget(KEYS.state, "offset")) !== last;) {
    await until("progress", async () => Number(await lab.redis.hget(KEYS.state, "seq")) > seq);
    owner.drop();
    await owner.ended;
    seq = Number(await lab.redis.hget(KEYS.state, "seq"));
    owner = await lab.own({ options });
    await owner.live;
  }
  owner.release();
  await owner.ended;
  const contacts = await readContacts(lab.redis);
  expect(contacts.size).toBe(41);
  expect([...contacts.values()].every(({ model }) => model === 1)).toBe(true);
  expect(await lab.redis.hget(KEYS.state, "model")).toBe("1");
});

test("with room for one contact in a hundred the result is the same", async () => {
  const owner = await lab.own({ memoryShare: () => 300, options: { ...QUICK, sweepMs: 40 } });
  const people = 300;
  let last = "";
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < people; i += 5) {
      last = await lab.send([0, 1, 2, 3, 4].map((k) => ({ userId: `u${(i * 7 + k * 61) % people}` })));
    }
  }
  await offsetReaches(lab.redis, last);
  await until("memory is given back", () => owner.gauges().residentBytes <= 300);
  owner.release();
  await owner.ended;
  const contacts = await readContacts(lab.redis);
  const total = [...contacts.values()].reduce((sum, { count }) => sum + count, 0);
  expect(total).toBe(3 * people);
});

test("the feed has every third event of a contact once, over reloads", async () => {
  let owner = await lab.own();
  let last = "";
  for (let round = 0; round < 8; round++) {
    for (let i = 0; i < 12; i++) last = await lab.send([{ userId: "a" }, { userId: `u${i % 3}` }]);
    await until("some progress", async () => ((await lab.redis.hget(KEYS.state, "offset")) ?? "") !== "");
    owner.drop();
    await owner.ended;
    owner = await lab.own();
  }
  await offsetReaches(lab.redis, last);
  owner.release();
  await owner.ended;
  const records = (await readFeed(lab.redis)).flatMap(({ records: list }) => list);
  const ofA = records.filter(({ contact }) => contact === "a").map(({ count }) => count);
  expect(ofA).toEqual(Array.from({ length: 32 }, (_, i) => (i + 1) * 3));
});

test("a scan that passes fields over, since the server was started anew under it, is done again", async () => {
  const first = await lab.own();
  const people = Array.from({ length: 200 }, (_, i) => ({ userId: `u${i}` }));
  await offsetReaches(lab.redis, await lab.send(people));
  first.release();
  await first.ended;
  const scans: string[] = [];
  const second = await lab.own({ redis: passingOver(lab.redis, scans) });
  await offsetReaches(lab.redis, await lab.send(people));
  second.release();
  await second.ended;
  expect(scans).toContain(KEYS.seen);
  const counts = [...(await readContacts(lab.redis)).values()].map(({ count }) => count);
  expect(counts).toEqual(people.map(() => 2));
});

/** Of each hash the first scan sees nothing. */
function passingOver(real: RedisClient, scans: string[]): RedisClient {
  return new Proxy(real, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        const [command] = args;
        const isScan = name === "sendCommand" && command instanceof Command && command.args[0] === HASH_PART_SCRIPT.sha;
        const key = isScan ? String(command.args[2]) : "";
        if (isScan && !scans.includes(key)) {
          scans.push(key);
          return Promise.resolve([Buffer.from("0"), Buffer.alloc(0)]);
        }
        return (value as (...all: unknown[]) => unknown).apply(target, args);
      };
    },
  });
}

test.each(["request", "reply"] as const)("steps are counted once when the %s of commits is lost", async (lost) => {
  const owner = await lab.own({ redis: forgetting(lab.redis, lost) });
  for (let i = 0; i < 12; i++) {
    const messageId = `m${i - (i % 3 === 2 ? 1 : 0)}`;
    await offsetReaches(lab.redis, await lab.send([{ userId: "a", messageId }, { userId: "b" }]));
  }
  const total = { steps: 0, events: 0, duplicates: 0, doubts: 0 };
  const counted = (): typeof total => {
    const { counters } = owner.telemetry.take();
    for (const name of ["steps", "events", "duplicates", "doubts"] as const) total[name] += counters[name];
    return total;
  };
  await until("every event is counted", () => counted().events >= 24);
  owner.release();
  await owner.ended;
  const { steps, events, duplicates, doubts } = counted();
  expect(doubts).toBeGreaterThan(2);
  expect({ steps, events, duplicates }).toEqual({
    steps: Number(await lab.redis.hget(KEYS.state, "seq")),
    events: 24,
    duplicates: 4,
  });
  expect((await readContacts(lab.redis)).get("a")?.count).toBe(8);
});

/** Loses every third commit on its way there or back. */
function forgetting(real: RedisClient, lost: "request" | "reply"): RedisClient {
  let commits = 0;
  return new Proxy(real, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      const send = (args: unknown[]): unknown => (value as (...all: unknown[]) => unknown).apply(target, args);
      return (...args: unknown[]) => {
        if (!isCommit(name, args) || ++commits % 3 !== 0) return send(args);
        const sent = lost === "reply" ? Promise.resolve(send(args)).catch(() => {}) : Promise.resolve();
        return sent.then(() => {
          throw new Error("Command timed out");
        });
      };
    },
  });
}
