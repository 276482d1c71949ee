import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { doubleAbove, doubleBelow } from "../../dsl/plan/doubles.ts";
import { countUpTo, createRangeTree, intervalsOf, searchTree } from "../../dsl/plan/range-index.ts";

const number = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.constantFrom(0.1, -0, Number.MAX_SAFE_INTEGER, Number.MIN_VALUE),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const range = fc.record({
  low: fc.oneof(fc.constant(-Infinity), number, number.map(doubleAbove)),
  high: fc.oneof(fc.constant(Infinity), number, number.map(doubleBelow)),
});
/** So few that they have intervals even where each lies in all others. */
const ranges = fc.array(range, { minLength: 1, maxLength: 30 });
type Ranges = readonly { readonly low: number; readonly high: number }[];

function within(all: Ranges, value: number): number[] {
  return all.flatMap(({ low, high }, place) => (low <= value && value <= high ? [place] : []));
}

/** The numbers at which something could change, and those beside them: no event has one that isn't finite. */
function probed(all: Ranges, more: readonly number[]): number[] {
  const ends = all.flatMap(({ low, high }) => [low, high]).filter(Number.isFinite);
  return [...more, ...ends, ...ends.map(doubleAbove), ...ends.map(doubleBelow)].filter(Number.isFinite);
}

describe("ranges that a number lies in", () => {
  test("intervals say the same as a look at each range", () => {
    fc.assert(
      fc.property(ranges, fc.array(number), (all, more) => {
        const found = intervalsOf(all);
        for (const value of probed(all, more)) {
          const interval = found === null ? -1 : countUpTo(found.cuts, value, 0, found.cuts.length);
          expect(found?.places[interval]).toEqual(within(all, value));
        }
      }),
    );
  });

  test("a range above the largest number has none in it", () => {
    const found = intervalsOf([
      { low: Infinity, high: Infinity },
      { low: 0, high: 1 },
    ]);
    expect(found?.places.flat()).toEqual([1]);
  });

  test("a tree says the same as a look at each range", () => {
    fc.assert(
      fc.property(ranges, fc.array(number), (all, more) => {
        const items = all.map((_, place) => place * 3);
        const tree = createRangeTree(all, items);
        const into = new Int32Array(all.length + 1).fill(-1);
        for (const value of probed(all, more)) {
          const count = searchTree(tree, value, into, 1);
          const places = within(all, value);
          expect([...into.subarray(1, count)].sort((a, b) => a - b)).toEqual(places.map((place) => place * 3));
          expect(into[0]).toBe(-1);
        }
      }),
    );
  });

  test("thresholds that would fill too many lists have no intervals, ranges side by side do", () => {
    const many = Array.from({ length: 1_000 }, (_, i) => i);
    expect(intervalsOf(many.map((low) => ({ low, high: Infinity })))).toBeNull();
    expect(intervalsOf(many.map((low) => ({ low, high: doubleBelow(low + 1) })))?.places).toHaveLength(1_002);
  });

  test("there is no number between one and the next above or below it", () => {
    fc.assert(
      fc.property(number, (value) => {
        expect(doubleAbove(value)).toBeGreaterThan(value);
        expect(doubleBelow(doubleAbove(value)) === value).toBe(true);
        const between = value / 2 + doubleAbove(value) / 2;
        expect(between > value && between < doubleAbove(value)).toBe(false);
      }),
    );
  });
});
