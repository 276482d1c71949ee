/** The oracle is right: each sentence of the language that is live, as a case small enough to check by hand. */
import { describe, expect, test } from "vitest";
import {
  DAY,
  group,
  HOUR,
  identify,
  isIn,
  MINUTE,
  oracleOf,
  page,
  profileOf,
  screen,
  START,
  track,
  worth,
} from "./contact-log.ts";

const anonymous = { userId: null, anonymousId: "x" };

describe("events", () => {
  test("a quoted name is a track call with that event, not a page of that name", () => {
    expect(worth('count("Home")', [track(START, "Home"), page(START, "Home"), track(START, "home")])).toBe(1);
  });

  test("page and screen are those calls, page with a name the ones of that name", () => {
    const events = [page(START, "Home"), page(START, "Cart"), page(START, null), screen(START, "Home")];
    expect(worth("count(page)", events)).toBe(3);
    expect(worth('count(page "Home")', events)).toBe(1);
    expect(worth("count(screen)", events)).toBe(1);
    expect(worth('count(screen "Cart")', events)).toBe(0);
  });

  test("any is every track, page and screen call and no other", () => {
    const events = [track(START, "A"), page(START, null), screen(START, "S"), identify(START, {}), group(START)];
    expect(worth("count(any)", events)).toBe(3);
    expect(worth("count(identify)", events)).toBe(1);
  });

  test("a filter's paths lead into properties, of an identify call into its traits", () => {
    const events = [identify(START, { plan: "pro" }), track(START, "A", { plan: "pro" }), track(START, "A", {})];
    expect(worth('count(identify where plan = "pro")', events)).toBe(1);
    expect(worth('count("A" where plan = "pro")', events)).toBe(1);
  });

  test("traits that came in the context are not what a filter on an identify call reads", () => {
    const event = identify(START, { plan: "pro" }, { traits: { plan: "pro", city: "Rome" } });
    expect(worth("count(identify where city is set)", [event])).toBe(0);
  });

  test("context. reaches the event's context", () => {
    const events = [track(START, "A", { device: { kind: "tv" } }, { context: { device: { kind: "phone" } } })];
    expect(worth('count("A" where context.device.kind = "phone")', events)).toBe(1);
    expect(worth('count("A" where device.kind = "phone")', events)).toBe(0);
    expect(worth('last("A".context.device.kind)', events)).toBe("phone");
  });

  test("a contact exists from its first call of any kind", () => {
    const oracle = oracleOf('segment "s" = known');
    expect(oracle.profile("u")).toBeNull();
    oracle.send(START, [group(START)]);
    expect(oracle.profile("u")?.segments).toEqual(["s"]);
    expect(oracle.contacts()).toEqual(["u"]);
  });

  test("a negative predicate ranges over the contacts that exist", () => {
    expect(isIn('not did("A")', [page(START, null)])).toBe(true);
    expect(oracleOf('segment "s" = not did("A")').contacts()).toEqual([]);
  });

  test("arrays and objects are no values, yet they are set", () => {
    const events = [track(START, "A", { list: ["a"], box: { cat: "a" } })];
    expect(worth('count("A" where list = "a")', events)).toBe(0);
    expect(worth('count("A" where list != "a")', events)).toBe(1);
    expect(worth('count("A" where list is set and box is set)', events)).toBe(1);
    expect(worth('last("A".list)', events)).toBeNull();
    expect(worth('last("A".box)', events)).toBeNull();
  });

  test("paths see only what an object itself holds", () => {
    const events = [track(START, "A", { text: "abc", list: [1, 2] })];
    expect(worth('count("A" where constructor is set)', events)).toBe(0);
    expect(worth('count("A" where text.length is set or list.length is set)', events)).toBe(0);
  });
});

