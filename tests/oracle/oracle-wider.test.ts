/** The oracle is right: what one contact's own events say beyond what the language understands at present. */
import { describe, expect, test } from "vitest";
import { createCalendar, daysToAnniversary, midnightsBetween, periodStart, utc } from "./calendar.ts";
import { DAY, HOUR, identify, isIn, oracleOf, profileOf, START, track, worth } from "./contact-log.ts";
import { fromMillionths, nearestQuotient, toMillionths } from "./numbers.ts";

const values = (...all: (string | number | boolean | null)[]): ReturnType<typeof track>[] =>
  all.map((n) => track(START, "A", { n }));

describe("aggregates of numbers", () => {
  test("sum, avg, min and max take the numeric values and ignore others", () => {
    const events = values(3, "4", true, null, 1, 2);
    expect(worth('sum("A".n)', events)).toBe(6);
    expect(worth('avg("A".n)', events)).toBe(2);
    expect(worth('min("A".n)', events)).toBe(1);
    expect(worth('max("A".n)', events)).toBe(3);
  });

  test("with nothing selected sum and distinct are 0, the others missing", () => {
    const events = values("x");
    expect(["sum", "avg", "min", "max"].map((name) => worth(`${name}("A".n)`, events))).toEqual([0, null, null, null]);
    expect(worth('distinct("B".n)', events)).toBe(0);
    expect(worth('most("B".n)', events)).toBeNull();
  });

  test("each value is rounded to six decimals, those beyond 9e9 are ignored", () => {
    expect(worth('sum("A".n)', values(0.1, 0.2))).toBe(0.3);
    expect(worth('sum("A".n)', values(1e-7, 4e-7, 0.0000005))).toBe(0.000001);
    expect(worth('min("A".n)', values(-0.0000005))).toBe(-0.000001);
    expect(worth('sum("A".n)', values(9e9, 9e9 + 1, -1e10, 1))).toBe(9_000_000_001);
    expect(worth('avg("A".n)', values(1, 1, 2))).toBe(4 / 3);
  });

  test("no order and no expiry makes a sum differ", () => {
    const oracle = oracleOf('segment "s" = sum("A".n in last 1 hour) = 0.3');
    oracle.send(START, [track(START - HOUR + 1, "A", { n: 1e9 }), ...values(0.1, 0.2)]);
    oracle.advance(START + 1);
    expect(oracle.profile("u")?.segments).toEqual(["s"]);
  });

  test("distinct counts scalar values, of different types apart", () => {
    expect(worth('distinct("A".n)', values(1, 1, "1", true, "a", null))).toBe(4);
  });

  test("most is the most frequent value, of equal ones the first: numbers, strings, booleans", () => {
    expect(worth('most("A".n)', values("a", "b", "b", 1))).toBe("b");
    expect(worth('most("A".n)', values(true, "a", 2, 10))).toBe(2);
    expect(worth('most("A".n)', values(true, "～", "😀", false))).toBe("～");
    expect(worth('most("A".n)', values(true, false))).toBe(false);
  });
});

describe("elements of arrays", () => {
  const basket = track(START, "A", { items: [{ cat: "x", n: 1 }, { cat: "y", n: 2 }, { n: 3 }], list: ["a", "b"] });

  test("a comparison holds if it holds for any element, and for none of no elements", () => {
    const holds = (filter: string, event = basket): boolean => isIn(`did("A" where ${filter})`, [event]);
    expect(holds('items[].cat = "y"')).toBe(true);
    expect(holds('items[].cat = "z"')).toBe(false);
    expect(holds('items[].cat != "x"')).toBe(true);
    expect(holds("items[].cat is not set")).toBe(true);
    expect(holds('list[] in ("b")')).toBe(true);
    expect(holds("items[].n = event.items[].n")).toBe(true);
    const empty = track(START, "A", { items: [], list: "a" });
    expect(holds('items[].cat != "x"', empty)).toBe(false);
    expect(holds('not items[].cat = "x"', empty)).toBe(true);
    expect(holds('list[] != "x"', empty)).toBe(false);
    expect(holds("items is set", empty)).toBe(true);
  });

  test("aggregates and tags take every one, first and last the first and last", () => {
    expect(worth('sum("A".items[].n)', [basket])).toBe(6);
    expect(worth('distinct("A".list[])', [basket])).toBe(2);
    expect(worth('first("A".items[].n)', [basket])).toBe(1);
    expect(worth('last("A".items[].cat)', [basket])).toBe("y");
    expect(profileOf('tag items[].cat on "A"', [basket]).tags.map((tag) => tag.name)).toEqual(["x", "y"]);
    expect(profileOf('tag list[] on "A"', [basket]).tags.map((tag) => tag.name)).toEqual(["a", "b"]);
  });
});

