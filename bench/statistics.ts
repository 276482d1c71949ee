/** Medians and spreads of rounds, as rows. */
import type { BenchRow } from "./benchmark.ts";

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >>> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** The smallest value that `share` (0 to 1) of all are not above; NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** A bound that a row's value is to keep. */
export interface Goal {
  readonly at: "least" | "most";
  readonly value: number;
  /** Aimed at beyond the goal. */
  readonly stretch?: number;
}

/** A row over the values of all rounds: their median, with the least and the greatest beside it. */
export function rowOf(what: string, values: readonly number[], unit: string, goal?: Goal): BenchRow {
  const value = median(values);
  return {
    what,
    value,
    unit,
    ...(goal === undefined ? {} : { goal: goalOf(goal, value, unit) }),
    ...(values.length > 1 ? { low: Math.min(...values), high: Math.max(...values) } : {}),
  };
}

function goalOf(goal: Goal, value: number, unit: string): { readonly text: string; readonly met: boolean } {
  const sign = goal.at === "least" ? "≥" : "≤";
  const stretch = goal.stretch === undefined ? "" : ` (stretch ${goal.stretch})`;
  return {
    text: `${sign} ${goal.value.toLocaleString("en")} ${unit}${stretch}`,
    met: Number.isFinite(value) && (goal.at === "least" ? value >= goal.value : value <= goal.value),
  };
}
