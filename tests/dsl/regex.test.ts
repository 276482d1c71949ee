import { expect, test } from "vitest";
import { readModel } from "../../dsl/check.ts";
import { compileRegex } from "../../kernel/regex.ts";

function matches(pattern: string, text: string, ignoringCase = false): boolean {
  const regex = compileRegex(pattern, ignoringCase);
  if ("error" in regex) {
    throw new Error(regex.error);
  }
  return regex.test(text);
}

test("a pattern is found anywhere in the text, unless it is anchored", () => {
  expect(matches("b+", "abbc")).toBe(true);
  expect(matches("^b+$", "abbc")).toBe(false);
  expect(matches("", "")).toBe(true);
  expect(matches(String.raw`^\p{L}+$`, "città")).toBe(true);
});

test("case counts unless it is ignored", () => {
  expect(matches("straße|É", "é")).toBe(false);
  expect(matches("straße|É", "é", true)).toBe(true);
});

test.each([
  ["(a", "missing closing ): `(a`"],
  ["a**", "invalid nested repetition operator: `**`"],
  [String.raw`(a)\1`, "invalid escape sequence: `\\1`"],
  ["a(?=b)", "invalid or unsupported Perl syntax: `(?=`"],
])("%s is refused in words that name the pattern as it was written", (pattern, error) => {
  expect(compileRegex(pattern, false)).toEqual({ error });
  expect(compileRegex(pattern, true)).toEqual({ error });
});

test("a pattern that takes others exponential time is matched", () => {
  expect(matches("^(a+)+$", `${"a".repeat(2000)}b`)).toBe(false);
});

test("a model takes patterns of up to a thousand characters", () => {
  const says = (length: number): string[] =>
    readModel(`segment "x" = trait.x matches "${"a".repeat(length)}"`).diagnostics.map(({ message }) => message);
  expect(says(1000)).toEqual([]);
  expect(says(1001)).toEqual(["a regular expression is at most 1000 characters long"]);
});
