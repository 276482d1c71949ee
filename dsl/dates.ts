/**
 * Dates as they are written: the subset of ISO 8601 that the language reads, in a model and in the data.
 */

import { DAY_MS, daysInMonth, daysOf } from "./calendar.ts";
import type { Zone } from "./timezone.ts";

/** A date as its text says it, not yet an instant where it names no zone. */
export interface WrittenDate {
  /** Milliseconds since 1970 of the written wall-clock time, read as if it were UTC. */
  readonly local: number;
  /** Milliseconds to subtract from `local`; null where the text names no zone. */
  readonly offset: number | null;
  /** A bare `YYYY-MM-DD`. */
  readonly wholeDay: boolean;
}

const WRITTEN = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?$/;

/**
 * Reads `YYYY-MM-DD`, with `THH:MM`, `:SS`, fractions (cut to milliseconds) and a zone (`Z`, `±HH:MM`) as wanted.
 * Null for anything else, also for days and times that no clock shows (30 February, 24:00, a 60th second).
 */
export function parseInstant(text: string): WrittenDate | null {
  const length = text.length;
  // Quick refusals first: most strings that are looked at are no dates.
  if (length < 10 || text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) {
    return null;
  }
  const match = WRITTEN.exec(text);
  if (match === null) {
    return null;
  }
  const year = Number(match[1]);
  const month = Number(match[2]);
  const day = Number(match[3]);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) {
    return null;
  }
  const midnight = daysOf(year, month, day) * DAY_MS;
  if (match[4] === undefined) {
    return { local: midnight, offset: null, wholeDay: true };
  }
  const hour = Number(match[4]);
  const minute = Number(match[5]);
  const second = Number(match[6] ?? 0);
  if (hour > 23 || minute > 59 || second > 59) {
    return null;
  }
  const fraction = Number((match[7] ?? "").slice(0, 3).padEnd(3, "0"));
  const local = midnight + hour * 3_600_000 + minute * 60_000 + second * 1000 + fraction;
  const zone = match[8];
  if (zone === undefined) {
    return { local, offset: null, wholeDay: false };
  }
  if (zone === "Z") {
    return { local, offset: 0, wholeDay: false };
  }
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4));
  if (hours > 23 || minutes > 59) {
    return null;
  }
  const offset = (hours * 60 + minutes) * 60_000;
  return { local, offset: zone.startsWith("-") && offset > 0 ? -offset : offset, wholeDay: false };
}

/**
 * The instant that a text names, in milliseconds since 1970, or null where it is no date. Without a zone of its own
 * it is read in `timezone`, a bare date as the beginning of that day.
 */
export function instantOf(text: string, timezone: Zone): number | null {
  const written = parseInstant(text);
  if (written === null) {
    return null;
  }
  if (written.offset !== null) {
    return written.local - written.offset;
  }
  return written.wholeDay ? timezone.midnightOf(written.local / DAY_MS) : timezone.instantOf(written.local);
}

/** The whole of a bare date's day in a timezone, `[start, end)`; null for any other text. */
export function dayRange(text: string, zone: Zone): { readonly start: number; readonly end: number } | null {
  const written = parseInstant(text);
  if (written === null || !written.wholeDay) {
    return null;
  }
  const day = written.local / DAY_MS;
  return { start: zone.midnightOf(day), end: zone.midnightOf(day + 1) };
}
