/** What is printed of a run's progress. */
import { expect, test } from "vitest";
import { createProgress } from "../../bench/progress.ts";

test("lines tell the time since their benchmark began, and the end tells what each of them took", () => {
  const lines: string[] = [];
  let now = 5_000;
  const progress = createProgress(
    2,
    () => now,
    (line) => lines.push(line),
  );
  progress.begin("first", "one thing");
  now += 3_000;
  progress.log("  halfway");
  now += 122_000;
  progress.end();
  progress.begin("second", "another");
  now += 1_000;
  progress.log("  there");
  progress.end();
  progress.finish();
  expect(lines.map((line) => line.trim()).filter((line) => line !== "")).toEqual([
    "first (1 of 2, after 0 s): one thing",
    "3 s   halfway",
    "first took 2m 05s",
    "second (2 of 2, after 2m 05s): another",
    "1 s   there",
    "second took 1 s",
    "first         2m 05s",
    "second           1 s",
    "all           2m 06s",
  ]);
});

test("of a single benchmark there is no place among others and no sum", () => {
  const lines: string[] = [];
  const progress = createProgress(
    1,
    () => 0,
    (line) => lines.push(line),
  );
  progress.begin("only", "one thing");
  progress.end();
  progress.finish();
  expect(lines).toEqual(["\nonly: one thing", "  only took 0 s"]);
});
