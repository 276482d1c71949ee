/**
 * An owner is killed at every commit of a run, once just before and once just after it was written, for the real
 * shard and for the fake one; whoever comes next must end where a run without kills ends.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildModelRecord } from "../../dsl/registry.ts";
import type { Control } from "../../kernel/control.ts";
import { decodeReplies, type Card } from "../../kernel/delta.ts";
import type { Event } from "../../kernel/event.ts";
import { readFeed as decodeFeed } from "../../kernel/feed.ts";
import { EMPTY_MODEL, type ModelRecord } from "../../kernel/model-record.ts";
import type { RedisClient } from "../../kernel/redis.ts";
import type { CreateShard } from "../../processor/recovery.ts";
import { createShard as createRealShard } from "../../processor/shard.ts";
import { createShard as createFakeShard } from "./fake-shard.ts";
import { createLab, isCommit, KEYS, modelControl, NOW, offsetReaches, QUICK, until, type Lab } from "./lab.ts";

const MODEL = `
score +5 on "Viewed"
score +20 on "Bought"
tag category on "Viewed"
stages "visitor", "buyer"
stage "buyer" when did("Bought")
segment "active" = count("Viewed" in last 1 seconds) >= 2
segment "spender" = count("Bought" where total > 22 in last 3 seconds) >= 1
`;
const SECOND_MODEL = `${MODEL}
segment "fresh" = count("Viewed" in last 2 seconds) >= 3
score +1 on "Bought"
`;

function record(previous: ModelRecord, source: string): ModelRecord {
  const built = buildModelRecord(previous, source, NOW, "test");
  if (!built.ok) throw new Error(JSON.stringify(built.diagnostics));
  return built.record;
}

interface Subject {
  readonly name: string;
  readonly createShard: CreateShard;
  readonly models: readonly [Control, Control];
}

const firstRecord = record(EMPTY_MODEL, MODEL);
const SUBJECTS: readonly Subject[] = [
  { name: "the fake shard", createShard: createFakeShard, models: [modelControl(1), modelControl(2)] },
  {
    name: "the real shard",
    createShard: createRealShard,
    models: [
      { kind: "model", record: firstRecord },
      { kind: "model", record: record(firstRecord, SECOND_MODEL) },
    ],
  },
];

type Action =
  | { readonly events: readonly Partial<Event>[] }
  | { readonly control: Control }
  | { readonly pass: number };

const PEOPLE = 100;

/** The same in every run: events, repeats, pauses in which flips fall due, two models. */
function script({ models }: Subject): Action[] {
  const actions: Action[] = [{ control: models[0] }];
  let message = 0;
  for (let round = 0; round < 5; round++) {
    const events = Array.from({ length: 24 }, (_, i): Partial<Event> => {
      const bought = (round + i) % 4 === 0;
      const repeat = i === 5 && round > 0;
      return {
        // Some contacts come often, the others make the pages that stay behind.
        userId: i < 12 ? `u${(round * 5 + i) % 12}` : `u${(round * 12 + i) % PEOPLE}`,
        name: bought ? "Bought" : "Viewed",
        messageId: `m${repeat ? message - 9 : message++}`,
        timestamp: NOW + round * 400 - i * 30,
        properties: bought ? { total: 20 + i } : { category: `c${i % 3}` },
      };
    });
    actions.push({ events: events.slice(0, 12) }, { events: events.slice(12) }, { pass: 400 });
    if (round === 2) actions.push({ control: models[1] });
  }
  actions.push({ pass: 10_000 });
  return actions;
}

let lab: Lab;

beforeAll(async () => {
  lab = await createLab();
});

afterAll(async () => {
  await lab.end();
});

type Kill = { readonly at: number; readonly when: "before" | "after" } | null;

interface Outcome {
  readonly cards: readonly (Card | null)[];
  readonly feed: readonly unknown[];
  readonly commits: number;
}

