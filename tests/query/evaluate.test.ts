import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePredicate } from "../../dsl/parse.ts";
import { planPredicate } from "../../dsl/predicate-plan.ts";
import { UTC } from "../../dsl/timezone.ts";
import { compareCodePoints } from "../../kernel/compare.ts";
import { applyRow } from "./apply-row.ts";
import { hasBit, countWords } from "../../query/bitmap.ts";
import { evaluate, type ModelNames } from "../../query/evaluate.ts";
import { TagNames } from "../../query/tag-names.ts";
import { PartitionView } from "../../query/view.ts";
import { goneList, NO_TAGS, tagList } from "./tag-list.ts";

interface Contact {
  readonly id: string;
  readonly score: number;
  readonly stage: number;
  readonly segments: readonly number[];
  readonly tags: readonly (readonly [string, number])[];
}

const STAGES = ["visitor", "lead", "mql", "customer"];
const SEGMENTS = ["one", "two", "three"];
const TAGS = ["a", "b", "ä", "\u{10000}", "\uffff"];
/** Ids that are not in declared order. */
const STAGE_IDS = [12, 3, 40, 7];

const names: ModelNames = {
  segmentId: (name) => (SEGMENTS.includes(name) ? SEGMENTS.indexOf(name) + 5 : undefined),
  stageName: (id) => STAGES[STAGE_IDS.indexOf(id)] ?? null,
};

function viewOf(contacts: readonly Contact[]): PartitionView {
  const view = new PartitionView(new TagNames());
  for (const [slot, contact] of contacts.entries()) {
    applyRow(view, {
      slot,
      id: contact.id,
      score: contact.score * 1e6,
      stage: contact.stage < 0 ? -1 : (STAGE_IDS[contact.stage] ?? -1),
      entered: contact.segments.map((n) => n + 5),
      left: [],
      tags: tagList(contact.tags.map(([name, points]) => [name, points * 1e6])),
      untagged: NO_TAGS,
    });
  }
  return view;
}

function select(where: string, view: PartitionView): string[] {
  const { predicate, diagnostics } = parsePredicate(where);
  expect(diagnostics, where).toEqual([]);
  if (predicate === null) throw new Error(where);
  const { plan, diagnostics: refused } = planPredicate(predicate, { zone: UTC, stages: STAGES });
  expect(refused, where).toEqual([]);
  if (plan === null) throw new Error(where);
  const words = evaluate(plan, view, names);
  const ids: string[] = [];
  for (let slot = 0; slot < view.slots; slot++) if (hasBit(words, slot)) ids.push(view.ids.id(slot));
  expect(countWords(words)).toBe(ids.length);
  return ids;
}

/** A predicate as text, and what it means said a second time, one contact at a time. */
interface Case {
  readonly text: string;
  readonly holds: (contact: Contact) => boolean;
}

const points = (contact: Contact, tag: string): number => contact.tags.find(([name]) => name === tag)?.[1] ?? 0;
const stageOf = (contact: Contact): string | null => STAGES[contact.stage] ?? null;
function topTag(contact: Contact): string | null {
  const sorted = [...contact.tags].sort(([a, x], [b, y]) => y - x || compareCodePoints(a, b));
  return sorted[0]?.[0] ?? null;
}
const quote = (text: string): string => JSON.stringify(text);

const number = fc.constantFrom<number>(-2.5, -1, 0, 0.1, 1, 2, 3, 50);
const operator = fc.constantFrom("=", "!=", "<", "<=", ">", ">=");
function compare(op: string, order: number | null): boolean {
  if (order === null) return op === "!=";
  return (
    { "=": order === 0, "!=": order !== 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0 }[op] ===
    true
  );
}
const tag = fc.constantFrom(...TAGS, "nobody has it");

