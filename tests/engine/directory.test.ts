import fc from "fast-check";
import { expect, test } from "vitest";
import { createDirectory } from "../../processor/directory.ts";

test("slots are found by their hash, however often hashes collide", () => {
  // Few distinct hashes, so that most slots share theirs with others and neighbours in the table overlap.
  const hashes = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 5 })), {
    maxLength: 3000,
  });
  fc.assert(
    fc.property(hashes, (pairs) => {
      const directory = createDirectory();
      const expected = new Map<string, number[]>();
      pairs.forEach(([lo, hi], slot) => {
        directory.set(slot, lo, hi);
        const key = `${lo}:${hi}`;
        expected.set(key, [...(expected.get(key) ?? []), slot]);
      });
      expect(directory.size).toBe(pairs.length);
      for (const [key, slots] of expected) {
        const [lo = 0, hi = 0] = key.split(":").map(Number);
        const found: number[] = [];
        for (let slot = directory.find(lo, hi); slot >= 0; slot = directory.findAfter(slot)) found.push(slot);
        expect(found.sort((a, b) => a - b)).toEqual(slots);
      }
      expect(directory.find(9, 9)).toBe(-1);
    }),
    { numRuns: 50 },
  );
});

test("a slot can't be given twice", () => {
  const directory = createDirectory();
  directory.set(5, 1, 1);
  expect(() => directory.set(5, 2, 2)).toThrow("slot 5 is taken");
});
