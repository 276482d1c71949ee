import { expect, test } from "vitest";
import { createGate } from "../../processor/gate.ts";

function held(): { readonly promise: Promise<void>; release(): void } {
  let release = (): void => {};
  const promise = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { promise, release };
}

test("so many pass at a time, in their order, and one that fails makes room as well", async () => {
  const gate = createGate(2);
  const ends = [held(), held(), held()];
  const begun: number[] = [];
  const passes = ends.map(({ promise }, i) =>
    gate.pass(async () => {
      begun.push(i);
      await promise;
      if (i === 0) throw new Error("failed");
      return i;
    }),
  );
  expect(begun).toEqual([0, 1]);
  ends[0]?.release();
  await expect(passes[0]).rejects.toThrow("failed");
  expect(begun).toEqual([0, 1, 2]);
  expect(gate.busy).toBe(true);
  ends[1]?.release();
  ends[2]?.release();
  expect(await Promise.all(passes.slice(1))).toEqual([1, 2]);
  expect(gate.busy).toBe(false);
});

test("those that give way go on one in each turn of the event loop", async () => {
  const gate = createGate(1);
  let turn = 0;
  const turns: number[] = [];
  const ways = [1, 2, 3].map(async () => {
    await gate.giveWay();
    turns.push(turn);
  });
  let counting = true;
  const count = (): void => {
    turn++;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  await Promise.all(ways);
  counting = false;
  expect(new Set(turns).size).toBe(3);
});