/** One entry a step, so that runs can be compared to the millisecond. */
async function run(subject: Subject, kill: Kill): Promise<Outcome> {
  await lab.redis.flushall();
  lab.clock.set(NOW);
  let commits = 0;
  let killed = false;
  const own = async (): Promise<Awaited<ReturnType<Lab["own"]>>> =>
    lab.own({
      createShard: subject.createShard,
      redis: killingClient(lab.redis, () => {
        commits++;
        if (killed || kill === null || commits < kill.at) return null;
        killed = true;
        return kill.when;
      }),
      memoryShare: () => 2_000,
      options: {
        ...QUICK,
        stepEntries: 1,
        sweepMs: 4,
        sliceBytes: 100,
        migratePages: 1,
        timerBatch: 3,
        pulseMs: 5,
        blockMs: 3,
      },
    });
  let owner = await own();
  const settle = async (what: string, condition: () => Promise<boolean>): Promise<void> => {
    await until(what, async () => {
      if (killed && !replaced) {
        replaced = true;
        owner.drop();
        await owner.ended;
        owner = await own();
        // One that is released before it is loaded leaves everything to the next.
        await owner.live;
      }
      return condition();
    });
  };
  let replaced = false;

  for (const action of script(subject)) {
    if ("pass" in action) {
      const now = lab.clock.now() + action.pass;
      lab.clock.set(now);
      // With flips up to here in their steps before the next entry, every run has the same instants.
      await settle("the flips", async () => {
        const heartbeat = JSON.parse((await lab.redis.get(KEYS.heartbeat)) ?? "{}") as { clock?: number };
        return heartbeat.clock === now;
      });
      continue;
    }
    const id = "events" in action ? await lab.send(action.events) : await lab.control(action.control);
    await settle(`offset ${id}`, async () => (await lab.redis.hget(KEYS.state, "offset")) === id);
  }
  owner.release();
  await owner.ended;
  if (killed && !replaced) {
    // It was killed while it said farewell: what it left to write is the next owner's.
    owner = await own();
    await owner.live;
    owner.release();
    await owner.ended;
  }
  const cards = subject.createShard === createRealShard ? await askForCards() : await storedContacts();
  const entries = (await lab.redis.xrangeBuffer(KEYS.feed, "-", "+")) as [Buffer, Buffer[]][];
  const feed = entries.flatMap(([, [, bytes = Buffer.alloc(0)]]): unknown[] =>
    subject.createShard === createRealShard ? decodeFeed(bytes) : (JSON.parse(bytes.toString()) as unknown[]),
  );
  return { cards, feed, commits };
}

/** Every contact's card, from an owner that only answers. */
async function askForCards(): Promise<(Card | null)[]> {
  const owner = await lab.own({ createShard: createRealShard, options: { ...QUICK, sweepMs: 60_000 } });
  const before = (await lab.redis.xrevrange(KEYS.deltas, "+", "-", "COUNT", 1))[0]?.[0] ?? "-";
  let last = "";
  for (let i = 0; i < PEOPLE; i++) {
    last = await lab.control({ kind: "card", nonce: `n${i}`, contactId: `u${i}` });
  }
  await offsetReaches(lab.redis, last);
  owner.drop();
  await owner.ended;
  const cards: (Card | null)[] = [];
  for (const [, fields] of (await lab.redis.xrangeBuffer(KEYS.deltas, `(${before}`, "+")) as [Buffer, Buffer[]][]) {
    const at = fields.findIndex((field) => field.toString() === "a");
    for (const reply of at === -1 ? [] : decodeReplies(fields[at + 1] ?? Buffer.alloc(0))) {
      if (reply.kind === "card") cards.push(reply.card);
    }
  }
  return cards;
}

/** The fake shard has no cards: its pages are JSON and say it all. */
async function storedContacts(): Promise<never[]> {
  const pages = await lab.redis.hgetall(KEYS.pages);
  const rows = Object.entries(pages).map(([number, page]) => [
    Number(number),
    (JSON.parse(page) as { rows: unknown }).rows,
  ]);
  return rows.sort(([a], [b]) => Number(a) - Number(b)) as never[];
}

/** Asks before every commit whether it is the last thing the owner does; after that nothing of it arrives. */
function killingClient(real: RedisClient, next: () => "before" | "after" | null): RedisClient {
  let dead = false;
  return new Proxy(real, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return async (...args: unknown[]) => {
        if (dead) throw new Error("Connection is closed.");
        const send = value as (...all: unknown[]) => Promise<unknown>;
        const commit = isCommit(name, args);
        const fate = commit ? next() : null;
        if (fate !== null) {
          dead = true;
          if (fate === "after") await send.apply(target, args);
          throw new Error("Connection is closed.");
        }
        return send.apply(target, args);
      };
    },
  });
}

describe.each(SUBJECTS)("$name", (subject) => {
  test("an owner killed at any commit leaves a state from which the next ends where nobody was killed", async () => {
    const straight = await run(subject, null);
    expect(straight.cards.length).toBeGreaterThan(5);
    expect(straight.feed.length).toBeGreaterThan(5);
    let kills = 0;
    for (let at = 1; at <= straight.commits; at++) {
      for (const when of ["before", "after"] as const) {
        const { cards, feed } = await run(subject, { at, when });
        expect({ at, when, cards, feed }).toEqual({ at, when, cards: straight.cards, feed: straight.feed });
        kills++;
      }
    }
    expect(kills).toBeGreaterThan(30);
  }, 600_000);
});