describe("windows of the calendar", () => {
  const at = (t: number, window: string, now: number, more = ""): unknown =>
    isIn(`did("A" ${window})`, [track(t, "A")], now, more);

  test("today and this week, month and year begin at their midnight", () => {
    const now = Date.UTC(2026, 0, 15, 10); // A Thursday.
    const begins = [
      ["today", Date.UTC(2026, 0, 15)],
      ["this week", Date.UTC(2026, 0, 12)],
      ["this month", Date.UTC(2026, 0, 1)],
      ["this year", Date.UTC(2026, 0, 1)],
    ] as const;
    for (const [window, start] of begins) {
      expect([window, at(start, window, now), at(start - 1, window, now)]).toEqual([window, true, false]);
    }
  });

  test("a week begins on Monday, also on Monday and on Sunday", () => {
    const monday = Date.UTC(2026, 0, 12);
    expect(at(monday, "this week", monday)).toBe(true);
    expect(at(monday, "this week", monday + 7 * DAY - 1)).toBe(true);
    expect(at(monday, "this week", monday + 7 * DAY)).toBe(false);
  });

  test("in the model's timezone, and an exit at midnight is foreseen", () => {
    const rome = 'timezone "Europe/Rome"\n';
    const midnight = Date.UTC(2026, 0, 15, 23);
    expect(at(midnight - 1, "today", midnight - 1, rome)).toBe(true);
    expect(at(midnight - 1, "today", midnight, rome)).toBe(false);
    const oracle = oracleOf(`${rome}segment "s" = did("A" today)`);
    oracle.send(START, [track(START, "A")]);
    expect(oracle.flipInstants(START, START + 2 * DAY)).toEqual([midnight, midnight + DAY]);
  });
});

describe("the calendar", () => {
  const rome = createCalendar("Europe/Rome");

  test("a local time that comes twice is the earlier one, a skipped one is moved on", () => {
    expect(rome.instantOf(utc(2026, 10, 25, 2, 30))).toBe(Date.UTC(2026, 9, 25, 0, 30));
    expect(rome.instantOf(utc(2026, 3, 29, 2, 30))).toBe(Date.UTC(2026, 2, 29, 1, 30));
    expect(rome.instantOf(utc(2026, 3, 29, 3, 30))).toBe(Date.UTC(2026, 2, 29, 1, 30));
  });

  test("a day without midnight begins where the clock was moved to", () => {
    const beirut = createCalendar("Asia/Beirut");
    expect(beirut.startOf({ year: 2022, month: 3, day: 27 })).toBe(Date.UTC(2022, 2, 26, 22));
    expect(beirut.dayAt(Date.UTC(2022, 2, 26, 22) - 1)).toEqual({ year: 2022, month: 3, day: 26 });
    expect(beirut.dayAt(Date.UTC(2022, 2, 26, 22))).toEqual({ year: 2022, month: 3, day: 27 });
  });

  test("midnights between two instants, the first not included", () => {
    const march29 = Date.UTC(2026, 2, 28, 23);
    const march30 = Date.UTC(2026, 2, 29, 22);
    expect(midnightsBetween(rome, march29 - 1, march30)).toEqual([march29, march30]);
    expect(midnightsBetween(rome, march29, march30 - 1)).toEqual([]);
  });

  test("a week may begin in another year", () => {
    expect(periodStart(createCalendar("UTC"), "week", Date.UTC(2026, 0, 1))).toBe(Date.UTC(2025, 11, 29));
  });

  test("days to an anniversary are midnights, and 29 February falls on the 28th in other years", () => {
    const days = (born: number, t: number): number | null => daysToAnniversary(rome, born, t);
    const born = Date.UTC(1980, 0, 15, 12);
    expect(days(born, Date.UTC(2026, 0, 14, 22, 59))).toBe(1);
    expect(days(born, Date.UTC(2026, 0, 14, 23))).toBe(0);
    expect(days(born, Date.UTC(2026, 0, 15, 23))).toBe(364);
    const leap = Date.UTC(2024, 1, 29, 12);
    expect(days(leap, Date.UTC(2026, 1, 27, 12))).toBe(1);
    expect(days(leap, Date.UTC(2026, 1, 28, 12))).toBe(0);
    expect(days(leap, Date.UTC(2028, 1, 28, 12))).toBe(1);
    expect(days(leap, Date.UTC(2027, 2, 1, 12))).toBe(365);
  });

  test("days_to_anniversary reads what a moment is read from, and is missing for anything else", () => {
    const born = (at: string | number): ReturnType<typeof identify>[] => [identify(START, { born: at })];
    expect(isIn("days_to_anniversary(trait.born) = 1", born("1990-01-16"))).toBe(true);
    expect(isIn("days_to_anniversary(trait.born) = 0", born(Date.UTC(1990, 0, 15)))).toBe(true);
    expect(isIn("days_to_anniversary(trait.born) is set", born("soon"))).toBe(false);
    for (const beyond of [1e300, -1e300, 8.64e15, Date.UTC(10_000, 0, 1)]) {
      expect(isIn("days_to_anniversary(trait.born) is set", born(beyond))).toBe(false);
    }
    expect(isIn('days_to_anniversary(first("A")) = 0', [track(START - 365 * DAY, "A")])).toBe(true);
  });
});

