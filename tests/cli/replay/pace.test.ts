import { expect, test } from "vitest";
import { createPace, type Pace } from "../../../cli/replay/pace.ts";

/** A clock that only sleeping moves. */
function paceAt(speed: number): { pace: Pace; now: () => number; waits: number[]; pass: (ms: number) => void } {
  let now = 5_000;
  const waits: number[] = [];
  const pace = createPace({
    speed,
    now: () => now,
    sleep: async (ms) => void (now += ms),
    beforeWait: async (ms) => void waits.push(ms),
  });
  return { pace, now: () => now - 5_000, waits, pass: (ms) => (now += ms) };
}

test("events are as far apart as in life, divided by the speed", async () => {
  for (const speed of [0.5, 1, 60]) {
    const { pace, now } = paceAt(speed);
    const reached: number[] = [];
    for (const instant of [0, 3_000_000, 3_600_000, 90_000_000]) {
      await pace.reach(1.7e12 + instant);
      reached.push(Math.round(now() * speed));
    }
    expect(reached).toEqual([0, 3_000_000, 3_600_000, 90_000_000]);
  }
});

test("what was sent late shortens the next wait, and what lies back doesn't wait", async () => {
  const { pace, now, pass } = paceAt(1);
  await pace.reach(10_000);
  pass(4_000);
  await pace.reach(13_000);
  expect(now()).toBe(4_000);
  await pace.reach(15_000);
  expect(now()).toBe(5_000);
  await pace.reach(2_000);
  expect(now()).toBe(5_000);
});

test("short waits add up before they are worth one, and what is due is sent before each", async () => {
  const { pace, waits } = paceAt(1);
  for (let instant = 0; instant <= 100; instant += 5) await pace.reach(instant);
  expect(waits).toEqual([20, 20, 20, 20, 20]);
});

test("longer than a timer can wait", async () => {
  const { pace, now } = paceAt(1);
  await pace.reach(0);
  await pace.reach(2 ** 33);
  expect(now()).toBe(2 ** 33);
});

test("a timestamp that can't be read waits for nothing", async () => {
  const { pace, now } = paceAt(1);
  await pace.reach(Number.NaN);
  await pace.reach(0);
  await pace.reach(Number.NaN);
  expect(now()).toBe(0);
});
