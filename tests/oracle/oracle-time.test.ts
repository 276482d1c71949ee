/** The oracle is right about time: windows and dates, to the millisecond. */
import { describe, expect, test } from "vitest";
import { DAY, HOUR, identify, isIn, MINUTE, oracleOf, START, track, worth } from "./contact-log.ts";

describe("time", () => {
  test("in last D selects t - D < timestamp <= t, to the millisecond", () => {
    const oracle = oracleOf('segment "s" = did("A" in last 1 hour)');
    oracle.send(START, [track(START, "A")]);
    oracle.advance(START + HOUR - 1);
    expect(oracle.profile("u")?.segments).toEqual(["s"]);
    oracle.advance(START + HOUR);
    expect(oracle.profile("u")?.segments).toEqual([]);
  });

  test("from D1 to D2 ago selects t - D1 < timestamp <= t - D2", () => {
    const inWindow = (age: number): unknown =>
      worth('count("A" from 2 hours to 1 hour ago)', [track(START - age, "A")]);
    expect([HOUR - 1, HOUR, 2 * HOUR - 1, 2 * HOUR].map(inWindow)).toEqual([0, 1, 1, 0]);
  });

  test("to 0 days ago reaches up to now", () => {
    expect(worth('count("A" from 1 hour to 0 days ago)', [track(START, "A")])).toBe(1);
  });

  test("late events count as if they had come in time", () => {
    const oracle = oracleOf('segment "s" = count("A" in last 1 hour) = 2');
    oracle.send(START, [track(START, "A")]);
    oracle.send(START + 1, [track(START - HOUR + 2, "A")]);
    expect(oracle.profile("u")?.segments).toEqual(["s"]);
    oracle.advance(START + 2);
    expect(oracle.profile("u")?.segments).toEqual([]);
  });

  test("since is an inclusive lower bound, at the midnight of a bare date", () => {
    const midnight = Date.UTC(2026, 0, 10);
    const events = [track(midnight, "A"), track(midnight - 1, "A")];
    expect(worth('count("A" since 2026-01-10)', events)).toBe(1);
    expect(worth('count("A" since 2026-01-09T23:59:59.999Z)', events)).toBe(2);
  });

  test("within D holds from the moment itself until just before D has passed", () => {
    const isWithin = (age: number): boolean => isIn('last("A") within 1 hour', [track(START - age, "A")]);
    expect([0, HOUR - 1, HOUR].map(isWithin)).toEqual([true, true, false]);
    expect(isIn("trait.at within 1 hour", [identify(START, { at: START + 1 })])).toBe(false);
  });

  test("more than D ago holds from the instant at which D has passed", () => {
    const isOld = (age: number): boolean => isIn('last("A") more than 1 hour ago', [track(START - age, "A")]);
    expect([0, HOUR - 1, HOUR].map(isOld)).toEqual([false, false, true]);
  });

  test("a month is 30 days and a year 365", () => {
    const events = [track(START - 30 * DAY + 1, "A"), track(START - 365 * DAY + 1, "A"), track(START - 365 * DAY, "A")];
    expect(worth('count("A" in last 1 month)', events)).toBe(1);
    expect(worth('count("A" in last 1 year)', events)).toBe(2);
  });

  test("the instants at which something may change are foreseen", () => {
    const oracle = oracleOf('segment "s" = did("A" in last 1 hour) and last("A") more than 5 minutes ago');
    oracle.send(START, [track(START, "A")]);
    expect(oracle.flipInstants(START, START + DAY)).toEqual([START + 5 * MINUTE, START + HOUR]);
    expect(oracle.flipInstants(START + 5 * MINUTE, START + HOUR - 1)).toEqual([]);
    expect(oracle.foresee("u", START + HOUR - 1)?.segments).toEqual(["s"]);
    expect(oracle.foresee("u", START + HOUR)?.segments).toEqual([]);
    expect(oracle.profile("u")?.segments).toEqual([]);
  });

  test("time does not run backwards", () => {
    const oracle = oracleOf("");
    oracle.advance(START);
    expect(() => oracle.advance(START - 1)).toThrow(/forward/);
  });
});

