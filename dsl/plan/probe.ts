/**
 * The parts of a filter that can be looked up instead of tried: a property that equals something fixed, then one that
 * lies in a fixed range. What is left of the filter is tried on the events that the lookups find.
 */
import type { Filter } from "../ast.ts";
import type { Zone } from "../timezone.ts";
import type { Scalar } from "../value.ts";
import { doubleAbove, doubleBelow } from "./doubles.ts";
import { compileFilter, type FilterTest } from "./filter.ts";

/** `key` is the number of a top-level property. */
export type Probe =
  | { readonly kind: "equals"; readonly key: number; readonly values: readonly Scalar[] }
  | { readonly kind: "range"; readonly key: number; readonly range: NumberRange };

/** Numbers from `low` to `high`, both among them; infinite where it has no end. */
export interface NumberRange {
  readonly low: number;
  readonly high: number;
}

export interface SplitFilter {
  /** All of them have to hold. */
  readonly probes: readonly Probe[];
  /** What else has to hold; null for nothing. */
  readonly rest: FilterTest | null;
}

const ALL: NumberRange = { low: -Infinity, high: Infinity };

type Keys = { numberOf(key: string): number };

export function splitFilter(filter: Filter | null, keys: Keys, zone: Zone): SplitFilter {
  if (filter === null) return { probes: [], rest: null };
  const parts = filter.kind === "and" ? filter.parts : [filter];
  // An equality leaves fewer events than a range, so it comes first.
  const found = [equalityAmong(parts, keys), rangeAmong(parts, keys)].filter((one) => one !== null);
  const probes = found.map(({ probe }) => probe);
  const others = parts.filter((part) => !found.some(({ covered }) => covered.includes(part)));
  if (others.length === 0) return { probes, rest: null };
  const [only] = others;
  const rest: Filter = others.length === 1 && only !== undefined ? only : { ...filter, kind: "and", parts: others };
  return { probes, rest: compileFilter(rest, keys, zone) };
}

/** A probe, and the parts of the filter that it stands for. */
interface Found {
  readonly probe: Probe;
  readonly covered: readonly Filter[];
}

function equalityAmong(parts: readonly Filter[], keys: Keys): Found | null {
  for (const part of parts) {
    const probe = equalityOf(part, keys);
    if (probe !== null) return { probe, covered: [part] };
  }
  return null;
}

/** The first property that is compared with a number, and all such comparisons with it. */
function rangeAmong(parts: readonly Filter[], keys: Keys): Found | null {
  let key: number | null = null;
  let range = ALL;
  const covered: Filter[] = [];
  for (const part of parts) {
    const one = rangeOf(part);
    if (one === null || part.kind !== "compare") continue;
    const own = keyOf(part, keys);
    if (own === null || (key !== null && own !== key)) continue;
    key = own;
    range = both(range, one);
    covered.push(part);
  }
  return key === null ? null : { probe: { kind: "range", key, range }, covered };
}

function both(a: NumberRange, b: NumberRange): NumberRange {
  return { low: Math.max(a.low, b.low), high: Math.min(a.high, b.high) };
}

/** The number of the property that a comparison reads; null where it reads deeper, or the context. */
function keyOf(filter: Extract<Filter, { kind: "compare" }>, keys: Keys): number | null {
  const [part, ...deeper] = filter.left.parts;
  return part === undefined || deeper.length > 0 || part.each ? null : keys.numberOf(part.name);
}

function equalityOf(filter: Filter, keys: Keys): Probe | null {
  if (filter.kind !== "compare") return null;
  const { comparison } = filter;
  const literals =
    comparison.kind === "in" && !comparison.not
      ? comparison.values
      : comparison.kind === "binary" && comparison.operator === "="
        ? [comparison.right]
        : [];
  const values: Scalar[] = [];
  for (const literal of literals) {
    if (literal.kind !== "string" && literal.kind !== "number" && literal.kind !== "boolean") return null;
    values.push(literal.value);
  }
  if (values.length === 0) return null;
  const key = keyOf(filter, keys);
  return key === null ? null : { kind: "equals", key, values: [...new Set(values)] };
}

function rangeOf(filter: Filter): NumberRange | null {
  if (filter.kind !== "compare") return null;
  const { comparison } = filter;
  if (comparison.kind === "between") {
    const { low, high, not } = comparison;
    if (not || low.kind !== "number" || high.kind !== "number") return null;
    return { low: low.value, high: high.value };
  }
  if (comparison.kind !== "binary" || comparison.right.kind !== "number") return null;
  const { value } = comparison.right;
  switch (comparison.operator) {
    case ">":
      return { ...ALL, low: doubleAbove(value) };
    case ">=":
      return { ...ALL, low: value };
    case "<":
      return { ...ALL, high: doubleBelow(value) };
    case "<=":
      return { ...ALL, high: value };
    default:
      return null;
  }
}
