/** The oracle is right about contacts: who they are, which stage they reach, each as a case to check by hand. */
import { describe, expect, test } from "vitest";
import { DAY, HOUR, identify, oracleOf, page, profileOf, START, track } from "./contact-log.ts";

const anonymous = { userId: null, anonymousId: "x" };

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
