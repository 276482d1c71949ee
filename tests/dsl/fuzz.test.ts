import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkModel, readModel } from "../../dsl/check.ts";
import { formatDiagnostic } from "../../dsl/diagnostic.ts";
import { parseModel, parsePredicate } from "../../dsl/parse.ts";
import { printModel } from "../../dsl/print.ts";
import { arbitraryModel } from "./arbitrary-model.ts";
import { GLANCE, REST } from "./glance.ts";

/**
 * Does everything that is done with a text that somebody sends; says what is wrong with what came back, or null.
 */
function trouble(source: string): string | null {
  const lines = source.split(/\r\n|\n|\r/);
  const { model, diagnostics } = parseModel(source);
  const all = [...diagnostics, ...parsePredicate(source).diagnostics];
  if (diagnostics.length === 0) {
    all.push(...checkModel(model).diagnostics, ...checkModel(model, { live: "all" }).diagnostics);
    const text = printModel(model);
    if (printModel(parseModel(text).model) !== text) {
      return `prints differently when read again: ${text}`;
    }
  }
  for (const diagnostic of all.slice(0, 20)) {
    const { line, column, length, message } = diagnostic;
    const width = lines[line - 1]?.length ?? -1;
    if (line < 1 || line > lines.length || column < 1 || column > width + 1 || length < 1) {
      return `no such place: ${JSON.stringify(diagnostic)}`;
    }
    if (/undefined|\[object|NaN/.test(message) && !/undefined|object|NaN/.test(source)) {
      return `no message: ${JSON.stringify(diagnostic)}`;
    }
  }
  const [first] = all;
  if (first !== undefined && !formatDiagnostic(source, "model", first).includes(first.message)) {
    return `not shown: ${JSON.stringify(first)}`;
  }
  return null;
}

const SIGNS = Array.from('()[].,+-*/=<>!"`#\\&|\n\r\t 0_');
const WORDS =
  `
  timezone rfm score tag stages stage segment static value webhook on while unless within matching for when enter leave
  reaches if once per do untag add to remove from page screen identify any where in last ago since today this week month
  year or and not has did then abandoned without known between contains starts with ends matches ignoring case is set
  more than true false count sum first most percent days_to_anniversary top_tag first_seen days hour company value event
`.match(/\S+/g) ?? [];
const PIECES = [
  ...SIGNS,
  ...WORDS,
  "\n",
  "\r\n",
  "!=",
  '"a"',
  '"A"',
  '"a',
  "`b`",
  "\\u",
  "5",
  "2.5",
  "3 days",
  "2026-01-31",
  "2026-02-30",
  "2026-01-31T10:00Z",
  "x.y",
  "a[]",
  "event.x",
  "trait.x",
  "é",
  "\ud83d",
  "\u0000",
  "\uFEFF",
  'segment "a" = ',
  'count("A" ',
  'did("A" ',
  'trait.x = "y"',
  "score > 3",
];

describe("no text makes it throw", { timeout: 120_000 }, () => {
  test("not any characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        expect(trouble(text)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  test("not any UTF-16 units, halves of characters included", () => {
    const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 100 }), (units) => {
        expect(trouble(units.join(""))).toBeNull();
      }),
      { numRuns: 200 },
    );
  });

  test("not the words of the language in any order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...PIECES), { maxLength: 80 }),
        fc.constantFrom(" ", ""),
        (pieces, between) => {
          expect(trouble(pieces.join(between))).toBeNull();
        },
      ),
      { numRuns: 600 },
    );
  });

  test("not a model with pieces cut out, put in, doubled or moved", () => {
    const source = GLANCE + REST.replace(/^stages.*$/m, "");
    const place = fc.nat(source.length);
    const edit = fc.tuple(
      fc.constantFrom("cut", "insert", "copy"),
      place,
      fc.nat(60),
      fc.constantFrom(...PIECES),
      place,
    );
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        let text = source;
        for (const [kind, at, length, piece, other] of edits) {
          const middle = kind === "cut" ? "" : kind === "insert" ? piece : text.slice(other, other + length);
          text = text.slice(0, at) + middle + text.slice(kind === "cut" ? at + length : at);
        }
        expect(trouble(text)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  test("not any sound tree that goes through the checker", () => {
    fc.assert(
      fc.property(arbitraryModel, (model) => {
        const { diagnostics, model: checked } = checkModel(model, { live: "all" });
        expect(checked === null).toBe(diagnostics.some(({ severity }) => severity === "error"));
      }),
      { numRuns: 300 },
    );
  });
});

/** One megabyte, made of a piece. */
function large(head: string, piece: string, tail = ""): string {
  return head + piece.repeat(Math.ceil(1_048_576 / piece.length)) + tail;
}

function numbered(count: number, line: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => line(n)).join("\n");
}

