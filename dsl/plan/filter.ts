/** Filters over one event, compiled to closures over the columns of its entry. */
import type { Filter } from "../ast.ts";
import type { Zone } from "../timezone.ts";
import { compareValues, compileLiteralTest } from "./compare.ts";
import { compilePath, type EventView } from "./event-view.ts";

export type FilterTest = (view: EventView, event: number) => boolean;

export function compileFilter(filter: Filter, keys: { numberOf(key: string): number }, zone: Zone): FilterTest {
  switch (filter.kind) {
    case "and": {
      const parts = filter.parts.map((part) => compileFilter(part, keys, zone));
      return (view, event) => {
        for (const part of parts) if (!part(view, event)) return false;
        return true;
      };
    }
    case "or": {
      const parts = filter.parts.map((part) => compileFilter(part, keys, zone));
      return (view, event) => {
        for (const part of parts) if (part(view, event)) return true;
        return false;
      };
    }
    case "not": {
      const part = compileFilter(filter.part, keys, zone);
      return (view, event) => !part(view, event);
    }
    case "compare":
      return compileComparison(filter, keys, zone);
  }
}

function compileComparison(
  filter: Extract<Filter, { kind: "compare" }>,
  keys: { numberOf(key: string): number },
  zone: Zone,
): FilterTest {
  const left = compilePath(filter.left, keys);
  const { comparison } = filter;
  if (comparison.kind === "binary" && comparison.right.kind === "event path") {
    const right = compilePath(comparison.right.path, keys);
    const { operator } = comparison;
    return (view, event) => compareValues(operator, left(view, event), right(view, event));
  }
  const test = compileLiteralTest(
    comparison.kind === "binary" ? { ...comparison, right: literalOf(comparison.right) } : comparison,
    zone,
  );
  return (view, event) => test(left(view, event));
}

function literalOf<T extends { readonly kind: string }>(right: T): Exclude<T, { kind: "event path" }> {
  if (right.kind === "event path") throw new Error("an event path is no literal");
  return right as Exclude<T, { kind: "event path" }>;
}
