/** Where a benchmark ran: what its figures belong to. */
import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { machineClock } from "../kernel/clock.ts";
import type { Benchmark, BenchOptions, BenchResult, Findings, Machine } from "./benchmark.ts";

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memory: totalmem(),
    node: process.versions.node,
    redis: redisVersion(),
  };
}

/** The findings of a benchmark with when, where and how they were made. */
export function resultOf(
  { name, about }: Pick<Benchmark, "name" | "about">,
  { rounds, seconds, short }: BenchOptions,
  findings: Findings,
): BenchResult {
  const at = new Date(machineClock.now()).toISOString();
  return { name, about, at, machine: machine(), options: { rounds, seconds, short }, ...findings };
}

function redisVersion(): string {
  try {
    const said = execFileSync("redis-server", ["--version"], { encoding: "utf8" });
    return /v=(\S+)/.exec(said)?.[1] ?? "unknown";
  } catch {
    return "none";
  }
}
