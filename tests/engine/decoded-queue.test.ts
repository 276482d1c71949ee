import fc from "fast-check";
import { expect, test } from "vitest";
import { DecodedQueue } from "../../processor/decoded-queue.ts";

test("contacts come in the order in which they were decoded, and those that are gone take no room for long", () => {
  const there = new Set<number>();
  const queue = new DecodedQueue((slot) => there.has(slot));
  for (let round = 0; round < 2_000; round++) {
    for (let slot = 0; slot < 10; slot++) {
      there.add(slot);
      queue.push(slot);
    }
    there.delete(round % 10);
    expect(queue.length).toBeLessThanOrEqual(256);
  }
});

test("whatever comes and goes, everybody who is there is named", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -600, max: 600 }), { maxLength: 3_000 }), (steps) => {
      const there = new Set<number>();
      const queue = new DecodedQueue((slot) => there.has(slot));
      for (const step of steps) {
        if (step < 0) there.delete(-step);
        else if (!there.has(step)) {
          there.add(step);
          queue.push(step);
        }
      }
      const named = new Set<number>();
      for (let slot = queue.shift(); slot >= 0; slot = queue.shift()) named.add(slot);
      expect([...there].filter((slot) => !named.has(slot))).toEqual([]);
      expect(queue.length).toBe(0);
    }),
    { numRuns: 100 },
  );
});
