/** Every benchmark, in the order in which they are run and shown: one line each. */
import type { Benchmark } from "./benchmark.ts";
import { growth } from "./growth.ts";
import { ingest } from "./ingest.ts";
import { memory } from "./memory.ts";
import { peers } from "./peers.ts";
import { pipeline } from "./pipeline.ts";
import { processor } from "./processor.ts";
import { queries } from "./queries.ts";
import { soak } from "./soak.ts";
import { start } from "./start.ts";

export const BENCHMARKS: readonly Benchmark[] = [
  ingest,
  pipeline,
  processor,
  growth,
  peers,
  queries,
  memory,
  start,
  soak,
];