/** Whatever took more than linear time, or a deep stack, would not come through at all. */
describe("a megabyte is read and checked in one go", { timeout: 120_000 }, () => {
  const texts: [what: string, text: string][] = [
    ["parentheses", large('segment "a" = ', "(")],
    ["parentheses without a declaration", large("", "(")],
    ["operands in parentheses", large('segment "a" = ', "(1 + ")],
    ["not", large('segment "a" = ', "not ")],
    ["quotes", large("", '"')],
    ["a text without an end", large('segment "', "x")],
    ["wrong escapes", large('segment "', "\\q", '"')],
    ["back-quotes", large("", "`")],
    ["a long path", large('segment "a" = trait.x', ".x", " is set")],
    ["one long word", large("", "é")],
    ["one long number", large('segment "a" = score > ', "9")],
    ["digit groups", large('segment "a" = score > 1', "_0")],
    ["signs without a meaning", large("", "@!")],
    ["halves of characters", large("", "\ud83d")],
    ["dates", large("", "2026-01-31T")],
    ["minuses", large('value "v" = ', "-")],
    ["a long sum", large('value "v" = ', "1 + ", "1")],
    ["a long product of sums", large('value "v" = ', "(1 + 2) * ", "1")],
    ["a long and", large('segment "a" = ', "known and ", "known")],
    ["a long filter", large('segment "a" = did("A" where ', "x = 1 or ", "x = 2)")],
    ["a long list", large('segment "a" = trait.x in (', '"abc", ', '"x")')],
    ["line ends", large("", "\r")],
    ["comments", large("", "# no\n")],
    ["broken declarations", large("", "segment\n")],
    ["the same segment", large("", 'segment "a" = known\n')],
    ["score rules", large("", "score +5 on page\n")],
    ["wrong comparisons", large('segment "a" = ', 'score = "x" or ', "known")],
    ["a chain of segments", numbered(20_000, (n) => `segment "s${n}" = in segment "s${n + 1}"`)],
    ["a circle of segments", numbered(20_000, (n) => `segment "s${n}" = in segment "s${(n + 1) % 20_000}"`)],
    ["many circles", numbered(20_000, (n) => `segment "s${n}" = in segment "s${n}" or in segment "s${n + 1}"`)],
    ["a chain of values", numbered(20_000, (n) => `value "v${n}" = value("v${n + 1}")`)],
    ["nearly known names", numbered(10_000, (n) => `segment "segment ${n}" = in segment "segmont ${n}"`)],
    ["long calculations", numbered(500, (n) => `value "v${n}" = ${'"x" + '.repeat(500)}1`)],
    ["patterns", numbered(200, (n) => `segment "s${n}" = trait.x matches "${"(a|b)*".repeat(10)}{${n}}"`)],
  ];
  test.each(texts)("%s", (_, text) => {
    const { diagnostics, model } = readModel(text, { live: "all" });
    expect(diagnostics.length).toBeLessThanOrEqual(202);
    expect(model === null).toBe(diagnostics.some(({ severity }) => severity === "error"));
    expect(parsePredicate(text).diagnostics.length).toBeLessThanOrEqual(1);
    for (const { message, hint } of diagnostics) {
      expect(message.length + (hint ?? "").length).toBeLessThan(1000);
    }
  });
});
