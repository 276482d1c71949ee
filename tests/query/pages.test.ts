import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyRow } from "./apply-row.ts";
import { decodeCursor, encodeCursor } from "../../query/cursor.ts";
import {
  BestByScore,
  countMembers,
  pageInOrder,
  type MemberSet,
  type Position,
  type ScoredPosition,
} from "../../query/pages.ts";
import { TagNames } from "../../query/tag-names.ts";
import { PartitionView } from "../../query/view.ts";
import { NO_TAGS } from "./tag-list.ts";

/** Scores of each partition's contacts, and who of them is in the set. */
const partitions = fc.array(
  fc.array(fc.record({ score: fc.integer({ min: -3, max: 3 }), member: fc.boolean() }), { maxLength: 70 }),
  { minLength: 1, maxLength: 4 },
);

function setsOf(given: readonly (readonly { score: number; member: boolean }[])[]): MemberSet[] {
  return given.map((contacts, partition) => {
    const view = new PartitionView(new TagNames());
    for (const [slot, { score, member }] of contacts.entries()) {
      const entered = member ? [1] : [];
      applyRow(view, {
        slot,
        id: `${partition}/${slot}`,
        score,
        stage: null,
        entered,
        left: [],
        tags: NO_TAGS,
        untagged: NO_TAGS,
      });
    }
    return { partition, view, words: view.segments.get(1)?.words ?? new Uint32Array(0) };
  });
}

function walk<P>(limit: number, page: (after: P | null) => { rows: readonly P[]; next: P | null }): P[] {
  const rows: P[] = [];
  let after: P | null = null;
  do {
    const { rows: some, next }: { rows: readonly P[]; next: P | null } = page(after);
    expect(some.length).toBeLessThanOrEqual(limit);
    if (next !== null) expect(some.length).toBe(limit);
    rows.push(...some);
    after = next;
  } while (after !== null);
  return rows;
}

describe("walking a set page by page", () => {
  it("gives every member once, by partition and arrival", () => {
    fc.assert(
      fc.property(partitions, fc.integer({ min: 1, max: 40 }), (given, limit) => {
        const sets = setsOf(given);
        const wanted = given.flatMap((contacts, partition) =>
          contacts.flatMap(({ member }, slot): Position[] => (member ? [{ partition, slot }] : [])),
        );
        expect(walk<Position>(limit, (after) => pageInOrder(sets, limit, after))).toEqual(wanted);
        expect(countMembers(sets)).toBe(wanted.length);
      }),
    );
  });

  it("gives every member once, highest score first, equal scores by partition and arrival", () => {
    fc.assert(
      fc.property(partitions, fc.integer({ min: 1, max: 40 }), (given, limit) => {
        const sets = setsOf(given);
        const wanted = given
          .flatMap((contacts, partition) =>
            contacts.flatMap(({ member, score }, slot): ScoredPosition[] =>
              member ? [{ micros: score, partition, slot }] : [],
            ),
          )
          .sort((a, b) => b.micros - a.micros || a.partition - b.partition || a.slot - b.slot);
        const walked = walk<ScoredPosition>(limit, (after) => {
          const best = new BestByScore(limit, after);
          for (const set of sets) best.add(set);
          return best.page();
        });
        expect(walked).toEqual(wanted);
      }),
    );
  });
});

describe("a cursor", () => {
  const list = ["segment", "a", "id"];
  const cursor = encodeCursor(list, [3, "x"]);

  it("brings back its position", () => {
    expect(decodeCursor(cursor, list, ["integer", "string"])).toEqual([3, "x"]);
  });

  it.each([
    ["another list's", () => decodeCursor(cursor, ["segment", "b", "id"], ["integer", "string"])],
    ["another order's", () => decodeCursor(cursor, ["segment", "a", "score"], ["integer", "string"])],
    ["another shape's", () => decodeCursor(cursor, list, ["integer", "integer"])],
    ["a cut one", () => decodeCursor(cursor.slice(0, -3), list, ["integer", "string"])],
    ["nonsense", () => decodeCursor("!!!", list, ["integer", "string"])],
    ["an empty one", () => decodeCursor("", list, ["integer", "string"])],
    ["a very long one", () => decodeCursor("A".repeat(100_000), list, ["integer", "string"])],
  ])("is refused when it is %s", (_what, decode) => {
    expect(decode).toThrowError(expect.objectContaining({ code: "invalid_call", details: { field: "cursor" } }));
  });
});
