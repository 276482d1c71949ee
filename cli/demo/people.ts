/**
 * Who visits the shop, and what they come for. The kinds of people are dealt in turn instead of drawn, so that also a
 * small demo has some of each: every segment of examples/shop.sluice gets members.
 */
import { CATEGORIES, CITIES, FIRST_NAMES, LAST_NAMES } from "./catalogue.ts";
import { createRandom, type Random } from "./random.ts";

export const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** What somebody comes for. */
export type Intent =
  | "glance"
  | "browse"
  | "study"
  | "coats"
  | "cart"
  | "order"
  /** Once in a while somebody buys what is dearest, and a lot of it. */
  | "splurge"
  /** One thing, and that cheap. */
  | "bargain"
  | "return"
  | "mail"
  | "subscribe";

export interface Visit {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly intent: Intent;
}

const KINDS = [
  "regular",
  "lapsed",
  "undecided",
  "coat hunter",
  "newcomer",
  "passer-by",
  "regular",
  "lapsed",
  "anonymous",
  "thrifty",
  "returner",
  "regular",
  "lapsed",
  "undecided",
  "newcomer",
  "passer-by",
  "anonymous",
  "passer-by",
  "returner",
  "passer-by",
] as const;
export type Kind = (typeof KINDS)[number];

export interface Person {
  readonly index: number;
  readonly kind: Kind;
  /** Null for those who never say who they are. */
  readonly userId: string | null;
  readonly anonymousId: string;
  readonly traits: Readonly<Record<string, string | boolean>>;
  readonly favourite: string;
  readonly device: "mobile" | "desktop";
  readonly random: Random;
}

/** @param today what the birthdays are dealt around, milliseconds since 1970. */
export function createPerson(seed: number, index: number, today: number): Person {
  const random = createRandom(seed, index);
  const kind = KINDS[index % KINDS.length] ?? "passer-by";
  const anonymous = kind === "passer-by" || kind === "anonymous" || kind === "coat hunter";
  const name = { first: random.pick(FIRST_NAMES), last: random.pick(LAST_NAMES) };
  const [city, country] = random.pick(CITIES);
  return {
    index,
    kind,
    userId: anonymous ? null : `u${index + 1}`,
    anonymousId: `a${index + 1}-${Math.floor(random.next() * 2 ** 32).toString(36)}`,
    traits: {
      email: `${plain(name.first)}.${plain(name.last)}.${index + 1}@example.com`,
      firstName: name.first,
      lastName: name.last,
      city,
      country,
      birthday: birthdayOf(index, today, random),
      newsletter: index % 7 !== 3,
      ...(index % 9 === 6 ? { plan: "club" } : {}),
    },
    favourite: CATEGORIES[index % CATEGORIES.length] ?? CATEGORIES[0],
    device: random.chance(0.6) ? "mobile" : "desktop",
    random,
  };
}