describe("dates", () => {
  const at = (text: string): ReturnType<typeof identify>[] => [identify(START, { at: text })];
  const edges = ["2026-01-09T23:59:59.999Z", "2026-01-10T00:00:00Z", "2026-01-10T23:59:59.999Z", "2026-01-11"];
  const holdsAt = (predicate: string): boolean[] => edges.map((edge) => isIn(predicate, at(edge)));

  test("in a comparison a bare date stands for its whole day", () => {
    expect(holdsAt("trait.at = 2026-01-10")).toEqual([false, true, true, false]);
    expect(holdsAt("trait.at != 2026-01-10")).toEqual([true, false, false, true]);
    expect(holdsAt("trait.at < 2026-01-10")).toEqual([true, false, false, false]);
    expect(holdsAt("trait.at <= 2026-01-10")).toEqual([true, true, true, false]);
    expect(holdsAt("trait.at > 2026-01-10")).toEqual([false, false, false, true]);
    expect(holdsAt("trait.at >= 2026-01-10")).toEqual([false, true, true, true]);
    expect(holdsAt("trait.at in (2026-01-10)")).toEqual([false, true, true, false]);
  });

  test("a bare date on the left side stands for its whole day as well", () => {
    expect(holdsAt("2026-01-10 < trait.at")).toEqual([false, false, false, true]);
    expect(holdsAt("2026-01-10 >= trait.at")).toEqual([true, true, true, false]);
  });

  test("between includes both ends, a bare date to its end", () => {
    expect(holdsAt("trait.at between 2026-01-10 and 2026-01-10")).toEqual([false, true, true, false]);
    expect(holdsAt("trait.at not between 2026-01-10 and 2026-01-11")).toEqual([true, false, false, false]);
    expect(isIn("trait.n between 1 and 2", [identify(START, { n: 2 })])).toBe(true);
  });

  test("a date with a time is one instant", () => {
    expect(holdsAt("trait.at = 2026-01-10T00:00:00Z")).toEqual([false, true, false, false]);
    expect(holdsAt("trait.at > 2026-01-10T00:00:00Z")).toEqual([false, false, true, true]);
  });

  test("a date without a zone is in the model's timezone, in the model and in what traits say", () => {
    const rome = 'timezone "Europe/Rome"';
    const midnight = Date.UTC(2026, 0, 9, 23);
    expect(isIn("trait.at = 2026-01-10", [identify(START, { at: midnight })], START, rome)).toBe(true);
    expect(isIn("trait.at = 2026-01-10", [identify(START, { at: midnight - 1 })], START, rome)).toBe(false);
    expect(isIn("trait.at = 2026-01-09T23:00:00Z", at("2026-01-10"), START, rome)).toBe(true);
    expect(isIn("trait.at = 2026-01-10T00:00", at("2026-01-09T23:00Z"), START, rome)).toBe(true);
    expect(isIn("trait.at = 2026-01-10T00:00", at("2026-01-10T00:00+01:00"), START, rome)).toBe(true);
  });

  test("a day with a clock change has 23 or 25 hours", () => {
    const rome = 'timezone "Europe/Rome"';
    const isOn = (date: string, t: number): boolean =>
      isIn(`trait.at = ${date}`, [identify(START, { at: t })], START, rome);
    const spring = Date.UTC(2026, 2, 28, 23);
    expect([spring - 1, spring, spring + 23 * HOUR - 1, spring + 23 * HOUR].map((t) => isOn("2026-03-29", t))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    const autumn = Date.UTC(2026, 9, 24, 22);
    expect([autumn - 1, autumn, autumn + 25 * HOUR - 1, autumn + 25 * HOUR].map((t) => isOn("2026-10-25", t))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test("a moment is an ISO text or a number of milliseconds, anything else is none", () => {
    const isRead = (value: string | number | boolean): boolean =>
      isIn("trait.at > 1970-01-01", [identify(START, { at: value })]);
    const texts = [
      "2026-01-10",
      "2026-01-10T10:30",
      "2026-01-10T10:30:00",
      "2026-01-10T10:30:00.5Z",
      "2026-01-10T10:30-08:00",
    ];
    expect(texts.map(isRead)).toEqual([true, true, true, true, true]);
    const others = ["2026-02-30", "2026-13-01", "2026-01-10 10:30", "2026-01-10T25:00", "10 January 2026", ""];
    expect(others.map(isRead)).toEqual([false, false, false, false, false, false]);
    expect(isRead(START)).toBe(true);
    expect(isRead(true)).toBe(false);
  });

  test("values of properties are read as moments too, in facts and in filters", () => {
    const events = [track(START, "A", { when: "2026-01-14" })];
    expect(isIn('last("A".when) within 2 days', events)).toBe(true);
    expect(isIn('last("A".when) within 1 day', events)).toBe(false);
    expect(isIn('last("A".when) < first_seen', events)).toBe(true);
    expect(isIn('did("A" where when = 2026-01-14)', events)).toBe(true);
    expect(isIn('did("A" where when >= 2026-01-15)', events)).toBe(false);
  });

  test("moments compare with each other", () => {
    const events = [track(START - 1, "A"), track(START, "B")];
    expect(isIn('first("A") < last("B")', events)).toBe(true);
    expect(isIn("first_seen < last_seen", events)).toBe(true);
    expect(isIn('first("A") = first_seen', events)).toBe(true);
    expect(isIn("last_seen = 2026-01-15", events)).toBe(true);
  });
});