describe("identity", () => {
  test("a contact without userId is written with a tilde and apart from a user of the same name", () => {
    const oracle = oracleOf('segment "s" = known');
    oracle.send(START, [track(START, "A", {}, { userId: null, anonymousId: "u" }), track(START, "A")]);
    expect([...oracle.contacts()].sort()).toEqual(["u", "~u"]);
    expect(oracle.profile("~u")).toMatchObject({ id: "~u", known: false, segments: [] });
    expect(oracle.profile("u")).toMatchObject({ id: "u", known: true, segments: ["s"] });
  });

  test("an event with both ids belongs to its userId", () => {
    const oracle = oracleOf("");
    oracle.send(START, [track(START, "A", {}, { anonymousId: "x" })]);
    expect(oracle.contacts()).toEqual(["u"]);
  });

  test("the first call with a messageId counts, later ones change nothing", () => {
    const id = { messageId: "m" };
    const events = [
      track(START, "A", { n: 1 }, id),
      track(START - 1, "B", { n: 2 }, id),
      identify(START, { a: 1 }, id),
    ];
    expect(profileOf('score +1 on "A"\nscore +10 on "B"', events)).toMatchObject({
      score: 1,
      firstSeen: START,
      traits: {},
    });
  });

  test("the same messageId under another id is another call", () => {
    const oracle = oracleOf('score +1 on "A"');
    const id = { messageId: "m" };
    oracle.send(START, [track(START, "A", {}, id), track(START, "A", {}, { ...id, ...anonymous })]);
    expect(oracle.profile("u")?.score).toBe(1);
    expect(oracle.profile("~x")?.score).toBe(1);
  });
});

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

describe("aggregates", () => {
  test("with nothing selected count is 0, did is false and the others are missing", () => {
    const events = [page(START, null)];
    expect(worth('count("A")', events)).toBe(0);
    expect(worth('first("A")', events)).toBeNull();
    expect(worth('last("A".n)', events)).toBeNull();
    expect(isIn('first("A") is set', events)).toBe(false);
    expect(isIn('did("A")', events)).toBe(false);
  });

  test("first and last are timestamps by time, not by arrival", () => {
    const events = [track(START - 1, "A"), track(START - 3, "A"), track(START - 2, "A")];
    expect(worth('first("A")', events)).toBe(START - 3);
    expect(worth('last("A")', events)).toBe(START - 1);
  });

  test("first and last with a path are values of the earliest and latest event that has it", () => {
    const events = [
      track(START - 4, "A", { n: null }),
      track(START - 3, "A", { n: "x" }),
      track(START - 2, "A", { n: 5 }),
      track(START - 1, "A", { n: ["y"] }),
      track(START, "A"),
    ];
    expect(worth('first("A".n)', events)).toBe("x");
    expect(worth('last("A".n)', events)).toBe(5);
  });

  test("of equal timestamps the larger messageId is later, by code points", () => {
    const tilde = track(START, "A", { n: "tilde" }, { messageId: "～" });
    const emoji = track(START, "A", { n: "emoji" }, { messageId: "😀" });
    expect(worth('last("A".n)', [emoji, tilde])).toBe("emoji");
    expect(worth('first("A".n)', [emoji, tilde])).toBe("tilde");
    const [ten, nine] = ["m10", "m9"].map((messageId) => track(START, "A", { n: messageId }, { messageId }));
    expect(
      worth(
        'last("A".n)',
        [nine, ten].flatMap((event) => event ?? []),
      ),
    ).toBe("m9");
  });

  test("aggregates keep to filter and window", () => {
    const events = [
      track(START - 2 * HOUR, "A", { n: 1 }),
      track(START - 1, "A", { n: 2 }),
      track(START, "A", { n: 3 }),
    ];
    expect(worth('last("A".n where n < 3 in last 1 hour)', events)).toBe(2);
    expect(worth('first("A" in last 1 hour)', events)).toBe(START - 1);
  });

  test("every aggregate of the model is told under its printed text", () => {
    const stages = 'stages "x"\nstage "x" when count("B") > 0';
    const model = `segment "s" = count("A") > 1 or last("A".n) = 2\n${stages}`;
    const profile = profileOf(model, [track(START, "A", { n: 2 })]);
    expect(profile.aggregates).toEqual({ 'count("A")': 1, 'last("A".n)': 2, 'count("B")': 0 });
  });
});

