/**
 * Predicates, compiled to functions of a contact and an instant. Each leaves in `horizon` how long its answer holds;
 * a conjunction that is false holds as long as the part that made it false, one that is true as long as all parts.
 */
import { nameOf } from "../contact/names.ts";
import { hasTag } from "../contact/tags.ts";
import type { Comparison, ComparisonOf, Literal, Operand, Predicate, Test } from "../ast.ts";
import type { Contact } from "../contact/contact.ts";
import { isMember } from "../contact/tables.ts";
import type { Value } from "../value.ts";
import type { PlanBuilder, Reads } from "./builder.ts";
import { compareMoments, compareValues, compileLiteralTest, momentOf, type ValueTest } from "./compare.ts";
import { horizon } from "./horizon.ts";
import { compileCompared, compileOperand, type CompiledOperand, type Names } from "./operand.ts";
import { isReached, type Threshold } from "./threshold.ts";

export interface Truth {
  (contact: Contact, t: number): boolean;
  /** What it is, where it is nothing but that. */
  readonly threshold?: Threshold;
}

export function compilePredicate(predicate: Predicate, builder: PlanBuilder, reads: Reads, names: Names): Truth {
  switch (predicate.kind) {
    case "and":
      return compileParts(
        predicate.parts.map((part) => compilePredicate(part, builder, reads, names)),
        false,
      );
    case "or":
      return compileParts(
        predicate.parts.map((part) => compilePredicate(part, builder, reads, names)),
        true,
      );
    case "not": {
      const part = compilePredicate(predicate.part, builder, reads, names);
      return (contact, t) => !part(contact, t);
    }
    default:
      return compileTest(predicate, builder, reads, names);
  }
}

/** `decisive` is the truth of one part that settles the whole: false for `and`, true for `or`. */
function compileParts(parts: readonly Truth[], decisive: boolean): Truth {
  return (contact, t) => {
    let until = Infinity;
    for (const part of parts) {
      if (part(contact, t) === decisive) return decisive;
      if (horizon.at < until) until = horizon.at;
    }
    horizon.at = until;
    return !decisive;
  };
}

function compileTest(test: Test, builder: PlanBuilder, reads: Reads, names: Names): Truth {
  switch (test.kind) {
    case "in segment": {
      const id = names.segmentId(test.segment.text);
      reads.segments.add(id);
      return timeless((contact) => isMember(contact, id));
    }
    case "has tag": {
      const tag = test.tag.text;
      const name = nameOf(tag);
      reads.hasTags.add(tag);
      return timeless((contact) => hasTag(contact, name));
    }
    case "known":
      reads.known = true;
      return timeless((contact) => contact.known);
    case "did": {
      const count: Operand = { kind: "aggregate", function: "count", selector: test.selector, pos: test.pos };
      const compiled = compileOperand(count, builder, reads, names, 1);
      if (compiled.window !== null) return countAtLeast(compiled.window, 1);
      return (contact, t) => (compiled.read(contact, t) as number) >= 1;
    }
    case "compare":
      return compileCompare(test.left, test.comparison, builder, reads, names);
    default:
      throw new Error(`the checker let a test pass that is not live: ${test.kind}`);
  }
}

function timeless(truth: (contact: Contact) => boolean): Truth {
  return (contact) => {
    horizon.at = Infinity;
    return truth(contact);
  };
}

function isLiteral(operand: Operand): operand is Literal {
  return (
    operand.kind === "string" || operand.kind === "number" || operand.kind === "boolean" || operand.kind === "date"
  );
}

