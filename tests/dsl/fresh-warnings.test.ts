import { expect, test } from "vitest";
import { readModel } from "../../dsl/check.ts";
import { freshWarnings } from "../../dsl/fresh-warnings.ts";
import { buildModelRecord } from "../../dsl/registry.ts";
import { EMPTY_MODEL } from "../../kernel/model-record.ts";
import { told } from "./told.ts";

const REST = "counts from now on: there is no history of it before version 2";

function freshOf(source: string): string[] {
  const first = buildModelRecord(EMPTY_MODEL, 'segment "a" = known', 0, "test");
  const { model } = readModel(source);
  if (!first.ok || model === null) throw new Error("these models are sound");
  const second = buildModelRecord(first.record, source, 1, "test");
  if (!second.ok) throw new Error("this model is sound");
  return told(freshWarnings(model, second.fresh, 2)).sort();
}

test("what counts only from now on is told at its place, whatever declaration it stands in", () => {
  const source = `value "spent" = sum("A".x) / 2
score +1 on "B"
score +1 on "C"
tag "d" on "D"
stages "s"
stage "s" when did("E")
segment "f" = known and max("F".x) > 3`;
  expect(freshOf(source)).toEqual([
    `1:17+10 warning: sum("A".x) ${REST}`,
    `2:1+15 warning: score on "B" ${REST}`,
    `3:1+15 warning: score on "C" ${REST}`,
    `4:1+14 warning: tag on "D" ${REST}`,
    `6:16+8 warning: did("E") ${REST}`,
    `7:25+10 warning: max("F".x) ${REST}`,
  ]);
});

test("points that end are told together, at the first of them, tags by their events", () => {
  const source = `tag "d" on "D" for 1 day\nscore +1 while count("B") > 3\nscore +1 on "C" for 1 day`;
  expect(freshOf(source)).toEqual([
    `1:1+24 warning: tag on "D" ${REST}`,
    `2:1+29 warning: score … on ${REST}`,
    `2:16+10 warning: count("B") ${REST}`,
  ]);
});
