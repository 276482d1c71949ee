import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeltaRowSource } from "../../kernel/delta.ts";
import { applyRow } from "./apply-row.ts";
import { eachBit, hasBit } from "../../query/bitmap.ts";
import { ScoreColumn, SCORE_BLOCK } from "../../query/score-column.ts";
import { rangesOf } from "../../query/micro-ranges.ts";
import type { ActiveModel } from "../../query/model-registry.ts";
import { segmentsAnswer } from "../../query/segments-answer.ts";
import { TagNames } from "../../query/tag-names.ts";
import { PartitionView } from "../../query/view.ts";
import { NO_TAGS } from "./tag-list.ts";

const NOTHING = { id: null, score: null, stage: null, entered: [], left: [] } as const;

function rowOf(row: Partial<DeltaRowSource> & { slot: number }): DeltaRowSource {
  return { ...structuredClone(NOTHING), entered: [], left: [], tags: NO_TAGS, untagged: NO_TAGS, ...row };
}

/** A contact whole, or a change of one. */
const change = (segments: number) =>
  fc.record({
    slot: fc.integer({ min: 0, max: 70 }),
    whole: fc.option(fc.boolean(), { nil: null, freq: 3 }),
    entered: fc.uniqueArray(fc.integer({ min: 1, max: segments }), { maxLength: 6 }),
    left: fc.uniqueArray(fc.integer({ min: 1, max: segments }), { maxLength: 6 }),
  });

describe("a view's segments", () => {
  it.each([
    ["rows beside the bitmaps", 300],
    ["more segments than rows are kept for", 5_000],
  ])("are what the rows made of them, with %s", (_what, segments) => {
    fc.assert(
      fc.property(fc.array(change(segments), { maxLength: 120 }), (changes) => {
        const view = new PartitionView(new TagNames());
        const contacts = new Map<number, { known: boolean; segments: Set<number> }>();
        if (segments > 512) {
          const every = Array.from({ length: 600 }, (_, n) => n + 1);
          applyRow(view, rowOf({ slot: 0, id: "all", entered: every }));
          contacts.set(0, { known: true, segments: new Set(every) });
          expect(view.rows.kept).toBe(false);
        }
        for (const { slot, whole, entered, left } of changes) {
          const before = contacts.get(slot);
          if (before === undefined || whole !== null) {
            const known = whole ?? true;
            applyRow(view, rowOf({ slot, id: `${known ? "" : "~"}${slot}`, entered }));
            contacts.set(slot, { known, segments: new Set(entered) });
            continue;
          }
          const gone = left.filter((one) => !entered.includes(one));
          applyRow(view, rowOf({ slot, entered, left: gone }));
          for (const one of entered) before.segments.add(one);
          for (const one of gone) before.segments.delete(one);
        }
        for (let segment = 1; segment <= segments; segment += segments > 512 ? 37 : 1) {
          const members = view.segments.get(segment);
          const wanted = [...contacts].filter(([, contact]) => contact.segments.has(segment));
          const found: number[] = [];
          eachBit(members?.words ?? new Uint32Array(0), 0, (slot) => void found.push(slot));
          expect(found).toEqual(wanted.map(([slot]) => slot).sort((a, b) => a - b));
          expect(members?.count ?? 0).toBe(wanted.length);
          expect(members?.identified ?? 0).toBe(wanted.filter(([, { known }]) => known).length);
        }
        const model = modelOf(segments);
        for (const [slot, contact] of contacts) {
          const names = JSON.parse(segmentsAnswer(model, view, slot, `"as_of":null}`)) as unknown;
          const wanted = model.segments.filter(({ id }) => contact.segments.has(id)).map(({ name }) => name);
          expect(names).toEqual({ segments: wanted, as_of: null });
        }
      }),
      { numRuns: segments > 512 ? 10 : 100 },
    );
  });
});

/** Only what an answer reads of a model; its segments in another order than their numbers. */
function modelOf(segments: number): ActiveModel {
  const ids = Array.from({ length: segments }, (_, n) => ((n * 7) % segments) + 1);
  const list = ids.map((id) => ({ id, name: `"ségment" ${id}${"x".repeat(id % 60)}` }));
  const named = list.map(({ id, name }) => ({ id, name, nameJson: JSON.stringify(name) }));
  return { segments: named } as unknown as ActiveModel;
}

describe("a column of scores", () => {
  it("knows a bound of every block that is never too small, and exact when asked after any change", () => {
    const score = fc.integer({ min: -5, max: 5 });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), score, fc.boolean())), (changes) => {
        const column = new ScoreColumn();
        for (const [slot, micros, ask] of changes) {
          column.set(slot, micros);
          if (ask) column.largest(slot >>> Math.log2(SCORE_BLOCK));
        }
        for (const [slot] of changes) {
          const largest = column.largest(Math.floor(slot / SCORE_BLOCK));
          expect(largest).toBeGreaterThanOrEqual(column.get(slot));
          expect(largest).toBeLessThanOrEqual(5);
        }
      }),
    );
  });
});

describe("ranges of micro points", () => {
  it("say what the test says of any number", () => {
    const value = fc.oneof(
      fc.double({ min: -9e9, max: 9e9, noNaN: true }),
      fc.constantFrom(0, 0.1, 0.3, -2.5, 1e-7, 5, 8_999_999_999.5),
    );
    const near = fc.integer({ min: -3, max: 3 });
    fc.assert(
      fc.property(value, value, near, fc.constantFrom(1, 2, 3, 4, 5, 6), (a, b, offset, kind) => {
        const test = (points: number): boolean =>
          [points > a, points >= a, points === a, points !== a, points >= a && points <= b, points < a || points === b][
            kind - 1
          ] === true;
        const ranges = rangesOf([a, b], test) ?? [];
        for (const around of [a, b, 0]) {
          const micros = Math.round(around * 1e6) + offset;
          expect(ranges.some(({ from, to }) => micros >= from && micros < to)).toBe(test(micros / 1e6));
        }
      }),
    );
  });

  it("are not given for values beyond whole micro points", () => {
    expect(rangesOf([1e10], (points) => points > 1e10)).toBeNull();
    expect(rangesOf([], () => true)).toEqual([{ from: -Infinity, to: Infinity }]);
  });
});

describe("loading a contact again", () => {
  it("leaves nothing of what it was", () => {
    const view = new PartitionView(new TagNames());
    const head = { id: "~a", known: false, saturated: false, firstSeen: 0, lastSeen: 0, score: 5, stage: 2 };
    view.putHead(40, { ...head, members: [1, 2], since: [0, 0], tags: [["x", 3]] });
    view.putHead(40, { ...head, id: "ann", members: [2], since: [0], tags: [["y", 0.5]], stage: -1 });
    expect([view.find("~a"), view.find("ann")]).toEqual([-1, 40]);
    expect(hasBit(view.segments.get(1)?.words ?? new Uint32Array(0), 40)).toBe(false);
    expect(view.segments.get(2)).toMatchObject({ count: 1, identified: 1 });
    expect([view.tags.points(40, 0), view.tags.points(40, 1)]).toEqual([null, 0.5]);
    expect([view.stages.count(2), view.stages.count(-1)]).toEqual([0, 1]);
  });
});
