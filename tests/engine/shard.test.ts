import { describe, expect, test } from "vitest";
import type { Event, JsonObject } from "../../kernel/event.ts";
import { createEngineSubject, type EngineOptions } from "../harness/engine.ts";

const T = Date.UTC(2026, 0, 10);
const SECOND = 1000;

function track(name: string, at: number, properties: JsonObject = {}, userId = "u1"): Event {
  return {
    kind: "track",
    name,
    userId,
    anonymousId: null,
    messageId: `${userId} ${name} ${at} ${JSON.stringify(properties)}`,
    timestamp: at,
    properties,
    context: {},
    traits: {},
  };
}

describe("time", () => {
  test("a pause is lived through flip by flip, each at its own instant", async () => {
    const engine = await createEngineSubject(`
      segment "recent" = did("A" in last 10 seconds)
      segment "later" = did("A" from 20 seconds to 10 seconds ago)
    `);
    await engine.send(T, [track("A", T)]);
    await engine.advance(T + 3600 * SECOND);
    expect(
      engine.feed().map(({ segmentId, entered, at, cause }) => ({ segmentId, entered, at: at - T, cause })),
    ).toEqual([
      { segmentId: 1, entered: true, at: 0, cause: "event" },
      { segmentId: 1, entered: false, at: 10_000, cause: "time" },
      { segmentId: 2, entered: true, at: 10_000, cause: "time" },
      { segmentId: 2, entered: false, at: 20_000, cause: "time" },
    ]);
  });

  test("with the event clock, flips that are due run before the event that moved the clock", async () => {
    const engine = await createEngineSubject(
      `
      stages "idle", "warm", "cold"
      stage "warm" when count("A" in last 10 seconds) >= 1
      stage "cold" when did("A") and not did("A" in last 10 seconds)
      `,
      { clockMode: "event" },
    );
    await engine.send(0, [track("A", T), track("A", T + 11 * SECOND)]);
    expect((await engine.profile("u1"))?.stage).toBe("cold");
  });

  test("with the event clock, a late event does not move the clock back", async () => {
    const engine = await createEngineSubject(`segment "s" = count("A" in last 10 seconds) >= 1`, {
      clockMode: "event",
    });
    await engine.send(0, [track("B", T + 60 * SECOND), track("A", T)]);
    expect((await engine.profile("u1"))?.segments).toEqual([]);
  });
});

describe("the feed", () => {
  const history = (engine: Awaited<ReturnType<typeof createEngineSubject>>): Promise<void> =>
    (async () => {
      for (let i = 0; i < 60; i++) {
        const at = T + i * 3 * SECOND;
        await engine.send(at, [track("A", at, { n: i }, `u${i % 7}`), track("B", at, { n: i }, `u${i % 3}`)]);
        await engine.advance(at + SECOND);
      }
    })();
  const model = `
    score +1 on "A"
    segment "a" = count("A" in last 30 seconds) >= 2
    segment "b" = did("B" in last 5 seconds) and in segment "a"
    segment "c" = score >= 5 and not in segment "b"
  `;

  test("is the same whether or not the process is restarted, with all or a hundredth of its memory", async () => {
    const plain = await createEngineSubject(model);
    await history(plain);
    const options: EngineOptions = { memory: 1 };
    const restarted = await createEngineSubject(model, options);
    for (let i = 0; i < 60; i++) {
      const at = T + i * 3 * SECOND;
      await restarted.send(at, [track("A", at, { n: i }, `u${i % 7}`), track("B", at, { n: i }, `u${i % 3}`)]);
      if (i % 4 === 1) await restarted.restart();
      await restarted.advance(at + SECOND);
      if (i % 9 === 1) await restarted.restart();
    }
    expect(restarted.feed()).toEqual(plain.feed());
    expect(plain.feed().length).toBeGreaterThan(50);
  });
});

describe("repeats", () => {
  test("change nothing, also after a restart", async () => {
    const engine = await createEngineSubject(`score +1 on "A"`);
    await engine.send(T, [track("A", T)]);
    await engine.restart();
    await engine.send(T + SECOND, [track("A", T), { ...track("A", T), userId: "u2" }]);
    expect((await engine.profile("u1"))?.score).toBe(1);
    expect((await engine.profile("u2"))?.score).toBe(1);
  });
});

