/** Checks of predicates and operands, down to their parts. */

import type { Fact, Operand, Predicate } from "./ast.ts";
import { partOfPredicate, warnOfClash } from "./check-clashes.ts";
import { checkComparison } from "./check-comparisons.ts";
import {
  checkDuration,
  checkEvent,
  checkLiteral,
  checkSelector,
  type PathUse,
  refuseElements,
} from "./check-events.ts";
import { type Checking, knowSegment, knowValue, refuseEmptyName } from "./check-names.ts";
import { shorten } from "./diagnostic.ts";
import { isMoment, show, TYPE_NAMES, typeOf } from "./check-types.ts";

export function checkPredicateParts(checking: Checking, predicate: Predicate): void {
  const { names, problems } = checking;
  switch (predicate.kind) {
    case "and":
    case "or": {
      for (const part of predicate.parts) {
        checkPredicateParts(checking, part);
      }
      const parts = predicate.parts.map((part) => partOfPredicate(part, names));
      warnOfClash(problems, predicate.pos, predicate.kind, parts);
      return;
    }
    case "not":
      checkPredicateParts(checking, predicate.part);
      return;
    case "in segment":
      knowSegment(checking, predicate.segment);
      return;
    case "has tag":
      refuseEmptyName(problems, "tag", predicate.tag);
      return;
    case "did":
      checkSelector(checking, predicate.selector, "none", "did");
      return;
    case "sequence":
      for (const event of predicate.events) {
        checkEvent(problems, event);
      }
      checkDuration(problems, predicate.within);
      if (predicate.last !== null) {
        checkDuration(problems, predicate.last);
      }
      return;
    case "abandoned":
      checkEvent(problems, predicate.event);
      checkEvent(problems, predicate.without);
      checkDuration(problems, predicate.for);
      if (predicate.last !== null) {
        checkDuration(problems, predicate.last);
        if (predicate.last.ms > 0 && predicate.last.ms <= predicate.for.ms) {
          const hint = 'the window "in last" must be longer than the time after "for"';
          problems.warning(predicate.pos, "this is always false", hint);
        }
      }
      return;
    case "known":
      return;
    case "compare":
      checkOperand(checking, predicate.left);
      if (predicate.comparison.kind === "binary") {
        checkOperand(checking, predicate.comparison.right);
      }
      checkComparison(checking, predicate.left, predicate.comparison, predicate.pos);
      return;
  }
}

export function checkOperand(checking: Checking, operand: Operand): void {
  switch (operand.kind) {
    case "binary":
      for (const side of [operand.left, operand.right]) {
        checkOperand(checking, side);
        checkNumeric(checking, side);
      }
      if (operand.operator === "/" && operand.right.kind === "number" && operand.right.value === 0) {
        checking.problems.warning(operand.right.pos, "this divides by zero, so the result is always missing");
      }
      return;
    case "string":
    case "number":
    case "boolean":
    case "date":
      checkLiteral(checking.problems, operand);
      return;
    default:
      checkFact(checking, operand);
  }
}

function checkNumeric({ names, problems }: Checking, side: Operand): void {
  const typed = typeOf(side, names);
  const { type } = typed;
  if (type === "moment") {
    const hint = 'the age of a moment is asked with "within" and "more than … ago"';
    problems.error(side.pos, `${show(typed)} is a moment, which can't be calculated with`, hint);
  } else if (type !== "number" && type !== "any") {
    problems.error(side.pos, `${show(typed)} is ${TYPE_NAMES[type]}, which can't be calculated with`);
  }
}

const PATH_USES = {
  count: "none",
  sum: "needed",
  avg: "needed",
  min: "needed",
  max: "needed",
  distinct: "needed",
  first: "optional",
  last: "optional",
  most: "needed",
} as const satisfies Readonly<Record<string, PathUse>>;

function checkFact(checking: Checking, fact: Fact): void {
  const { names, problems } = checking;
  switch (fact.kind) {
    case "trait":
      refuseElements(problems, fact.path, "a trait");
      return;
    case "company":
      refuseElements(problems, fact.path, "a company's trait");
      return;
    case "value":
      knowValue(checking, fact.name);
      return;
    case "tag":
      refuseEmptyName(problems, "tag", fact.name);
      return;
    case "rfm":
      if (!names.hasRfm) {
        const hint = 'declare what it is computed from: rfm on "Order Completed".total in last 365 days';
        problems.error(fact.pos, "rfm is used but not declared", hint);
      }
      return;
    case "aggregate":
      checkSelector(checking, fact.selector, PATH_USES[fact.function], fact.function);
      return;
    case "days_to_anniversary": {
      checkOperand(checking, fact.operand);
      const typed = typeOf(fact.operand, names);
      if (!isMoment(typed)) {
        const message = `days_to_anniversary needs a moment, but ${show(typed)} is ${TYPE_NAMES[typed.type]}`;
        const { operand } = fact;
        const quoted = operand.kind === "string" && /^(?:trait|company)\.[\p{L}_]/u.test(operand.value);
        const hint = quoted ? `write it without quotes: ${shorten(operand.value)}` : null;
        problems.error(operand.pos, message, hint);
      }
      return;
    }
    case "percent":
    case "score":
    case "stage":
    case "top_tag":
    case "first_seen":
    case "last_seen":
      return;
  }
}
