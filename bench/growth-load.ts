/**
 * The traffic and the models of the growth benchmark: one thing grows at a time, and how many predicates an event can
 * change stays the same.
 */
import type { Event, JsonObject } from "../kernel/event.ts";
import { createRandom } from "./random.ts";

/** How an event finds the few segments that it can change: by its name, by an equality, or by a range. */
export type Reach = "name" | "value" | "range";

export interface GrowthLoad {
  readonly segments: number;
  /** Segments that read one selector: as many predicates as an event can change. */
  readonly affected: number;
  readonly reach: Reach;
  /** `count … >= n` keeps the n newest events; `sum` keeps all that its window holds. */
  readonly keeps: "counts" | "sums";
  /** Longest window; a tenth of the segments has it, the others have tenths of it. */
  readonly windowMs: number;
  readonly contacts: number;
  /** Between two events of the average contact. */
  readonly gapMs: number;
  /** Contacts as in life (few send much), or all alike. */
  readonly skewed: boolean;
}

const NAMES_BASE = 5;
const PRICES = 1_000_000;
const SHAPES = 50;

/** Selectors that the segments are spread over, and how they are told apart. */
function spreadOf({ segments, affected, reach }: GrowthLoad): { names: number; perName: number } {
  const selectors = Math.max(1, Math.round(segments / affected));
  const names = reach === "name" ? Math.max(1, Math.round(selectors / 4)) : Math.min(NAMES_BASE, selectors);
  return { names, perName: Math.max(1, Math.round(selectors / names)) };
}

export function growthModel(load: GrowthLoad): string {
  const { names, perName } = spreadOf(load);
  const lines = ["score +1 on any"];
  for (let i = 0; i < load.segments; i++) {
    const selector = Math.floor(i / load.affected);
    const name = `"Event ${selector % names}"`;
    const where = whereOf(load.reach, Math.floor(selector / names), perName);
    const minutes = Math.max(1, Math.round((load.windowMs * (10 - (i % 10))) / 10 / 60_000));
    const atLeast = 1 + (Math.floor(i / 10) % 5);
    const window = `in last ${minutes} minutes`;
    const predicate =
      load.keeps === "counts"
        ? `count(${name} where ${where} ${window}) >= ${atLeast}`
        : `sum(${name}.price where ${where} ${window}) >= ${atLeast * PRICES}`;
    lines.push(`segment "segment ${i}" = ${predicate}`);
  }
  return `${lines.join("\n")}\n`;
}

function whereOf(reach: Reach, part: number, parts: number): string {
  if (reach !== "range") return `category = "category ${part}"`;
  const [from, to] = [Math.ceil((part * PRICES) / parts), Math.ceil(((part + 1) * PRICES) / parts)];
  return `price >= ${from} and price < ${to}`;
}

export interface GrowthTraffic {
  /** `contact` null for one by chance. */
  next(at: number, contact: number | null): Event;
}

export function createGrowthTraffic(load: GrowthLoad, seed: number): GrowthTraffic {
  const { names, perName } = spreadOf(load);
  const random = createRandom(seed);
  const whole = (n: number): number => Math.floor(random() * n);
  let messages = 0;
  return {
    next(at, contact) {
      const chosen = contact ?? Math.floor((load.skewed ? random() * random() : random()) * load.contacts);
      const shape = whole(SHAPES);
      const properties: JsonObject = {
        category: `category ${whole(perName)}`,
        price: whole(PRICES),
        sku: `sku-${whole(5_000)}`,
        [`detail_${shape}`]: `value ${whole(100)}`,
      };
      return {
        kind: "track",
        name: `Event ${whole(names)}`,
        userId: `customer-${chosen}`,
        anonymousId: null,
        messageId: `message-${seed}-${messages++}`,
        timestamp: at,
        properties,
        context: {},
        traits: {},
      };
    },
  };
}
