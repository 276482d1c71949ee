import { expect, test } from "vitest";
import { createRest } from "../../processor/rest.ts";

function setUp(longestMs: number) {
  const at = { ticks: 1_000, busy: 300 };
  const rest = createRest({ longestMs, ticks: () => at.ticks, busyMs: () => at.busy });
  return {
    rest,
    passes: (ms: number, busyMs: number): void => {
      at.ticks += ms;
      at.busy += busyMs;
    },
  };
}

test("a thread that has worked for some ms since a read waits until four times as many are over", () => {
  const { rest, passes } = setUp(25);
  rest.begin();
  expect(rest.left()).toBe(0);
  passes(2, 2);
  expect(rest.left()).toBe(6);
  passes(5, 0);
  expect(rest.left()).toBe(1);
  passes(1, 0);
  expect(rest.left()).toBe(0);
});

test("what it works while it waits counts as well, and never makes it wait longer than the bound", () => {
  const { rest, passes } = setUp(25);
  rest.begin();
  passes(3, 3);
  expect(rest.left()).toBe(9);
  passes(4, 4);
  expect(rest.left()).toBe(18);
  passes(17, 17);
  expect(rest.left()).toBe(1);
  passes(50, 50);
  expect(rest.left()).toBe(0);
});

test("what it worked before a read doesn't count, and without a bound there is no pause", () => {
  const { rest, passes } = setUp(25);
  passes(500, 400);
  rest.begin();
  expect(rest.left()).toBe(0);

  const none = setUp(0);
  none.rest.begin();
  none.passes(5, 5);
  expect(none.rest.left()).toBe(0);
});
