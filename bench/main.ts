/** `npm run bench`: the benchmarks by name, all of them, and the table of their results. */
import { parseArgs } from "node:util";
import type { Benchmark, BenchOptions, BenchResult } from "./benchmark.ts";
import { BENCHMARKS } from "./list.ts";
import { savePlots } from "./plot.ts";
import { createProgress, type Progress } from "./progress.ts";
import { printed, saveResult, writeTable } from "./results.ts";

const USAGE = `usage: npm run bench -- NAME [--rounds N] [--seconds S] [--short] [--large] [--minutes M]
       npm run bench -- all [the same]      every one but the soak
       npm run bench -- table               writes the table of bench/README.md from the results

  --rounds N    paired rounds of which the median is taken (5)
  --seconds S   how long one measurement lasts (3)
  --short       tiny sizes: only shows that everything works; nothing is saved
  --large       sizes that take much memory and time as well
  --minutes M   how long the soak lasts (30)

BENCH_DIST names another build than dist to measure.

`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "3" },
      short: { type: "boolean", default: false },
      large: { type: "boolean", default: false },
      minutes: { type: "string", default: "30" },
      help: { type: "boolean", default: false },
    },
  });
  const [name = ""] = positionals;
  const order = BENCHMARKS.map((benchmark) => benchmark.name);
  if (name === "table") {
    await writeTable(order);
    return 0;
  }
  const chosen = BENCHMARKS.filter((one) => (name === "all" ? one.name !== "soak" : one.name === name));
  if (chosen.length === 0 || values.help) {
    console.error(USAGE + BENCHMARKS.map((one) => `  ${one.name.padEnd(12)} ${one.about}`).join("\n"));
    return values.help ? 0 : 2;
  }
  const progress = createProgress(
    chosen.length,
    () => performance.now(),
    (line) => console.log(line),
  );
  const options: BenchOptions = {
    rounds: positive(values.rounds, "--rounds"),
    seconds: positive(values.seconds, "--seconds"),
    minutes: positive(values.minutes, "--minutes"),
    short: values.short,
    large: values.large,
    log: (line) => progress.log(line),
  };
  let failed = 0;
  for (const benchmark of chosen) if (!(await runOne(benchmark, options, progress))) failed++;
  progress.finish();
  if (!options.short) await writeTable(order);
  return failed === 0 ? 0 : 1;
}

/** False when a check does not hold or the benchmark fails; the others run all the same. */
async function runOne(benchmark: Benchmark, options: BenchOptions, progress: Progress): Promise<boolean> {
  progress.begin(benchmark.name, benchmark.about);
  try {
    const result = await benchmark.run(options);
    for (const line of printed(result)) console.log(line);
    if (!options.short) await save(result);
    return result.checks.every(({ holds }) => holds);
  } catch (error) {
    console.error(`${benchmark.name} failed:`, error);
    return false;
  } finally {
    progress.end();
  }
}

async function save(result: BenchResult): Promise<void> {
  const file = await saveResult(result);
  if (result.curves !== undefined && result.curves.length > 0) await savePlots(result.name, result.curves);
  console.log(`  ${file}`);
}

function positive(text: string, name: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${name} ${text} is not a number above 0`);
  return value;
}

// Without this the servers of a run that is broken off would outlive it.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
process.exitCode = await main();
