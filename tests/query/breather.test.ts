import { describe, expect, it } from "vitest";
import { createBreather } from "../../query/breather.ts";

/** By default longer than any slice. */
function work(ms = 9): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

describe("long queries", () => {
  it("let other work in between any two portions, whose ever they are", async () => {
    const seen: number[] = [];
    let turn = 0;
    let running = true;
    const count = (): void => {
      turn++;
      if (running) setImmediate(count);
    };
    const query = async (): Promise<void> => {
      // As requests come: each in a callback of its own.
      await new Promise((resolve) => void setImmediate(resolve));
      const breathe = createBreather();
      for (let i = 0; i < 3; i++) {
        await breathe();
        seen.push(turn);
        work();
      }
    };
    setImmediate(count);
    await Promise.all([query(), query(), query()]);
    running = false;
    expect(seen).toHaveLength(9);
    expect(new Set(seen).size).toBe(9);
  });

  it("get as much of a turn as all else takes, where that is more than a slice", async () => {
    const portions = new Map<number, number>();
    let turn = 0;
    let running = true;
    const busy = (): void => {
      turn++;
      work(7);
      if (running) setImmediate(busy);
    };
    setImmediate(busy);
    const breathe = createBreather();
    for (let i = 0; i < 60; i++) {
      await breathe();
      portions.set(turn, (portions.get(turn) ?? 0) + 1);
      work(1);
    }
    running = false;
    // In two milliseconds there is room for two, and for one that was begun before they were over.
    expect(Math.max(...portions.values())).toBeGreaterThan(3);
  });

  it("begin before older ones go on, which are finished in their order", async () => {
    const order: string[] = [];
    const query = async (name: string, portions: number): Promise<void> => {
      await new Promise((resolve) => void setImmediate(resolve));
      const breathe = createBreather();
      for (let i = 1; i <= portions; i++) {
        await breathe();
        order.push(name);
        work();
      }
    };
    await Promise.all([query("a", 3), query("b", 3), query("c", 1)]);
    expect(order.join("")).toBe("abcaabb");
  });
});
