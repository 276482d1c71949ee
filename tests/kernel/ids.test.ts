import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contactIdOf, hash, hash64, isAnonymous, partitionOf, partitionOfHash } from "../../kernel/ids.ts";

function hashOf(text: string, seedLo = 0, seedHi = 0): [lo: number, hi: number] {
  hash64(text, seedLo, seedHi);
  return [hash.lo, hash.hi];
}

describe("a contact's id", () => {
  test("is its userId, or ~ and its anonymousId", () => {
    expect(contactIdOf("u1", null)).toBe("u1");
    expect(contactIdOf("u1", "a1")).toBe("u1");
    expect(contactIdOf(null, "a1")).toBe("~a1");
    expect(isAnonymous("~a1")).toBe(true);
    expect(isAnonymous("a~1")).toBe(false);
  });
});

describe("the hash of an id", () => {
  test.each([
    ["", 1_667_161_195, 4_220_104_170],
    ["u1", 3_349_060_177, 1_701_451_135],
    ["~u1", 1_202_966_373, 1_536_507_464],
    ["17850", 1_602_141_295, 1_234_142_221],
    ["é", 855_508_303, 3_612_451_437],
    ["😀", 1_991_406_464, 3_052_310_350],
    ["a".repeat(255), 2_642_623_759, 3_950_357_720],
  ])("of %j stays what it was when stores were written", (text, lo, hi) => {
    expect(hashOf(text)).toEqual([lo, hi]);
  });

  test("with a seed stays what it was, and is another for another seed", () => {
    const [lo, hi] = hashOf("u1");
    expect(hashOf("m1", lo, hi)).toEqual([2_422_488_335, 609_625_554]);
    expect(hashOf("m1", lo, hi + 1)).not.toEqual(hashOf("m1", lo, hi));
    expect(hashOf("m1", lo + 1, hi)).not.toEqual(hashOf("m1", lo, hi));
  });

  test("is two unsigned 32-bit integers", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(), fc.nat(), (text, seedLo, seedHi) => {
        for (const half of hashOf(text, seedLo, seedHi)) expect(half >>> 0).toBe(half);
      }),
    );
  });

  test("is different for similar ids", () => {
    const seen = new Set<string>();
    const count = 200_000;
    for (let i = 0; i < count; i++) seen.add(hashOf(`user-${i}`).join());
    expect(seen.size).toBe(count);
  });
});

describe("partitions", () => {
  test.each([1, 4, 16, 100])("of %i take about the same number of contacts each", (partitions) => {
    const sizes = Array.from({ length: partitions }, () => 0);
    const count = 50_000;
    for (let i = 0; i < count; i++) {
      const partition = partitionOf(`user-${i}`, partitions);
      sizes[partition] = (sizes[partition] ?? 0) + 1;
    }
    expect(sizes).toHaveLength(partitions);
    const fair = count / partitions;
    // Six standard deviations of a fair throw.
    const tolerance = 6 * Math.sqrt(fair);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(fair - tolerance);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(fair + tolerance);
  });

  test("depend on the low half of the hash only", () => {
    hash64("u1");
    expect(partitionOf("u1", 16)).toBe(partitionOfHash(hash.lo, 16));
  });
});