describe("missing values and types", () => {
  const events = [identify(START, { n: 5, s: "5", b: true, list: ["abc", 5], none: null, box: { in: 1 } })];

  test("a comparison with a missing value is false, so != and not of it are true", () => {
    expect(isIn('trait.x = "a"', events)).toBe(false);
    expect(isIn('trait.x != "a"', events)).toBe(true);
    expect(isIn('not trait.x = "a"', events)).toBe(true);
    expect(isIn("trait.x < 5", events)).toBe(false);
    expect(isIn("trait.x not in (5)", events)).toBe(true);
    expect(isIn("trait.x not between 1 and 9", events)).toBe(true);
    expect(isIn('trait.x not contains "a"', events)).toBe(true);
    expect(isIn("trait.x = trait.y", events)).toBe(false);
    expect(isIn("trait.x != trait.y", events)).toBe(true);
    expect(isIn("trait.x within 1 day", events)).toBe(false);
    expect(isIn("trait.x more than 1 day ago", events)).toBe(false);
  });

  test("different types are never equal nor ordered, and nothing is converted", () => {
    expect(isIn('trait.n = "5"', events)).toBe(false);
    expect(isIn('trait.n != "5"', events)).toBe(true);
    expect(isIn("trait.s = 5", events)).toBe(false);
    expect(isIn("trait.s < 6", events)).toBe(false);
    expect(isIn("trait.b = 1", events)).toBe(false);
    expect(isIn("trait.n = trait.s", events)).toBe(false);
    expect(isIn('trait.n contains "5"', events)).toBe(false);
    expect(isIn('trait.n not contains "5"', events)).toBe(true);
  });

  test("a boolean is not in any order with another", () => {
    expect(isIn("trait.b = true", events)).toBe(true);
    expect(isIn("trait.b <= trait.b", events)).toBe(false);
  });

  test("is set is false for missing and for null, true for anything else", () => {
    const set = (path: string): boolean => isIn(`trait.${path} is set`, events);
    expect(["n", "b", "list", "box", "box.in"].map(set)).toEqual([true, true, true, true, true]);
    expect(["x", "none", "box.out", "n.in"].map(set)).toEqual([false, false, false, false]);
    expect(isIn("trait.none is not set", events)).toBe(true);
    expect(isIn('did("A" where cat is not set)', [track(START, "A", { cat: null })])).toBe(true);
  });

  test("contains is a substring of a string and an element of an array", () => {
    const odd = [identify(START, { s: "abc", list: ["abc", 5] })];
    expect(isIn('trait.s contains "b"', odd)).toBe(true);
    expect(isIn('trait.list contains "abc"', odd)).toBe(true);
    expect(isIn('trait.list contains "b"', odd)).toBe(false);
    expect(isIn('trait.list contains "5"', odd)).toBe(false);
    expect(isIn('trait.list contains "ABC" ignoring case', odd)).toBe(true);
    expect(isIn('trait.list starts with "abc"', odd)).toBe(false);
  });

  test("the other comparisons of texts", () => {
    const odd = [identify(START, { s: "Straße 😀" })];
    expect(isIn('trait.s starts with "Str"', odd)).toBe(true);
    expect(isIn('trait.s ends with "😀"', odd)).toBe(true);
    expect(isIn('trait.s starts with "str"', odd)).toBe(false);
    expect(isIn('trait.s starts with "STR" ignoring case', odd)).toBe(true);
    expect(isIn('trait.s not starts with "a"', odd)).toBe(true);
    expect(isIn('trait.s matches "r.ß"', odd)).toBe(true);
    expect(isIn('trait.s matches "^ .$"', odd)).toBe(false);
    expect(isIn('trait.s matches " .$"', odd)).toBe(true);
    expect(isIn('trait.s matches "STR" ignoring case', odd)).toBe(true);
    expect(isIn('trait.s in ("a", "Straße 😀")', odd)).toBe(true);
  });

  test("strings are ordered by code points", () => {
    expect(isIn('trait.s > "～"', [identify(START, { s: "😀" })])).toBe(true);
    expect(isIn('trait.s < "a"', [identify(START, { s: "Z" })])).toBe(true);
    expect(isIn('trait.s < "ab"', [identify(START, { s: "a" })])).toBe(true);
  });

  test("filters follow the same rules, also between two properties", () => {
    const odd = [track(START, "A", { a: 1, b: 1, c: "1" })];
    expect(isIn('did("A" where a = event.b)', odd)).toBe(true);
    expect(isIn('did("A" where a = event.c)', odd)).toBe(false);
    expect(isIn('did("A" where a != event.x)', odd)).toBe(true);
    expect(isIn('did("A" where not (a = 1 and b = 2) or c is not set)', odd)).toBe(true);
  });

  test("and binds tighter than or, not tighter than and", () => {
    expect(isIn("known or known and not known", events)).toBe(true);
    expect(isIn("(known or known) and not known", events)).toBe(false);
    expect(isIn("not known or known", events)).toBe(true);
    expect(isIn("not (known or known)", events)).toBe(false);
  });
});