const MIRRORED = { "=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

function compileCompare(
  left: Operand,
  comparison: Comparison,
  builder: PlanBuilder,
  reads: Reads,
  names: Names,
): Truth {
  if (comparison.kind === "within" || comparison.kind === "more than ago") {
    const operand = compileOperand(left, builder, reads, names);
    const { ms } = comparison.duration;
    return comparison.kind === "within" ? within(operand, ms, builder) : moreThanAgo(operand, ms, builder);
  }
  if (comparison.kind === "binary" && !isLiteral(comparison.right)) {
    if (isLiteral(left)) {
      const mirrored = { ...comparison, operator: MIRRORED[comparison.operator], right: left };
      return compileFixed(comparison.right, mirrored, builder, reads, names);
    }
    const a = compileOperand(left, builder, reads, names);
    const b = compileOperand(comparison.right, builder, reads, names);
    return compileDynamic(a, b, comparison.operator, builder, names);
  }
  const fixed: ComparisonOf<Literal> =
    comparison.kind === "binary" ? { ...comparison, right: comparison.right as Literal } : comparison;
  return compileFixed(left, fixed, builder, reads, names);
}

/** A comparison with what is fixed in the model. */
function compileFixed(
  left: Operand,
  comparison: ComparisonOf<Literal>,
  builder: PlanBuilder,
  reads: Reads,
  names: Names,
): Truth {
  const operand = compileCompared(left, comparison, builder, reads, names, thresholdOf(comparison));
  if (operand.window !== null && comparison.kind === "binary" && comparison.right.kind === "number") {
    const n = comparison.right.value;
    if (comparison.operator === ">=") return countAtLeast(operand.window, Math.ceil(n));
    if (comparison.operator === ">") return countAtLeast(operand.window, Math.floor(n) + 1);
  }
  const test =
    operand.type === "stage"
      ? compileStageTest(comparison, builder, names)
      : compileLiteralTest(comparison, builder.zone);
  if (operand.countdown !== undefined) return compileCountdown(operand.countdown, test, builder.zone);
  return (contact, t) => test(operand.read(contact, t));
}

/** The most days that an anniversary can be away, and one for every such number and 0. */
const ANNIVERSARY_DAYS = 366;

/**
 * A test of a number of days that sinks by one at each midnight: true or false until the midnight at which it is to
 * answer otherwise, or, where it won't before the anniversary, until the one after that.
 */
function compileCountdown(
  countdown: NonNullable<CompiledOperand["countdown"]>,
  test: ValueTest,
  zone: PlanBuilder["zone"],
): Truth {
  /** For each number of days how many from it downwards have the same answer. */
  const alike = new Uint16Array(ANNIVERSARY_DAYS + 1).fill(1);
  for (let days = 1; days <= ANNIVERSARY_DAYS; days++) {
    if (test(days) === test(days - 1)) alike[days] = (alike[days - 1] as number) + 1;
  }
  return (contact, t) => {
    const days = countdown(contact, t);
    if (days === undefined) return test(undefined);
    const turn = zone.midnightOf(zone.dayOf(t) + (alike[days] as number));
    if (turn < horizon.at) horizon.at = turn;
    return test(days);
  };
}

/** The largest count that a comparison can tell apart from larger ones; null when it needs the exact number. */
function thresholdOf(comparison: ComparisonOf<Literal>): number | null {
  const number = (literal: Literal): number => (literal.kind === "number" ? Math.max(literal.value, 0) : 0);
  switch (comparison.kind) {
    case "binary": {
      const n = number(comparison.right);
      const edge = comparison.operator === ">=" || comparison.operator === "<";
      return Math.max(1, edge ? Math.ceil(n) : Math.floor(n) + 1);
    }
    case "in":
      return Math.floor(Math.max(0, ...comparison.values.map(number))) + 1;
    case "between":
      return Math.floor(Math.max(number(comparison.low), number(comparison.high))) + 1;
    case "set":
    case "string":
      return 1;
  }
}

/** `count(… in last D) >= n`. */
function countAtLeast({ feature, length }: NonNullable<CompiledOperand["window"]>, n: number): Truth {
  if (n <= 0) return timeless(() => true);
  const truth = (contact: Contact, t: number): boolean => isReached(contact, feature, n, length, t);
  return Object.assign(truth, { threshold: { feature, count: n, length } });
}

/** Stages compare by their place in the declared order; a name that is none compares with nothing. */
function compileStageTest(comparison: ComparisonOf<Literal>, builder: PlanBuilder, names: Names): ValueTest {
  const place = (literal: Literal): Literal => {
    const order = literal.kind === "string" ? names.stageOrderByName.get(literal.value) : undefined;
    return order === undefined ? literal : { kind: "number", value: order, pos: literal.pos };
  };
  switch (comparison.kind) {
    case "binary":
      return compileLiteralTest({ ...comparison, right: place(comparison.right) }, builder.zone);
    case "in":
      return compileLiteralTest({ ...comparison, values: comparison.values.map(place) }, builder.zone);
    case "between":
      return compileLiteralTest(
        { ...comparison, low: place(comparison.low), high: place(comparison.high) },
        builder.zone,
      );
    case "string": {
      const byPlace = new Map([...names.stageOrderByName].map(([name, order]) => [order, name]));
      const test = compileLiteralTest(comparison, builder.zone);
      return (value) => test(typeof value === "number" ? byPlace.get(value) : undefined);
    }
    case "set":
      return compileLiteralTest(comparison, builder.zone);
  }
}

function compileDynamic(
  left: CompiledOperand,
  right: CompiledOperand,
  operator: Extract<Comparison, { kind: "binary" }>["operator"],
  builder: PlanBuilder,
  names: Names,
): Truth {
  const { zone } = builder;
  const moments = left.type === "moment" || right.type === "moment";
  const stages = left.type === "stage" || right.type === "stage";
  const placed = (operand: CompiledOperand, value: Value): Value => {
    if (!stages || operand.type === "stage") return value;
    return typeof value === "string" ? names.stageOrderByName.get(value) : undefined;
  };
  return (contact, t) => {
    const a = left.read(contact, t);
    const until = horizon.at;
    const b = right.read(contact, t);
    if (until < horizon.at) horizon.at = until;
    if (moments) return compareMoments(operator, momentOf(a, zone), momentOf(b, zone));
    return compareValues(operator, placed(left, a), placed(right, b));
  };
}

/** `0 <= t - x < D`. */
function within(operand: CompiledOperand, length: number, builder: PlanBuilder): Truth {
  return (contact, t) => {
    const moment = momentOf(operand.read(contact, t), builder.zone);
    if (moment === null) return false;
    if (t < moment) turnsAt(moment);
    else if (t < moment + length) turnsAt(moment + length);
    return t >= moment && t - moment < length;
  };
}

/** `t - x >= D`. */
function moreThanAgo(operand: CompiledOperand, length: number, builder: PlanBuilder): Truth {
  return (contact, t) => {
    const moment = momentOf(operand.read(contact, t), builder.zone);
    if (moment === null) return false;
    if (t - moment < length) turnsAt(moment + length);
    return t - moment >= length;
  };
}

/** Instants are whole milliseconds: what turns between two of them is seen at the second. */
function turnsAt(moment: number): void {
  const at = Math.ceil(moment);
  if (at < horizon.at) horizon.at = at;
}
