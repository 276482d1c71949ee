import fc from "fast-check";
import { expect, test } from "vitest";
import { createTimers } from "../../processor/timers.ts";

const SLOTS = 12;

test("timers come in the order of their instants and slots, whatever was set before", () => {
  const instant = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constant(Infinity));
  const change = fc.tuple(fc.integer({ min: 0, max: SLOTS - 1 }), instant);
  const saved = fc.array(instant, { maxLength: SLOTS });
  const changes = (maxLength: number) => fc.array(change, { maxLength });
  fc.assert(
    fc.property(saved, changes(200), changes(50), (restored, first, second) => {
      const timers = createTimers(restored.length);
      const model = new Map<number, number>();
      const set = ([slot, at]: [number, number]): void => {
        timers.set(slot, at);
        model.set(slot, at);
      };
      restored.forEach((at, slot) => {
        timers.restore(slot, at);
        model.set(slot, at);
      });
      first.forEach(set);
      expect(timers.next()).toBe(Math.min(Infinity, ...model.values()));
      second.forEach(set);
      const expected = [...model].filter(([, at]) => at < Infinity).sort((a, b) => a[1] - b[1] || a[0] - b[0]);
      const seen: [number, number][] = [];
      while (timers.next() < Infinity) {
        const slot = timers.nextSlot();
        seen.push([slot, timers.next()]);
        timers.set(slot, Infinity);
      }
      expect(seen).toEqual(expected);
    }),
  );
});

test("all that is due is visited, and a portion of it ends at an instant", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 45 }),
      (flips, limit, now) => {
        const timers = createTimers();
        flips.forEach((at, slot) => (slot % 2 === 0 ? timers.restore(slot, at) : timers.set(slot, at)));
        const due = flips.filter((at) => at <= now);
        const visited = new Set<number>();
        timers.due(now, (slot) => visited.add(slot));
        flips.forEach((at, slot) => {
          if (at <= now) expect(visited.has(slot)).toBe(true);
        });
        const instant = timers.instantOf(limit, now);
        if (due.length <= limit) expect(instant).toBeNull();
        else expect(instant).toBe(due.sort((a, b) => a - b)[limit - 1]);
        expect(timers.next()).toBe(Math.min(...flips));
      },
    ),
  );
});
