/**
 * Timezones: what the clocks of a place show at an instant, and when its days, weeks, months and years begin.
 *
 * Where a clock is put forward, a wall-clock time in the gap is read with the offset before it (02:30 in a gap from
 * 02:00 to 03:00 is 03:30). Where it is put back, a time that occurs twice is the first of the two. A day begins at
 * the first instant at which the local date is that day or later: at 01:00 where midnight is skipped, and not again
 * where clocks are put back across midnight. A day that a place left out (30 December 2011 in Samoa) is empty.
 */

import { calendarDate, DAY_MS, daysOf } from "./calendar.ts";

/** A stretch of local time that windows may name; weeks begin on Monday. */
export type CalendarUnit = "day" | "week" | "month" | "year";

/** All instants and offsets are milliseconds; days are counted from 1970-01-01 of the local calendar. */
export interface Zone {
  /** The name in the IANA database, as the database spells it. */
  readonly name: string;
  /** Local time minus UTC at an instant. */
  readonly offsetAt: (t: number) => number;
  /** The instant of a wall-clock time, which is given as the milliseconds it would be in UTC. */
  readonly instantOf: (local: number) => number;
  /** The beginning of a local day. */
  readonly midnightOf: (day: number) => number;
  /** The local day that an instant of the model's time belongs to. */
  readonly dayOf: (t: number) => number;
  /** The local day of a number out of the data, which may be any; null outside the years 0 to 9999. */
  readonly dateOf: (t: number) => number | null;
  /** The latest beginning of a local day that is not after `t`. */
  readonly midnightAtOrBefore: (t: number) => number;
  /** The beginning of the unit that `t` lies in. */
  readonly startOf: (unit: CalendarUnit, t: number) => number;
  /** The beginning of the next one: the first instant after `t` at which `startOf` changes. */
  readonly nextStartOf: (unit: CalendarUnit, t: number) => number;
}

/** What a zone must tell; the rest follows from it. */
interface Clockwork {
  readonly offsetAt: (t: number) => number;
  /** The instant in `(from, to]` at which the offset changes; called only where it differs at the two ends. */
  readonly changeBetween: (from: number, to: number) => number;
}

const zones = new Map<string, Zone>();

/** The timezone with this IANA name, or null where there is none. The answer is cached and may be kept. */
export function zoneOf(name: string): Zone | null {
  // Bare offsets such as "+02:00", which some engines take, are no names of places.
  if (!/^[A-Za-z]/.test(name)) {
    return null;
  }
  const cached = zones.get(name);
  if (cached !== undefined) {
    return cached;
  }
  const format = formatOf(name);
  if (format === null) {
    return null;
  }
  const resolved = format.resolvedOptions().timeZone;
  const zone = zones.get(resolved) ?? (resolved === "UTC" ? UTC : zoneFrom(resolved, clockworkOf(format)));
  zones.set(resolved, zone);
  return zone;
}

/** Coordinated Universal Time: what a model without a timezone is read in. */
export const UTC: Zone = zoneFrom("UTC", { offsetAt: () => 0, changeBetween: (_, to) => to });

function formatOf(name: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    return null;
  }
}

/** Offsets are looked up in blocks of a week: no place has changed its clocks forth and back within one. */
const BLOCK_MS = 7 * DAY_MS;
/** The local days that can be written: `FIRST_DAY <= day <= LAST_DAY`. */
const FIRST_DAY = daysOf(0, 1, 1);
const LAST_DAY = daysOf(9999, 12, 31);
/** Before it no place had anything but its own mean solar time. */
const EARLIEST = daysOf(1800, 1, 1) * DAY_MS;
/** The last year whose dates can be written ends here; some room for offsets. */
const LATEST = daysOf(10_000, 1, 1) * DAY_MS + 7 * DAY_MS;

interface Block {
  readonly start: number;
  readonly before: number;
  /** The first instant of the block with the offset `after`; beyond the block where nothing changes in it. */
  readonly change: number;
  readonly after: number;
}

