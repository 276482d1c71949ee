/**
 * What a benchmark is and what it says. Every figure that matters is a ratio between two things that were run in turns
 * in the same run, as the median of several paired rounds; absolute figures stand beside it to make it readable.
 */

export interface BenchOptions {
  /** Paired rounds of which the median is taken; each benchmark warms up by itself before them. */
  readonly rounds: number;
  /** How long one measurement of a round lasts, where it is time that ends it. */
  readonly seconds: number;
  /** Tiny sizes that show that everything works: checks are made, times mean nothing. */
  readonly short: boolean;
  /** Sizes that need much memory and many minutes as well. */
  readonly large: boolean;
  /** How long the soak lasts. */
  readonly minutes: number;
  /** One line for whoever is watching. */
  readonly log: (line: string) => void;
}

export interface Benchmark {
  /** As on the command line and in the names of the files of results. */
  readonly name: string;
  /** One line. */
  readonly about: string;
  run(options: BenchOptions): Promise<BenchResult>;
}

export interface BenchRow {
  readonly what: string;
  readonly value: number;
  /** Such as `events/s`, `µs`, `bytes`, `ms`; `x` for a ratio. */
  readonly unit: string;
  /** What was aimed at, and whether the value reaches it. */
  readonly goal?: { readonly text: string; readonly met: boolean };
  /** The least and the greatest of the rounds. */
  readonly low?: number;
  readonly high?: number;
}

/** Something that has to be so whatever the machine: equal results, nothing lost, no work without a cause. */
export interface BenchCheck {
  readonly what: string;
  readonly holds: boolean;
}

export interface Axis {
  readonly label: string;
  readonly unit: string;
  readonly log: boolean;
}

/** One plot of lines. */
export interface Curve {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[] }[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  readonly node: string;
  readonly redis: string;
}

export interface BenchResult {
  readonly name: string;
  readonly about: string;
  /** When it ended, ISO 8601. */
  readonly at: string;
  readonly machine: Machine;
  readonly options: { readonly rounds: number; readonly seconds: number; readonly short: boolean };
  /** How it was measured this time, for readers: who ran on which core, what was left out and why. */
  readonly notes?: readonly string[];
  readonly rows: readonly BenchRow[];
  readonly checks: readonly BenchCheck[];
  readonly curves?: readonly Curve[];
}

/** What a benchmark found; `resultOf` adds the circumstances. */
export interface Findings {
  readonly rows: readonly BenchRow[];
  readonly checks: readonly BenchCheck[];
  readonly notes?: readonly string[];
  readonly curves?: readonly Curve[];
}