describe("traits", () => {
  const traitsAfter = (...events: ReturnType<typeof track>[]): unknown => profileOf("", events).traits;

  test("the latest timestamp wins for each key, whatever the order of arrival", () => {
    const late = identify(START - 1, { a: "old", b: "old" });
    expect(traitsAfter(identify(START, { a: "new" }), late)).toEqual({ a: "new", b: "old" });
  });

  test("of equal timestamps the larger messageId wins", () => {
    const [first, second] = ["m1", "m2"].map((messageId) => identify(START, { a: messageId }, { messageId }));
    expect(traitsAfter(...[second, first].flatMap((event) => event ?? []))).toEqual({ a: "m2" });
  });

  test("null unsets, and an older value never comes back", () => {
    expect(traitsAfter(identify(START - 1, { a: null }), identify(START - 2, { a: 1 }))).toEqual({});
    expect(traitsAfter(identify(START - 1, { a: null }), identify(START, { a: 1 }))).toEqual({ a: 1 });
  });

  test("a key is replaced as a whole", () => {
    const events = [
      identify(START - 1, { home: { city: "Rome", zip: 1 } }),
      identify(START, { home: { city: "Turin" } }),
    ];
    expect(traitsAfter(...events)).toEqual({ home: { city: "Turin" } });
    expect(isIn("trait.home.zip is set", events)).toBe(false);
  });

  test("traits in the context of any call count", () => {
    expect(traitsAfter(track(START, "A", {}, { traits: { a: 1 } }), page(START, null, { traits: { b: 2 } }))).toEqual({
      a: 1,
      b: 2,
    });
  });

  test("a path leads into a trait, quoted where it is no identifier", () => {
    const events = [identify(START, { home: { city: "Rome" }, "first-name": "Ada" })];
    expect(isIn('trait.home.city = "Rome" and trait.`first-name` = "Ada"', events)).toBe(true);
  });
});

describe("score", () => {
  test("is the sum of points times matching events over the rules", () => {
    const events = [track(START, "A", { cat: "x" }), track(START - 400 * DAY, "A"), page(START, null)];
    const rules = ['score +5 on "A"', 'score -2 on "A" where cat = "x"', "score +10 on page"].join("\n");
    expect(profileOf(rules, events).score).toBe(18);
  });

  test("is exact: 0.1 and 0.2 are 0.3", () => {
    const events = [track(START, "A"), track(START, "B")];
    const rules = 'score +0.1 on "A"\nscore +0.2 on "B"\nsegment "s" = score = 0.3';
    expect(profileOf(rules, events)).toMatchObject({ score: 0.3, segments: ["s"] });
  });

  test("of somebody without points is 0", () => {
    expect(profileOf("", [track(START, "A")]).score).toBe(0);
    expect(isIn("score = 0", [track(START, "A")])).toBe(true);
  });
});

