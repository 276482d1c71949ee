import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { calendarDate, DAY_MS, daysOf } from "../../dsl/calendar.ts";
import { type CalendarUnit, UTC, type Zone, zoneOf } from "../../dsl/timezone.ts";

function zone(name: string): Zone {
  const found = zoneOf(name);
  if (found === null) {
    throw new Error(`no timezone ${name}`);
  }
  return found;
}

function utc(text: string): number {
  return Date.parse(text);
}

function iso(t: number): string {
  return new Date(t).toISOString().replace(".000Z", "Z");
}

const HOUR = 3_600_000;

/** Places that differ in how they change their clocks. */
const PLACES = [
  "UTC",
  "Europe/Rome",
  "America/New_York",
  "Asia/Kathmandu",
  // Left out 30 December 2011.
  "Pacific/Apia",
  // Changes at midnight.
  "America/Sao_Paulo",
  "America/Havana",
  "Asia/Beirut",
  // By half an hour.
  "Australia/Lord_Howe",
  // Until 2011 one minute after midnight, back into the day before.
  "America/St_Johns",
  // Twice more for the month of Ramadan.
  "Africa/Casablanca",
  "Africa/Cairo",
  // 44 minutes and 30 seconds behind until 1972.
  "Africa/Monrovia",
  "America/Toronto",
  "Antarctica/Troll",
];

describe("a name", () => {
  test("is one of the IANA database", () => {
    expect(zoneOf("Europe/Rome")?.name).toBe("Europe/Rome");
    expect(zoneOf("America/Argentina/Buenos_Aires")).not.toBeNull();
    expect(zoneOf("UTC")).toBe(UTC);
    expect(zoneOf("Etc/UTC")).toBe(UTC);
  });

  test.each(["", "Rome", "Europe/Romee", "+02:00", "UTC+2", "Europe/Rome ", "a\u0000b", "constructor"])(
    "%j is none",
    (name) => {
      expect(zoneOf(name)).toBeNull();
    },
  );

  test("gives the same zone each time, however it is spelled", () => {
    expect(zoneOf("Europe/Rome")).toBe(zoneOf("europe/rome"));
  });
});

describe("the offset", () => {
  test("changes to the second, like the platform's", () => {
    for (const name of PLACES) {
      const format = new Intl.DateTimeFormat("en-US", {
        timeZone: name,
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
      });
      const { offsetAt } = zone(name);
      fc.assert(
        fc.property(fc.integer({ min: utc("1850-01-01T00:00:00Z"), max: utc("2100-01-01T00:00:00Z") }), (t) => {
          const parts = new Map(format.formatToParts(t).map(({ type, value }) => [type, Number(value)]));
          const get = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
          const local =
            daysOf(get("year"), get("month"), get("day")) * DAY_MS +
            get("hour") * HOUR +
            get("minute") * 60_000 +
            get("second") * 1000;
          expect(offsetAt(t)).toBe(local - Math.floor(t / 1000) * 1000);
        }),
        { numRuns: 100 },
      );
    }
  });

  test.each([
    ["Europe/Rome", "2026-03-29T01:00:00Z", 1, 2],
    ["Europe/Rome", "2026-10-25T01:00:00Z", 2, 1],
    ["America/New_York", "2026-03-08T07:00:00Z", -5, -4],
    ["America/New_York", "2026-11-01T06:00:00Z", -4, -5],
    ["Pacific/Apia", "2011-12-30T10:00:00Z", -10, 14],
    ["Australia/Lord_Howe", "2026-04-04T15:00:00Z", 11, 10.5],
    ["Asia/Kathmandu", "1985-12-31T18:30:00Z", 5.5, 5.75],
  ])("in %s changes at %s", (name, instant, before, after) => {
    const { offsetAt } = zone(name);
    expect(offsetAt(utc(instant) - 1)).toBe(before * HOUR);
    expect(offsetAt(utc(instant))).toBe(after * HOUR);
  });

  test("is that of the first or last known rule far outside of history", () => {
    const { offsetAt } = zone("Europe/Rome");
    expect(offsetAt(utc("0000-01-01T00:00:00Z"))).toBe(offsetAt(utc("1800-01-01T00:00:00Z")));
    expect(offsetAt(utc("9999-07-01T00:00:00Z"))).toBe(2 * HOUR);
    expect(offsetAt(utc("9999-12-31T00:00:00Z"))).toBe(1 * HOUR);
  });
});

