/**
 * Event traffic for benchmarks: contacts skewed as in life (few send much), twenty event names, fifty shapes of
 * properties. Deterministic for a seed.
 */
import { createRandom } from "./random.ts";

export interface Traffic {
  /** One call of `POST /v1/batch` as an object, without its `type`. */
  next(): Record<string, unknown>;
}

export interface TrafficOptions {
  readonly seed: number;
  readonly contacts: number;
}

const EVENTS = 20;
const SHAPES = 50;
const CATEGORIES = ["coats", "shoes", "shirts", "hats", "bags", "jeans", "socks"] as const;

export function createTraffic({ seed, contacts }: TrafficOptions): Traffic {
  const random = createRandom(seed);
  const whole = (n: number): number => Math.floor(random() * n);
  return {
    next() {
      // The product of two uniform numbers: half of all events come from a seventh of the contacts.
      const contact = Math.floor(random() * random() * contacts);
      const shape = whole(SHAPES);
      const properties: Record<string, unknown> = {
        category: CATEGORIES[whole(CATEGORIES.length)],
        price: whole(20_000) / 100,
        sku: `sku-${whole(5_000)}`,
        [`detail_${shape}`]: `value ${whole(100)}`,
      };
      if (shape % 3 === 0) properties[`flag_${shape}`] = random() < 0.5;
      if (shape % 5 === 0) properties["quantity"] = 1 + whole(9);
      return { event: `Event ${whole(EVENTS)}`, userId: `customer-${contact}`, properties };
    },
  };
}

/** A hundred segments over windows of those events, each with a filter. */
export function windowedModel(segments: number): string {
  const lines = Array.from({ length: segments }, (_, i) => {
    const category = CATEGORIES[i % CATEGORIES.length];
    const selector = `"Event ${i % EVENTS}" where category = "${category}" in last ${1 + (i % 48)} hours`;
    return `segment "segment ${i}" = count(${selector}) >= ${1 + (i % 5)}`;
  });
  return `score +1 on any\n${lines.join("\n")}\n`;
}
