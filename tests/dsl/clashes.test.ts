/** What is called always true or always false is compared with trying out the condition on many values. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { EventSelector } from "../../dsl/ast.ts";
import { readModel } from "../../dsl/check.ts";
import type { Event, Json } from "../../kernel/event.ts";
import { createCalendar } from "../oracle/calendar.ts";
import { selects } from "../oracle/filters.ts";

const SETTING = { calendar: createCalendar("UTC"), stages: [] };
const NUMBERS = [-2, -1, 0, 1, 1.5, 2, 3, 4];
const VALUES: (Json | undefined)[] = [...NUMBERS, -9, -1.5, -0.5, 0.5, 1.25, 1.75, 2.5, 3.5, 9, "a", "b", "c", true];
const OTHERS: (Json | undefined)[] = [false, null, undefined, [1], ["a"], { a: 1 }];

const constant = fc.constantFrom(...NUMBERS.map(String), '"a"', '"b"', "true");
const number = fc.constantFrom(...NUMBERS.map(String));
const comparison = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom("=", "!=", "<", "<=", ">", ">="), number).map(([op, n]) => `x ${op} ${n}`),
  },
  fc.tuple(fc.constantFrom("=", "!="), constant).map(([op, n]) => `x ${op} ${n}`),
  fc.tuple(fc.constantFrom("", "not "), constant, constant).map(([not, a, b]) => `x ${not}in (${a}, ${b})`),
  fc.tuple(fc.constantFrom("", "not "), number, number).map(([not, a, b]) => `x ${not}between ${a} and ${b}`),
  fc.constantFrom("x is set", "x is not set", 'x contains "a"', 'x starts with "b"', "y = 1", "y > 2"),
);
const part = fc.tuple(fc.constantFrom("", "", "not "), comparison).map(([not, text]) => not + text);
const condition = fc
  .tuple(fc.constantFrom(" and ", " or "), fc.array(part, { minLength: 2, maxLength: 5 }))
  .map(([word, parts]) => parts.join(word));

function eventWith(x: Json | undefined, y: Json): Event {
  const properties = x === undefined ? { y } : { x, y };
  const ids = { userId: "u", anonymousId: null, messageId: "m" };
  return { kind: "track", name: "A", ...ids, timestamp: 0, properties, context: {}, traits: {} };
}

/** Whether the condition holds for events of all kinds, in the eyes of the oracle. */
function tried(event: EventSelector): boolean[] {
  return [...VALUES, ...OTHERS].flatMap((x) => [1, 2, 3].map((y) => selects(event, eventWith(x, y), SETTING)));
}

test("a condition that is called always false or always true is just that", () => {
  let found = 0;
  fc.assert(
    fc.property(condition, (text) => {
      const { model, diagnostics } = readModel(`score +1 on "A" where ${text}`);
      const rule = model?.scores[0]?.rule;
      if (rule?.kind !== "on") throw new Error(`not read: ${text}`);
      // Warnings of single comparisons say nothing about the whole.
      const whole = diagnostics.filter(({ hint }) => hint?.includes("hold") === true);
      const results = tried(rule.event);
      if (whole.length === 0) return;
      found++;
      expect([text, new Set(results)]).toEqual([text, new Set([whole[0]?.message === "this is always true"])]);
    }),
    { numRuns: 5000 },
  );
  expect(found).toBeGreaterThan(100);
});

test("of comparisons with numbers alone, every contradiction is found", () => {
  const numeric = fc.tuple(fc.constantFrom("=", "<", "<=", ">", ">="), number).map(([op, n]) => `x ${op} ${n}`);
  fc.assert(
    fc.property(fc.array(numeric, { minLength: 2, maxLength: 4 }), (parts) => {
      const { model, diagnostics } = readModel(`score +1 on "A" where ${parts.join(" and ")}`);
      const rule = model?.scores[0]?.rule;
      if (rule?.kind !== "on") throw new Error("not read");
      expect([parts, diagnostics.length]).toEqual([parts, tried(rule.event).includes(true) ? 0 : 1]);
    }),
    { numRuns: 1000 },
  );
});

test("a very long condition is not tried out", () => {
  const parts = Array.from({ length: 5000 }, (_, i) => `trait.n = ${i}`);
  const { diagnostics } = readModel(`segment "a" = ${parts.join(" or ")}\nsegment "b" = ${parts.join(" and ")}`);
  expect(diagnostics).toEqual([]);
});