describe("the date of a number out of the data", () => {
  const FIRST = utc("0000-01-01T00:00:00Z");
  const END = utc("9999-12-31T00:00:00Z") + 24 * HOUR;

  test.each(["UTC", "Europe/Rome", "Pacific/Apia", "America/New_York"])("in %s is one that can be written", (name) => {
    const { dateOf, dayOf, midnightOf } = zone(name);
    expect(dateOf(utc("2026-10-25T12:00:00Z"))).toBe(dayOf(utc("2026-10-25T12:00:00Z")));
    const first = midnightOf(FIRST / (24 * HOUR));
    const end = midnightOf(END / (24 * HOUR));
    expect([first - 1, first, end - 1, end].map((t) => dateOf(t) !== null)).toEqual([false, true, true, false]);
    for (const beyond of [8.64e15, 1e17, 1e300, Infinity]) {
      expect([dateOf(beyond), dateOf(-beyond)]).toEqual([null, null]);
    }
    expect(dateOf(NaN)).toBeNull();
  });
});

describe("a wall-clock time", () => {
  test.each([
    ["is unique on most days", "Europe/Rome", "2026-07-01T12:00:00Z", "2026-07-01T10:00:00Z"],
    ["in a gap is read with the offset before it", "Europe/Rome", "2026-03-29T02:30:00Z", "2026-03-29T01:30:00Z"],
    ["at the beginning of a gap is its end", "Europe/Rome", "2026-03-29T02:00:00Z", "2026-03-29T01:00:00Z"],
    ["at the end of a gap is that instant", "Europe/Rome", "2026-03-29T03:00:00Z", "2026-03-29T01:00:00Z"],
    ["that occurs twice is the first", "Europe/Rome", "2026-10-25T02:30:00Z", "2026-10-25T00:30:00Z"],
    ["after one that occurs twice is later", "Europe/Rome", "2026-10-25T03:00:00Z", "2026-10-25T02:00:00Z"],
    ["in a gap of New York", "America/New_York", "2026-03-08T02:30:00Z", "2026-03-08T07:30:00Z"],
    ["that occurs twice in New York", "America/New_York", "2026-11-01T01:30:00Z", "2026-11-01T05:30:00Z"],
    ["in a whole day left out", "Pacific/Apia", "2011-12-30T12:00:00Z", "2011-12-30T22:00:00Z"],
    ["in UTC is itself", "UTC", "2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z"],
  ])("%s", (_, name, local, instant) => {
    expect(iso(zone(name).instantOf(utc(local)))).toBe(instant);
  });

  test("leads to an instant that shows it, unless it is in a gap", () => {
    for (const name of PLACES) {
      const { instantOf, offsetAt } = zone(name);
      fc.assert(
        fc.property(fc.integer({ min: utc("1900-01-01T00:00:00Z"), max: utc("2100-01-01T00:00:00Z") }), (t) => {
          const local = t + offsetAt(t);
          const instant = instantOf(local);
          // `t` shows it, so it is in no gap; where clocks were put back, an earlier instant shows it too.
          expect(instant + offsetAt(instant)).toBe(local);
          expect(instant).toBeLessThanOrEqual(t);
        }),
        { numRuns: 100 },
      );
    }
  });
});

const UNITS: readonly CalendarUnit[] = ["day", "week", "month", "year"];

