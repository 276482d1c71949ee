/** What every command says about itself, and how wrong use ends. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { EXIT } from "../../cli/exit-codes.ts";
import { sluice } from "./run.ts";

const COMMANDS = [
  ["start"],
  ["demo"],
  ["replay"],
  ["segments"],
  ["watch"],
  ["contact"],
  ["query"],
  ["check"],
  ["model"],
  ["model", "get"],
  ["model", "diff"],
  ["model", "put"],
  ["model", "versions"],
  ["model", "rollback"],
];
const DOCS = readFileSync(fileURLToPath(new URL("../../docs/cli.md", import.meta.url)), "utf8");

async function help(...command: string[]): Promise<string> {
  const { code, out, err } = await sluice([...command, "--help"]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return out;
}

/** The options of a command, by what its help lists. */
async function optionsOf(command: readonly string[]): Promise<string[]> {
  const [listed = ""] = (await help(...command)).split("\nExamples:");
  return [...listed.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, option = ""]) => option);
}

test("the list of commands is complete", async () => {
  const text = await help();
  const listed = [...text.matchAll(/^ {2}(\w+)(?: \[options\])?(?: [<[].*?)? {2,}\w/gm)].map(([, name]) => name);
  expect(listed).toEqual(expect.arrayContaining(COMMANDS.flatMap(([name]) => name)));
  expect(await sluice([])).toMatchObject({ code: 2 });
});

describe.each(COMMANDS.map((command) => [command.join(" "), command] as const))("%s", (name, command) => {
  test("teaches by examples that use its own options, and tells the exit codes", async () => {
    const text = await help(...command);
    expect(text).toContain("Exit codes: 0");
    const examples = text.slice(text.indexOf("\nExamples:\n"), text.indexOf("\nExit codes:"));
    const own = examples.split("\n").filter((line) => line.includes(`sluice ${name}`));
    expect(own.length).toBeGreaterThan(0);
    const options = await optionsOf(command);
    for (const line of own) {
      const [, rest = ""] = line.split(`sluice ${name}`);
      for (const [used] of (rest.split(/[|#&]| {3,}/)[0] ?? "").matchAll(/--[\w-]+/g)) expect(options).toContain(used);
    }
  });

  test.runIf(name !== "model")("is in docs/cli.md with all of its options", async () => {
    expect(DOCS).toContain(`\`sluice ${name}`);
    for (const option of await optionsOf(command)) if (option !== "--help") expect(DOCS).toContain(`\`${option}`);
  });

  test.runIf(name !== "model")("has --json", async () => {
    expect(await optionsOf(command)).toContain("--json");
  });
});

test("docs/cli.md has the exit codes", () => {
  for (const code of Object.values(EXIT)) expect(DOCS).toMatch(new RegExp(`^\\| ${code} `, "m"));
});

test.each([
  [["nothing"], "unknown command 'nothing'"],
  [["segments", "--nothing"], "unknown option '--nothing'"],
  [["contact"], "missing required argument 'id'"],
  [["watch", "x", "--every", "often"], "a duration such as 500ms"],
  [["query", "known", "--limit", "-1"], "a number from 0 to 10000"],
  [["query", "known", "--order", "name"], "Allowed choices are id, score"],
  [["segments", "--url", "localhost"], "http://HOST:PORT"],
  [["replay", "f", "--speed", "0"], "a number above 0"],
  [["replay", "f", "--resume", "--restart"], "cannot be used with"],
  [["model", "rollback", "last"], "a number from 0"],
  [["demo", "--until", "today"], "ISO 8601"],
  [["demo", "--out", "f", "--live"], "cannot be used with"],
])("%j is wrong use", async (args, message) => {
  const { code, out, err } = await sluice(args);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain(message);
  expect(err).toContain("--help tells more");
});

test("durations", async () => {
  const { parseDuration } = await import("../../cli/options.ts");
  const read = ["0", "500ms", "2s", "1h30m", "180d", "2w"].map(parseDuration);
  expect(read).toEqual([0, 500, 2_000, 5_400_000, 15_552_000_000, 1_209_600_000]);
  for (const wrong of ["", "5", "s", "1h 30m", "-1s", "1.5h", "1y"]) expect(() => parseDuration(wrong)).toThrow();
});
