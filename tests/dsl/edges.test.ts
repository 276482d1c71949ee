import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ComparisonOf, Literal } from "../../dsl/ast.ts";
import { parseModel } from "../../dsl/parse.ts";
import { compileLiteralTest } from "../../dsl/plan/compare.ts";
import { DirtySet } from "../../dsl/plan/dirty.ts";
import { addEdges, EdgeReaders, noEdges } from "../../dsl/plan/edges.ts";
import { UTC } from "../../dsl/timezone.ts";

function comparisonOf(text: string): ComparisonOf<Literal> {
  const [segment] = parseModel(`segment "s" = score ${text}`).model.declarations;
  if (segment?.kind !== "segment" || segment.predicate.kind !== "compare") throw new Error(`${text} is no comparison`);
  return segment.predicate.comparison as ComparisonOf<Literal>;
}

const number = fc.integer({ min: -3, max: 3 }).map((n) => n / 2);
const text = fc.oneof(
  fc.tuple(fc.constantFrom("=", "!=", "<", "<=", ">", ">="), number).map(([op, n]) => `${op} ${n}`),
  fc
    .tuple(fc.constantFrom("in", "not in"), fc.array(number, { minLength: 1, maxLength: 3 }))
    .map(([op, list]) => `${op} (${list.join(", ")})`),
  fc.tuple(number, number).map(([low, high]) => `between ${low} and ${high}`),
  fc.constantFrom('= "x"', '!= "x"', "is set", "is not set"),
);

describe("edges of a comparison", () => {
  it("are where its answer changes: whoever may answer otherwise is asked again", () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 6 }), number, number, (texts, before, after) => {
        const comparisons = texts.map(comparisonOf);
        const edges = comparisons.map((comparison) => {
          const own = noEdges();
          addEdges(own, comparison);
          return own;
        });
        const dirty = new DirtySet(texts.length);
        new EdgeReaders([...edges.entries()]).mark(dirty, before, after);
        const asked = new Set<number>();
        for (let root = dirty.take(); root >= 0; root = dirty.take()) asked.add(root);
        const changed = comparisons.flatMap((comparison, root) => {
          const test = compileLiteralTest(comparison, UTC);
          return test(before) === test(after) ? [] : [root];
        });
        expect(changed.filter((root) => !asked.has(root))).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it("leave out who is far from them, and not who reads the number in another way", () => {
    const [near, far, always] = [noEdges(), noEdges(), { ...noEdges(), always: true }];
    addEdges(near, comparisonOf(">= 20"));
    addEdges(far, comparisonOf(">= 40"));
    const dirty = new DirtySet(4);
    const readers = new EdgeReaders([
      [0, near],
      [1, far],
      [3, always],
    ]);
    readers.mark(dirty, 19, 25);
    expect([dirty.take(), dirty.take(), dirty.take()]).toEqual([0, 3, -1]);
  });
});