describe("tags", () => {
  const tagsAfter = (rules: string, ...events: ReturnType<typeof track>[]): unknown => profileOf(rules, events).tags;

  test("every match adds a point, or as many as the rule says", () => {
    const events = [track(START, "A"), track(START, "A"), track(START, "B")];
    expect(tagsAfter('tag "x" on "A"\ntag "x" +0.5 on "B"\ntag "y" on "C"', ...events)).toEqual([
      { name: "x", score: 2.5 },
    ]);
  });

  test("a path gives the tag named by the value, with a prefix if there is one", () => {
    const events = [track(START, "A", { cat: "coats" }), track(START, "A", { cat: "coats" }), track(START, "A")];
    expect(tagsAfter('tag cat on "A"\ntag "i:" + cat +2 on "A"', ...events)).toEqual([
      { name: "coats", score: 2 },
      { name: "i:coats", score: 4 },
    ]);
  });

  test("numbers and booleans name tags as they are written, objects and null name none", () => {
    const values = [1, 2.5, true, null, { cat: "a" }, -1];
    expect(tagsAfter('tag n on "A"', ...values.map((n) => track(START, "A", { n })))).toEqual([
      { name: "-1", score: 1 },
      { name: "1", score: 1 },
      { name: "2.5", score: 1 },
      { name: "true", score: 1 },
    ]);
  });

  test("each element of an array gives its tag, once per occurrence", () => {
    const event = track(START, "A", { list: ["b", "a", "b", 1, null, ["c"], { d: 1 }] });
    expect(tagsAfter('tag list on "A"', event)).toEqual([
      { name: "1", score: 1 },
      { name: "a", score: 1 },
      { name: "b", score: 2 },
    ]);
  });

  test("an empty name gives no tag", () => {
    const event = track(START, "A", { cat: "", list: ["", "a"] });
    expect(tagsAfter('tag cat on "A"\ntag list on "A"', event)).toEqual([{ name: "a", score: 1 }]);
    expect(tagsAfter('tag "t:" + cat on "A"', event)).toEqual([{ name: "t:", score: 1 }]);
  });

  test("are sorted by code points", () => {
    const event = track(START, "A", { list: ["😀", "～", "b", "B"] });
    expect(profileOf('tag list on "A"', [event]).tags.map((tag) => tag.name)).toEqual(["B", "b", "～", "😀"]);
  });

  test("the score of a tag not had is 0, and had with 0 or less is still had", () => {
    const rules = 'tag "x" +1 on "A"\ntag "x" -1 on "B"\nsegment "s" = has tag "x" and tag("x") = 0 and tag("y") = 0';
    expect(profileOf(rules, [track(START, "A"), track(START, "B")]).segments).toEqual(["s"]);
    expect(isIn('has tag "x"', [track(START, "B")], START, 'tag "x" on "A"')).toBe(false);
  });

  test("top_tag is the one with the highest score, of equal ones the first, missing without tags", () => {
    const rules = 'tag list on "A"\nsegment "s" = top_tag is set';
    expect(profileOf(rules, [track(START, "A", { list: ["b", "a", "b"] })]).topTag).toBe("b");
    expect(profileOf(rules, [track(START, "A", { list: ["b", "a"] })]).topTag).toBe("a");
    expect(profileOf(rules, [track(START, "A", { list: ["😀", "～"] })]).topTag).toBe("～");
    expect(profileOf('tag "x" -5 on "A"', [track(START, "A")]).topTag).toBe("x");
    expect(profileOf(rules, [track(START, "B")])).toMatchObject({ topTag: null, segments: [] });
  });
});

describe("other facts", () => {
  test("first_seen and last_seen are the earliest and latest call of any kind", () => {
    const events = [group(START - 3), track(START - 2, "A"), identify(START - 1, {})];
    expect(profileOf("", events)).toMatchObject({ firstSeen: START - 3, lastSeen: START - 1 });
    expect(isIn("last_seen within 1 second and first_seen within 1 second", events)).toBe(true);
  });

  test("a segment may refer to another, wherever it is declared", () => {
    const rules = 'segment "b" = in segment "a" and not in segment "c"\nsegment "a" = did("A")\nsegment "c" = did("C")';
    expect(profileOf(rules, [track(START, "A")]).segments).toEqual(["a", "b"]);
    expect(profileOf(rules, [track(START, "A"), track(START, "C")]).segments).toEqual(["a", "c"]);
  });
});

