/**
 * Growth: what an event costs when there are more segments, more contacts, longer windows, more events of a contact or
 * more partitions, while the number of predicates that it can change stays the same.
 *
 * Measured is CPU time of the state machine alone, in a process of its own for every size: opening the entry, the
 * step, and its delta as bytes. Making events, Redis and the saving of pages are not in it.
 */
import path from "node:path";
import { freemem } from "node:os";
import type { BenchCheck, Benchmark, BenchOptions, BenchResult, BenchRow, Curve } from "./benchmark.ts";
import { startForked, type Forked } from "./forked.ts";
import type { GrowthAnswer, GrowthConfig, GrowthQuestion } from "./growth-process.ts";
import { resultOf } from "./machine.ts";
import { savePlots } from "./plot.ts";
import { median, rowOf, type Goal } from "./statistics.ts";

const PROCESS = path.join(import.meta.dirname, "growth-process.ts");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Resident memory that a contact of these models takes, bytes (950 measured); sizes that would not fit are left out. */
const CONTACT_BYTES = 1_000;
/** V8 lets a heap grow by about this before it collects, so the limit of the heap lies above what contacts take. */
const HEAP_ROOM = 1.5;
const HEAP_MB_MIN = 4_096;
/** Of a round of each size. */
const EVENTS = 20_000;
const FRESH_EVENTS = 2_000;
const SHORT_EVENTS = 500;

const BASE: GrowthConfig = {
  segments: 100,
  affected: 1,
  reach: "name",
  keeps: "counts",
  windowMs: 2 * DAY,
  contacts: 20_000,
  gapMs: 2 * DAY,
  skewed: true,
  partitions: 1,
  flushEvents: 100,
  stepFlushes: 10,
  past: 1,
  members: false,
};

/** One line of a plot: the same thing at several sizes. */
interface Series {
  readonly name: string;
  readonly sizes: readonly { readonly size: number; readonly config: GrowthConfig }[];
  /** Every event makes a contact. */
  readonly fresh?: boolean;
  /** `to` may cost this many times what `from` costs. */
  readonly compare: { readonly from: number; readonly to: number; readonly goal?: Goal };
}

interface Study {
  readonly title: string;
  readonly axis: Curve["x"];
  readonly series: readonly Series[];
}

interface Measured {
  readonly size: number;
  /** µs of each round. */
  readonly micros: readonly number[];
  readonly last: GrowthAnswer;
  readonly expected: number;
  readonly members: string;
}

export const growth: Benchmark = {
  name: "growth",
  about: "what an event costs with more segments, contacts, longer windows, longer histories, more partitions",
  async run(options): Promise<BenchResult> {
    const rows: BenchRow[] = [];
    const checks: BenchCheck[] = [];
    const curves: Curve[] = [];
    for (const study of studiesOf(options)) {
      const lines: Curve["series"][number][] = [];
      for (const series of study.series) {
        const measured = await measure(series, options);
        for (const one of measured) rows.push(rowOf(rowName(series, study, one.size), one.micros, "µs"));
        rows.push(...comparison(series, study, measured));
        checks.push(...checksOf(series, study, measured));
        lines.push({ name: series.name, points: measured.map(({ size, micros }) => [size, median(micros)]) });
      }
      const y = { label: "CPU per event", unit: "µs", log: false };
      curves.push({ title: study.title, x: study.axis, y, series: lines });
    }
    if (!options.short) options.log(`  ${await savePlots("growth", curves)}`);
    return resultOf(growth, options, { rows, checks, curves, notes: notesOf(options) });
  },
};

function notesOf({ large }: BenchOptions): string[] {
  return [
    "CPU of the state machine alone in a process of its own: opening the entry, the step, its delta as bytes.",
    `Each event can change ${BASE.affected} predicate (and the score), whatever grows. All contacts are in memory.`,
    ...(large ? [] : ["Ten million contacts take several gigabytes and are left out without --large."]),
  ];
}

