import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { calendarDate, DAY_MS, daysInMonth, daysOf, isLeapYear } from "../../dsl/calendar.ts";
import { dayRange, instantOf, parseInstant } from "../../dsl/dates.ts";
import { UTC, type Zone, zoneOf } from "../../dsl/timezone.ts";

function zone(name: string): Zone {
  const found = zoneOf(name);
  if (found === null) {
    throw new Error(`no timezone ${name}`);
  }
  return found;
}
const ROME = zone("Europe/Rome");

function utc(text: string): number {
  return Date.parse(text);
}

describe("a date", () => {
  test.each([
    ["2026-01-31", "2026-01-31T00:00:00.000Z"],
    ["2026-01-31T10:00", "2026-01-31T10:00:00.000Z"],
    ["2026-01-31T10:00:59", "2026-01-31T10:00:59.000Z"],
    ["2026-01-31T10:00:59.1", "2026-01-31T10:00:59.100Z"],
    ["2026-01-31T10:00:59.1239999", "2026-01-31T10:00:59.123Z"],
    ["2026-01-31T10:00Z", "2026-01-31T10:00:00.000Z"],
    ["2026-01-31T10:00+02:00", "2026-01-31T08:00:00.000Z"],
    ["2026-01-31T23:30:00.5-05:30", "2026-02-01T05:00:00.500Z"],
    ["2024-02-29T00:00:00-00:00", "2024-02-29T00:00:00.000Z"],
    ["0000-02-29", "0000-02-29T00:00:00.000Z"],
    ["0099-12-31T23:59:59.999Z", "0099-12-31T23:59:59.999Z"],
    ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
    ["2000-02-29", "2000-02-29T00:00:00.000Z"],
    ["1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"],
  ])("%s is read", (text, instant) => {
    expect(instantOf(text, UTC)).toBe(utc(instant));
  });

  test.each([
    ...`2026|2026-01|2026-1-31|2026-01-3|2026-01-311|02026-01-31|+002026-01-31|-2026-01-31|20260131|2026/01/31`.split(
      "|",
    ),
    ...`2026-00-10|2026-13-10|2026-01-00|2026-01-32|2026-04-31|2026-02-29|1900-02-29|2026-02-30|yesterday`.split("|"),
    ...`2026-01-31T|2026-01-31T10|2026-01-31T1:00|2026-01-31T10:0|2026-01-31T24:00|2026-01-31T10:60`.split("|"),
    ...`2026-01-31T10:00:60|2026-01-31T10:00:5|2026-01-31T10:00:00.|2026-01-31T10:00.5`.split("|"),
    ...`2026-01-31Z|2026-01-31+02:00|2026-01-31T10:00z|2026-01-31T10:00+0200|2026-01-31T10:00+02`.split("|"),
    ...`2026-01-31T10:00+24:00|2026-01-31T10:00+02:60|2026-01-31 10:00|2026-01-31t10:00Z| 2026-01-31`.split("|"),
    "",
    "2026-01-31 ",
    "2026-01-31\n",
    "2026-01-31T10:00:00,5",
    "２０２６-01-31",
    "2026-01-31T10:00Z[UTC]",
  ])("%j is none", (text) => {
    expect(parseInstant(text)).toBeNull();
    expect(instantOf(text, ROME)).toBeNull();
    expect(dayRange(text, ROME)).toBeNull();
  });

  test("without a zone is read in the model's timezone, with one in its own", () => {
    expect(instantOf("2026-07-01T10:00:00", ROME)).toBe(utc("2026-07-01T08:00:00Z"));
    expect(instantOf("2026-01-01T10:00:00", ROME)).toBe(utc("2026-01-01T09:00:00Z"));
    expect(instantOf("2026-07-01T10:00:00Z", ROME)).toBe(utc("2026-07-01T10:00:00Z"));
    expect(instantOf("2026-07-01T10:00:00-03:00", ROME)).toBe(utc("2026-07-01T13:00:00Z"));
    expect(instantOf("2026-07-01", ROME)).toBe(utc("2026-06-30T22:00:00Z"));
  });

  test("says what was written", () => {
    expect(parseInstant("1970-01-02")).toEqual({ local: DAY_MS, offset: null, wholeDay: true });
    expect(parseInstant("1970-01-02T00:00")).toEqual({ local: DAY_MS, offset: null, wholeDay: false });
    expect(parseInstant("1970-01-02T00:00-01:30")).toEqual({ local: DAY_MS, offset: -5_400_000, wholeDay: false });
  });

  test("written by the platform is read back to the millisecond", () => {
    fc.assert(
      fc.property(fc.integer({ min: utc("0000-01-01T00:00:00Z"), max: utc("9999-12-31T23:59:59.999Z") }), (t) => {
        expect(instantOf(new Date(t).toISOString(), ROME)).toBe(t);
        const day = calendarDate(Math.floor(t / DAY_MS));
        expect(daysOf(day.year, day.month, day.day)).toBe(Math.floor(t / DAY_MS));
        const date = new Date(t);
        expect(day).toEqual({ year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() });
      }),
      { numRuns: 1000 },
    );
  });
});