const leaf: fc.Arbitrary<Case> = fc.oneof(
  fc.constant<Case>({ text: "known", holds: (c) => !c.id.startsWith("~") }),
  fc.constantFrom(...SEGMENTS).map((name) => ({
    text: `in segment ${quote(name)}`,
    holds: (c: Contact) => c.segments.includes(SEGMENTS.indexOf(name)),
  })),
  tag.map((name) => ({
    text: `has tag ${quote(name)}`,
    holds: (c: Contact) => c.tags.some(([one]) => one === name),
  })),
  fc.tuple(operator, number).map(([op, n]) => ({
    text: `score ${op} ${n}`,
    holds: (c: Contact) => compare(op, c.score - n),
  })),
  fc.tuple(number, number, fc.boolean()).map(([low, high, not]) => ({
    text: `score ${not ? "not " : ""}between ${low} and ${high}`,
    holds: (c: Contact) => (c.score >= low && c.score <= high) !== not,
  })),
  fc.tuple(tag, operator, number).map(([name, op, n]) => ({
    text: `tag(${quote(name)}) ${op} ${n}`,
    holds: (c: Contact) => compare(op, points(c, name) - n),
  })),
  fc.tuple(tag, fc.uniqueArray(number, { minLength: 1 }), fc.boolean()).map(([name, list, not]) => ({
    text: `tag(${quote(name)}) ${not ? "not " : ""}in (${list.join(", ")})`,
    holds: (c: Contact) => list.includes(points(c, name)) !== not,
  })),
  fc.tuple(tag, operator, tag).map(([a, op, b]) => ({
    text: `tag(${quote(a)}) ${op} tag(${quote(b)})`,
    holds: (c: Contact) => compare(op, points(c, a) - points(c, b)),
  })),
  fc.tuple(tag, operator).map(([a, op]) => ({
    text: `score ${op} tag(${quote(a)})`,
    holds: (c: Contact) => compare(op, c.score - points(c, a)),
  })),
  fc.tuple(operator, fc.constantFrom(...STAGES)).map(([op, name]) => ({
    text: `stage ${op} ${quote(name)}`,
    holds: (c: Contact) => compare(op, c.stage < 0 ? null : c.stage - STAGES.indexOf(name)),
  })),
  fc.tuple(operator, fc.constantFrom(...STAGES)).map(([op, name]) => ({
    text: `${quote(name)} ${op} stage`,
    holds: (c: Contact) => compare(op, c.stage < 0 ? null : STAGES.indexOf(name) - c.stage),
  })),
  fc.tuple(fc.constantFrom(...STAGES), fc.constantFrom(...STAGES), fc.boolean()).map(([low, high, not]) => ({
    text: `stage ${not ? "not " : ""}between ${quote(low)} and ${quote(high)}`,
    holds: (c: Contact) => (c.stage >= 0 && c.stage >= STAGES.indexOf(low) && c.stage <= STAGES.indexOf(high)) !== not,
  })),
  fc.tuple(fc.uniqueArray(fc.constantFrom(...STAGES), { minLength: 1 }), fc.boolean()).map(([list, not]) => ({
    text: `stage ${not ? "not " : ""}in (${list.map(quote).join(", ")})`,
    holds: (c: Contact) => list.includes(stageOf(c) ?? "") !== not,
  })),
  fc.constantFrom("is set", "is not set").map((test) => ({
    text: `stage ${test}`,
    holds: (c: Contact) => c.stage >= 0 === (test === "is set"),
  })),
  fc.tuple(operator, tag).map(([op, name]) => ({
    text: `top_tag ${op} ${quote(name)}`,
    holds: (c: Contact) => {
      const top = topTag(c);
      return compare(op, top === null ? null : compareCodePoints(top, name));
    },
  })),
  fc.constantFrom("is set", "is not set").map((test) => ({
    text: `top_tag ${test}`,
    holds: (c: Contact) => (topTag(c) !== null) === (test === "is set"),
  })),
  fc.constantFrom("contains", "starts with", "ends with", "matches").map((test) => ({
    text: `top_tag not ${test} "Ä" ignoring case`,
    holds: (c: Contact) => topTag(c) !== "ä",
  })),
);

const { predicate: cases } = fc.letrec<{ predicate: Case }>((tie) => ({
  predicate: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    tie("predicate").map((part) => ({ text: `not (${part.text})`, holds: (c: Contact) => !part.holds(c) })),
    fc.array(tie("predicate"), { minLength: 2, maxLength: 3 }).map((parts) => ({
      text: parts.map((part) => `(${part.text})`).join(" and "),
      holds: (c: Contact) => parts.every((part) => part.holds(c)),
    })),
    fc.array(tie("predicate"), { minLength: 2, maxLength: 3 }).map((parts) => ({
      text: parts.map((part) => `(${part.text})`).join(" or "),
      holds: (c: Contact) => parts.some((part) => part.holds(c)),
    })),
  ),
}));

