/**
 * Plans a stand-alone predicate for the query views: algebra over sets of contacts (segments, tags, known) and tests
 * of the columns that views keep (score, points of a tag, stage, strongest tag). What views do not keep is named in
 * a diagnostic. The predicate must have passed `checkPredicate`.
 */
import type { Comparison, ComparisonOf, Fact, Literal, Operand, Predicate, Test } from "./ast.ts";
import { diagnosticAt, type Diagnostic } from "./diagnostic.ts";
import { compareValues, compileLiteralTest } from "./plan/compare.ts";
import { printOperand, printPredicate } from "./print.ts";
import type { Zone } from "./timezone.ts";
import type { Scalar, Value } from "./value.ts";

/** A fact that a view has for every contact. */
export type ViewFact =
  | { readonly kind: "score" }
  | { readonly kind: "stage" }
  | { readonly kind: "top_tag" }
  | { readonly kind: "tag"; readonly name: string };

/** Values in the order of `facts`: numbers of score and tags in points, names of stage and top tag, null if missing. */
export type FactsTest = (values: readonly (Scalar | null)[]) => boolean;

export type PredicatePlan =
  | { readonly kind: "all" }
  | { readonly kind: "none" }
  | { readonly kind: "and" | "or"; readonly parts: readonly PredicatePlan[] }
  | { readonly kind: "not"; readonly part: PredicatePlan }
  | { readonly kind: "segment"; readonly name: string }
  | { readonly kind: "has tag"; readonly name: string }
  | { readonly kind: "known" }
  | {
      readonly kind: "facts";
      readonly facts: readonly ViewFact[];
      readonly test: FactsTest;
      /**
       * For one fact that is a number: the values at which the test's answer may change. Between two neighbours it is
       * the same everywhere. Null when that is not known.
       */
      readonly breaks: readonly number[] | null;
    };

export interface PlanContext {
  readonly zone: Zone;
  /** Names of the stages in declared order. */
  readonly stages: readonly string[];
}

/** `plan` is null exactly when there are diagnostics. */
export function planPredicate(
  predicate: Predicate,
  context: PlanContext,
): { plan: PredicatePlan | null; diagnostics: Diagnostic[] } {
  const planner = new Planner(context);
  const plan = planner.predicate(predicate);
  return { plan: planner.diagnostics.length > 0 ? null : plan, diagnostics: planner.diagnostics };
}

/** Reads one operand out of the values of a test's facts. */
type Reader = (values: readonly (Scalar | null)[]) => Scalar | null;

class Planner {
  readonly diagnostics: Diagnostic[] = [];
  readonly #context: PlanContext;

  constructor(context: PlanContext) {
    this.#context = context;
  }

  predicate(predicate: Predicate): PredicatePlan {
    switch (predicate.kind) {
      case "and":
      case "or":
        return { kind: predicate.kind, parts: predicate.parts.map((part) => this.predicate(part)) };
      case "not":
        return { kind: "not", part: this.predicate(predicate.part) };
      default:
        return this.#test(predicate);
    }
  }