/** Asks the platform's timezone database, which is slow, once for each block. */
function clockworkOf(format: Intl.DateTimeFormat): Clockwork {
  const blocks = new Map<number, Block>();
  let recent: Block | null = null;

  function ask(t: number): number {
    let year = 0;
    let month = 0;
    let day = 0;
    let seconds = 0;
    for (const { type, value } of format.formatToParts(t)) {
      if (type === "year") year = Number(value);
      else if (type === "month") month = Number(value);
      else if (type === "day") day = Number(value);
      else if (type === "hour") seconds += Number(value) * 3600;
      else if (type === "minute") seconds += Number(value) * 60;
      else if (type === "second") seconds += Number(value);
    }
    return daysOf(year, month, day) * DAY_MS + seconds * 1000 - Math.floor(t / 1000) * 1000;
  }

  /** The first whole second in `(from, to]` with the offset of `to`; nothing changes its clocks in between. */
  function search(from: number, to: number): number {
    const offset = ask(to);
    let low = Math.floor(from / 1000);
    let high = Math.ceil(to / 1000);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (ask(middle * 1000) === offset) {
        high = middle;
      } else {
        low = middle;
      }
    }
    return high * 1000;
  }

  function blockAt(t: number): Block {
    if (recent !== null && t >= recent.start && t < recent.start + BLOCK_MS) {
      return recent;
    }
    const index = Math.floor(Math.min(Math.max(t, EARLIEST), LATEST) / BLOCK_MS);
    let block = blocks.get(index);
    if (block === undefined) {
      const start = index * BLOCK_MS;
      const before = ask(start);
      const after = ask(start + BLOCK_MS);
      const change = before === after ? start + 2 * BLOCK_MS : search(start, start + BLOCK_MS);
      block = { start, before, change, after };
      blocks.set(index, block);
    }
    recent = block;
    return block;
  }

  return {
    offsetAt(t) {
      const block = blockAt(t);
      return t < block.change ? block.before : block.after;
    },
    changeBetween(from, to) {
      for (let t = from; ; t += BLOCK_MS) {
        const { change, before, after } = blockAt(t);
        if (before !== after && change > from && change <= to) {
          return change;
        }
        if (t >= to) {
          return to;
        }
      }
    },
  };
}

/** The first days (local calendar) of the unit that a day lies in and of the one after it. */
function unitAround(unit: CalendarUnit, day: number): { readonly first: number; readonly next: number } {
  if (unit === "day") {
    return { first: day, next: day + 1 };
  }
  if (unit === "week") {
    // 1970-01-01 was a Thursday.
    const first = day - ((((day + 3) % 7) + 7) % 7);
    return { first, next: first + 7 };
  }
  const { year, month } = calendarDate(day);
  if (unit === "month") {
    const next = month === 12 ? daysOf(year + 1, 1, 1) : daysOf(year, month + 1, 1);
    return { first: daysOf(year, month, 1), next };
  }
  return { first: daysOf(year, 1, 1), next: daysOf(year + 1, 1, 1) };
}

interface Span {
  start: number;
  end: number;
}

function zoneFrom(name: string, clockwork: Clockwork): Zone {
  const { offsetAt, changeBetween } = clockwork;
  // The span that was asked for last: neighbouring events nearly always lie in the same one.
  const recent: Readonly<Record<CalendarUnit, Span>> = {
    day: { start: 0, end: 0 },
    week: { start: 0, end: 0 },
    month: { start: 0, end: 0 },
    year: { start: 0, end: 0 },
  };

  /** The first instant with this wall-clock time, or, with `change`, the jump of the clock that left it out. */
  function locate(local: number): { readonly instant: number; readonly change: number | null } {
    const before = offsetAt(local - DAY_MS);
    const after = offsetAt(local + DAY_MS);
    if (before === after) {
      return { instant: local - before, change: null };
    }
    const early = local - Math.max(before, after);
    const late = local - Math.min(before, after);
    if (offsetAt(early) === local - early) {
      return { instant: early, change: null };
    }
    if (offsetAt(late) === local - late) {
      return { instant: late, change: null };
    }
    return { instant: local - before, change: changeBetween(local - DAY_MS, local + DAY_MS) };
  }

  function midnightOf(day: number): number {
    const { instant, change } = locate(day * DAY_MS);
    return change ?? instant;
  }

  function dayOf(t: number): number {
    let day = Math.floor((t + offsetAt(t)) / DAY_MS);
    while (midnightOf(day + 1) <= t) {
      day++;
    }
    return day;
  }

  function dateOf(t: number): number | null {
    // A day more on both sides, for offsets. Far beyond, instants are too coarse for days to be counted.
    if (!(t >= (FIRST_DAY - 1) * DAY_MS && t < (LAST_DAY + 2) * DAY_MS)) {
      return null;
    }
    const day = dayOf(t);
    return day >= FIRST_DAY && day <= LAST_DAY ? day : null;
  }

  function spanAround(unit: CalendarUnit, t: number): Span {
    const span = recent[unit];
    if (t >= span.start && t < span.end) {
      return span;
    }
    const { first, next } = unitAround(unit, dayOf(t));
    span.start = midnightOf(first);
    span.end = midnightOf(next);
    return span;
  }

  return {
    name,
    offsetAt,
    instantOf: (local) => locate(local).instant,
    midnightOf,
    dayOf,
    dateOf,
    midnightAtOrBefore: (t) => spanAround("day", t).start,
    startOf: (unit, t) => spanAround(unit, t).start,
    nextStartOf: (unit, t) => spanAround(unit, t).end,
  };
}
