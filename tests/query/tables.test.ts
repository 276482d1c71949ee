import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clearBit, countCommon, createBitmap, eachBit, hasBit, popcount, setBit } from "../../query/bitmap.ts";
import { IdTable } from "../../query/id-table.ts";
import { TagNames } from "../../query/tag-names.ts";
import { MICRO } from "../../kernel/decimal.ts";
import { TagTable } from "../../query/tag-table.ts";

const slot = fc.integer({ min: 0, max: 200 });

/** Their order is another one than that of their numbers. */
const names = new TagNames();
for (let number = 0; number < 100; number++) names.number(`tag ${(number * 37) % 100}`);

/** The tag with the most points, of equals the one whose name sorts first; -1 without any. */
function strongestOf(table: TagTable, of: number): number {
  const tags: { readonly tag: number; readonly points: number }[] = [];
  table.eachTagOf(of, (tag, points) => void tags.push({ tag, points }));
  tags.sort((a, b) => b.points - a.points || (names.name(a.tag) < names.name(b.tag) ? -1 : 1));
  return tags[0]?.tag ?? -1;
}

describe("a bitmap", () => {
  it("is a set of slots that knows its size", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), slot)), slot, (changes, from) => {
        const bitmap = createBitmap();
        const model = new Set<number>();
        for (const [add, n] of changes) {
          if (add) setBit(bitmap, n);
          else clearBit(bitmap, n);
          if (add) model.add(n);
          else model.delete(n);
          expect(bitmap.count).toBe(model.size);
        }
        for (let n = 0; n <= 201; n++) expect(hasBit(bitmap.words, n)).toBe(model.has(n));
        const found: number[] = [];
        eachBit(bitmap.words, from, (n) => void found.push(n));
        expect(found).toEqual([...model].filter((n) => n >= from).sort((a, b) => a - b));
        expect(countCommon(bitmap.words, bitmap.words)).toBe(model.size);
      }),
    );
  });

  it("counts the bits of any word", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (word) => {
        expect(popcount(word)).toBe(word.toString(2).replaceAll("0", "").length);
      }),
    );
  });
});

describe("a table of ids", () => {
  it("finds every id that was put, and no other", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1, maxLength: 255, unit: "grapheme" }), { maxLength: 300 }),
        (ids) => {
          const table = new IdTable();
          const kept = ids.filter((id) => id.length <= 256);
          for (const [n, id] of kept.entries()) table.put(n, id);
          for (const [n, id] of kept.entries()) {
            expect(table.id(n)).toBe(id);
            expect(table.find(id)).toBe(n);
            expect(table.find(`${id}?`)).toBe(kept.indexOf(`${id}?`));
          }
        },
      ),
    );
  });

  it("grows with many ids, put in any order and more than once", () => {
    const table = new IdTable();
    for (let n = 20_000; n-- > 0;) table.put(n, `contact-${n}`);
    for (let n = 0; n < 20_000; n += 7) table.put(n, `contact-${n}`);
    for (let n = 0; n < 20_000; n++) expect(table.find(`contact-${n}`)).toBe(n);
    expect(table.find("contact-20000")).toBe(-1);
  });

  it("finds a slot by its newest id alone", () => {
    const table = new IdTable();
    table.put(0, "~a");
    table.put(0, "ann");
    expect(table.find("~a")).toBe(-1);
    expect(table.find("ann")).toBe(0);
    table.put(1, "~a");
    expect(table.find("~a")).toBe(1);
  });

  it("finds nobody under an id longer than any can be", () => {
    expect(new IdTable().find("x".repeat(100_000))).toBe(-1);
  });
});