  #test(test: Test): PredicatePlan {
    switch (test.kind) {
      case "in segment":
        return { kind: "segment", name: test.segment.text };
      case "has tag":
        return { kind: "has tag", name: test.tag.text };
      case "known":
        return { kind: "known" };
      case "did":
      case "sequence":
      case "abandoned":
        return this.#refuse(test, printPredicate(test));
      case "compare":
        return this.#comparison(test.left, test.comparison);
    }
  }

  #refuse(at: { readonly pos: Fact["pos"] }, text: string): PredicatePlan {
    this.diagnostics.push(diagnosticAt("error", at.pos, `this operand is not answered by query yet: ${text}`));
    return { kind: "none" };
  }

  #comparison(left: Operand, comparison: Comparison): PredicatePlan {
    const facts: ViewFact[] = [];
    const value = this.#operand(left, facts);
    if (comparison.kind === "within" || comparison.kind === "more than ago") {
      // Only moments can stand before these; views keep none, so naming the operand says it all.
      return value === null ? { kind: "none" } : this.#refuse(comparison, printOperand(left));
    }
    let test: FactsTest | null;
    if (comparison.kind === "binary" && !isLiteral(comparison.right)) {
      const right = this.#operand(comparison.right, facts);
      test = value === null || right === null ? null : this.#between(left, value, comparison, comparison.right, right);
    } else {
      test = value === null ? null : this.#againstLiterals(left, value, comparison as ComparisonOf<Literal>);
    }
    if (test === null) return { kind: "none" };
    if (facts.length > 0) return { kind: "facts", facts, test, breaks: breaksOf(left, comparison) };
    return test([]) ? { kind: "all" } : { kind: "none" };
  }

  #againstLiterals(left: Operand, value: Reader, comparison: ComparisonOf<Literal>): FactsTest {
    if (left.kind !== "stage") {
      const test = compileLiteralTest(comparison, this.#context.zone);
      return (values) => test(value(values));
    }
    // Order among stages is the declared one: what asks for order compares places, the rest compares names.
    if (comparison.kind === "between" || (comparison.kind === "binary" && isOrdering(comparison.operator))) {
      const test = compileLiteralTest(this.#placesOf(comparison), this.#context.zone);
      return (values) => test(this.#place(value(values)));
    }
    const test = compileLiteralTest(comparison, this.#context.zone);
    return (values) => test(value(values));
  }

  #between(
    leftOperand: Operand,
    left: Reader,
    comparison: Extract<Comparison, { kind: "binary" }>,
    rightOperand: Operand,
    right: Reader,
  ): FactsTest {
    const { operator } = comparison;
    const byStage = leftOperand.kind === "stage" || rightOperand.kind === "stage";
    if (byStage && isOrdering(operator)) {
      return (values) => compareValues(operator, this.#place(left(values)), this.#place(right(values)));
    }
    return (values) => compareValues(operator, left(values), right(values));
  }

  /** The place of a stage in declared order; null for what is no stage, which compares as missing. */
  #place(stage: Value): number | null {
    const place = typeof stage === "string" ? this.#context.stages.indexOf(stage) : -1;
    return place < 0 ? null : place;
  }

  #placesOf(comparison: Extract<ComparisonOf<Literal>, { kind: "between" | "binary" }>): ComparisonOf<Literal> {
    const placed = (literal: Literal): Literal => {
      const place = literal.kind === "string" ? this.#place(literal.value) : null;
      // NaN is neither before nor after anything: a comparison with what is no stage is false.
      return { kind: "number", value: place ?? Number.NaN, pos: literal.pos };
    };
    return comparison.kind === "between"
      ? { ...comparison, low: placed(comparison.low), high: placed(comparison.high) }
      : { ...comparison, right: placed(comparison.right) };
  }

  /** Null when the operand has a part that views don't keep; that is in the diagnostics then. */
  #operand(operand: Operand, facts: ViewFact[]): Reader | null {
    switch (operand.kind) {
      case "string":
      case "number":
      case "boolean": {
        const { value } = operand;
        return () => value;
      }
      case "score":
      case "stage":
      case "top_tag":
        return readerOf(facts, { kind: operand.kind });
      case "tag":
        return readerOf(facts, { kind: "tag", name: operand.name.text });
      case "binary": {
        const left = this.#operand(operand.left, facts);
        const right = this.#operand(operand.right, facts);
        if (left === null || right === null) return null;
        const { operator } = operand;
        return (values) => calculate(operator, left(values), right(values));
      }
      default:
        this.#refuse(operand, printOperand(operand));
        return null;
    }
  }
}

function isLiteral(operand: Operand): operand is Literal {
  return (
    operand.kind === "string" || operand.kind === "number" || operand.kind === "boolean" || operand.kind === "date"
  );
}

/** The numbers that score or points are compared with; null when there is more to the comparison. */
function breaksOf(left: Operand, comparison: Comparison): number[] | null {
  const isNumber = (operand: Operand): boolean => operand.kind === "score" || operand.kind === "tag";
  const all: Operand[] = [];
  switch (comparison.kind) {
    case "binary":
      all.push(isNumber(left) ? comparison.right : left);
      if (!isNumber(left) && !isNumber(comparison.right)) return null;
      break;
    case "in":
      all.push(...comparison.values);
      break;
    case "between":
      all.push(comparison.low, comparison.high);
      break;
    default:
      return null;
  }
  if (comparison.kind !== "binary" && !isNumber(left)) return null;
  const numbers = all.flatMap((operand) => (operand.kind === "number" ? [operand.value] : []));
  return numbers.length === all.length ? numbers : null;
}

function isOrdering(operator: string): boolean {
  return operator !== "=" && operator !== "!=";
}

/** Adds the fact to the list unless it is there; reads it by its place. */
function readerOf(facts: ViewFact[], fact: ViewFact): Reader {
  const name = fact.kind === "tag" ? fact.name : null;
  let place = facts.findIndex((one) => one.kind === fact.kind && (one.kind !== "tag" || one.name === name));
  if (place < 0) place = facts.push(fact) - 1;
  return (values) => values[place] ?? null;
}

/** LANGUAGE.md, Arithmetic: numbers only; a missing part or a division by zero makes the result missing. */
function calculate(operator: "+" | "-" | "*" | "/", left: Scalar | null, right: Scalar | null): number | null {
  if (typeof left !== "number" || typeof right !== "number") return null;
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return right === 0 ? null : left / right;
  }
}