function studiesOf({ short, large }: BenchOptions): Study[] {
  const segmentCounts = short ? [20, 40] : [100, 1_000, 10_000];
  const contactCounts = short ? [200, 400] : [10_000, 100_000, 1_000_000, ...(large ? [10_000_000] : [])];
  const windows = short ? [10, 60] : [10, 60, 1_440, 30 * 1_440];
  const pasts = short ? [1, 5] : [1, 10, 100, 1_000];
  const partitions = short ? [1, 4] : [1, 4, 16, 64];
  const base: GrowthConfig = short ? { ...BASE, contacts: 200 } : BASE;
  const few = short ? 200 : 5_000;
  const [small, big] = [segmentCounts[0] ?? 0, segmentCounts.at(-1) ?? 0];
  const bySegments = (name: string, reach: GrowthConfig["reach"], fresh: boolean): Series => ({
    name,
    fresh,
    sizes: segmentCounts.map((size) => ({ size, config: { ...base, contacts: few, reach, segments: size } })),
    compare: { from: small, to: big, goal: { at: "most", value: 1.5 } },
  });
  const mostContacts = contactCounts.at(-1) ?? 0;
  const keeping = (keeps: GrowthConfig["keeps"]): GrowthConfig => {
    // A step spans a minute, which is less than the shortest window.
    const steps = { flushEvents: short ? 2 : 20, stepFlushes: 1 };
    return { ...base, ...steps, keeps, contacts: short ? 20 : 200, gapMs: 10 * MINUTE, skewed: false };
  };
  return [
    {
      title: "Segments",
      axis: { label: "segments", unit: "", log: true },
      series: [
        bySegments("told apart by event name", "name", false),
        bySegments("by equality of a property", "value", false),
        bySegments("by range of a property", "range", false),
        bySegments("first event of a contact", "name", true),
      ],
    },
    {
      title: "Contacts",
      axis: { label: "contacts", unit: "", log: true },
      series: [
        {
          name: "skewed traffic",
          sizes: contactCounts.map((size) => ({ size, config: { ...base, contacts: size } })),
          compare: {
            from: short ? 200 : 100_000,
            to: mostContacts,
            ...(mostContacts >= 10_000_000 ? { goal: { at: "most", value: 2 } } : {}),
          },
        },
      ],
    },
    {
      title: "Window length, one event of a contact each 10 minutes",
      axis: { label: "longest window", unit: "minutes", log: true },
      series: (["counts", "sums"] as const).map((keeps) => ({
        name: keeps,
        sizes: windows.map((size) => ({
          size,
          // As much history as the window can hold, so that what leaves it is part of the cost.
          config: { ...keeping(keeps), windowMs: size * MINUTE, past: Math.max(5, Math.ceil(size / 10)) },
        })),
        compare: { from: windows[0] ?? 0, to: windows.at(-1) ?? 0 },
      })),
    },
    {
      title: "Events that a contact has sent",
      axis: { label: "events of a contact before", unit: "", log: true },
      series: (["counts", "sums"] as const).map((keeps) => ({
        name: keeps,
        sizes: pasts.map((past) => ({ size: past, config: { ...keeping(keeps), windowMs: 365 * DAY, past } })),
        compare: { from: pasts[0] ?? 0, to: pasts.at(-1) ?? 0 },
      })),
    },
    {
      title: "Partitions in one process",
      axis: { label: "partitions", unit: "", log: true },
      series: [
        {
          name: "a flush of 100 events over all",
          sizes: partitions.map((size) => ({ size, config: { ...base, partitions: size, members: true } })),
          compare: { from: 1, to: partitions.at(-1) ?? 0 },
        },
      ],
    },
  ];
}

