/** A short way to write histories down by hand, for tests. */
import type { Event, JsonObject } from "../../kernel/event.ts";
import type { Profile } from "../harness/subject.ts";
import { modelOf } from "./compare.ts";
import { createOracle, type Oracle } from "./oracle.ts";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** 2026-01-15T10:00:00Z, a Thursday. */
export const START = Date.UTC(2026, 0, 15, 10);

let made = 0;

/** A call by `u`; its messageId is made up, in the order in which they are made. */
function call(timestamp: number, rest: Partial<Event>): Event {
  made += 1;
  return {
    kind: "track",
    name: null,
    userId: "u",
    anonymousId: null,
    messageId: `made-${String(made).padStart(8, "0")}`,
    timestamp,
    properties: {},
    context: {},
    traits: {},
    ...rest,
  };
}

export function track(timestamp: number, name: string, properties: JsonObject = {}, rest: Partial<Event> = {}): Event {
  return call(timestamp, { name, properties, ...rest });
}

export function identify(timestamp: number, traits: JsonObject, rest: Partial<Event> = {}): Event {
  return call(timestamp, { kind: "identify", properties: traits, traits, ...rest });
}

export function page(timestamp: number, name: string | null, rest: Partial<Event> = {}): Event {
  return call(timestamp, { kind: "page", name, ...rest });
}

export function screen(timestamp: number, name: string | null, rest: Partial<Event> = {}): Event {
  return call(timestamp, { kind: "screen", name, ...rest });
}

export function group(timestamp: number, rest: Partial<Event> = {}): Event {
  return call(timestamp, { kind: "group", ...rest });
}

export function oracleOf(model: string): Oracle {
  return createOracle(modelOf({ model }));
}

/** The profile of `u` at `now`, after all events were sent in one batch at that instant. */
export function profileOf(model: string, events: readonly Event[], now = START): Profile {
  const oracle = oracleOf(model);
  oracle.send(now, events);
  const profile = oracle.profile("u");
  if (profile === null) throw new Error("no event was by u");
  return profile;
}

/** Whether the predicate holds for `u` at `now`. */
export function isIn(predicate: string, events: readonly Event[], now = START, more = ""): boolean {
  return profileOf(`${more}\nsegment "s" = ${predicate}`, events, now).segments.includes("s");
}

/** What an operand of the language is worth for `u` at `now`, as far as it is an aggregate. */
export function worth(aggregate: string, events: readonly Event[], now = START): unknown {
  const { aggregates } = profileOf(`segment "s" = ${aggregate} is set`, events, now);
  return Object.values(aggregates)[0];
}
