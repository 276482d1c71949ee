/**
 * Conditions that can't hold together and conditions of which one always holds, among the parts of one `and` or `or`.
 *
 * Parts that compare the same thing with constants are tried out: on every constant, between any two of them, beyond
 * the outermost, on a value of another kind and on a missing one. No comparison with these constants tells more values
 * apart than that, so what is said is never wrong. Everything else (dates, patterns, an operand on both sides) may be
 * anything: less is found then, and nothing wrong either.
 */

import type { Comparison, ComparisonOf, ComparisonOperator, Filter, Literal, Operand, Pos, Predicate } from "./ast.ts";
import type { Names } from "./check-names.ts";
import { isAlwaysSet, rangeOf, type Range, typeOf } from "./check-types.ts";
import { type Reporter, shorten } from "./diagnostic.ts";
import { printFilter, printOperand, printPath, printPredicate } from "./print.ts";

type Scalar = string | number | boolean;

/** A value that something might have: a scalar, `missing`, or `other`, which is set and equal to no constant. */
type Held = Scalar | typeof MISSING | typeof OTHER;
const MISSING = Symbol("missing");
const OTHER = Symbol("other");

/** What a comparison with constants asks of its subject. */
interface Demand {
  readonly constants: readonly Scalar[];
  readonly holds: (value: Held) => boolean;
}

/** What the subject of a comparison can be at all. */
type Domain =
  | { readonly kind: "number"; readonly range: Range | null; readonly canBeMissing: boolean }
  | { readonly kind: "any" };

/** One of the conditions that an `and` or `or` joins. */
export interface Part {
  /** As it is written, in canonical form. */
  readonly shown: string;
  /** The same without `not`: of two parts that say the same, one with and one without, exactly one holds. */
  readonly core: string;
  readonly negated: boolean;
  readonly subject: { readonly name: string; readonly domain: Domain; readonly demand: Demand } | null;
}

/** Groups larger than this are not tried out. */
const MAX_PARTS = 100;
const MAX_CONSTANTS = 300;
/** The longest piece of a part that is repeated in a hint. */
const MAX_SHOWN = 80;

/** The part of a predicate's `and` or `or`, or null where it holds an `and` or `or` itself. */
export function partOfPredicate(whole: Predicate, names: Names): Part | null {
  let negated = false;
  let test = whole;
  for (; test.kind === "not"; test = test.part) negated = !negated;
  if (test.kind === "and" || test.kind === "or") return null;
  const shown = printPredicate(whole);
  const core = printPredicate(test);
  const compared = test.kind === "compare" ? turned(test.left, test.comparison) : null;
  if (compared === null) return { shown, core, negated, subject: null };
  const demand = demandOf(compared.comparison);
  const domain = domainOf(compared.operand, names);
  if (demand === null || domain === null) return { shown, core, negated, subject: null };
  const name = printOperand(compared.operand);
  return { shown, core, negated, subject: { name, domain, demand: negated ? opposite(demand) : demand } };
}

/** As `partOfPredicate`, of a filter. What `[]` stands for has many values at once, which don't clash. */
export function partOfFilter(whole: Filter): Part | null {
  let negated = false;
  let test = whole;
  for (; test.kind === "not"; test = test.part) negated = !negated;
  if (test.kind !== "compare") return null;
  const shown = printFilter(whole);
  const core = printFilter(test);
  const demand = test.left.parts.some((part) => part.each) ? null : demandOf(test.comparison);
  if (demand === null) return { shown, core, negated, subject: null };
  const name = printPath(test.left);
  const subject = { name, domain: { kind: "any" } as const, demand: negated ? opposite(demand) : demand };
  return { shown, core, negated, subject };
}

/** Warns of an `and` that is always false and of an `or` that is always true. */
export function warnOfClash(problems: Reporter, pos: Pos, kind: "and" | "or", parts: readonly (Part | null)[]): void {
  const clash = clashOf(
    kind,
    parts.filter((part) => part !== null),
  );
  if (clash === null) return;
  const shown = clash.map((part) => shorten(part.shown, MAX_SHOWN)).join(` ${kind} `);
  if (kind === "and") problems.warning(pos, "this is always false", `${shown} never hold together`);
  else problems.warning(pos, "this is always true", `${shown}: one of them always holds`);
}

/** The fewest parts that make an `and` always false or an `or` always true; null where there are none. */
function clashOf(kind: "and" | "or", parts: readonly Part[]): readonly Part[] | null {
  const seen = new Map<string, Part>();
  const groups = new Map<string, Part[]>();
  for (const part of parts) {
    const before = seen.get(part.core);
    if (before === undefined) seen.set(part.core, part);
    else if (before.negated !== part.negated) return [before, part];
    if (part.subject === null) continue;
    const group = groups.get(part.subject.name) ?? [];
    group.push(part);
    groups.set(part.subject.name, group);
  }
  for (const group of groups.values()) {
    const found = clashIn(kind, group);
    if (found !== null) return found;
  }
  return null;
}

function clashIn(kind: "and" | "or", group: readonly Part[]): readonly Part[] | null {
  const domain = group[0]?.subject?.domain;
  const constants = new Set(group.flatMap((part) => part.subject?.demand.constants ?? []));
  if (domain === undefined || group.length < 2 || group.length > MAX_PARTS || constants.size > MAX_CONSTANTS) {
    return null;
  }
  const values = samplesOf(domain, [...constants]);
  const holds = (part: Part, value: Held): boolean => part.subject?.demand.holds(value) ?? false;
  const clash = (some: readonly Part[]): boolean =>
    kind === "and"
      ? !values.some((value) => some.every((part) => holds(part, value)))
      : values.every((value) => some.some((part) => holds(part, value)));
  // What is fixed by itself has been told already.
  let fewest = group.filter((part) => {
    const held = values.filter((value) => holds(part, value)).length;
    return held > 0 && held < values.length;
  });
  if (fewest.length < 2 || !clash(fewest)) return null;
  for (const part of fewest) {
    const rest = fewest.filter((one) => one !== part);
    if (clash(rest)) fewest = rest;
  }
  return fewest;
}

