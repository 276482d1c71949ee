import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseModel, parsePredicate } from "../../dsl/parse.ts";
import {
  printDeclaration,
  printEventSelector,
  printFact,
  printFilter,
  printModel,
  printNumber,
  printOperand,
  printPredicate,
  printSelector,
} from "../../dsl/print.ts";
import {
  arbitraryEvent,
  arbitraryFilter,
  arbitraryModel,
  arbitraryOperand,
  arbitraryPredicate,
  arbitrarySelector,
  NOWHERE,
} from "./arbitrary-model.ts";
import { GLANCE, REST } from "./glance.ts";
import { withoutPos } from "./without-pos.ts";

function reread(text: string): unknown {
  const { predicate, diagnostics } = parsePredicate(text);
  expect(diagnostics).toEqual([]);
  return withoutPos(predicate);
}

describe("what is printed reads as what it was printed from", () => {
  test("for any model", () => {
    fc.assert(
      fc.property(arbitraryModel, (model) => {
        const text = printModel(model);
        const again = parseModel(text);
        expect(again.diagnostics).toEqual([]);
        expect(withoutPos(again.model)).toEqual(withoutPos(model));
        expect(printModel(again.model)).toBe(text);
      }),
      { numRuns: 400 },
    );
  });

  test("for any predicate that stands alone", () => {
    fc.assert(
      fc.property(arbitraryPredicate, (predicate) => {
        expect(reread(printPredicate(predicate))).toEqual(withoutPos(predicate));
      }),
      { numRuns: 400 },
    );
  });

  test("for any operand, selector, event and filter inside one", () => {
    fc.assert(
      fc.property(arbitraryOperand, (left) => {
        expect(reread(`${printOperand(left)} is set`)).toMatchObject({ left: withoutPos(left) });
      }),
    );
    fc.assert(
      fc.property(arbitrarySelector, (selector) => {
        expect(reread(`did(${printSelector(selector)})`)).toMatchObject({ selector: withoutPos(selector) });
      }),
    );
    fc.assert(
      fc.property(arbitraryEvent, arbitraryFilter, (event, where) => {
        const filtered = { ...event, where };
        expect(printEventSelector(filtered)).toContain(printFilter(where));
        const expected = { selector: { event: withoutPos(filtered) } };
        expect(reread(`did(${printEventSelector(filtered)})`)).toMatchObject(expected);
      }),
    );
  });
});

test("a canonical model prints as it is", () => {
  const text = REST.replace("1_000", "1000");
  const { model, diagnostics } = parseModel(text);
  expect(diagnostics).toEqual([]);
  expect(printModel(model)).toBe(text);
});

test("line breaks, comments and digit groups do not outlive printing", () => {
  const text = printModel(parseModel(GLANCE).model);
  expect(text.split("\n").slice(0, 4)).toEqual([
    'timezone "Europe/Rome"',
    "score +5 on page",
    'score +20 on "Resource Downloaded"',
    'score -10 on "Email Sent" unless "Email Opened" within 3 days matching campaign_id',
  ]);
  expect(text).toContain('company.revenue > 5000000 and last("Order Completed") within 6 months');
});

test.each([
  ["(a) and b", "known and (known or known)", "known and (known or known)"],
  ["needless parentheses", "((known) and (((known)))) or (known and known)", "known and known or known and known"],
  ["parentheses that keep the shape", "(known and known) and known", "(known and known) and known"],
  ["not before a group", "not (known or known) or not not known", "not (known or known) or not not known"],
  ["left to right", "(score - 1) - 2 = 0", "score - 1 - 2 = 0"],
  ["right to left", "score - (1 - 2) = 0", "score - (1 - 2) = 0"],
  ["products", "(score * 2) / (3 * 4) = (1 + 2) * 3", "score * 2 / (3 * 4) = (1 + 2) * 3"],
  ["signs", "score - -2 = -0.0", "score - -2 = 0"],
  ["durations", "last_seen within 1 days", "last_seen within 1 day"],
  ["equal lengths in other units", "last_seen within 24 hours", "last_seen within 24 hours"],
  ["plain parts in back-quotes", "trait.`a`.`b c` is set", "trait.a.`b c` is set"],
  ["the property event", 'did("A" where `event`.x = event.event.x)', 'did("A" where `event`.x = event.event.x)'],
])("%s", (_, source, printed) => {
  const { predicate, diagnostics } = parsePredicate(source);
  expect(diagnostics).toEqual([]);
  expect(predicate === null ? null : printPredicate(predicate)).toBe(printed);
});

test("features with the same meaning-bearing parts, and only those, have the same text", () => {
  const texts = [
    'count("A")',
    'count(page "A")',
    "count(page)",
    'count("page")',
    'count("A" in last 1 day)',
    'count("A" in last 24 hours)',
    'count("A" where x = 1)',
    'count("A" where x = "1")',
    'count("A" where `x.y` = 1)',
    'count("A" where x.y = 1)',
    'count("A" where x[] = 1)',
    'count("A" where not x = 1)',
    'count("A" where x != 1)',
  ];
  const printed = texts.map((text) => {
    const { predicate } = parsePredicate(`${text} > 0`);
    return predicate?.kind === "compare" && predicate.left.kind === "aggregate" ? printFact(predicate.left) : null;
  });
  expect(printed).toEqual(texts);
});

test("numbers are written without an exponent and read as the same double", () => {
  const written: [number, string][] = [
    [1e21, "1000000000000000000000"],
    [1.5e-7, "0.00000015"],
    [-1.25e22, "-12500000000000000000000"],
    [-0, "0"],
    [0.1 + 0.2, "0.30000000000000004"],
  ];
  for (const [value, text] of written) {
    expect(printNumber(value)).toBe(text);
  }
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(printNumber(value)).toMatch(/^-?\d+(\.\d+)?$/);
      expect(Number(printNumber(value)) === value).toBe(true);
    }),
  );
});

test("a declaration is one line whatever its names hold", () => {
  const name = { text: 'a\n"b"\r\u2028\\', pos: NOWHERE };
  const text = printDeclaration({ kind: "static segment", name, predicate: null, pos: NOWHERE });
  expect(text).toBe(String.raw`static segment "a\n\"b\"\u000d\u2028\\"`);
});
