/**
 * A shop's model and its visitors: random calls as client libraries send them, each with the event that it must
 * become. The stages turn at conditions that never turn false again, so that profiles depend on the set of events and
 * on nothing else.
 */
import type { Event, JsonObject } from "../../kernel/event.ts";
import { contactIdOf } from "../../kernel/ids.ts";
import type { Random } from "../sim/random.ts";

/** The tag whose points are the number of a contact's events. */
export const COUNTER_TAG = "events";

/** Windows of seconds, which fill and run empty during a test, and windows of weeks. */
export const MODEL = `
score +1 on any
score +0.1 on "Viewed" where price >= 50
score +5 on "Bought" where total > 50
score +2 on identify
score +7 while sum("Bought".total) > 200
tag "${COUNTER_TAG}" on any
tag "${COUNTER_TAG}" on identify
tag category on "Viewed"
tag "just here" on any for 3 seconds
tag "bought:" + category +2.5 on "Bought"
stages "visitor", "looker", "buyer", "fan"
stage "looker" when count("Viewed") >= 3
stage "buyer" when did("Bought")
stage "fan" when score >= 40
segment "buyers" = did("Bought")
segment "lookers" = count("Viewed") >= 8
segment "big spenders" = count("Bought" where total > 80) >= 2
segment "coats" = tag("coats") >= 3
segment "coats last" = last("Viewed".category) = "coats"
segment "sent back" = last("Returned") > last("Bought")
segment "Italians" = trait.country = "IT" and known
segment "strangers" = not known and not trait.email is set
segment "bought lately" = did("Bought" in last 30 days)
segment "cooling down" = count("Viewed" in last 20 days) < count("Viewed" from 40 days to 20 days ago)
segment "hot" = count("Viewed" in last 3 seconds) >= 2
segment "silent" = not did(any in last 4 seconds)
segment "noisy buyers" = in segment "buyers" and not in segment "silent"
value "spent" = sum("Bought".total)
value "average" = value("spent") / count("Bought")
segment "spenders" = value("spent") > 150 and value("average") >= 40
segment "spent lately" = sum("Bought".total in last 30 days) between 20 and 400
segment "dear things" = max("Viewed".price in last 20 days) > 90 or min("Viewed".price) < 5
segment "curious" = distinct("Viewed".category) >= 3
segment "coat people" = most("Viewed".category in last 40 days) = "coats"
segment "half of them" = percent("kills") < 50 and avg("Viewed".price) > 10
segment "vips" = stage >= "buyer" and score >= 30
`;
export const HOT_WINDOW_MS = 3_000;

/** One call: the body of its own request, and also one of a batch. */
export interface Call {
  readonly type: "track" | "page" | "screen" | "identify";
  readonly body: JsonObject;
  readonly event: Event;
  readonly contactId: string;
}

export interface Shop {
  /** A call that nobody has made yet. */
  call(): Call;
}

export interface ShopOptions {
  readonly random: Random;
  /** When the newest things happen, ms since 1970. */
  readonly now: () => number;
  /** How many visitors there are. */
  readonly people: number;
}

const CATEGORIES = ["coats", "shoes", "books", "Gärten 🌱"] as const;
const COUNTRIES = ["IT", "DE", "UK"] as const;
const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;

export function createShop({ random, now, people }: ShopOptions): Shop {
  let calls = 0;

  function visitor(): Pick<Event, "userId" | "anonymousId"> {
    const number = random.below(people);
    const anonymousId = `visitor ${number % 97}/${number}`;
    if (number % 4 === 0) return { userId: null, anonymousId };
    return { userId: `user-${number}`, anonymousId: random.chance(0.3) ? anonymousId : null };
  }

  /** Mostly just now, some late by seconds, some by weeks. */
  function instant(): number {
    const kind = random.next();
    const age = kind < 0.6 ? random.below(50) : kind < 0.8 ? random.below(6 * SECOND_MS) : random.below(60 * DAY_MS);
    return now() - age;
  }

  function happening(): Pick<Event, "kind" | "name" | "properties"> {
    const kind = random.next();
    const category = random.pick(CATEGORIES);
    if (kind < 0.5) return track("Viewed", { category, price: random.below(1_000) / 10 });
    if (kind < 0.7) return track("Bought", { category, total: random.below(1_200) / 10 });
    if (kind < 0.76) return track("Returned", { category, why: null });
    if (kind < 0.85) return { kind: "page", name: random.chance(0.8) ? "Home" : null, properties: { path: "/" } };
    if (kind < 0.88) return { kind: "screen", name: "Start", properties: {} };
    const traits: Record<string, string | number | null> = { country: random.pick(COUNTRIES) };
    if (random.chance(0.3)) traits["email"] = random.chance(0.8) ? `${calls}@shop.example` : null;
    return { kind: "identify", name: null, properties: traits };
  }

  return {
    call() {
      const { kind, name, properties } = happening();
      const { userId, anonymousId } = visitor();
      const timestamp = instant();
      const fromContext: JsonObject = random.chance(0.05) ? { plan: random.pick(["free", "paid"]) } : {};
      const context: JsonObject = random.chance(0.2) ? { device: { kind: "phone" } } : {};
      // Two contacts may have the same messageId.
      const messageId = `m${random.chance(0.05) ? random.below(calls + 1) : calls}`;
      calls++;
      const isIdentify = kind === "identify";
      const traits: JsonObject = isIdentify ? { ...fromContext, ...properties } : fromContext;
      const event: Event = { kind, name, userId, anonymousId, messageId, timestamp, properties, context, traits };
      const sentContext = Object.keys(fromContext).length > 0 ? { ...context, traits: fromContext } : context;
      const body: JsonObject = {
        messageId,
        timestamp: random.chance(0.5) ? timestamp : new Date(timestamp).toISOString(),
        context: sentContext,
        integrations: {},
        ...(userId === null ? {} : { userId }),
        ...(anonymousId === null ? {} : { anonymousId }),
        ...(isIdentify ? { traits: properties } : { properties }),
        ...(name === null ? {} : { [kind === "track" ? "event" : "name"]: name }),
      };
      return { type: typeOf(kind), body, event, contactId: contactIdOf(userId, anonymousId) };
    },
  };
}

function track(name: string, properties: JsonObject): Pick<Event, "kind" | "name" | "properties"> {
  return { kind: "track", name, properties };
}

function typeOf(kind: Event["kind"]): Call["type"] {
  if (kind === "group" || kind === "alias") throw new Error(`the shop makes no ${kind} calls`);
  return kind;
}
