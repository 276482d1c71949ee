/** Warns, at its place in the source, of everything that a new version counts only from now on. */
import type { Pos } from "./ast.ts";
import type { CheckedModel } from "./check.ts";
import { diagnosticAt, type Diagnostic } from "./diagnostic.ts";
import { printEventSelector, printFact, printPredicate } from "./print.ts";
import { type Visitor, walkOperand, walkPredicate } from "./walk.ts";

const START: Pos = { line: 1, column: 1, length: 0 };

/** `fresh` as `buildModelRecord` gives it: printed facts, `did(…)`, `score on …`, `tag on …`. */
export function freshWarnings(model: CheckedModel, fresh: readonly string[], version: number): Diagnostic[] {
  const places = placesOf(model);
  return fresh.map((text) =>
    diagnosticAt(
      "warning",
      places.get(text) ?? START,
      `${text} counts from now on: there is no history of it before version ${version}`,
    ),
  );
}

/** The first place of everything that can count, by its printed text. */
function placesOf(model: CheckedModel): Map<string, Pos> {
  const places = new Map<string, Pos>();
  const note = (text: string, pos: Pos): void => {
    if (!places.has(text)) places.set(text, pos);
  };
  for (const { rule, pos } of model.scores)
    if (rule.kind === "on") note(`score on ${printEventSelector(rule.event)}`, pos);
  // Points that end are counted all together.
  for (const { rule, pos } of model.scores) if (rule.kind === "while" || rule.for !== null) note("score … on", pos);
  for (const { event, pos } of model.tags) note(`tag on ${printEventSelector(event)}`, pos);
  const visitor: Visitor = {
    operand(operand) {
      if (operand.kind === "aggregate") note(printFact(operand), operand.pos);
    },
    predicate(test) {
      if (test.kind === "did") note(printPredicate(test), test.pos);
    },
  };
  for (const { rule } of model.scores) if (rule.kind === "while") walkPredicate(rule.predicate, visitor);
  for (const { predicate } of model.segments) walkPredicate(predicate, visitor);
  for (const { when } of model.stages) if (when !== null) walkPredicate(when, visitor);
  for (const { operand } of model.values) walkOperand(operand, visitor);
  return places;
}
