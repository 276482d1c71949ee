/** The generated cases are fit for their purpose: right models, plain JSON, and able to tell a wrong subject. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkModel } from "../../dsl/check.ts";
import type { Event } from "../../kernel/event.ts";
import { arbitraryCase } from "./arbitraries.ts";
import { type Case, EVERYTHING, LIVE } from "./case.ts";
import { type Driven, modelOf, runCase } from "./compare.ts";
import { createOracle } from "./oracle.ts";

/** Fixed, so that whether a wrong subject is told from a right one does not depend on luck. */
const SEED = 20_260_115;
const live = fc.sample(arbitraryCase(LIVE), { numRuns: 300, seed: SEED });
const everything = fc.sample(arbitraryCase(EVERYTHING), { numRuns: 40, seed: SEED });

const right = (model: string): Driven => createOracle(modelOf({ model }));

describe("generated models", () => {
  test("are accepted by the parser and the checker", () => {
    for (const { model } of live) expect(errorsIn(modelOf({ model }), {})).toEqual([]);
    for (const { model } of everything) expect(errorsIn(modelOf({ model }), { live: "all" })).toEqual([]);
  });

  test("are plain JSON together with their histories", () => {
    for (const testCase of [...live, ...everything]) {
      expect(JSON.parse(JSON.stringify(testCase))).toEqual(testCase);
    }
  });

  test("send no event from the future and never turn the clock back", () => {
    for (const { steps } of live) {
      let now = 0;
      for (const step of steps) {
        if (step.kind === "restart") continue;
        expect(step.now).toBeGreaterThanOrEqual(now);
        now = step.now;
        if (step.kind === "send") expect(step.events.every((event) => event.timestamp <= now)).toBe(true);
      }
    }
  });
});

describe("the oracle", () => {
  test("does not differ from itself", { timeout: 60_000 }, async () => {
    for (const testCase of [...live, ...everything]) expect(await runCase(testCase, right)).toBeNull();
  });

  test("changes nothing between two of the instants at which it says that it may", { timeout: 60_000 }, () => {
    for (const testCase of [...live, ...everything]) {
      const oracle = createOracle(modelOf(testCase));
      for (const step of testCase.steps) if (step.kind === "send") oracle.send(step.now, step.events);
      const now = testCase.steps.reduce((last, step) => (step.kind === "send" ? step.now : last), 0);
      const end = now + 3 * 24 * 60 * 60 * 1_000;
      const instants = [now, ...oracle.flipInstants(now, end), end + 1].slice(0, 15);
      for (const [index, start] of instants.entries()) {
        const next = instants[index + 1];
        if (next === undefined) continue;
        const middle = Math.floor((start + next) / 2);
        for (const contact of oracle.contacts()) {
          const profile = oracle.foresee(contact, start);
          expect(oracle.foresee(contact, middle)).toEqual(profile);
          expect(oracle.foresee(contact, next - 1)).toEqual(profile);
        }
      }
    }
  });
});

/** Subjects that are right but for one mistake, made in what they are told. */
const MISTAKEN: readonly (readonly [string, (event: Event, now: number) => Event | null])[] = [
  ["drops late events", (event, now) => (event.timestamp < now - 60_000 ? null : event)],
  ["takes late events as of now", (event, now) => ({ ...event, timestamp: now })],
  ["rounds timestamps to seconds", (event) => ({ ...event, timestamp: Math.floor(event.timestamp / 1_000) * 1_000 })],
  ["notices no duplicates", (event, now) => ({ ...event, messageId: `${event.messageId} ${now}` })],
  ["forgets screens", (event) => (event.kind === "screen" ? null : event)],
  ["confuses pages and screens", (event) => (event.kind === "screen" ? { ...event, kind: "page" } : event)],
  ["takes traits of identify calls only", (event) => (event.kind === "identify" ? event : { ...event, traits: {} })],
  ["ignores nulls in traits", (event) => ({ ...event, traits: withoutNulls(event.traits) })],
  ["loses the context", (event) => ({ ...event, context: {} })],
  ["puts anonymous contacts among the users", (event) => ({ ...event, userId: event.userId ?? event.anonymousId })],
  ["writes numbers as texts", (event) => ({ ...event, properties: withTexts(event.properties) })],
];

describe("a subject", () => {
  for (const [mistake, told] of MISTAKEN) {
    test(`that ${mistake} is found out`, async () => {
      const wrong = (model: string): Driven => {
        const oracle = createOracle(modelOf({ model }));
        return {
          ...oracle,
          send: (now, events) =>
            oracle.send(
              now,
              events.flatMap((event) => told(event, now) ?? []),
            ),
        };
      };
      expect(await firstFailing(wrong)).not.toBeNull();
    });
  }

  test("that lags a millisecond behind is found out", async () => {
    const wrong = (model: string): Driven => {
      const oracle = createOracle(modelOf({ model }));
      return { ...oracle, advance: (now) => oracle.advance(now - 1), send: (now, events) => oracle.send(now, events) };
    };
    expect(await firstFailing(wrong)).not.toBeNull();
  });

  test("that judges stages only when events arrive is found out", async () => {
    const wrong = (model: string): Driven => {
      const oracle = createOracle(modelOf({ model }));
      const sleeper = createOracle(modelOf({ model }));
      return {
        ...oracle,
        advance: (now) => oracle.advance(now),
        send(now, events) {
          oracle.send(now, events);
          sleeper.send(now, events);
        },
        profile(contact) {
          const profile = oracle.profile(contact);
          return profile === null ? null : { ...profile, stage: sleeper.profile(contact)?.stage ?? null };
        },
      };
    };
    expect(await firstFailing(wrong)).not.toBeNull();
  });

  test("that throws is told from one that answers", async () => {
    const testCase: Case = { model: "", steps: [{ kind: "advance", now: 1, watch: false }] };
    const difference = await runCase(testCase, () => {
      throw new Error("no such model");
    });
    expect(difference).toMatchObject({ step: -1, field: "error" });
  });
});

async function firstFailing(makeSubject: (model: string) => Driven): Promise<Case | null> {
  for (const testCase of live) if ((await runCase(testCase, makeSubject)) !== null) return testCase;
  return null;
}

function errorsIn(...[model, options]: Parameters<typeof checkModel>): unknown[] {
  return checkModel(model, options).diagnostics.filter((diagnostic) => diagnostic.severity === "error");
}

function withoutNulls(traits: Event["traits"]): Event["traits"] {
  return Object.fromEntries(Object.entries(traits).filter(([, value]) => value !== null));
}

function withTexts(properties: Event["properties"]): Event["properties"] {
  const text = (value: Event["properties"][string]): Event["properties"][string] =>
    typeof value === "number" ? String(value) : value;
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, text(value)]));
}
