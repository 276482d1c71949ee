/** Filters over one event, compiled to closures over the columns of its entry. */
import type { Filter } from "../ast.ts";
import type { Zone } from "../timezone.ts";
import type { Value } from "../value.ts";
import { compareValues, compileLiteralTest } from "./compare.ts";
import { compileEach, compilePath, hasElements, type EventView } from "./event-view.ts";

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
  const { comparison } = filter;
  if (throughElements(filter)) return compileElements(filter, keys, zone);
  const left = compilePath(filter.left, keys);
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

function throughElements({ left, comparison }: Extract<Filter, { kind: "compare" }>): boolean {
  if (hasElements(left)) return true;
  return comparison.kind === "binary" && comparison.right.kind === "event path" && hasElements(comparison.right.path);
}

/** Holds if it holds for any element, on either side; with no elements for none, not even `!=`. */
function compileElements(
  { left, comparison }: Extract<Filter, { kind: "compare" }>,
  keys: { numberOf(key: string): number },
  zone: Zone,
): FilterTest {
  const lefts = compileEach(left, keys);
  const any = (test: (view: EventView, event: number, value: Value) => boolean): FilterTest => {
    return (view, event) => {
      let found = false;
      lefts(view, event, (value) => {
        found ||= test(view, event, value);
      });
      return found;
    };
  };
  if (comparison.kind === "binary" && comparison.right.kind === "event path") {
    const rights = compileEach(comparison.right.path, keys);
    const { operator } = comparison;
    return any((view, event, value) => {
      let found = false;
      rights(view, event, (other) => {
        found ||= compareValues(operator, value, other);
      });
      return found;
    });
  }
  const test = compileLiteralTest(
    comparison.kind === "binary" ? { ...comparison, right: literalOf(comparison.right) } : comparison,
    zone,
  );
  return any((_view, _event, value) => test(value));
}

function literalOf<T extends { readonly kind: string }>(right: T): Exclude<T, { kind: "event path" }> {
  if (right.kind === "event path") throw new Error("an event path is no literal");
  return right as Exclude<T, { kind: "event path" }>;
}