describe("another model", () => {
  test("rescores everybody, keeps the stage reached, and says what counts from now on", async () => {
    const engine = await createEngineSubject(`
      score +1 on "A"
      tag kind on "A"
      stages "one", "two"
      stage "two" when score >= 2
      segment "old" = score >= 1
    `);
    await engine.send(T, [track("A", T, { kind: "x" }), track("A", T + 1, { kind: "y" })]);
    const { fresh } = await engine.putModel(
      T + SECOND,
      `
      score +10 on "A"
      tag kind +3 on "A"
      stages "one", "two", "three"
      stage "two" when score >= 1000
      segment "new" = score >= 20 and stage = "two"
      segment "counted" = count("A" in last 1 hour) >= 1
    `,
    );
    expect(fresh).toEqual(['count("A" in last 1 hour)']);
    const profile = await engine.profile("u1");
    expect(profile).toMatchObject({ score: 20, stage: "two", segments: ["new"] });
    expect(profile?.tags).toEqual([
      { name: "x", score: 3 },
      { name: "y", score: 3 },
    ]);
    await engine.send(T + 2 * SECOND, [track("A", T + 2 * SECOND)]);
    expect((await engine.profile("u1"))?.segments).toEqual(["counted", "new"]);
  });

  test("gives the same profile as if it had always been there, when it keeps the same aggregates", async () => {
    const before = `score +1 on "A"\nsegment "a" = count("A" in last 1 minute) >= 1 and trait.x is not set`;
    const after = `score +2 on "A"\nsegment "b" = count("A" in last 1 minute) >= 1 and score >= 100`;
    const switched = await createEngineSubject(before, { memory: 1 });
    const always = await createEngineSubject(after);
    for (let i = 0; i < 120; i++) {
      const at = T + i * SECOND;
      const events = [track("A", at, {}, `u${i % 50}`)];
      await switched.send(at, events);
      await always.send(at, events);
      if (i === 60) await switched.putModel(at, after);
      if (i === 70) await switched.restart();
    }
    for (let i = 0; i < 50; i++) expect(await switched.profile(`u${i}`)).toEqual(await always.profile(`u${i}`));
  });

  test("moves through memberships without firing them as events", async () => {
    const engine = await createEngineSubject(`segment "a" = known`);
    await engine.send(T, [track("A", T)]);
    await engine.putModel(T + SECOND, `segment "b" = known`);
    expect(engine.feed().at(-1)).toMatchObject({ segmentId: 2, entered: true, cause: "backfill" });
    expect((await engine.profile("u1"))?.segments).toEqual(["b"]);
  });
});

describe("bounds", () => {
  test("the oldest entries of a full window leave early and the contact is marked saturated", async () => {
    const engine = await createEngineSubject(`segment "s" = count("A" in last 1 hour) = count("B" in last 1 hour)`, {
      limits: { window_entries_max: 5 },
    });
    for (let i = 0; i < 5; i++) await engine.send(T + i, [track("A", T + i)]);
    expect(await engine.profile("u1")).toMatchObject({ saturated: false });
    await engine.send(T + 5, [track("A", T + 5)]);
    const profile = await engine.profile("u1");
    expect(profile?.saturated).toBe(true);
    expect(profile?.aggregates['count("A" in last 1 hour)']).toBe(5);
  });

  test("a window that is only compared with a threshold is never saturated by more events", async () => {
    const engine = await createEngineSubject(`segment "s" = count("A" in last 1 hour) >= 3`, {
      limits: { window_entries_max: 5 },
    });
    for (let i = 0; i < 9; i++) await engine.send(T + i, [track("A", T + i)]);
    const profile = await engine.profile("u1");
    expect(profile?.saturated).toBe(false);
    expect(profile?.segments).toEqual(["s"]);
    expect(profile?.aggregates['count("A" in last 1 hour)']).toEqual({ atLeast: 3 });
    await engine.advance(T + 6 + 3_600_000 - 1);
    expect((await engine.profile("u1"))?.segments).toEqual(["s"]);
    await engine.advance(T + 6 + 3_600_000);
    expect((await engine.profile("u1"))?.segments).toEqual([]);
  });

  test.each(['tag "first" on "A"', 'tag "first" on "A" for 1 day'])(
    "a contact that is full of tags is kept when another model brings more: %s",
    async (rule) => {
      const engine = await createEngineSubject('tag name on "A"\nsegment "s" = count("A" in last 1 day) = 2', {
        limits: { tags_max: 2 },
        memory: 1,
      });
      await engine.send(T, [track("A", T, { name: "a" }), track("A", T, { name: "b" })]);
      await engine.putModel(T + 1, `${rule}\ntag name on "A"\nsegment "s" = count("A" in last 1 day) = 2`);
      await engine.send(T + 2, [track("A", T + 2, { name: "c" })]);
      await engine.restart();
      const profile = await engine.profile("u1");
      expect(profile?.saturated).toBe(true);
      expect(profile?.tags).toHaveLength(2);
      await engine.putModel(T + 3, 'tag name +2 on "A"\nsegment "s" = count("A" in last 1 day) = 2');
      expect((await engine.profile("u1"))?.tags).toEqual([
        { name: "a", score: 2 },
        { name: "b", score: 2 },
      ]);
    },
  );

  test("a contact takes no more tags than the bound", async () => {
    const engine = await createEngineSubject(`tag name on "A"`, { limits: { tags_max: 2 } });
    for (const name of ["a", "b", "c", "a"]) await engine.send(T, [track("A", T, { name, once: name === "c" })]);
    await engine.send(T + 1, [track("A", T + 1, { name: "a" })]);
    const profile = await engine.profile("u1");
    expect(profile?.saturated).toBe(true);
    expect(profile?.tags).toEqual([
      { name: "a", score: 2 },
      { name: "b", score: 1 },
    ]);
  });
});