const contactList = fc
  .array(
    fc.record({
      score: number,
      stage: fc.integer({ min: -1, max: 3 }),
      segments: fc.uniqueArray(fc.integer({ min: 0, max: 2 })),
      tags: fc.uniqueArray(fc.tuple(fc.constantFrom(...TAGS), number), { selector: ([name]) => name }),
      known: fc.boolean(),
    }),
    { maxLength: 80 },
  )
  .map((list) => list.map(({ known, ...rest }, i): Contact => ({ id: `${known ? "" : "~"}c${i}`, ...rest })));

describe("evaluating a predicate over a view", () => {
  it("selects exactly the contacts for which it holds one by one", () => {
    fc.assert(
      fc.property(contactList, cases, (contacts, { text, holds }) => {
        expect(select(text, viewOf(contacts)), text).toEqual(contacts.filter(holds).map((contact) => contact.id));
      }),
      { numRuns: 2_000 },
    );
  });

  it("does so over thousands of contacts as over a few", () => {
    fc.assert(
      fc.property(contactList, cases, (contacts, { text, holds }) => {
        const many = Array.from({ length: 3_000 }, (_, i): Contact => {
          const like = contacts[(i * 7) % contacts.length];
          const rest = like ?? { id: "", score: 0, stage: -1, segments: [], tags: [] };
          return { ...rest, id: `${rest.id.startsWith("~") ? "~" : ""}n${i}` };
        });
        expect(select(text, viewOf(many)), text).toEqual(many.filter(holds).map((contact) => contact.id));
      }),
      { numRuns: 100 },
    );
  });

  it("ranges over the contacts that exist, also when negated", () => {
    const none = viewOf([]);
    expect(select("not known", none)).toEqual([]);
    expect(select('not in segment "one"', none)).toEqual([]);
    expect(select('tag("a") = 0', none)).toEqual([]);
  });

  it("takes a tag that was taken away for one that nobody has", () => {
    const view = viewOf([{ id: "ann", score: 0, stage: -1, segments: [], tags: [["a", 3]] }]);
    expect(select('has tag "a"', view)).toEqual(["ann"]);
    applyRow(view, {
      slot: 0,
      id: null,
      score: null,
      stage: null,
      entered: [],
      left: [],
      tags: NO_TAGS,
      untagged: goneList(["a"]),
    });
    expect(select('has tag "a"', view)).toEqual([]);
    expect(select('tag("a") = 0', view)).toEqual(["ann"]);
    expect(select("top_tag is set", view)).toEqual([]);
  });

  it("counts a tag with no points as had", () => {
    const view = viewOf([{ id: "ann", score: 0, stage: -1, segments: [], tags: [["a", 0]] }]);
    expect(select('has tag "a" and tag("a") = 0 and top_tag = "a"', view)).toEqual(["ann"]);
  });

  it("calculates with points and score, where a division by zero is missing", () => {
    const view = viewOf([
      { id: "ann", score: 6, stage: -1, segments: [], tags: [["a", 3]] },
      { id: "bob", score: 6, stage: -1, segments: [], tags: [] },
    ]);
    expect(select('score / tag("a") = 2', view)).toEqual(["ann"]);
    expect(select('not score / tag("a") = 2', view)).toEqual(["bob"]);
    expect(select('score - 2 * tag("a") = 0', view)).toEqual(["ann"]);
  });

  it("names with its place each operand that views do not keep", () => {
    const refusal = (where: string): unknown[] => {
      const { predicate } = parsePredicate(where);
      if (predicate === null) throw new Error(where);
      const { plan, diagnostics } = planPredicate(predicate, { zone: UTC, stages: STAGES });
      expect(plan).toBeNull();
      return diagnostics.map((one) => [one.line, one.column, one.length, one.message]);
    };
    const said = "this operand is not answered by query yet: ";
    expect(refusal('known and count("A") > 3\n or trait.city = "Rome"')).toEqual([
      [1, 11, 10, `${said}count("A")`],
      [2, 5, 10, `${said}trait.city`],
    ]);
    expect(refusal('not did("A" in last 3 days)')).toEqual([[1, 5, 23, `${said}did("A" in last 3 days)`]]);
    expect(refusal("first_seen within 3 days")).toEqual([[1, 1, 10, `${said}first_seen`]]);
    expect(refusal('score > count("A")')).toEqual([[1, 9, 10, `${said}count("A")`]]);
  });
});