/** The past of a person: visits between two instants, earliest first. */
export function pastVisits(person: Person, from: number, to: number): Visit[] {
  const { random } = person;
  const visits: Visit[] = [];
  const span = to - from;
  const add = (at: number, intent: Intent): void => {
    if (at >= from && at < to) visits.push({ at: Math.floor(at), intent });
  };
  /** Days before the end, at an hour at which people are awake. */
  const ago = (days: number): number => {
    const moment = to - days * DAY_MS;
    return days < 2 ? moment : awake(moment, random);
  };
  const daysMax = span / DAY_MS;
  switch (person.kind) {
    case "regular": {
      for (let day = Math.min(daysMax - 1, 175); day > 8; day -= random.between(16, 30)) {
        add(ago(day), "order");
        if (random.chance(0.6)) add(ago(day - random.between(3, 8)), random.pick(["browse", "mail", "cart"]));
      }
      if (person.index % KINDS.length === 0) add(ago(random.between(0.08, 0.12)), "splurge");
      else add(ago(random.between(1, 6)), random.chance(0.5) ? "order" : "browse");
      break;
    }
    case "lapsed": {
      const first = Math.min(daysMax - 1, random.between(130, 175));
      add(ago(first), "order");
      if (random.chance(0.5)) add(ago(random.between(97, 125)), "order");
      for (let day = 85; day > 10; day -= random.between(20, 50)) add(ago(day), random.pick(["mail", "glance"]));
      break;
    }
    case "newcomer": {
      const first = Math.min(daysMax * 0.9, random.between(6, 26));
      add(ago(first), "browse");
      add(ago(first * random.between(0.2, 0.8)), "order");
      add(ago(first * 0.1), "browse");
      break;
    }
    case "returner": {
      for (let day = Math.min(daysMax - 1, 140); day > 12; day -= random.between(16, 26)) {
        add(ago(day), "order");
        add(ago(day - random.between(4, 9)), "return");
      }
      break;
    }
    case "undecided": {
      const first = Math.min(daysMax * 0.95, random.between(22, 28));
      add(ago(first), "subscribe");
      for (let part = 0.8; part > 0.15; part -= 0.2) add(ago(first * part), random.pick(["study", "cart"]));
      add(ago(random.between(0.2, 0.8)), "cart");
      break;
    }
    case "thrifty": {
      for (let day = Math.min(daysMax - 1, 150); day > 3; day -= random.between(25, 50)) add(ago(day), "bargain");
      break;
    }
    case "anonymous": {
      const first = Math.min(daysMax * 0.95, random.between(15, 28));
      for (let part = 1; part > 0.1; part -= 0.3) add(ago(first * part), "study");
      break;
    }
    case "coat hunter": {
      add(ago(Math.min(daysMax * 0.8, random.between(2, 20))), "browse");
      add(to - random.between(12 * MINUTE_MS, 25 * MINUTE_MS), "coats");
      break;
    }
    case "passer-by": {
      add(ago(random.between(0, daysMax)), random.pick(["glance", "browse"]));
      if (random.chance(0.3)) add(ago(random.between(0, daysMax)), "glance");
      break;
    }
  }
  return visits.sort((a, b) => a.at - b.at);
}

/** What a person may come for at any other time. */
export function nextIntent({ kind, random }: Person): Intent {
  switch (kind) {
    case "regular":
      return random.pick(["browse", "browse", "cart", "order", "mail"]);
    case "lapsed":
      return random.pick(["glance", "mail", "mail", "browse", "order"]);
    case "newcomer":
      return random.pick(["browse", "study", "cart", "order"]);
    case "returner":
      return random.pick(["browse", "order", "return", "mail"]);
    case "undecided":
      return random.pick(["study", "study", "browse", "cart", "mail"]);
    case "thrifty":
      return random.pick(["browse", "bargain", "mail"]);
    case "anonymous":
      return random.pick(["study", "browse"]);
    case "coat hunter":
      return random.pick(["coats", "coats", "browse"]);
    case "passer-by":
      return random.pick(["glance", "browse"]);
  }
}

/** The same day between 8 and 22 o'clock in UTC, most of all in the evening. */
function awake(moment: number, random: Random): number {
  const midnight = Math.floor(moment / DAY_MS) * DAY_MS;
  const hour = 8 + 14 * Math.max(random.next(), random.next());
  return midnight + hour * HOUR_MS;
}

/** Somebody always has it today, wherever the day has begun already. */
function birthdayOf(index: number, today: number, random: Random): string {
  const year = random.whole(1955, 2005);
  const place = index % KINDS.length;
  const days = place === 0 ? 0 : random.whole(1, 363);
  const moment = place === 4 ? today + 2 * HOUR_MS : today + days * DAY_MS;
  return `${year}${new Date(moment).toISOString().slice(4, 10)}`.replace("-02-29", "-02-28");
}

function plain(name: string): string {
  return name.toLowerCase();
}