/** All sizes of a series stand ready side by side and take turns. */
async function measure(series: Series, options: BenchOptions): Promise<Measured[]> {
  const events = options.short ? SHORT_EVENTS : series.fresh === true ? FRESH_EVENTS : EVENTS;
  const rounds = options.short ? 1 : options.rounds;
  const running: { size: number; config: GrowthConfig; process: Forked<GrowthQuestion, GrowthAnswer> }[] = [];
  try {
    for (const { size, config } of series.sizes) {
      const needed = config.contacts * CONTACT_BYTES;
      if (needed > freemem()) {
        options.log(`  ${series.name}, ${size}: left out, it needs ${Math.ceil(needed / 2 ** 30)} GiB of free memory`);
        continue;
      }
      const heapMb = Math.max(HEAP_MB_MIN, Math.ceil((needed * HEAP_ROOM) / 2 ** 20));
      const process = startForked<GrowthQuestion, GrowthAnswer>(PROCESS, { config, heapMb });
      running.push({ size, config, process });
      const filled = await process.ask({ kind: "fill" });
      const bytes = Math.round(filled.rssBytes / filled.contacts);
      const each = `${filled.micros.toFixed(2)} µs an event, ${bytes} bytes of process a contact`;
      options.log(`  ${series.name}, ${size}: filled, ${each}`);
    }
    const answers = running.map((): GrowthAnswer[] => []);
    const taken = running.map(() => 0);
    // The first round warms up.
    for (let round = 0; round <= rounds; round++) {
      for (const [i, { process }] of running.entries()) {
        const answer = await process.ask({
          kind: "round",
          events,
          seconds: options.seconds,
          fresh: series.fresh === true,
        });
        taken[i] = (taken[i] ?? 0) + answer.events;
        if (round > 0) answers[i]?.push(answer);
      }
    }
    const found: Measured[] = [];
    for (const [i, { size, config, process }] of running.entries()) {
      const last = await process.ask({ kind: "end" });
      const micros = (answers[i] ?? []).map((answer) => answer.micros);
      const expected = config.contacts + (series.fresh === true ? (taken[i] ?? 0) : 0);
      const [one] = answers[i] ?? [];
      const moves = `${one?.moves.toFixed(2)} moves and ${one?.deltaBytes.toFixed(0)} bytes of delta an event`;
      options.log(`  ${series.name}, ${size}: ${median(micros).toFixed(2)} µs, ${moves}`);
      found.push({ size, micros, last, expected, members: last.members });
    }
    return found;
  } finally {
    for (const { process } of running) process.stop();
  }
}

function rowName({ name }: Series, { axis }: Study, size: number): string {
  const unit = axis.unit === "" ? "" : ` ${axis.unit}`;
  return `${axis.label} ${size.toLocaleString("en")}${unit}, ${name}`;
}

/** The ratio of the two sizes that the series compares, round by round. */
function comparison(series: Series, { axis }: Study, measured: readonly Measured[]): BenchRow[] {
  const { from, to, goal } = series.compare;
  const [less, more] = [from, to].map((size) => measured.find((one) => one.size === size));
  if (less === undefined || more === undefined) return [];
  const ratios = more.micros.map((value, round) => value / (less.micros[round] ?? Number.NaN));
  const what = `${axis.label}: ${to.toLocaleString("en")} beside ${from.toLocaleString("en")}, ${series.name}`;
  return [rowOf(what, ratios, "x", goal)];
}

function checksOf(series: Series, { axis }: Study, measured: readonly Measured[]): BenchCheck[] {
  const name = `${axis.label}, ${series.name}`;
  const checks: BenchCheck[] = [
    {
      what: `${name}: every contact is there once`,
      holds: measured.every(({ last, expected }) => last.contacts === expected),
    },
    { what: `${name}: no event is taken for a repeat`, holds: measured.every(({ last }) => last.duplicates === 0) },
  ];
  if (measured.some(({ members }) => members.length > 0) && axis.label === "partitions") {
    const all = new Set(measured.map(({ members }) => members));
    checks.push({ what: `${name}: the same members however many`, holds: all.size === 1 });
  }
  return checks;
}
