import { defineConfig } from "vitest/config";
import { LongRunning } from "./tests/harness/long-running.ts";

/** Set by `.ci/run`: where the results go as JSON as well. */
const reportFile = process.env["TEST_REPORT"];

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    pool: "forks",
    // Many tests start servers of their own; more than two at a time make each other slow, not the whole faster.
    maxWorkers: 2,
    // Many tests make objects by the million: with the default they were collected for a quarter of the time.
    execArgv: ["--max-semi-space-size=64"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: [
      "default",
      new LongRunning(),
      ...(reportFile === undefined ? [] : [["json", { outputFile: reportFile }] as ["json", { outputFile: string }]]),
    ],
  },
});
