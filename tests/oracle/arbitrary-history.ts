/** Random histories: events late, repeated and malformed, clock steps small and huge, restarts. */
import fc from "fast-check";
import type { Event, Json, JsonObject } from "../../kernel/event.ts";
import type { Features, Step } from "./case.ts";
import * as vocabulary from "./vocabulary.ts";
import { GAPS, HUGE_GAP, LARGE_GAP } from "./vocabulary.ts";

/** For how long after its first arrival a repeated messageId must be noticed. */
export const DEDUPE_MS = 24 * 60 * 60 * 1_000;

const HALF_HOUR_MS = 30 * 60 * 1_000;

/** An event before it is known when it arrives. */
export interface EventSketch extends Omit<Event, "timestamp"> {
  /** By how many milliseconds its timestamp is before its arrival. */
  readonly age: number;
}

export function arbitrarySteps(features: Features, beginning: number): fc.Arbitrary<Step[]> {
  const gap = gaps();
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant("send" as const),
        gap,
        events: fc.array(arbitraryEvent(features, beginning), { minLength: 1, maxLength: 5, size: "max" }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("advance" as const), gap, watch: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
  );
  return fc.array(step, { minLength: 1, maxLength: 16, size: "max" }).map((steps) => {
    let now = beginning;
    const renamed = createRenaming();
    return steps.map((each): Step => {
      if (each.kind === "restart") return each;
      now += each.gap;
      if (each.kind === "advance") return { kind: "advance", now, watch: each.watch };
      return { kind: "send", now, events: each.events.map((event) => renamed(arrivingAt(event, now), now)) };
    });
  });
}

/**
 * A messageId is sure to be taken for a repeated one only within a day of its first arrival; how long after that is
 * not said. So later on it gets another name, which sorts right behind.
 */
function createRenaming(): (event: Event, now: number) => Event {
  const firstArrivals = new Map<string, number>();
  return function renamed(event, now): Event {
    const key = `${event.userId ?? `~${event.anonymousId ?? ""}`} ${event.messageId}`;
    const first = firstArrivals.get(key) ?? now;
    firstArrivals.set(key, first);
    return now - first < DEDUPE_MS ? event : renamed({ ...event, messageId: `${event.messageId}+` }, now);
  };
}

export function arrivingAt({ age, ...event }: EventSketch, now: number): Event {
  return { ...event, timestamp: now - age };
}

/** As long as the windows of models, mostly the short ones, so that flips are now and then met to the millisecond. */
export function gaps(): fc.Arbitrary<number> {
  const short = GAPS.slice(0, GAPS.length / 2);
  return fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(0, 1) },
    { weight: 24, arbitrary: fc.constantFrom(...short) },
    { weight: 12, arbitrary: fc.constantFrom(...GAPS) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 90_000_000 }) },
    { weight: 2, arbitrary: fc.constant(LARGE_GAP) },
    { weight: 1, arbitrary: fc.constant(HUGE_GAP) },
  );
}

export function arbitraryEvent(features: Features, beginning: number): fc.Arbitrary<EventSketch> {
  const who = fc.constantFrom<Pick<Event, "userId" | "anonymousId">>(
    ...Array.from({ length: 8 }, () => ({ userId: "u1", anonymousId: null })),
    { userId: "u2", anonymousId: null },
    { userId: null, anonymousId: "x" },
    { userId: null, anonymousId: "u1" },
    ...(features.has("both ids") ? [{ userId: "u2", anonymousId: "x" }] : []),
  );
  const common = {
    who,
    messageId: fc.constantFrom(...vocabulary.MESSAGE_IDS),
    age: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: gaps() }),
    context: arbitraryContext(features, beginning),
    contextTraits: fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: traits(beginning) }),
  };
  const called = fc.oneof(
    { weight: 9, arbitrary: calls("track", eventName(), features, beginning) },
    { weight: 1, arbitrary: calls("page", pageName(), features, beginning) },
    { weight: 1, arbitrary: calls("screen", pageName(), features, beginning) },
    { weight: 3, arbitrary: identifies(beginning) },
    { weight: 1, arbitrary: groups() },
  );
  return fc.record({ ...common, called }).map(({ who: ids, contextTraits, called: call, ...rest }) => ({
    ...rest,
    ...ids,
    ...call,
    traits: call.kind === "identify" ? { ...contextTraits, ...call.properties } : contextTraits,
  }));
}

type Call = Pick<Event, "kind" | "name" | "properties">;

function calls(
  kind: "track" | "page" | "screen",
  name: fc.Arbitrary<string | null>,
  features: Features,
  beginning: number,
): fc.Arbitrary<Call> {
  return fc.record({ kind: fc.constant(kind), name, properties: arbitraryProperties(features, beginning) });
}

