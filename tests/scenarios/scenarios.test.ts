/** The contract's sentences, each shown by scripts that run against the engine, and none of those in force forgotten. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readScenarios } from "./reader.ts";
import { runScenario, WAYS } from "./runner.ts";
import type { Scenario } from "./script.ts";
import { isInForce, SENTENCES } from "./sentences.ts";

const FOLDER = "tests/scenarios";
const here = new URL("./", import.meta.url);

interface File {
  readonly name: string;
  readonly scenarios: readonly Scenario[];
  /** Why it can't be read. */
  readonly problem: string | null;
}

const files: File[] = readdirSync(here)
  .filter((name) => name.endsWith(".scenario"))
  .sort()
  .map((name) => {
    try {
      const text = readFileSync(new URL(name, here), "utf8");
      return { name, scenarios: readScenarios(`${FOLDER}/${name}`, text), problem: null };
    } catch (error) {
      return { name, scenarios: [], problem: error instanceof Error ? error.message : String(error) };
    }
  });

/** What went wrong, each line once, with the ways in which it did where it was not in all. */
async function complaints(scenario: Scenario): Promise<string> {
  const found = new Map<string, string[]>();
  for (const way of WAYS) {
    for (const problem of await runScenario(scenario, way)) {
      found.set(problem, [...(found.get(problem) ?? []), way.name]);
    }
  }
  return [...found]
    .map(([problem, ways]) => (ways.length === WAYS.length ? problem : `${problem} [only with: ${ways.join("; ")}]`))
    .join("\n");
}

for (const { name, scenarios, problem } of files) {
  describe(`the scenarios of ${name}`, () => {
    test("are readable", () => expect(problem).toBeNull());
    for (const scenario of scenarios) {
      test(`${scenario.title} (line ${scenario.place.line})`, async () => expect(await complaints(scenario)).toBe(""));
    }
  });
}

describe("the sentences of the contract", () => {
  const covered = files.flatMap((file) => file.scenarios).flatMap((scenario) => scenario.covers);

  test("have an id each", () => {
    const ids = SENTENCES.map((sentence) => sentence.id);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
  });

  test("are the only ones that scenarios name", () => {
    const known = new Set(SENTENCES.map((sentence) => sentence.id));
    expect([...new Set(covered)].filter((id) => !known.has(id))).toEqual([]);
  });

  test("have a scenario where they are in force", () => {
    const missing = SENTENCES.filter((sentence) => isInForce(sentence) && !covered.includes(sentence.id));
    expect(missing.map(({ id, says }) => `${id}: ${says}`)).toEqual([]);
  });

  test("are named by every scenario", () => {
    const idle = files.flatMap((file) => file.scenarios).filter((scenario) => scenario.covers.length === 0);
    expect(idle.map(({ place, title }) => `${place.file}:${place.line} ${title}`)).toEqual([]);
  });
});