describe("a table of tags", () => {
  it("says the same as a map of maps after any changes", () => {
    const few = fc.integer({ min: 0, max: 12 });
    const whole = fc.integer({ min: -40_000, max: 40_000 }).map((n) => n * 1e6);
    const points = fc.oneof(fc.integer({ min: -5, max: 5 }), whole, fc.constantFrom(0.5e6, 2 ** 50));
    const change = fc.oneof(
      fc.record({ kind: fc.constant("set" as const), slot: few, tag: few, points }),
      fc.record({ kind: fc.constant("remove" as const), slot: few, tag: few }),
      fc.record({ kind: fc.constant("clear" as const), slot: few }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
        const table = new TagTable(names);
        const model = new Map<string, number>();
        for (const one of changes) {
          if (one.kind === "set") {
            table.set(one.slot, one.tag, one.points);
            model.set(`${one.slot} ${one.tag}`, one.points);
          } else if (one.kind === "remove") {
            table.remove(one.slot, one.tag);
            model.delete(`${one.slot} ${one.tag}`);
          } else {
            table.clear(one.slot);
            for (const key of model.keys()) if (key.startsWith(`${one.slot} `)) model.delete(key);
          }
        }
        for (let tag = 0; tag <= 13; tag++) {
          const slots = new Map<number, number>();
          table.eachSlotWith(tag, (n, points) => void slots.set(n, points));
          const wanted = [...model].filter(([key]) => key.endsWith(` ${tag}`));
          expect(new Map([...slots].map(([n, points]) => [`${n} ${tag}`, points]))).toEqual(new Map(wanted));
          expect(table.count(tag)).toBe(wanted.length);
          expect(table.total(tag)).toBe(wanted.reduce((sum, [, points]) => sum + points, 0));
          const [within, words] = [new Uint32Array([0b10_1111_0110]), new Uint32Array(1)];
          table.markInRange(tag, { from: -3, to: 5e6 }, within, words);
          for (let n = 0; n < 32; n++) {
            const points = hasBit(within, n) ? (slots.get(n) ?? Infinity) : Infinity;
            expect(hasBit(words, n)).toBe(points >= -3 && points < 5e6);
          }
        }
        for (let n = 0; n <= 13; n++) {
          const tags = new Map<string, number>();
          table.eachTagOf(n, (tag, points) => void tags.set(`${n} ${tag}`, points));
          expect(tags).toEqual(new Map([...model].filter(([key]) => key.startsWith(`${n} `))));
          expect(table.points(n, 3)).toBe(model.get(`${n} 3`) ?? null);
          expect(table.tops.get(n)).toBe(strongestOf(table, n));
        }
      }),
    );
  });

  it("keeps tags apart whose numbers need more than 16 bits", () => {
    const table = new TagTable(names);
    for (const tag of [3, 65_535, 65_536, 65_539, 200_003]) table.set(1, tag, tag * 1e6);
    const found = new Map<number, number>();
    table.eachTagOf(1, (tag, points) => void found.set(tag, points));
    expect([...found.keys()].sort((a, b) => a - b)).toEqual([3, 65_535, 65_536, 65_539, 200_003]);
    for (const [tag, points] of found) expect(points).toBe(tag * 1e6);
    table.remove(1, 65_539);
    expect([table.points(1, 3), table.points(1, 65_539)]).toEqual([3e6, null]);
    expect(table.tops.get(1)).toBe(200_003);
    table.remove(1, 200_003);
    table.set(40, 65_534, 1);
    expect([table.tops.get(1), table.tops.get(40), table.tops.get(2)]).toEqual([65_536, 65_534, -1]);
  });

  it("takes all tags of a contact at once as one after the other", () => {
    const [single, together] = [new TagTable(names), new TagTable(names)];
    for (let slot = 0; slot < 300; slot++) {
      const tags = Array.from({ length: 1 + (slot % 40) }, (_, i) => (slot * 3 + i) % 90);
      const points = tags.map((tag) => (slot % 7 === 0 ? tag * 1e6 + 0.5 : (tag - 40) * 1e6));
      for (const [i, tag] of tags.entries()) single.set(slot, tag, points[i] ?? 0);
      together.setAll(slot, tags, points);
    }
    for (let tag = 0; tag < 90; tag++) {
      expect([together.count(tag), together.total(tag)]).toEqual([single.count(tag), single.total(tag)]);
      for (let slot = 0; slot < 300; slot++) expect(together.points(slot, tag)).toBe(single.points(slot, tag));
    }
    for (let slot = 0; slot < 300; slot++) {
      expect([single.tops.get(slot), together.tops.get(slot)]).toEqual(Array(2).fill(strongestOf(together, slot)));
    }
  });

  it("keeps many tags of many contacts apart", () => {
    const table = new TagTable(names);
    for (let n = 0; n < 2_000; n++) for (let tag = 0; tag < 10; tag++) table.set(n, (n * 7 + tag * 13) % 500, n + tag);
    let entries = 0;
    for (let tag = 0; tag < 500; tag++) entries += table.count(tag);
    expect(entries).toBe(20_000);
    for (let n = 0; n < 2_000; n++) table.clear(n);
    for (let tag = 0; tag < 500; tag++) expect(table.count(tag) + table.total(tag)).toBe(0);
  });
});

describe("a search for tags by points", () => {
  /** Whole ones that fit a byte, ones that don't, negative ones, ones that fit no column, parts of a point. */
  const points = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 9 }) },
    { weight: 2, arbitrary: fc.constantFrom(255, 256, -1, 32_767, -32_768) },
    { weight: 1, arbitrary: fc.constantFrom(32_768, -40_000, 0.5, 1_000_000) },
  );
  const change = fc.tuple(fc.integer({ min: 0, max: 149 }), fc.integer({ min: 0, max: 2 }), fc.option(points));
  const bound = fc.oneof(points, fc.constantFrom(-Infinity, Infinity));

  it("finds the same whether few contacts have a tag or most, and however the points came to be", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 400 }), bound, bound, fc.boolean(), (changes, a, b, reserved) => {
        const table = new TagTable(names);
        if (reserved) table.reserve(5_000);
        const model = [0, 1, 2].map(() => new Map<number, number>());
        for (const [of, tag, now] of changes) {
          if (now === null) {
            table.remove(of, tag);
            model[tag]?.delete(of);
          } else {
            table.set(of, tag, now * MICRO);
            model[tag]?.set(of, now);
          }
        }
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const within = new Uint32Array(5).fill(0xffff_ffff);
        within[2] = 0x0f0f_0f0f;
        for (const [tag, known] of model.entries()) {
          const found = new Uint32Array(5);
          table.markInRange(tag, { from: from * MICRO, to: to * MICRO }, within, found);
          const wanted = new Uint32Array(5);
          for (const [of, now] of known) {
            if (now >= from && now < to) wanted[of >>> 5] = (wanted[of >>> 5] ?? 0) | (1 << (of & 31));
          }
          for (let i = 0; i < 5; i++) wanted[i] = (wanted[i] ?? 0) & (within[i] ?? 0);
          expect(Array.from(found)).toEqual(Array.from(wanted));
        }
      }),
      { numRuns: 500 },
    );
  });
});
