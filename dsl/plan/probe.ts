/**
 * The part of a filter that can be looked up instead of tried: one property compared with something fixed. What is
 * left of the filter is tried on the events that the lookup finds.
 */
import type { Filter } from "../ast.ts";
import type { Zone } from "../timezone.ts";
import type { Scalar } from "../value.ts";
import { compileFilter, type FilterTest } from "./filter.ts";

/** `key` is the number of a top-level property. A threshold is met by numbers alone. */
export type Probe =
  | { readonly kind: "equals"; readonly key: number; readonly values: readonly Scalar[] }
  | { readonly kind: "above" | "below"; readonly key: number; readonly threshold: number; readonly strict: boolean };

export interface SplitFilter {
  readonly probe: Probe | null;
  /** What else has to hold; null for nothing. */
  readonly rest: FilterTest | null;
}

type Keys = { numberOf(key: string): number };

export function splitFilter(filter: Filter | null, keys: Keys, zone: Zone): SplitFilter {
  if (filter === null) return { probe: null, rest: null };
  const parts = filter.kind === "and" ? filter.parts : [filter];
  // An equality leaves fewer events than a threshold.
  for (const probeOf of [equalityOf, thresholdOf]) {
    for (const part of parts) {
      const probe = probeOf(part, keys);
      if (probe === null) continue;
      const others = parts.filter((other) => other !== part);
      if (others.length === 0) return { probe, rest: null };
      const rest: Filter = others.length === 1 ? (others[0] ?? filter) : { ...filter, kind: "and", parts: others };
      return { probe, rest: compileFilter(rest, keys, zone) };
    }
  }
  return { probe: null, rest: compileFilter(filter, keys, zone) };
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

function thresholdOf(filter: Filter, keys: Keys): Probe | null {
  if (filter.kind !== "compare" || filter.comparison.kind !== "binary") return null;
  const { operator, right } = filter.comparison;
  if (operator === "=" || operator === "!=" || right.kind !== "number") return null;
  const key = keyOf(filter, keys);
  if (key === null) return null;
  const kind = operator === ">" || operator === ">=" ? "above" : "below";
  return { kind, key, threshold: right.value, strict: operator === ">" || operator === "<" };
}
