/**
 * Every example of docs/language.md, run. Models are read and checked, wrong ones must be told what stands beneath
 * them, stories are played against the engine. The kinds of blocks:
 *
 *     sluice           a model of which nothing is said
 *     sluice wrong     a model that is refused, and behind it, as `text`, all that is said of it
 *     sluice warned    likewise, for one that is accepted with warnings
 *     scenario         a story in the format of tests/scenarios, without its title
 *     ebnf             the grammar, which is not run
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readModel } from "../../dsl/check.ts";
import { DECLARATION_WORDS } from "../../dsl/cursor.ts";
import { formatDiagnostic } from "../../dsl/diagnostic.ts";
import { FACT_WORDS } from "../../dsl/parse-operands.ts";
import { readScenarios } from "../scenarios/reader.ts";
import { runScenario, WAYS } from "../scenarios/runner.ts";
import { blocksOf, type Block } from "./markdown.ts";

const FILE = "docs/language.md";
const text = readFileSync(new URL(`../../${FILE}`, import.meta.url), "utf8");
const blocks = blocksOf(text);

function said(source: string): { readonly text: string; readonly accepted: boolean } {
  const { diagnostics, model } = readModel(source);
  const lines = diagnostics.map((one) => formatDiagnostic(source, "model.sluice", one));
  return { text: lines.join("\n"), accepted: model !== null };
}

function only(kind: string): Block[] {
  return blocks.filter((block) => block.kind === kind);
}

describe("models", () => {
  for (const block of only("sluice")) {
    test(`line ${block.line}`, () => expect(said(block.text)).toEqual({ text: "", accepted: true }));
  }
});

describe("models with mistakes", () => {
  for (const block of [...only("sluice wrong"), ...only("sluice warned")]) {
    test(`line ${block.line}`, () => {
      const answer = blocks[blocks.indexOf(block) + 1];
      expect(answer?.kind).toBe("text");
      expect(said(block.text)).toEqual({ text: answer?.text, accepted: block.kind === "sluice warned" });
    });
  }
});

describe("stories", () => {
  for (const block of only("scenario")) {
    test(`line ${block.line}`, async () => {
      // Empty lines in front, so that complaints name lines of the page.
      const script = `${"\n".repeat(block.line - 2)}scenario "an example"\n${block.text}`;
      const [scenario, ...more] = readScenarios(FILE, script);
      if (scenario === undefined || more.length > 0) throw new Error("a block holds one story");
      expect(scenario.statements.some((statement) => statement.kind === "expect")).toBe(true);
      for (const way of WAYS) expect(await runScenario(scenario, way)).toEqual([]);
    });
  }
});

test("nothing on the page is left out", () => {
  const kinds = new Set(["sluice", "sluice wrong", "sluice warned", "scenario", "text", "ebnf"]);
  expect(blocks.filter(({ kind }) => !kinds.has(kind))).toEqual([]);
  expect(
    blocks.filter((block, i) => block.kind === "text" && !/ (wrong|warned)$/.test(blocks[i - 1]?.kind ?? "")),
  ).toEqual([]);
  expect(only("sluice").length).toBeGreaterThan(10);
  expect(only("scenario").length).toBeGreaterThan(10);
});

test("every word of the language is in an example", () => {
  const words = [
    ...DECLARATION_WORDS,
    ...FACT_WORDS,
    "did",
    "has",
    "known",
    "between",
    "contains",
    "matches",
    "ignoring",
  ];
  const run = blocks.filter(({ kind }) => kind !== "ebnf" && kind !== "text").map((block) => block.text);
  expect(words.filter((word) => !run.some((one) => new RegExp(`\\b${word}\\b`).test(one)))).toEqual([]);
});

test("links within the page lead to a heading", () => {
  const slug = (heading: string): string =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, "")
      .replaceAll(" ", "-");
  const headings = new Set([...text.matchAll(/^#+ (.+)$/gm)].map((found) => slug(found[1] ?? "")));
  const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map((found) => found[1] ?? "");
  expect(links.length).toBeGreaterThan(3);
  expect(links.filter((link) => !headings.has(link))).toEqual([]);
});