describe("days, weeks, months and years", () => {
  test.each([
    [
      "Europe/Rome",
      "2026-03-29T12:00:00Z",
      ["2026-03-28T23:00:00Z", "2026-03-22T23:00:00Z", "2026-02-28T23:00:00Z", "2025-12-31T23:00:00Z"],
    ],
    [
      "Europe/Rome",
      "2026-03-30T12:00:00Z",
      ["2026-03-29T22:00:00Z", "2026-03-29T22:00:00Z", "2026-02-28T23:00:00Z", "2025-12-31T23:00:00Z"],
    ],
    [
      "America/New_York",
      "2026-01-01T04:59:59Z",
      ["2025-12-31T05:00:00Z", "2025-12-29T05:00:00Z", "2025-12-01T05:00:00Z", "2025-01-01T05:00:00Z"],
    ],
    [
      "America/New_York",
      "2026-01-01T05:00:00Z",
      ["2026-01-01T05:00:00Z", "2025-12-29T05:00:00Z", "2026-01-01T05:00:00Z", "2026-01-01T05:00:00Z"],
    ],
    [
      "Asia/Kathmandu",
      "2026-02-28T18:15:00Z",
      ["2026-02-28T18:15:00Z", "2026-02-22T18:15:00Z", "2026-02-28T18:15:00Z", "2025-12-31T18:15:00Z"],
    ],
    [
      "Pacific/Apia",
      "2011-12-30T09:59:59Z",
      ["2011-12-29T10:00:00Z", "2011-12-26T10:00:00Z", "2011-12-01T10:00:00Z", "2011-01-01T10:00:00Z"],
    ],
    [
      "Pacific/Apia",
      "2011-12-30T10:00:00Z",
      ["2011-12-30T10:00:00Z", "2011-12-26T10:00:00Z", "2011-12-01T10:00:00Z", "2011-01-01T10:00:00Z"],
    ],
    [
      "UTC",
      "1969-12-31T23:59:59Z",
      ["1969-12-31T00:00:00Z", "1969-12-29T00:00:00Z", "1969-12-01T00:00:00Z", "1969-01-01T00:00:00Z"],
    ],
    [
      "UTC",
      "2024-02-29T00:00:00Z",
      ["2024-02-29T00:00:00Z", "2024-02-26T00:00:00Z", "2024-02-01T00:00:00Z", "2024-01-01T00:00:00Z"],
    ],
  ])("of %s at %s", (name, at, starts) => {
    const { startOf } = zone(name);
    expect(UNITS.map((unit) => iso(startOf(unit, utc(at))))).toEqual(starts);
  });

  test("begin at the first instant of a day whose midnight is left out", () => {
    // Clocks went from 23:59:59 on the 3rd to 01:00 on the 4th.
    const { midnightAtOrBefore, offsetAt } = zone("America/Sao_Paulo");
    const start = midnightAtOrBefore(utc("2018-11-04T12:00:00Z"));
    expect(iso(start)).toBe("2018-11-04T03:00:00Z");
    expect(iso(start + offsetAt(start))).toBe("2018-11-04T01:00:00Z");
    // And in Toronto, in 1919, from 23:30 on the 30th to 00:30 on the 31st.
    const toronto = zone("America/Toronto").midnightOf(daysOf(1919, 3, 31));
    expect(iso(toronto)).toBe("1919-03-31T04:30:00Z");
  });

  test("do not begin again where clocks are put back across midnight", () => {
    // At 00:01 on 7 November 2010 clocks were put back to 23:01 on the 6th.
    const { midnightAtOrBefore, nextStartOf } = zone("America/St_Johns");
    const start = utc("2010-11-07T02:30:00Z");
    expect(midnightAtOrBefore(start - 1)).toBe(utc("2010-11-06T02:30:00Z"));
    for (const minutes of [0, 0.5, 1, 30, 61, 90]) {
      expect(midnightAtOrBefore(start + minutes * 60_000)).toBe(start);
    }
    expect(nextStartOf("day", start)).toBe(utc("2010-11-08T03:30:00Z"));
  });

  test("follow one another without gap or overlap, and hold the instant that was asked for", () => {
    for (const name of PLACES) {
      const { startOf, nextStartOf, midnightAtOrBefore, dayOf, midnightOf } = zone(name);
      fc.assert(
        fc.property(
          fc.integer({ min: utc("1900-01-01T00:00:00Z"), max: utc("2100-01-01T00:00:00Z") }),
          fc.constantFrom(...UNITS),
          (t, unit) => {
            const start = startOf(unit, t);
            const end = nextStartOf(unit, t);
            expect(start).toBeLessThanOrEqual(t);
            expect(end).toBeGreaterThan(t);
            expect([startOf(unit, start), startOf(unit, end - 1), startOf(unit, end)]).toEqual([start, start, end]);
            expect(nextStartOf(unit, start)).toBe(end);
            expect(midnightAtOrBefore(t)).toBe(startOf("day", t));
            expect(midnightOf(dayOf(t))).toBe(startOf("day", t));
            expect(midnightAtOrBefore(start)).toBe(start);
          },
        ),
        { numRuns: 150 },
      );
    }
  });

  test("of all days around a change of clocks are in order", () => {
    for (const name of PLACES) {
      const { midnightOf, dayOf } = zone(name);
      for (let day = daysOf(2010, 1, 1); day < daysOf(2013, 1, 1); day++) {
        const hours = (midnightOf(day + 1) - midnightOf(day)) / HOUR;
        const isLeftOut = name === "Pacific/Apia" && calendarDate(day).day === 30 && hours === 0;
        expect(isLeftOut || (hours >= 22 && hours <= 26)).toBe(true);
        expect(isLeftOut || dayOf(midnightOf(day)) === day).toBe(true);
      }
    }
  });
});