describe("the calendar", () => {
  test("has a leap day every four years, but not every hundred, but every four hundred", () => {
    expect([1600, 1900, 2000, 2023, 2024, 2100, 0].filter(isLeapYear)).toEqual([1600, 2000, 2024, 0]);
    expect([1, 2, 3, 4, 12].map((month) => daysInMonth(2024, month))).toEqual([31, 29, 31, 30, 31]);
    expect(daysInMonth(2023, 2)).toBe(28);
  });

  test("counts days without a gap over all years that can be written", () => {
    let expected = daysOf(0, 1, 1);
    for (let year = 0; year <= 9999; year++) {
      for (let month = 1; month <= 12; month++) {
        if (daysOf(year, month, 1) !== expected) {
          throw new Error(`${year}-${month} begins at ${daysOf(year, month, 1)}, not ${expected}`);
        }
        expected += daysInMonth(year, month);
      }
    }
    expect(expected).toBe(daysOf(10_000, 1, 1));
  });
});

describe("the whole day of a bare date", () => {
  test.each([
    ["2026-01-31", "Europe/Rome", "2026-01-30T23:00:00Z", 24],
    ["2026-03-29", "Europe/Rome", "2026-03-28T23:00:00Z", 23],
    ["2026-10-25", "Europe/Rome", "2026-10-24T22:00:00Z", 25],
    ["2026-03-08", "America/New_York", "2026-03-08T05:00:00Z", 23],
    ["2026-11-01", "America/New_York", "2026-11-01T04:00:00Z", 25],
    ["2026-01-31", "Asia/Kathmandu", "2026-01-30T18:15:00Z", 24],
    ["2011-12-29", "Pacific/Apia", "2011-12-29T10:00:00Z", 24],
    ["2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z", 0],
    ["2011-12-31", "Pacific/Apia", "2011-12-30T10:00:00Z", 24],
    ["2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z", 23],
    ["2019-02-16", "America/Sao_Paulo", "2019-02-16T02:00:00Z", 25],
    ["2026-04-05", "Australia/Lord_Howe", "2026-04-04T13:00:00Z", 24.5],
    ["2026-01-31", "UTC", "2026-01-31T00:00:00Z", 24],
  ])("%s in %s", (text, name, start, hours) => {
    const range = dayRange(text, zone(name));
    expect(range).toEqual({ start: utc(start), end: utc(start) + hours * 3_600_000 });
  });

  test("is none for a date with a time", () => {
    expect(dayRange("2026-01-31T00:00", ROME)).toBeNull();
    expect(dayRange("2026-01-31T00:00Z", ROME)).toBeNull();
  });

  test("joins the one of the next day, in the first and the last year too", () => {
    for (const name of ["Europe/Rome", "Pacific/Apia", "America/St_Johns", "UTC"]) {
      expect(dayRange("2011-12-29", zone(name))?.end).toBe(dayRange("2011-12-30", zone(name))?.start);
      expect(dayRange("0000-12-31", zone(name))?.end).toBe(dayRange("0001-01-01", zone(name))?.start);
      expect(dayRange("9999-12-30", zone(name))?.end).toBe(dayRange("9999-12-31", zone(name))?.start);
      expect(dayRange("9999-12-31", zone(name))?.end).toBe(zone(name).midnightOf(daysOf(10_000, 1, 1)));
    }
  });
});
