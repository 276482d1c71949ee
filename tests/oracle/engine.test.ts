/** The engine says the same as the oracle, at every step, at each flip and one millisecond before it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEngineSubject } from "../harness/engine.ts";
import { arbitraryCase } from "./arbitraries.ts";
import { type Case, LIVE } from "./case.ts";
import { describeDifference, runCase } from "./compare.ts";
import { keepRegression, keptRegressions } from "./regressions.ts";
import { RUNS, SEED, TIMEOUT_MS } from "./runs.ts";

async function complaint(testCase: Case): Promise<string | null> {
  const difference = await runCase(testCase, (model) => createEngineSubject(model));
  return difference === null ? null : describeDifference(testCase, difference);
}

describe("what once failed", () => {
  for (const { file, case: testCase } of keptRegressions()) {
    test(`${file} gives what the oracle gives`, async () => {
      expect(await complaint(testCase)).toBeNull();
    });
  }
});

describe("random models and histories", () => {
  test(`give what the oracle gives (seed ${SEED}, ${RUNS} cases)`, { timeout: TIMEOUT_MS }, async () => {
    const property = fc.asyncProperty(arbitraryCase(LIVE), async (testCase) => (await complaint(testCase)) === null);
    const result = await fc.check(property, { numRuns: RUNS, seed: SEED });
    const smallest = result.counterexample?.[0];
    const kept = smallest === undefined ? null : keepRegression(smallest);
    const told = smallest === undefined ? null : await complaint(smallest);
    expect({ failed: result.failed, kept, told }, told ?? `ORACLE_SEED=${SEED}`).toEqual({
      failed: false,
      kept: null,
      told: null,
    });
  });
});
