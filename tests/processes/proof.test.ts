import { expect, test } from "vitest";
import type { Event } from "../../kernel/event.ts";
import { modelOf } from "../oracle/compare.ts";
import { createOracle, type Oracle } from "../oracle/oracle.ts";
import { advanceToQuiet } from "./proof.ts";
import { MODEL } from "./shop.ts";

const START = Date.UTC(2026, 2, 1);
const SECOND = 1_000;

function viewed(): Event {
  return {
    kind: "track",
    name: "Viewed",
    userId: "ada",
    anonymousId: null,
    messageId: "m1",
    timestamp: START,
    properties: { category: "coats", price: 10 },
    context: {},
    traits: {},
  };
}

function oracleAt(now: number): Oracle {
  const oracle = createOracle(modelOf({ model: MODEL }));
  oracle.send(now, [viewed()]);
  return oracle;
}

test("windows that are not empty yet are waited for", () => {
  const oracle = oracleAt(START);
  expect(oracle.profile("ada")?.segments).not.toContain("silent");
  expect(advanceToQuiet(oracle, () => START + SECOND)).toBe(START + 4 * SECOND);
  expect(oracle.profile("ada")?.segments).toContain("silent");
});

test("windows that ran empty while the events were taken are not passed over", () => {
  const oracle = oracleAt(START);
  expect(advanceToQuiet(oracle, () => START + 10 * SECOND)).toBe(START + 10 * SECOND);
  expect(oracle.profile("ada")?.segments).toContain("silent");
});
