/** The oracle is right about events, traits, points and tags, each sentence as a case to check by hand. */
import { describe, expect, test } from "vitest";
import { DAY, group, identify, isIn, oracleOf, page, profileOf, screen, START, track, worth } from "./contact-log.ts";

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
