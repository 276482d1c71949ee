/** What a replay came to, for people and for programs. */
import { basename } from "node:path";
import { counted, grouped, printable } from "../output.ts";
import { MappingError } from "./mapping.ts";
import type { Rejects } from "./rejects.ts";
import type { ReplayOptions } from "./options.ts";
import { SendError } from "./sender.ts";

/** Printed by `--json`. */
export interface Report {
  readonly file: string;
  /** False when it stopped before the end of the file. */
  readonly finished: boolean;
  readonly records: number;
  readonly events: number;
  readonly seconds: number;
  /** Events that the server took and refused, earlier runs that this one went on from included. */
  readonly accepted: number;
  readonly rejected: number;
  /** How many of these were answered for by earlier runs. */
  readonly before: number;
  readonly aside: {
    readonly total: number;
    readonly file: string | null;
    readonly reasons: readonly { readonly reason: string; readonly count: number }[];
  };
  /** Where the position is kept; null after the end and where none is kept. */
  readonly state: string | null;
}

interface Course {
  readonly records: number;
  readonly events: number;
  readonly seconds: number;
  readonly before: number;
  readonly finished: boolean;
  /** Whether there is a position to go on from. */
  readonly kept: boolean;
}

export function reportOf(
  options: Pick<ReplayOptions, "file" | "state">,
  { records, events, seconds, before, finished, kept }: Course,
  totals: { readonly accepted: number; readonly rejected: number },
  rejects: Rejects,
): Report {
  const reasons = rejects.counts().map(([reason, count]) => ({ reason, count }));
  return {
    file: options.file,
    finished,
    records,
    events,
    seconds,
    ...totals,
    before,
    aside: { total: rejects.total, file: rejects.file, reasons },
    state: kept ? options.state : null,
  };
}

export function reportText(report: Report): string {
  const { records, events, seconds, accepted, rejected, before, aside, state } = report;
  const rate = seconds > 0 ? events / seconds : 0;
  const earlier = before === 0 ? "" : ` (${grouped(before)} of these before)`;
  const rows = [
    `${basename(report.file)}: ${grouped(records)} records read in ${seconds.toFixed(1)} s`,
    `${grouped(events)} events made (${grouped(rate)}/s), ${grouped(accepted)} accepted, ` +
      `${grouped(rejected)} rejected${earlier}`,
  ];
  if (aside.total > 0) {
    const place = aside.file === null ? "" : `, kept in ${aside.file}`;
    rows.push(`${grouped(aside.total)} set aside${place}:`);
    const width = Math.max(...aside.reasons.map(({ count }) => grouped(count).length));
    for (const { reason, count } of aside.reasons)
      rows.push(`  ${grouped(count).padStart(width)}  ${printable(reason)}`);
  }
  if (state !== null) {
    rows.push(`The same command goes on after the ${counted(accepted + rejected, "event")} that the server has had.`);
  }
  return `${rows.join("\n")}\n`;
}

export function explain(failure: unknown): string {
  if (failure instanceof SendError || failure instanceof MappingError) return failure.message;
  const code = failure instanceof Error ? (failure as NodeJS.ErrnoException).code : undefined;
  if (code === "Z_BUF_ERROR" || code === "Z_DATA_ERROR") return "the gzip file is damaged or was cut off";
  return failure instanceof Error ? failure.message : String(failure);
}
