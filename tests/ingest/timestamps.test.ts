import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseIso } from "../../ingest/timestamps.ts";

const WRITTEN = /^\d{4}-[01]\d-[0-3]\d(T[0-2]\d:[0-5]\d(:[0-5]\d(\.\d{1,3})?)?(Z|[+-][0-2]\d:[0-5]\d))?$/;

describe("an ISO 8601 text", () => {
  test.each([
    ["2026-01-31T10:20:30.456Z", Date.UTC(2026, 0, 31, 10, 20, 30, 456)],
    ["2026-01-31T10:20:30Z", Date.UTC(2026, 0, 31, 10, 20, 30)],
    ["2026-01-31T10:20Z", Date.UTC(2026, 0, 31, 10, 20)],
    ["2026-01-31", Date.UTC(2026, 0, 31)],
    ["2026-01-31T10:20:30", Date.UTC(2026, 0, 31, 10, 20, 30)],
    ["2026-01-31T10:20:30.1", Date.UTC(2026, 0, 31, 10, 20, 30, 100)],
    ["2026-01-31T10:20:30.123456789Z", Date.UTC(2026, 0, 31, 10, 20, 30, 123)],
    ["2026-01-31T10:20:30.123456+00:00", Date.UTC(2026, 0, 31, 10, 20, 30, 123)],
    ["2026-01-31T10:20:30+01:30", Date.UTC(2026, 0, 31, 8, 50, 30)],
    ["2026-01-31T10:20:30-0800", Date.UTC(2026, 0, 31, 18, 20, 30)],
    ["2026-01-31T10:20:30+05", Date.UTC(2026, 0, 31, 5, 20, 30)],
    ["2024-02-29", Date.UTC(2024, 1, 29)],
    ["2000-02-29", Date.UTC(2000, 1, 29)],
    ["1969-12-31T23:59:59.999Z", -1],
    ["0000-01-01", -62_167_219_200_000],
    ["9999-12-31T23:59:59.999Z", Date.UTC(9999, 11, 31, 23, 59, 59, 999)],
  ])("%s is read", (text, instant) => {
    expect(parseIso(text)).toBe(instant);
  });

  test.each([
    "",
    "now",
    "2026",
    "2026-01",
    "20260131",
    "2026-1-31",
    "2026-02-30",
    "2023-02-29",
    "1900-02-29",
    "2026-13-01",
    "2026-00-10",
    "2026-01-00",
    "2026-01-31T",
    "2026-01-31T10",
    "2026-01-31T24:00",
    "2026-01-31T10:60",
    "2026-01-31T10:20:60Z",
    "2026-01-31T10:20:30.Z",
    "2026-01-31T10:20:30,5Z",
    "2026-01-31 10:20:30",
    "2026-01-31T10:20:30z",
    "2026-01-31T10:20:30ZZ",
    "2026-01-31T10:20:30+",
    "2026-01-31T10:20:30+1",
    "2026-01-31T10:20:30+24:00",
    "2026-01-31T10:20:30+01:60",
    "2026-01-31T10:20:30+01:3",
    "+300000-01-01T00:00:00Z",
    "-000001-01-01T00:00:00Z",
    "1700000000000",
    " 2026-01-31",
    "2026-01-31 ",
    "٢٠٢٦-01-31",
  ])("%j is refused", (text) => {
    expect(parseIso(text)).toBeNull();
  });

  test("means the instant that it was written from", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("0000-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true }),
        (date) => {
          expect(parseIso(date.toISOString())).toBe(date.getTime());
        },
      ),
    );
  });

  test("is never misread: what is read agrees with Date.parse", () => {
    fc.assert(
      fc.property(fc.stringMatching(WRITTEN), (text) => {
        const read = parseIso(text);
        expect(read === null || read === Date.parse(text)).toBe(true);
      }),
    );
  });
});