/** Whether a number of known range compares with constants as asked: always or never. Null where it depends. */
export function verdictOf(
  left: Operand,
  written: Comparison,
): { readonly truth: boolean; readonly range: Range } | null {
  const compared = turned(left, written);
  const range = compared === null ? null : rangeOf(compared.operand);
  const demand = compared === null ? null : demandOf(compared.comparison);
  if (range === null || demand === null || demand.constants.length > MAX_CONSTANTS) return null;
  const values = samplesOf({ kind: "number", range, canBeMissing: range.canBeMissing }, demand.constants);
  const held = values.filter((value) => demand.holds(value)).length;
  return held > 0 && held < values.length ? null : { truth: held > 0, range };
}

interface Turned {
  readonly operand: Operand;
  readonly comparison: ComparisonOf<Operand>;
}

const MIRRORED: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  "=": "=",
  "!=": "!=",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

/** The comparison with the constant, if any, on its right side. */
function turned(left: Operand, comparison: Comparison): Turned | null {
  if (comparison.kind === "within" || comparison.kind === "more than ago") return null;
  if (constantOf(left) === undefined) return { operand: left, comparison };
  if (comparison.kind !== "binary" || constantOf(comparison.right) !== undefined) return null;
  const { operator, right, pos } = comparison;
  return { operand: right, comparison: { kind: "binary", operator: MIRRORED[operator], right: left, pos } };
}

/** What it asks of its left side; null where it has other than constants on the right, or is none of those tried. */
function demandOf(comparison: ComparisonOf<{ readonly kind: string }>): Demand | null {
  switch (comparison.kind) {
    case "binary": {
      const constant = constantOf(comparison.right);
      const { operator } = comparison;
      if (constant === undefined || (typeof constant !== "number" && operator !== "=" && operator !== "!="))
        return null;
      return { constants: [constant], holds: (value) => compare(value, operator, constant) };
    }
    case "in": {
      const constants = comparison.values.map(constantOf);
      if (!constants.every((constant) => constant !== undefined)) return null;
      return { constants, holds: (value) => constants.some((one) => one === value) !== comparison.not };
    }
    case "between": {
      const low = constantOf(comparison.low);
      const high = constantOf(comparison.high);
      if (typeof low !== "number" || typeof high !== "number") return null;
      const inside = (value: Held): boolean => compare(value, ">=", low) && compare(value, "<=", high);
      return { constants: [low, high], holds: (value) => inside(value) !== comparison.not };
    }
    case "set":
      return { constants: [], holds: (value) => (value !== MISSING) !== comparison.not };
    case "string":
      return null;
  }
}

function opposite(demand: Demand): Demand {
  return { ...demand, holds: (value) => !demand.holds(value) };
}

function constantOf(operand: { readonly kind: string }): Scalar | undefined {
  return isConstant(operand) ? operand.value : undefined;
}

function isConstant(operand: { readonly kind: string }): operand is Exclude<Literal, { kind: "date" }> {
  return operand.kind === "string" || operand.kind === "number" || operand.kind === "boolean";
}

/** Values of different kinds are neither equal nor in any order. */
function compare(value: Held, operator: ComparisonOperator, constant: Scalar): boolean {
  if (operator === "=") return value === constant;
  if (operator === "!=") return value !== constant;
  if (typeof value !== "number" || typeof constant !== "number") return false;
  switch (operator) {
    case "<":
      return value < constant;
    case "<=":
      return value <= constant;
    case ">":
      return value > constant;
    case ">=":
      return value >= constant;
  }
}

function domainOf(operand: Operand, names: Names): Domain | null {
  switch (typeOf(operand, names).type) {
    case "number":
      return { kind: "number", range: rangeOf(operand), canBeMissing: !isAlwaysSet(operand) };
    case "any":
    case "text":
    case "stage":
    case "boolean":
      return { kind: "any" };
    case "moment":
      return null;
  }
}

/** Values of which at least one stands for each that the subject can have. */
function samplesOf(domain: Domain, constants: readonly Scalar[]): Held[] {
  const numbers = constants.filter((constant) => typeof constant === "number");
  if (domain.kind === "number") {
    const sampled = domain.range === null ? spread(numbers) : within(domain.range, numbers);
    return domain.canBeMissing ? [...sampled, MISSING] : sampled;
  }
  const others = constants.filter((constant) => typeof constant !== "number");
  return [...spread(numbers), ...others, true, false, OTHER, MISSING];
}

/** The numbers themselves, one between any two neighbours, and one beyond either end. */
function spread(numbers: readonly number[]): number[] {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const between = sorted.slice(1).map((n, i) => n - (n - (sorted[i] ?? n)) / 2);
  return [-Infinity, ...sorted, ...between, Infinity];
}

function within({ min, max, excludesMax, integer }: Range, numbers: readonly number[]): number[] {
  const ends = [min, max].filter((end) => Number.isFinite(end));
  const near = integer
    ? numbers.flatMap((n) => [Math.floor(n) - 1, Math.floor(n), Math.ceil(n), Math.ceil(n) + 1])
    : [];
  const sampled = spread([...numbers, ...near, ...ends]);
  return sampled.filter(
    (n) => n >= min && (excludesMax ? n < max : n <= max) && (!integer || Number.isInteger(n) || n === Infinity),
  );
}
