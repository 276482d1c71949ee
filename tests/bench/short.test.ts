/** Each benchmark in its short form: everything that it runs works, and what it checks holds. Never its times. */
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { BUILD } from "../../bench/build.ts";
import { BENCHMARKS } from "../../bench/list.ts";

/** On a machine that is busy with other tests; alone all of them together take less. */
const TIMEOUT_MS = 120_000;
/** Peers are packages of their own, which nobody installs only to run the tests. */
const PEERS = new URL("../../bench/peers/node_modules", import.meta.url);
const OPTIONS = { rounds: 1, seconds: 1, minutes: 1, short: true, large: false, log: () => {} };

describe.skipIf(!existsSync(BUILD))("in its short form", () => {
  for (const benchmark of BENCHMARKS) {
    const missing = benchmark.name === "peers" && !existsSync(PEERS);
    test.skipIf(missing)(
      `the benchmark ${benchmark.name} runs, and its checks hold`,
      { timeout: TIMEOUT_MS },
      async () => {
        const { rows, checks } = await benchmark.run(OPTIONS);
        expect(checks.filter(({ holds }) => !holds).map(({ what }) => what)).toEqual([]);
        expect(rows.length).toBeGreaterThan(0);
        expect(rows.filter(({ value }) => !Number.isFinite(value)).map(({ what }) => what)).toEqual([]);
      },
    );
  }
});

test("every benchmark has a name of its own and says what it is about", () => {
  const names = BENCHMARKS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(BENCHMARKS.filter(({ about }) => about === "" || about.includes("\n"))).toEqual([]);
});