describe("score while and for", () => {
  test("while gives its points as long as the predicate holds", () => {
    const oracle = oracleOf('score +5 while did("A" in last 1 hour)\nscore +1 on "A"');
    oracle.send(START, [track(START, "A"), track(START, "A")]);
    expect(oracle.profile("u")?.score).toBe(7);
    oracle.advance(START + HOUR);
    expect(oracle.profile("u")?.score).toBe(2);
  });

  test("for D counts only the points of the last D, and ends the tag with the last of them", () => {
    const oracle = oracleOf('score +5 on "A" for 1 hour\ntag "x" on "A" for 1 hour\ntag "y" on "A"');
    oracle.send(START, [track(START, "A"), track(START - 1, "A")]);
    expect(oracle.profile("u")).toMatchObject({
      score: 10,
      tags: [
        { name: "x", score: 2 },
        { name: "y", score: 2 },
      ],
    });
    oracle.advance(START + HOUR - 1);
    expect(oracle.profile("u")).toMatchObject({
      score: 5,
      tags: [
        { name: "x", score: 1 },
        { name: "y", score: 2 },
      ],
    });
    oracle.advance(START + HOUR);
    expect(oracle.profile("u")).toMatchObject({ score: 0, tags: [{ name: "y", score: 2 }] });
  });
});

describe("arithmetic, values and percent", () => {
  const events = [identify(START, { n: 6, s: "6", zero: 0 }), track(START, "A"), track(START, "A")];

  test("numbers only, left to right, products first", () => {
    expect(isIn("trait.n - 2 - 1 = 3 and trait.n / 3 * 2 = 4 and 1 + trait.n * 2 = 13", events)).toBe(true);
    expect(isIn('(1 + trait.n) * 2 = 14 and trait.n - (2 - 1) = 5 and count("A") / 4 = 0.5', events)).toBe(true);
  });

  test("a missing or non-numeric part or a division by zero makes it missing", () => {
    expect(isIn("trait.x + 1 is set or trait.s + 1 is set or trait.n / trait.zero is set", events)).toBe(false);
    expect(isIn("trait.n / trait.zero != 1", events)).toBe(true);
  });

  test("a value is a named operand, also of another one and of a moment", () => {
    const more = 'value "rate" = count("A") / trait.n\nvalue "double" = value("rate") * 6\nvalue "seen" = trait.at';
    expect(isIn('value("double") = 2', events, START, more)).toBe(true);
    const dated = [identify(START, { at: START })];
    const oracle = oracleOf(`${more}\nsegment "s" = value("seen") within 1 hour`);
    oracle.send(START, dated);
    expect(oracle.profile("u")?.segments).toEqual(["s"]);
    expect(oracle.flipInstants(START, START + DAY)).toEqual([START + HOUR]);
  });

  test("percent is a fixed number from 0 to under 100 for each contact and salt", () => {
    // As `printf salt:u | sha256sum` says.
    const percent = (0x07d2f793 / 2 ** 32) * 100;
    expect(isIn(`percent("salt") = ${percent}`, events)).toBe(true);
    expect(isIn('percent("salt") = percent("salt") and percent("salt") != percent("pepper")', events)).toBe(true);
  });
});

describe("numbers", () => {
  test("millionths are rounded half away from zero and bounded", () => {
    expect([0.1, 0.0000005, -0.0000005, 0.0000004, -0].map(toMillionths)).toEqual([100_000n, 1n, -1n, 0n, 0n]);
    expect([9e9 + 1, -1e10, Infinity].map(toMillionths)).toEqual([null, null, null]);
  });

  test("a decimal is the double nearest to it", () => {
    expect([300_000n, -1n, 0n, 123_456_789_012_345_678_901n].map(fromMillionths)).toEqual([
      0.3, -0.000001, 0, 123456789012345.67,
    ]);
  });

  test("a quotient is rounded once", () => {
    expect(nearestQuotient(1n, 3n)).toBe(1 / 3);
    expect(nearestQuotient(-2n, 3n)).toBe(-2 / 3);
    expect(nearestQuotient(2n ** 60n + 1n, 1n)).toBe(2 ** 60);
    // Halfway between two doubles goes to the even one, a hair above to the next.
    expect(nearestQuotient(2n ** 53n + 1n, 1n)).toBe(2 ** 53);
    expect(nearestQuotient((2n ** 53n + 1n) * 10n ** 30n + 1n, 10n ** 30n)).toBe(2 ** 53 + 2);
  });
});

describe("what is left out", () => {
  test.each([
    ["companies", 'segment "s" = company.city = "Rome"'],
    ["rfm", 'rfm on "A".n\nsegment "s" = rfm.recency = 5'],
    ["sequences", 'segment "s" = did("A" then "B" within 1 hour)'],
    ["abandoned", 'segment "s" = abandoned("A" without "B" for 1 hour)'],
    ["unless", 'score +1 on "A" unless "B" within 1 hour'],
    ["automations", 'on "A" do tag "x"'],
    ["static segments", 'static segment "s"'],
  ])("%s is refused", (_, model) => {
    expect(() => oracleOf(model)).toThrow(/not in the oracle/);
  });
});