describe("stages", () => {
  const funnel = [
    'stages "visitor", "lead", "mql", "customer"',
    'stage "lead" when trait.email is set',
    'stage "mql" when count("A" in last 1 hour) >= 2',
    'stage "customer" when did("Order")',
  ].join("\n");

  test("a first stage without when is where everybody starts", () => {
    expect(profileOf(funnel, [page(START, null)]).stage).toBe("visitor");
    expect(profileOf('stages "lead", "mql"\nstage "lead" when did("A")', [page(START, null)]).stage).toBeNull();
  });

  test("a contact moves forward only, and may skip stages", () => {
    const oracle = oracleOf(funnel);
    oracle.send(START, [track(START, "Order")]);
    expect(oracle.profile("u")?.stage).toBe("customer");
    oracle.send(START, [identify(START, { email: "a@b.c" })]);
    expect(oracle.profile("u")?.stage).toBe("customer");
  });

  test("rules never move it back", () => {
    const oracle = oracleOf(funnel);
    oracle.send(START, [track(START, "A"), track(START, "A")]);
    oracle.advance(START + DAY);
    expect(oracle.profile("u")?.stage).toBe("mql");
  });

  test("events of a batch are taken one after the other", () => {
    const batch = [identify(START - 2, { email: "a@b.c" }), identify(START - 1, { email: null })];
    expect(profileOf(funnel, batch).stage).toBe("lead");
    expect(profileOf(funnel, batch.reverse()).stage).toBe("visitor");
  });

  test("late events reopen no past instant", () => {
    const late = [track(START - 2 * HOUR, "A"), track(START - 2 * HOUR, "A")];
    expect(profileOf(funnel, late).stage).toBe("visitor");
  });

  test("when the clock jumps, what held in between has been lived through", () => {
    const rules = 'stages "a", "b"\nstage "b" when last("A") more than 1 hour ago and last("A") within 61 minutes';
    const oracle = oracleOf(rules);
    oracle.send(START, [track(START, "A")]);
    expect(oracle.profile("u")?.stage).toBe("a");
    oracle.advance(START + DAY);
    expect(oracle.profile("u")?.stage).toBe("b");
  });

  test("flips that are due come before the events that moved the clock", () => {
    const rules = 'stages "a", "b"\nstage "b" when last("A") more than 1 hour ago';
    const oracle = oracleOf(rules);
    oracle.send(START, [track(START, "A")]);
    oracle.send(START + HOUR, [track(START + HOUR, "A")]);
    expect(oracle.profile("u")?.stage).toBe("b");
  });

  test("a negative condition holds from the first call on", () => {
    expect(profileOf('stages "a", "b"\nstage "b" when not did("A")', [track(START, "A")]).stage).toBe("a");
    expect(profileOf('stages "a", "b"\nstage "b" when not did("A")', [page(START, null)]).stage).toBe("b");
  });

  test("stages compare by declared order, and no stage is missing", () => {
    const segments = ['segment "x" = stage >= "lead"', 'segment "y" = stage != "lead"', 'segment "z" = stage is set'];
    const rules = [
      'stages "visitor", "lead", "a"',
      'stage "a" when did("A")',
      'stage "visitor" when did("V")',
      ...segments,
    ];
    const inSegments = (name: string): unknown => profileOf(rules.join("\n"), [track(START, name)]).segments;
    expect(inSegments("A")).toEqual(["x", "y", "z"]);
    expect(inSegments("V")).toEqual(["y", "z"]);
    expect(inSegments("B")).toEqual(["y"]);
  });
});

describe("bounds", () => {
  test("a contact with more tags than there may be is marked saturated", () => {
    const event = track(START, "A", { list: Array.from({ length: 1_001 }, (_, index) => index) });
    expect(profileOf('tag list on "A"', [event]).saturated).toBe(true);
    const fewer = track(START, "A", { list: Array.from({ length: 1_000 }, (_, index) => index) });
    expect(profileOf('tag list on "A"', [fewer]).saturated).toBe(false);
  });
});
