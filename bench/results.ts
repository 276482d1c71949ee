/** Results as files: one JSON a benchmark, its plots beside it, and the table of all of them in the README. */
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { BenchResult, BenchRow } from "./benchmark.ts";

const RESULTS = path.join(import.meta.dirname, "results");
const README = path.join(import.meta.dirname, "README.md");
const BEGIN = "<!-- results: written by `npm run bench -- table` -->";
const END = "<!-- end of results -->";

export async function saveResult(result: BenchResult): Promise<string> {
  await mkdir(RESULTS, { recursive: true });
  const file = path.join(RESULTS, `${result.name}.json`);
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  format(file);
  return path.relative(process.cwd(), file);
}

export async function readResults(): Promise<BenchResult[]> {
  const files = (await readdir(RESULTS)).filter((file) => file.endsWith(".json")).sort();
  return Promise.all(
    files.map(async (file) => JSON.parse(await readFile(path.join(RESULTS, file), "utf8")) as BenchResult),
  );
}

/** Writes the table again from the results that are there. `order` names the benchmarks; others come last. */
export async function writeTable(order: readonly string[]): Promise<void> {
  const place = ({ name }: BenchResult): number => (order.includes(name) ? order.indexOf(name) : order.length);
  const results = (await readResults()).sort((a, b) => place(a) - place(b));
  const text = await readFile(README, "utf8");
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`${README} has lost the markers of its table`);
  const tables = results.map(section).join("\n");
  await writeFile(README, `${text.slice(0, before + BEGIN.length)}\n\n${tables}\n${text.slice(after)}`);
}

/** What is committed is formatted like everything else. */
function format(file: string): void {
  execFileSync(path.join(import.meta.dirname, "../node_modules/.bin/oxfmt"), [file], { stdio: "ignore" });
}

function section(result: BenchResult): string {
  const { name, at, machine, options, rows, checks, notes = [], curves = [] } = result;
  const memory = `${Math.round(machine.memory / 1024 ** 3)} GiB`;
  const where = `${machine.cpu}, ${machine.cores} cores, ${memory}, Node ${machine.node}, Redis ${machine.redis}`;
  const broken = checks.filter(({ holds }) => !holds);
  const lines = [
    `### ${name}`,
    "",
    `${at.slice(0, 10)}; ${where}; ${options.rounds} rounds at most.`,
    ...notes.flatMap((note) => ["", note]),
    "",
    "| what | value | of the rounds | goal | reached |",
    "| --- | ---: | ---: | --- | --- |",
    ...rows.map(tableRow),
    "",
    broken.length === 0
      ? `All ${checks.length} checks hold.`
      : `**${broken.length} of ${checks.length} checks do not hold:** ${broken.map(({ what }) => what).join("; ")}.`,
    "",
    ...(curves.length > 0 ? [`![${curves.map(({ title }) => title).join("; ")}](results/${name}.svg)`, ""] : []),
  ];
  return lines.join("\n");
}

function tableRow({ what, value, unit, goal, low, high }: BenchRow): string {
  const spread = low === undefined || high === undefined ? "" : `${figure(low)} to ${figure(high)}`;
  const cells = [what.replaceAll("|", "\\|"), `${figure(value)} ${unit}`, spread, goal?.text ?? "", reached(goal)];
  return `| ${cells.join(" | ")} |`;
}

function reached(goal: BenchRow["goal"]): string {
  return goal === undefined ? "" : goal.met ? "yes" : "**no**";
}

/** Lines for a terminal. */
export function printed(result: BenchResult): string[] {
  const width = Math.max(0, ...result.rows.map(({ what }) => what.length));
  const rows = result.rows.map(({ what, value, unit, goal, low, high }) => {
    const spread = low === undefined || high === undefined ? "" : `  (${figure(low)} to ${figure(high)})`;
    const aim = goal === undefined ? "" : `  goal ${goal.text}: ${goal.met ? "reached" : "NOT reached"}`;
    return `  ${what.padEnd(width)}  ${figure(value).padStart(12)} ${unit.padEnd(9)}${spread}${aim}`;
  });
  const checks = result.checks.map(({ what, holds }) => `  ${holds ? "holds" : "DOES NOT HOLD"}: ${what}`);
  return [...(result.notes ?? []).map((note) => `  ${note}`), ...rows, ...checks];
}

/** Three digits that matter, and no more than are true. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.1 || value === 0 ? 2 : 4;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
