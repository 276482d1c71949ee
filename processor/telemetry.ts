/** What a worker counts, and the form in which it reaches the process's metrics. */

export const COUNTERS = [
  "steps",
  "events",
  "duplicates",
  "commits",
  "recoveries",
  "fenced",
  "doubts",
  "rejected",
  "saturated",
] as const;
export type Counter = (typeof COUNTERS)[number];

/** Durations in ms. */
export const TIMINGS = ["commit", "step", "sweep", "recovery"] as const;
export type Timing = (typeof TIMINGS)[number];

export interface Telemetry {
  count(counter: Counter, by?: number): void;
  time(timing: Timing, ms: number): void;
  /** What was counted since the last call. */
  take(): TelemetryReport;
}

export interface TelemetryReport {
  readonly counters: Readonly<Record<Counter, number>>;
  readonly timings: Readonly<Record<Timing, readonly number[]>>;
}

export interface PartitionGauges {
  readonly partition: number;
  /** Entries of the stream that aren't consumed, as of the last look. */
  readonly backlog: number;
  readonly residentBytes: number;
  readonly contacts: number;
  readonly halted: boolean;
}

/** More observations than this between two reports are left out: the rest says enough. */
const OBSERVATIONS_MAX = 1_000;

export function createTelemetry(): Telemetry {
  let counters = zeroes();
  let timings = noTimings();
  return {
    count(counter, by = 1) {
      counters[counter] += by;
    },
    time(timing, ms) {
      const list = timings[timing];
      if (list.length < OBSERVATIONS_MAX) list.push(ms);
    },
    take() {
      const report = { counters, timings };
      counters = zeroes();
      timings = noTimings();
      return report;
    },
  };
}

function zeroes(): Record<Counter, number> {
  return {
    steps: 0,
    events: 0,
    duplicates: 0,
    commits: 0,
    recoveries: 0,
    fenced: 0,
    doubts: 0,
    rejected: 0,
    saturated: 0,
  };
}

function noTimings(): Record<Timing, number[]> {
  return { commit: [], step: [], sweep: [], recovery: [] };
}
