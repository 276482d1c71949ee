/**
 * The part of a filter that can be looked up instead of tried: one property compared with something fixed. What is
 * left of the filter is tried on the events that the lookup finds.
 */
import type { Filter } from "../ast.ts";
import type { Zone } from "../timezone.ts";
import type { Scalar } from "../value.ts";
import { compileFilter, type FilterTest } from "./filter.ts";

/** `key` is the number of a top-level property. */
export type Probe =
  | { readonly kind: "equals"; readonly key: number; readonly values: readonly Scalar[] }
  | { readonly kind: "range"; readonly key: number; readonly range: NumberRange };

/** Numbers from `low` to `high`; a strict end doesn't belong to it. Infinite where it has no end. */
export interface NumberRange {
  readonly low: number;
  readonly lowStrict: boolean;
  readonly high: number;
  readonly highStrict: boolean;
}

export interface SplitFilter {
  readonly probe: Probe | null;
  /** What else has to hold; null for nothing. */
  readonly rest: FilterTest | null;
}

type Keys = { numberOf(key: string): number };

export function splitFilter(filter: Filter | null, keys: Keys, zone: Zone): SplitFilter {
  if (filter === null) return { probe: null, rest: null };
  const parts = filter.kind === "and" ? filter.parts : [filter];
  const found = equalityAmong(parts, keys) ?? rangeAmong(parts, keys);
  const probe = found?.probe ?? null;
  const others = parts.filter((part) => found === null || !found.covered.includes(part));
  if (others.length === 0) return { probe, rest: null };
  const [only] = others;
  const rest: Filter = others.length === 1 && only !== undefined ? only : { ...filter, kind: "and", parts: others };
  return { probe, rest: compileFilter(rest, keys, zone) };
}

/** A probe, and the parts of the filter that it stands for. */
interface Found {
  readonly probe: Probe;
  readonly covered: readonly Filter[];
}

/** An equality leaves fewer events than a range. */
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
  let range: NumberRange = { low: -Infinity, lowStrict: false, high: Infinity, highStrict: false };
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
  const low = Math.max(a.low, b.low);
  const high = Math.min(a.high, b.high);
  const strict = (one: NumberRange, end: "low" | "high", at: number): boolean =>
    one[end] === at && (end === "low" ? one.lowStrict : one.highStrict);
  return {
    low,
    lowStrict: strict(a, "low", low) || strict(b, "low", low),
    high,
    highStrict: strict(a, "high", high) || strict(b, "high", high),
  };
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
    return { low: low.value, lowStrict: false, high: high.value, highStrict: false };
  }
  if (comparison.kind !== "binary" || comparison.right.kind !== "number") return null;
  const { value } = comparison.right;
  switch (comparison.operator) {
    case ">":
    case ">=":
      return { low: value, lowStrict: comparison.operator === ">", high: Infinity, highStrict: false };
    case "<":
    case "<=":
      return { low: -Infinity, lowStrict: false, high: value, highStrict: comparison.operator === "<" };
    default:
      return null;
  }
}
