import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EventSelector } from "../../dsl/ast.ts";
import { createPlanBuilder, type SelectorPlan } from "../../dsl/plan/builder.ts";
import { matchEvent, openView } from "../../dsl/plan/dispatch.ts";
import { compileFilter } from "../../dsl/plan/filter.ts";
import type { Plan } from "../../dsl/plan/plan.ts";
import { UTC } from "../../dsl/timezone.ts";
import { buildModelRecord, planOf } from "../../dsl/registry.ts";
import { encodeEntry, openEntry } from "../../kernel/entry.ts";
import type { Event, Json } from "../../kernel/event.ts";
import { EMPTY_MODEL } from "../../kernel/model-record.ts";

const RUNS = 300;
const KEYS = ["category", "price", "brand"];
const TEXTS = ["a", "b", "c", "ü", ""];
const PRICES = [-1, 0, 0.5, 1, 2, 3];

const price = fc.constantFrom(...PRICES);
const quoted = fc.constantFrom(...TEXTS).map((text) => JSON.stringify(text));
const literal = fc.oneof(quoted, price.map(String), fc.constantFrom("true", "false"));
const key = fc.constantFrom(...KEYS);
const comparison = fc.oneof(
  fc.tuple(key, literal).map(([left, right]) => `${left} = ${right}`),
  fc
    .tuple(key, fc.uniqueArray(quoted, { minLength: 1, maxLength: 3 }))
    .map(([left, all]) => `${left} in (${all.join(", ")})`),
  fc
    .tuple(fc.constantFrom("price", "brand"), fc.constantFrom("<", "<=", ">", ">="), price)
    .map((parts) => parts.join(" ")),
  fc.tuple(price, price).map(([low, high]) => `price between ${Math.min(low, high)} and ${Math.max(low, high)}`),
  fc.tuple(key, quoted).map(([left, right]) => `${left} != ${right}`),
);
const filter = fc.array(comparison, { maxLength: 3 }).map((parts) => {
  return parts.length === 0 ? "" : ` where ${parts.join(" and ")}`;
});
const call = fc.constantFrom("any", '"Shown"', '"Bought"', 'page "Shown"', "page");
const selectors = fc.array(
  fc.tuple(call, filter).map((parts) => parts.join("")),
  { minLength: 1, maxLength: 40 },
);

const value: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(...TEXTS, ...PRICES, 1.5, true, false, null, "other"),
  fc.constantFrom<Json>(["a"], { a: 1 }),
);
const event = fc
  .record({
    kind: fc.constantFrom("track", "page", "screen", "identify"),
    name: fc.constantFrom("Shown", "Bought", "Other"),
    properties: fc.dictionary(fc.constantFrom(...KEYS, "more"), value, { noNullPrototype: true }),
  })
  .map(({ kind, name, properties }): Event => {
    const ids = { userId: "u1", anonymousId: null, messageId: "m1" };
    return { kind, name: kind === "identify" ? null : name, properties, ...ids, timestamp: 0, context: {}, traits: {} };
  });

function planFor(texts: readonly string[]): Plan | null {
  const model = texts.map((text, i) => `segment "s${i}" = count(${text}) >= 1`).join("\n");
  const built = buildModelRecord(EMPTY_MODEL, model, 0, "test");
  return built.ok ? planOf(built.record) : null;
}

function covers({ kind, name }: EventSelector, event: Event): boolean {
  if (kind !== event.kind && !(kind === "any" && event.kind !== "identify")) return false;
  return name === null || name.text === event.name;
}

/** Each selector tried on each event. */
function matchedOneByOne(selectors: readonly SelectorPlan[], events: readonly Event[]): string[][] {
  const { keys, zone } = createPlanBuilder(UTC, { window_entries_max: 1, distinct_max: 1, tags_max: 1 });
  const tests = selectors.map(({ selector }) => {
    return selector.where === null ? (): boolean => true : compileFilter(selector.where, keys, zone);
  });
  const view = openView(openEntry(encodeEntry(events, 0)), keys);
  return events.map((event, i) => {
    const found = selectors.filter(({ selector }, s) => covers(selector, event) && tests[s]?.(view, i) === true);
    return found.map(({ text }) => text);
  });
}

function matched(plan: Plan, events: readonly Event[]): string[][] {
  const view = openView(openEntry(encodeEntry(events, 0)), plan.keys);
  return events.map((_, i) => {
    const count = matchEvent(plan.selectorsFor, view, i, plan.matched);
    return Array.from(plan.matched.subarray(0, count), (order) => plan.selectorsFor.selectors[order]?.text ?? "");
  });
}

describe("the selectors that an event matches", () => {
  test("are those whose name and filter hold, in the order of the plan", () => {
    let plans = 0;
    fc.assert(
      fc.property(selectors, fc.array(event, { minLength: 1, maxLength: 30 }), (texts, events) => {
        const plan = planFor(texts);
        fc.pre(plan !== null);
        plans++;
        const { selectors } = plan.selectorsFor;
        expect(matched(plan, events)).toEqual(matchedOneByOne(selectors, events));
      }),
      { numRuns: RUNS },
    );
    expect(plans).toBe(RUNS);
  });

  test("are found among thousands, by values far apart and by thresholds that overlap", () => {
    const texts = Array.from({ length: 2_000 }, (_, i) => [
      `"Shown" where category = "c${i * 7}"`,
      `"Bought" where category = "c${i}" and price >= ${i}`,
      ...(i % 10 === 0 ? [`"Bought" where price > ${i}`] : []),
    ]).flat();
    texts.push('"Rare" where category = "c0"', '"Rare" where category in ("c700", "c13993")');
    const plan = planFor(texts);
    const events = Array.from({ length: 200 }, (_, i): Event => ({
      kind: "track",
      name: ["Shown", "Bought", "Rare"][i % 3] ?? "",
      userId: "u1",
      anonymousId: null,
      messageId: "m1",
      timestamp: 0,
      properties: { category: `c${i * 7}`, price: i * 7.5 },
      context: {},
      traits: {},
    }));
    const selectors = plan?.selectorsFor.selectors ?? [];
    expect(selectors).toHaveLength(4_202);
    expect(plan === null ? null : matched(plan, events)).toEqual(matchedOneByOne(selectors, events));
  });
});
