/** Windows that move: which timestamps they select at an instant, and when time alone changes that. */
import type { Window } from "../ast.ts";
import type { CalendarUnit, Zone } from "../timezone.ts";

export interface Span {
  /** The longest reach back, ms: what a feature has to keep. */
  readonly ageMax: number;
  /** At t it selects the timestamps with `low(t) < timestamp <= high(t)`. */
  low(t: number): number;
  high(t: number): number;
  /** Whether `high(t)` lies before t, so that events enter it by time alone. */
  readonly delayed: boolean;
  /**
   * The next instant after t at which the selection changes without an event: `first` is the earliest timestamp kept
   * that is later than `low(t)`, `next` the earliest later than `high(t)`; undefined where there is none.
   */
  change(t: number, first: number | undefined, next: number | undefined): number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Days that clocks make longer: by an hour where they are put back, rarely more. */
const CALENDAR_AGE_MS: Readonly<Record<CalendarUnit, number>> = {
  day: 2 * DAY_MS,
  week: 8 * DAY_MS,
  month: 32 * DAY_MS,
  year: 367 * DAY_MS,
};

const CALENDAR_UNITS = { today: "day", week: "week", month: "month", year: "year" } as const;

/** Null for windows that don't move: none at all, or `since`. */
export function spanOf(window: Window | null, zone: Zone): Span | null {
  if (window === null) return null;
  switch (window.kind) {
    case "since":
      return null;
    case "last":
      return lastSpan(window.duration.ms);
    case "ago":
      return agoSpan(window.from.ms, window.to.ms);
    default:
      return calendarSpan(CALENDAR_UNITS[window.kind], zone);
  }
}

function lastSpan(length: number): Span {
  return {
    ageMax: length,
    low: (t) => t - length,
    high: () => Infinity,
    delayed: false,
    change: (_t, first) => (first === undefined ? Infinity : first + length),
  };
}

function agoSpan(from: number, to: number): Span {
  return {
    ageMax: from,
    low: (t) => t - from,
    high: (t) => t - to,
    delayed: true,
    change: (_t, first, next) =>
      Math.min(first === undefined ? Infinity : first + from, next === undefined ? Infinity : next + to),
  };
}

/** From the local midnight that the day, week, month or year began at. */
function calendarSpan(unit: CalendarUnit, zone: Zone): Span {
  return {
    ageMax: CALENDAR_AGE_MS[unit],
    low: (t) => zone.startOf(unit, t) - 1,
    high: () => Infinity,
    delayed: false,
    change: (t, first) => (first === undefined ? Infinity : zone.nextStartOf(unit, t)),
  };
}
