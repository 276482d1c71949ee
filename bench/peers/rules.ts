/** The rules and the events that every peer gets, and the one form in which all say who is in what. */
import { createHash } from "node:crypto";
import { createRandom } from "../random.ts";

/** Whoever had at least so many events of this name and category, above a price or within a window. */
export interface Rule {
  readonly segment: string;
  readonly event: string;
  readonly category: string;
  /** Null where the price does not matter. */
  readonly priceAbove: number | null;
  /** Null for ever. */
  readonly windowMs: number | null;
  readonly atLeast: number;
}

/** `events`: each event is matched alone. `windows`: counts of events over a sliding window. */
export type RuleKind = "events" | "windows";

export interface Fact {
  readonly contact: number;
  readonly event: string;
  readonly category: string;
  readonly price: number;
  /** ms since 1970, never before that of the fact before. */
  readonly at: number;
}

/** The contacts of each rule, ascending, by the number of the rule. */
export type Members = readonly (readonly number[])[];

const HOUR = 3_600_000;
const EVENTS = 20;
const CATEGORIES = ["coats", "shoes", "shirts", "hats", "bags", "jeans", "socks"] as const;
const WINDOWS = [1, 6, 12, 24, 48] as const;
const PRICES = 200;
const BEGIN = Date.UTC(2026, 0, 1);

/** Longest window of any rule, ms. */
export const HISTORY_MS = 48 * HOUR;

export function makeRules(kind: RuleKind, count: number): Rule[] {
  return Array.from({ length: count }, (_, i) => {
    const turn = Math.floor(i / EVENTS);
    const rule = {
      segment: `rule ${i}`,
      event: `Event ${i % EVENTS}`,
      category: CATEGORIES[turn % CATEGORIES.length] ?? "",
    };
    if (kind === "events") return { ...rule, priceAbove: ((i * 37) % (PRICES * 10)) / 10, windowMs: null, atLeast: 1 };
    const hours = WINDOWS[i % WINDOWS.length] ?? 1;
    return { ...rule, priceAbove: null, windowMs: hours * HOUR, atLeast: 1 + (turn % 5) };
  });
}

export function modelOf(rules: readonly Rule[]): string {
  const lines = rules.map(({ segment, event, category, priceAbove, windowMs, atLeast }) => {
    const price = priceAbove === null ? "" : ` and price > ${priceAbove}`;
    const window = windowMs === null ? "" : ` in last ${windowMs / HOUR} hours`;
    return `segment "${segment}" = count("${event}" where category = "${category}"${price}${window}) >= ${atLeast}`;
  });
  return `${lines.join("\n")}\n`;
}

export interface FactSource {
  take(count: number): Fact[];
  /** The instant of the last fact. */
  readonly now: number;
}

/** @param gapMs between two events of the average contact; few contacts send much, as in life. */
export function createFacts(contacts: number, gapMs: number): FactSource {
  const random = createRandom(7);
  const whole = (n: number): number => Math.floor(random() * n);
  let clock = BEGIN;
  return {
    get now() {
      return Math.floor(clock);
    },
    take(count) {
      return Array.from({ length: count }, () => {
        clock += gapMs / contacts;
        return {
          contact: Math.floor(random() * random() * contacts),
          event: `Event ${whole(EVENTS)}`,
          category: CATEGORIES[whole(CATEGORIES.length)] ?? "",
          price: whole(PRICES * 100) / 100,
          at: Math.floor(clock),
        };
      });
    },
  };
}

/** Equal for equal members. */
export function digestOf(members: Members): string {
  const pairs = members.reduce((sum, list) => sum + list.length, 0);
  const text = members.map((list) => list.join(" ")).join("\n");
  return `${pairs} memberships, ${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
}

export function sortedMembers(sets: readonly Iterable<number>[]): Members {
  return sets.map((set) => [...set].sort((a, b) => a - b));
}
