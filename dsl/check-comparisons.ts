/** Checks of single comparisons: which kinds can match, what is always true or always false. */

import type { Comparison, ComparisonOperator, Literal, Operand, Pos } from "./ast.ts";
import { verdictOf } from "./check-clashes.ts";
import { checkDuration, checkEnds, checkLiteral, checkPattern, refuseOrder } from "./check-events.ts";
import { type Checking, knowStage } from "./check-names.ts";
import { isAlwaysSet, isMoment, type Range, show, TYPE_NAMES, type Typed, typeOf } from "./check-types.ts";
import { parseInstant } from "./dates.ts";
import { printString } from "./print.ts";

/** The operands themselves have been checked already. */
export function checkComparison(checking: Checking, left: Operand, comparison: Comparison, pos: Pos): void {
  const { names, problems } = checking;
  const typed = typeOf(left, names);
  switch (comparison.kind) {
    case "binary": {
      const { operator, right } = comparison;
      const sound = checkPair(checking, left, right, operator);
      if (sound) {
        warnOfFixed(checking, left, comparison, pos);
      }
      return;
    }
    case "in": {
      let sound = true;
      for (const value of comparison.values) {
        checkLiteral(problems, value);
        sound = checkPair(checking, left, value, "=") && sound;
      }
      if (sound) {
        warnOfFixed(checking, left, comparison, pos);
      }
      return;
    }
    case "between": {
      const { low, high, not } = comparison;
      const before = checkPair(checking, left, low, ">=");
      const sound = checkPair(checking, left, high, "<=") && before;
      if (sound && checkEnds(problems, low, high, not, comparison.pos)) {
        warnOfFixed(checking, left, comparison, pos);
      }
      return;
    }
    case "string":
      if (typed.type !== "text" && typed.type !== "stage" && typed.type !== "any") {
        const message = `"${comparison.operator}" is for texts, but ${show(typed)} is ${TYPE_NAMES[typed.type]}`;
        problems.error(comparison.pos, message);
      }
      if (comparison.operator === "matches") {
        checkPattern(problems, comparison.text.text, comparison.text.pos);
      }
      return;
    case "set":
      if (isAlwaysSet(left)) {
        const truth = comparison.not ? "false" : "true";
        problems.warning(pos, `this is always ${truth}`, `${show(typed)} is never missing`);
      }
      return;
    case "within":
    case "more than ago":
      if (!isMoment(typed)) {
        const word = comparison.kind === "within" ? "within" : "more than … ago";
        const message = `"${word}" is for moments, but ${show(typed)} is ${TYPE_NAMES[typed.type]}`;
        problems.error(comparison.pos, message, momentHint(left));
      }
      checkDuration(problems, comparison.duration);
      return;
  }
}

function momentHint(left: Operand): string | null {
  if (left.kind === "aggregate" && left.function === "count") {
    return 'count the events of a time with a window: count("X" in last 30 days)';
  }
  if (left.kind === "days_to_anniversary") {
    return "it is a number of days: compare it with <= 3";
  }
  return null;
}

/** Whether the two can match at all; reports where they can't. */
function checkPair(
  checking: Checking,
  leftOperand: Operand,
  rightOperand: Operand,
  operator: ComparisonOperator,
): boolean {
  const { names, problems } = checking;
  const left = typeOf(leftOperand, names);
  const right = typeOf(rightOperand, names);
  const ordered = operator !== "=" && operator !== "!=";
  if (ordered) {
    for (const side of [left, right]) {
      if (side.type === "boolean") {
        refuseOrder(problems, side.operand.pos, show(side));
        return false;
      }
    }
  }
  if (left.type === "stage" || right.type === "stage") {
    return checkStage(checking, [left, leftOperand], [right, rightOperand], ordered);
  }
  if (canMatch(left, right)) {
    return true;
  }
  refuseMismatch(checking, left, right, rightOperand.kind === "string" ? rightOperand : leftOperand);
  return false;
}

function canMatch(left: Typed, right: Typed): boolean {
  if (left.type === "moment" || right.type === "moment") {
    return isMoment(left) && isMoment(right);
  }
  return left.type === right.type || left.type === "any" || right.type === "any";
}

function refuseMismatch({ problems }: Checking, left: Typed, right: Typed, text: Operand): void {
  const fact = right.literal ? left : right;
  const other = right.literal ? right : left;
  problems.error(
    other.operand.pos,
    `this can never match: ${show(fact)} is ${TYPE_NAMES[fact.type]} and ${show(other)} is ${TYPE_NAMES[other.type]}`,
    mismatchHint(fact, other, text),
  );
}

function mismatchHint(fact: Typed, other: Typed, text: Operand): string | null {
  const written = text.kind === "string" ? text.value : null;
  if (fact.type === "moment" && other.literal) {
    const isDate = written !== null && parseInstant(written) !== null;
    return isDate ? `write the date without quotes: ${written}` : "compare it with a date such as 2026-01-31";
  }
  if (fact.type === "number" && written !== null && /^-?\d+(\.\d+)?$/.test(written)) {
    return `write the number without quotes: ${written}`;
  }
  if (fact.type === "text" && other.type === "number" && other.literal) {
    return `write it as a text: ${printString(show(other))}`;
  }
  if (fact.operand.kind === "tag" && other.type === "boolean") {
    return `whether a contact has a tag is asked with: has tag ${printString(fact.operand.name.text)}`;
  }
  return null;
}

type Side = readonly [typed: Typed, operand: Operand];

/** A stage is compared by its declared order, so where an order is asked for both sides must be stages. */
function checkStage(checking: Checking, left: Side, right: Side, ordered: boolean): boolean {
  const [stage, other] = left[0].type === "stage" ? [left, right] : [right, left];
  const [typed, operand] = other;
  if (operand.kind === "string") {
    return knowStage(checking, { text: operand.value, pos: operand.pos });
  }
  if (typed.type === "stage") {
    return true;
  }
  if (typed.type !== "text" && typed.type !== "any") {
    refuseMismatch(checking, stage[0], typed, operand);
    return false;
  }
  if (ordered) {
    const hint = "stages are ordered as they are declared";
    const message = "a stage is put in order only against the name of a stage in double quotes";
    checking.problems.error(operand.pos, message, hint);
    return false;
  }
  return true;
}

function warnOfFixed({ problems }: Checking, left: Operand, comparison: Comparison, pos: Pos): void {
  if (isLiteral(left) && comparison.kind === "binary" && isLiteral(comparison.right)) {
    problems.warning(pos, "this compares two fixed values: it is the same for every contact");
    return;
  }
  const verdict = verdictOf(left, comparison);
  if (verdict !== null) {
    problems.warning(pos, `this is always ${verdict.truth}`, describeRange(verdict.range));
  }
}

function isLiteral(operand: Operand): operand is Literal {
  return (
    operand.kind === "string" || operand.kind === "number" || operand.kind === "boolean" || operand.kind === "date"
  );
}

function describeRange({ min, max, excludesMax, integer }: Range): string {
  if (max === Infinity) {
    return `it is a whole number from ${min} up`;
  }
  return `it is ${integer ? "a whole number" : "a number"} from ${min} to ${excludesMax ? "less than " : ""}${max}`;
}
