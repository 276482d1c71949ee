/** Lengths of time and instants as scripts write them. */
import { parseIso } from "../../ingest/timestamps.ts";
import { fail, type Scanner, tell, tryPattern } from "./scanner.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The model language's lengths: a month is 30 days, a year 365. */
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND,
  second: SECOND,
  m: MINUTE,
  minute: MINUTE,
  h: HOUR,
  hour: HOUR,
  d: DAY,
  day: DAY,
  w: 7 * DAY,
  week: 7 * DAY,
  mo: 30 * DAY,
  month: 30 * DAY,
  y: 365 * DAY,
  year: 365 * DAY,
};

const SHORT = /(?:\d+(?:ms|mo|[smhdwy])(?![a-z]))+|0(?![\d.-])/y;
const LONG = /\d+ (?:second|minute|hour|day|week|month|year)s?(?![a-z])/y;
const DATE = /\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?/y;

/** `10m`, `1d12h`, `0` or `10 minutes`, in ms; null where none comes next. */
export function tryDuration(s: Scanner): number | null {
  const written = tryPattern(s, LONG) ?? tryPattern(s, SHORT);
  if (written === null) return null;
  let total = 0;
  for (const [, amount = "0", unit = "ms"] of written.matchAll(/(\d+) ?([a-z]+)?/g)) {
    total += Number(amount) * (UNITS[unit] ?? UNITS[unit.replace(/s$/, "")] ?? 0);
  }
  return total;
}

export function needDuration(s: Scanner): number {
  return tryDuration(s) ?? fail(s, "a length of time such as 10m or 2 days");
}

/** A date with a zone, a bare date (its midnight in UTC), or how long after the script's start; ms since 1970. */
export function needInstant(s: Scanner, start: number): number {
  const date = tryPattern(s, DATE);
  if (date === null) return start + (tryDuration(s) ?? fail(s, "a time such as 10m or 2026-01-31T10:00:00Z"));
  const instant = parseIso(date);
  if (instant === null) throw tell(s.place, `${date} is no date`);
  return instant;
}

export function showInstant(instant: number, start: number): string {
  const text = new Date(instant).toISOString();
  return instant === start ? `${text} (the start)` : text;
}
