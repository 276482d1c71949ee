/** Days, midnights and local times of one timezone, asked of Intl instant by instant. */

const DAY_MS = 86_400_000;

export interface LocalDay {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

export interface Calendar {
  /** The day that is on the wall at instant t. */
  dayAt(t: number): LocalDay;
  /**
   * The instant of a local time, given as if it were UTC. Of a time that comes twice the earlier one; a time that
   * is skipped is moved on by what was skipped.
   */
  instantOf(localAsUtc: number): number;
  /** The first instant of a day; a day past the month's end rolls over. */
  startOf(day: LocalDay): number;
}

export function createCalendar(timezone: string): Calendar {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    hourCycle: "h23",
    era: "short",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const offsets = new Map<number, number>();

  /** Local time less UTC, in milliseconds. */
  function offsetAt(t: number): number {
    const second = Math.floor(t / 1000) * 1000;
    const known = offsets.get(second);
    if (known !== undefined) return known;
    const parts = new Map(format.formatToParts(second).map((part) => [part.type as string, part.value]));
    const field = (name: string): number => Number(parts.get(name));
    const year = parts.get("era") === "BC" ? 1 - field("year") : field("year");
    const local = utc(year, field("month"), field("day"), field("hour"), field("minute"), field("second"));
    offsets.set(second, local - second);
    return local - second;
  }

  function instantOf(localAsUtc: number): number {
    const before = offsetAt(localAsUtc - DAY_MS);
    const after = offsetAt(localAsUtc + DAY_MS);
    const instants = [before, after]
      .map((offset) => ({ offset, instant: localAsUtc - offset }))
      .filter(({ offset, instant }) => offsetAt(instant) === offset)
      .map(({ instant }) => instant);
    return instants.length > 0 ? Math.min(...instants) : localAsUtc - before;
  }

  return {
    dayAt(t) {
      const local = new Date(Math.floor(t) + offsetAt(t));
      return { year: local.getUTCFullYear(), month: local.getUTCMonth() + 1, day: local.getUTCDate() };
    },
    instantOf,
    startOf: (day) => instantOf(utc(day.year, day.month, day.day)),
  };
}

/** Milliseconds since 1970 of a date and time in UTC; unlike Date.UTC it takes the years 0 to 99 as they are. */
export function utc(year: number, month: number, day: number, hour = 0, minute = 0, second = 0, ms = 0): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.setUTCHours(hour, minute, second, ms);
}

/** Every midnight m with `from < m <= to`, ascending. */
export function midnightsBetween(calendar: Calendar, from: number, to: number): number[] {
  const first = calendar.dayAt(from);
  const midnights = new Set<number>();
  for (let i = 0; ; i += 1) {
    const midnight = calendar.startOf({ ...first, day: first.day + i });
    if (midnight > to) return [...midnights];
    if (midnight > from) midnights.add(midnight);
  }
}

/** The midnights from the day at t to the next day of the month and day at `moment`; 0 on the day itself. */
export function daysToAnniversary(calendar: Calendar, moment: number, t: number): number | null {
  // What no date says has no anniversary; beyond 8.64e15 there is not even an instant (ECMAScript, time values).
  if (Math.abs(moment) > 8.64e15) return null;
  const today = calendar.dayAt(t);
  const born = calendar.dayAt(moment);
  if (born.year < 0 || born.year > 9999) return null;
  const from = utc(today.year, today.month, today.day);
  const inYear = (year: number): number => {
    const isLeap = utc(year, 2, 29) !== utc(year, 3, 1);
    return utc(year, born.month, born.month === 2 && born.day === 29 && !isLeap ? 28 : born.day);
  };
  const next = inYear(today.year) >= from ? inYear(today.year) : inYear(today.year + 1);
  return Math.round((next - from) / DAY_MS);
}

/** When today, this week (from Monday), month or year began. */
export function periodStart(calendar: Calendar, period: "today" | "week" | "month" | "year", t: number): number {
  const today = calendar.dayAt(t);
  switch (period) {
    case "today":
      return calendar.startOf(today);
    case "week": {
      const daysSinceMonday = (new Date(utc(today.year, today.month, today.day)).getUTCDay() + 6) % 7;
      return calendar.startOf({ ...today, day: today.day - daysSinceMonday });
    }
    case "month":
      return calendar.startOf({ ...today, day: 1 });
    case "year":
      return calendar.startOf({ year: today.year, month: 1, day: 1 });
  }
}
