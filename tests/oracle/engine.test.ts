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
    if (!result.failed) return;
    const smallest = result.counterexample?.[0];
    if (smallest === undefined) throw new Error(`no counterexample: ${String(result.errorInstance)}`);
    const file = keepRegression(smallest);
    const told = (await complaint(smallest)) ?? "it does not fail when run again";
    throw new Error(
      `ORACLE_SEED=${result.seed}, kept as tests/regressions/${file} after ${result.numRuns} cases\n${told}`,
    );
  });
});
