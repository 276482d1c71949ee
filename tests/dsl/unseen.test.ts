import { describe, expect, it } from "vitest";
import { checkModel } from "../../dsl/check.ts";
import { parseModel } from "../../dsl/parse.ts";
import { unseenWarnings } from "../../dsl/unseen.ts";
import type { Event, JsonObject } from "../../kernel/event.ts";
import { createNameCollector, SEEN_LIMITS, type SeenNames } from "../../kernel/seen-names.ts";

function event(kind: Event["kind"], name: string | null, properties: JsonObject = {}, traits: JsonObject = {}): Event {
  const ids = { userId: "u", anonymousId: null, messageId: "m" };
  return { kind, name, ...ids, timestamp: 0, properties, context: {}, traits };
}

function seenAfter(...events: Event[]): SeenNames {
  const names = createNameCollector();
  for (const one of events) names.note(one);
  return names.seen;
}

const SHOP = seenAfter(
  event("track", "Order Completed", { total: 30, products: [{ sku: "x" }] }),
  event("track", "Viewed", { category: "coats" }),
  event("page", "Home", { path: "/" }),
  event("identify", null, { plan: "gold" }, { plan: "gold", email: "a@b" }),
);

/** `line:column+length message (hint)` of each warning. */
function warnings(source: string, seen = SHOP, tags: string[] = ["coats", "hats"]): string[] {
  const { model, diagnostics } = checkModel(parseModel(source).model, { live: "all" });
  if (model === null) throw new Error(JSON.stringify(diagnostics));
  return unseenWarnings(model, seen, tags).map(
    ({ line, column, length, message, hint }) => `${line}:${column}+${length} ${message}${hint ? ` (${hint})` : ""}`,
  );
}

describe("names that no call has had", () => {
  it.each([
    [
      "an event",
      'segment "a" = did("Order Complete")',
      ['1:19+16 no event "Order Complete" has been seen so far (did you mean "Order Completed"?)'],
    ],
    ["an event without a near one", 'segment "a" = did("Zzz")', ['1:19+5 no event "Zzz" has been seen so far']],
    ["a page", 'segment "a" = did(page "Hom")', ['1:24+5 no page "Hom" has been seen so far (did you mean "Home"?)']],
    [
      "a property in a filter",
      'segment "a" = did("Viewed" where categry = "x")',
      ['1:34+7 no event "Viewed" has had a property "categry" so far (did you mean "category"?)'],
    ],
    [
      "a property that is summed",
      'segment "a" = sum("Order Completed".totl in last 3 days) > 1',
      ['1:37+4 no event "Order Completed" has had a property "totl" so far (did you mean "total"?)'],
    ],
    [
      "a property on the right side",
      'segment "a" = did("Viewed" where category = event.kategory)',
      ['1:51+8 no event "Viewed" has had a property "kategory" so far (did you mean "category"?)'],
    ],
    [
      "a property of any call",
      'segment "a" = did(any where pth = "x")',
      ['1:29+3 no call has had a property "pth" so far (did you mean "path"?)'],
    ],
    [
      "a trait of an identify call",
      'segment "a" = did(identify where plann = "x")',
      ['1:34+5 no identify call has had a property "plann" so far (did you mean "plan"?)'],
    ],
    [
      "a trait",
      'segment "a" = trait.emial = "x"',
      ['1:21+5 no contact has had the trait "emial" so far (did you mean "email"?)'],
    ],
    [
      "a tag",
      'segment "a" = has tag "coat"',
      ['1:23+6 no contact has had the tag "coat" so far (did you mean "coats"?)'],
    ],
    [
      "what a tag is made of",
      'tag "c:" + categroy on "Viewed"',
      ['1:12+8 no event "Viewed" has had a property "categroy" so far (did you mean "category"?)'],
    ],
    [
      "what undoes a score",
      'score +1 on "Viewed" unless "Orders" within 1 day matching sku',
      ['1:29+8 no event "Orders" has been seen so far', '1:60+3 no event "Viewed" has had a property "sku" so far'],
    ],
    [
      "an automation",
      'on "Viwed" if has tag "hat" do untag "hatts"',
      [
        '1:4+7 no event "Viwed" has been seen so far (did you mean "Viewed"?)',
        '1:23+5 no contact has had the tag "hat" so far (did you mean "hats"?)',
        '1:38+7 no contact has had the tag "hatts" so far (did you mean "hats"?)',
      ],
    ],
  ])("are warned of: %s", (_what, source, expected) => {
    expect(warnings(source)).toEqual(expected);
  });

  it("are told once, at their first place, in the order of places", () => {
    const twice = 'segment "a" = did("Zzz") or count("Zzz") > 1\nsegment "b" = did("Zzz") and did("Yyy")';
    expect(warnings(twice)).toEqual([
      '1:19+5 no event "Zzz" has been seen so far',
      '2:34+5 no event "Yyy" has been seen so far',
    ]);
  });
});

describe("nothing is said of", () => {
  it.each([
    ["names that were seen", 'segment "a" = did("Order Completed" where total > 1 and products[].sku = "x")'],
    ["pages without a name", "score +1 on page"],
    ["the context of a call", 'segment "a" = did("Viewed" where context.page.url = "x")'],
    ["properties of an event that was not seen, beside its name", 'segment "a" = did(screen where x = 1)'],
    ["tags that the model gives", 'tag "vip" on "Viewed"\nsegment "a" = has tag "vip"'],
  ])("%s", (_what, source) => {
    expect(warnings(source)).toEqual([]);
  });

  it("a store that has seen nothing", () => {
    const source = 'tag x on "A"\nsegment "a" = did("B" where c = 1) or trait.d = 1 or has tag "e" or did(page "F")';
    expect(warnings(source, seenAfter(), [])).toEqual([]);
  });

  it("lists that are full", () => {
    const events = Array.from({ length: SEEN_LIMITS.names_max }, (_, i) => event("track", `e${i}`));
    expect(warnings('segment "a" = did("Zzz")', seenAfter(...events))).toEqual([]);
    const keys = Object.fromEntries(Array.from({ length: SEEN_LIMITS.keys_max }, (_, i) => [`k${i}`, 1]));
    expect(warnings('segment "a" = did("A" where zzz = 1)', seenAfter(event("track", "A", keys)))).toEqual([]);
  });
});
