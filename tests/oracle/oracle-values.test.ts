/** The oracle is right about aggregates, missing values and types. */
import { describe, expect, test } from "vitest";
import { HOUR, identify, isIn, page, profileOf, START, track, worth } from "./contact-log.ts";

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
