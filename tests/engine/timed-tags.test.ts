/**
 * Where tags end, events and time change them one by one: they must always be what the root of the tags makes of the
 * contact's history, and it must be about to be looked at when the next of them ends.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { applyEvent } from "../../dsl/contact/apply.ts";
import { Contact } from "../../dsl/contact/contact.ts";
import { runFlips } from "../../dsl/contact/evaluate.ts";
import { ARMED } from "../../dsl/contact/head.ts";
import { ContactMemory } from "../../dsl/contact/memory.ts";
import { isMember, numberAt, placeOf } from "../../dsl/contact/tables.ts";
import { settleTags, tagsOf } from "../../dsl/contact/tags.ts";
import { openView } from "../../dsl/plan/dispatch.ts";
import { horizon } from "../../dsl/plan/horizon.ts";
import { buildModelRecord, planOf } from "../../dsl/registry.ts";
import { encodeEntry, openEntry } from "../../kernel/entry.ts";
import type { Json } from "../../kernel/event.ts";
import { LIMITS } from "../../kernel/limits.ts";
import { EMPTY_MODEL } from "../../kernel/model-record.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1);

const TAGS = [
  'tag "a" on "A"',
  'tag "a" +2 on "B" for 1 hour',
  'tag "b" -1.5 on "A" for 2 hours',
  'tag "c" on "A" where x = "a" for 1 hour',
  'tag "c" +0.5 on "A" where x = "a" for 90 minutes',
  'tag x on "A"',
  'tag "on " + x on "B"',
  'tag x on "B" for 30 minutes',
  'tag "lately " + x on "A" for 1 hour',
  'tag "lately " + x -1 on "A" for 45 minutes',
];
const SEGMENTS: readonly (readonly [
  text: string,
  holds: (tags: ReadonlyMap<string, number>, top: string | undefined) => boolean,
])[] = [
  ['top_tag = "a"', (_tags, top) => top === "a"],
  ['top_tag starts with "lately "', (_tags, top) => top?.startsWith("lately ") === true],
  ["top_tag is set", (_tags, top) => top !== undefined],
  ['has tag "c"', (tags) => tags.has("c")],
  ['tag("a") >= 3', (tags) => (tags.get("a") ?? 0) >= 3_000_000],
];

const scalar = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("a", "b", "c", "lately a", "é", "") },
  { weight: 1, arbitrary: fc.constantFrom<Json>(3, -0.5, true, null, { y: 1 }) },
);
interface Happening {
  readonly name: string;
  readonly x: Json;
  /** Minutes since the one before, and how late it comes. */
  readonly after: number;
  readonly late: number;
}

const event: fc.Arbitrary<Happening> = fc.record({
  name: fc.constantFrom("A", "B", "A", "B", "else"),
  x: fc.oneof({ weight: 4, arbitrary: scalar }, { weight: 1, arbitrary: fc.array(scalar, { maxLength: 4 }) }),
  after: fc.integer({ min: 0, max: 40 }),
  late: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 130 })),
});

/** Equal ones in code point order. */
function topOf(tags: ReadonlyMap<string, number>): string | undefined {
  const sorted = [...tags].sort(
    ([a, one], [b, other]) => other - one || Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
  return sorted[0]?.[0];
}

interface Seen {
  /** Which of `SEGMENTS` hold. */
  readonly held: readonly boolean[];
  /** Micro points. */
  readonly tags: ReadonlyMap<string, number>;
  /** When the root is looked at again; Infinity for never. */
  readonly looked: number;
}

/** Takes one event after the other, and gives before and after each what the contact has and what it should have. */
function* live(
  limits: { readonly tags_max: number; readonly window_entries_max: number },
  declared: readonly string[],
  events: readonly Happening[],
): Generator<{ readonly found: Seen; readonly wanted: Seen }> {
  const segments = SEGMENTS.map(([text], i) => `segment "s${i}" = ${text}`);
  const built = buildModelRecord(EMPTY_MODEL, [...declared, ...segments].join("\n"), 0, "test");
  if (!built.ok) throw new Error(JSON.stringify(built.diagnostics[0]));
  const plan = planOf(built.record, { ...LIMITS, ...limits });
  const root = plan.roots[plan.tagsRoot];
  const memory = new ContactMemory();
  memory.openHead(0);
  const contact = new Contact(memory).moveTo(0).begin(Buffer.from("somebody"), START, plan.startStage);
  const sink = { moved: () => {} };
  let now = START;
  const seen = (): { readonly found: Seen; readonly wanted: Seen } => {
    const tags = new Map(tagsOf(contact));
    const place = placeOf(contact, ARMED, plan.tagsRoot);
    const looked = place < 0 ? Infinity : numberAt(contact, ARMED, place);
    const held = SEGMENTS.map((_, n) => isMember(contact, plan.segments[n]?.id ?? -1));
    const found = { held, tags, looked };
    const top = topOf(tags);
    const wanted = { ...found, held: SEGMENTS.map(([, holds]) => holds(tags, top)) };
    if (root?.kind !== "tags") return { found, wanted };
    const given = root.read(contact, now);
    const places = Array.from({ length: given.count }, (_, n) => n).filter((n) => !given.isGone(n));
    const whole = new Map(places.map((n) => [given.text(n), given.number(n)]));
    return { found, wanted: { ...wanted, tags: whole, looked: horizon.at } };
  };
  for (const [i, { name, x, after, late }] of events.entries()) {
    now += after * MINUTE;
    runFlips(plan, contact, now, sink);
    yield seen();
    const who = { userId: "somebody", anonymousId: null, messageId: `m${i}`, context: {}, traits: {} };
    const call = { kind: "track", name, ...who, timestamp: now - late * MINUTE, properties: { x } } as const;
    const view = openView(openEntry(encodeEntry([call], now)), plan.keys);
    applyEvent(plan, contact, view, 0, now, i === 0, LIMITS, sink);
    yield seen();
    if (i % 3 === 0) settleTags(contact);
    contact.forgetChange();
  }
}

const declared = fc.subarray(TAGS, { minLength: 1 });

const history = fc.array(event, { maxLength: 60, size: "max" });

test("tags that events give and time takes away are those that their history gives", () => {
  fc.assert(
    fc.property(declared, history, (texts, events) => {
      for (const { found, wanted } of live(LIMITS, texts, events)) expect(found).toEqual(wanted);
    }),
    { numRuns: 400 },
  );
});

test("so are those of a contact at its bounds", () => {
  const limits = fc.record({
    tags_max: fc.integer({ min: 2, max: 5 }),
    window_entries_max: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(limits, declared, history, (bounds, texts, events) => {
      for (const { found, wanted } of live(bounds, texts, events)) expect(found).toEqual(wanted);
    }),
    { numRuns: 400 },
  );
});

test("so are points that doubles can't tell exactly for a while", () => {
  const declared = [
    'tag "a" -9000000000 on "A" where x = "n" for 2 hours',
    'tag "a" +9000000000 on "B" for 1 hour',
    'tag "a" -0.000001 on "A" where x = "t" for 4 hours',
  ];
  const events = [
    ["A", "n"],
    ["B", ""],
    ["A", "n"],
    ["A", "t"],
    ["else", ""],
    ["else", ""],
    ["else", ""],
  ].map(([name = "", x = ""], i) => ({ name, x, after: i < 4 ? 1 : 70, late: 0 }));
  for (const { found, wanted } of live(LIMITS, declared, events)) expect(found).toEqual(wanted);
});
