import { expect, test } from "vitest";
import { didYouMean, nearest } from "../../dsl/names.ts";

test.each([
  ["loyl", ["royal", "loyal", "local"], "loyal"],
  ["Loyal", ["loyal"], "loyal"],
  ["laoyl", ["loyal"], null],
  ["loayl", ["loyal"], "loyal"],
  ["a", ["b"], null],
  ["ab", ["ac", "ad"], "ac"],
  ["newsletter", ["news"], null],
  ["segment", ["segment"], null],
  ["", ["a"], null],
  ["x".repeat(65), ["x".repeat(64)], null],
])("the name meant by %j among %j is %j", (name, candidates, expected) => {
  expect(nearest(name, candidates)).toBe(expected);
});

test("a guess is a question, with the name as it is written", () => {
  expect(didYouMean('a "b', ['a "c'])).toBe(String.raw`did you mean "a \"c"?`);
  expect(didYouMean("abc", ["xyz"])).toBeNull();
});