function identifies(beginning: number): fc.Arbitrary<Call> {
  return fc.record({ kind: fc.constant("identify" as const), name: fc.constant(null), properties: traits(beginning) });
}

/** Links to no company here: only that the contact was seen. */
function groups(): fc.Arbitrary<Call> {
  return fc.constant({ kind: "group", name: null, properties: {} });
}

/** Most often the first ones, as in models. */
export function eventName(): fc.Arbitrary<string> {
  const [a, b] = vocabulary.EVENT_NAMES;
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant(a) },
    { weight: 2, arbitrary: fc.constant(b) },
    { weight: 1, arbitrary: fc.constantFrom(...vocabulary.EVENT_NAMES) },
  );
}

function pageName(): fc.Arbitrary<string | null> {
  return fc.constantFrom(...vocabulary.PAGE_NAMES, null);
}

function arbitraryProperties(features: Features, beginning: number): fc.Arbitrary<JsonObject> {
  const any = anything(beginning);
  const text = mostly(texts(), any);
  const number = mostly(numbers(features), any);
  const list = mostly(fc.array(fc.oneof(text, number), { maxLength: 3 }), any);
  const item = mostly(some({ cat: text, prices: fc.array(number, { maxLength: 2 }) }), any);
  return some({
    cat: text,
    price: number,
    when: moments(beginning),
    list,
    box: mostly(some({ cat: text, list }), any),
    "first-name": text,
    constructor: text,
    ...(features.has("each") ? { items: mostly(fc.array(item, { maxLength: 3 }), any) } : {}),
  });
}

function arbitraryContext(features: Features, beginning: number): fc.Arbitrary<JsonObject> {
  const text = mostly(texts(), anything(beginning));
  const context = some({ cat: text, device: mostly(some({ kind: text }), numbers(features)) });
  return fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: context });
}

function traits(beginning: number): fc.Arbitrary<JsonObject> {
  const any = fc.oneof({ weight: 2, arbitrary: anything(beginning) }, { weight: 1, arbitrary: fc.constant(null) });
  const text = mostly(texts(), any);
  return some({
    plan: mostly(text, fc.array(text, { maxLength: 3 })),
    age: mostly(fc.constantFrom(...vocabulary.NUMBERS), any),
    since: moments(beginning),
    home: mostly(some({ city: text }), any),
    "first-name": text,
  });
}

function texts(): fc.Arbitrary<Json> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...vocabulary.TEXTS) },
    { weight: 1, arbitrary: fc.constantFrom(...vocabulary.LOOKALIKES) },
  );
}

function numbers(features: Features): fc.Arbitrary<number> {
  const usual = fc.constantFrom(...vocabulary.NUMBERS);
  if (!features.has("numeric aggregates")) return usual;
  return fc.oneof(
    { weight: 4, arbitrary: usual },
    { weight: 1, arbitrary: fc.constantFrom(...vocabulary.AWKWARD_NUMBERS) },
  );
}

function moments(beginning: number): fc.Arbitrary<Json> {
  const dates = vocabulary.datesAround(beginning);
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...dates.bare, ...dates.exact) },
    { weight: 3, arbitrary: gaps().map((gap) => beginning + gap) },
    // Every half hour, for days that are longer or shorter than others.
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 60 }).map((halves) => beginning + halves * HALF_HOUR_MS) },
    { weight: 1, arbitrary: fc.constantFrom(...vocabulary.NO_DATES) },
    { weight: 1, arbitrary: anything(beginning) },
  );
}

/** A value of any type, null and nested ones included. */
function anything(beginning: number): fc.Arbitrary<Json> {
  const scalar = fc.oneof(
    fc.constantFrom<Json>(...vocabulary.TEXTS),
    fc.constantFrom<Json>(...vocabulary.NUMBERS),
    fc.constantFrom<Json>(true, false, null),
    fc.constantFrom<Json>(...vocabulary.datesAround(beginning).bare),
  );
  return fc.oneof(
    { weight: 4, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(fc.oneof(scalar, fc.array(scalar, { maxLength: 1 })), { maxLength: 3 }) },
    { weight: 1, arbitrary: some({ cat: scalar, city: scalar }) },
  );
}

function mostly<T, U>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<U>): fc.Arbitrary<T | U> {
  return fc.oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

/** An object with some of the keys. */
function some(keys: Record<string, fc.Arbitrary<Json>>): fc.Arbitrary<JsonObject> {
  return fc.record(keys, { requiredKeys: [], noNullPrototype: true }) as fc.Arbitrary<JsonObject>;
}
