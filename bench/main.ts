/** `npm run bench -- NAME`: the benchmarks by name. */
import { pipeline } from "./pipeline.ts";

const BENCHMARKS: Readonly<Record<string, { readonly about: string; run(args: readonly string[]): Promise<void> }>> = {
  pipeline: { about: "events accepted, processed and visible beside an empty Fastify route", run: pipeline },
};

const [name = "", ...args] = process.argv.slice(2);
const benchmark = BENCHMARKS[name];
if (benchmark === undefined) {
  console.error("usage: npm run bench -- NAME\n");
  for (const [known, { about }] of Object.entries(BENCHMARKS)) console.error(`  ${known.padEnd(12)} ${about}`);
  process.exitCode = 2;
} else {
  await benchmark.run(args);
}
