import fc from "fast-check";
import { expect, test } from "vitest";
import { countRange } from "../../dsl/features/range-counts.ts";
import type { Series } from "../../dsl/features/state.ts";
import { mostFrequent } from "../../dsl/features/value-counts.ts";
import type { Scalar } from "../../dsl/value.ts";

/** What happens to a series, in the ways that dsl/features/series.ts lets it happen. */
type Change =
  | { readonly kind: "append"; readonly value: Scalar }
  | { readonly kind: "late"; readonly value: Scalar; readonly place: number }
  | { readonly kind: "forget"; readonly count: number }
  | { readonly kind: "read"; readonly reader: number; readonly from: number; readonly to: number };

const value = fc.constantFrom<Scalar[]>("a", "b", "c", 1, 2, true);
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("append" as const), value }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("late" as const), value, place: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("forget" as const), count: fc.nat(4) }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("read" as const), reader: fc.nat(2), from: fc.nat(12), to: fc.nat(30) }),
  },
);

test("counts that move along with a window are those of counting it anew", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 120 }), (changes) => {
      const series: Series<Scalar> = { at: [], values: [], highs: [0], lows: [0], ranges: [], dropped: 0, revision: 0 };
      for (const one of changes) {
        switch (one.kind) {
          case "append":
            series.values.push(one.value);
            break;
          case "late":
            series.values.splice(one.place, 0, one.value);
            series.revision++;
            break;
          case "forget":
            series.dropped += series.values.splice(0, one.count).length;
            break;
          case "read": {
            const to = Math.min(one.to, series.values.length);
            const from = Math.min(one.from, to);
            const range = countRange(series, one.reader, from, to);
            const expected = new Map<Scalar, number>();
            for (const seen of series.values.slice(from, to)) expected.set(seen, (expected.get(seen) ?? 0) + 1);
            expect(range.counts).toEqual(expected);
            range.most ??= mostFrequent(range.counts);
            expect(range.most).toBe(mostFrequent(expected));
          }
        }
      }
    }),
    { numRuns: 500 },
  );
});
