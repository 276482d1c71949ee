import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createKernel, KERNEL_CODE, markInRange, newNumbers, newWords } from "../../query/bitmap-kernel.ts";
import { combineWords, countCommon, countWords } from "../../query/bitmap.ts";

/** Words of random bits, some of them empty or full, as many as asked for. */
const words = fc
  .tuple(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 0, max: 2 ** 31 }))
  .map(([length, seed]): number[] => {
    let state = seed + 1;
    return Array.from({ length }, () => {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
      const kind = state & 7;
      return kind === 0 ? 0 : kind === 1 ? 0xffffffff : (Math.imul(state, 0x85ebca6b) ^ (state >>> 13)) >>> 0;
    });
  });

/** The same words where the kernel can reach them, as far as they are many enough. */
function reachable(plain: readonly number[]): Uint32Array {
  const copy = newWords(plain.length);
  copy.set(plain);
  return copy;
}

const bitsOf = (plain: readonly number[]): number =>
  plain.reduce((sum, word) => sum + word.toString(2).replaceAll("0", "").length, 0);

const OPERATIONS = {
  and: (a: number, b: number) => (a & b) >>> 0,
  or: (a: number, b: number) => (a | b) >>> 0,
  andNot: (a: number, b: number) => (a & ~b) >>> 0,
} as const;

describe("the bitmap kernel", () => {
  it("is what its source makes", async () => {
    const source = new URL("../../scripts/make-bitmap-kernel.mjs", import.meta.url).href;
    const { makeKernel } = (await import(source)) as { readonly makeKernel: () => Uint8Array };
    expect(Buffer.from(makeKernel()).toString("base64")).toBe(KERNEL_CODE);
  });

  it("works on this machine", () => {
    const kernel = createKernel();
    if (kernel === null) throw new Error("there is no WebAssembly with SIMD here");
    const block = kernel.allocate(100);
    if (block === null) throw new Error("the memory is full");
    expect(block.length).toBe(128);
    expect(kernel.addressOf(block)).toBe(0);
    expect(kernel.addressOf(new Uint32Array(128))).toBe(-1);
    block.fill(0xffffffff, 3, 5);
    expect(kernel.functions.count(0, 512)).toBe(64);
  });

  it("keeps what was allocated while its memory grows", () => {
    const kernel = createKernel();
    if (kernel === null) throw new Error("there is no WebAssembly with SIMD here");
    const blocks = Array.from({ length: 40 }, (_, n) => {
      const block = kernel.allocate(64 * 1024);
      if (block === null) throw new Error("the memory is full");
      return block.fill(n);
    });
    for (const [n, block] of blocks.entries()) expect(block.every((word) => word === n)).toBe(true);
    const [first, last] = [blocks[1], blocks[39]];
    if (first === undefined || last === undefined) throw new Error("blocks are missing");
    const [a, b] = [kernel.addressOf(first), kernel.addressOf(last)];
    expect(kernel.functions.countCommon(a, b, 64 * 1024 * 4)).toBe(64 * 1024);
  });

  it("counts like plain code", () => {
    fc.assert(
      fc.property(words, words, (a, b) => {
        expect(countWords(reachable(a))).toBe(bitsOf(a));
        const common = a.slice(0, b.length).map((word, i) => OPERATIONS.and(word, b[i] ?? 0));
        expect(countCommon(reachable(a), reachable(b))).toBe(bitsOf(common));
        expect(countCommon(reachable(a), Uint32Array.from(b))).toBe(bitsOf(common));
      }),
    );
  });

  it("combines like plain code, also what differs in length or lies elsewhere", () => {
    fc.assert(
      fc.property(
        words,
        words,
        fc.constantFrom("and", "or", "andNot"),
        fc.constantFrom("neither", "a", "b"),
        fc.boolean(),
        (a, b, operation, into, elsewhere) => {
          const length = Math.max(a.length, b.length);
          const padded = (plain: readonly number[]): number[] => [...plain, ...Array(length - plain.length).fill(0)];
          const wanted = padded(a).map((word, i) => OPERATIONS[operation](word, b[i] ?? 0));
          // What is written to has room for the longer one.
          const x = reachable(into === "a" ? padded(a) : a);
          const y = elsewhere
            ? Uint32Array.from(into === "b" ? padded(b) : b)
            : reachable(into === "b" ? padded(b) : b);
          const to = into === "a" ? x : into === "b" ? y : reachable(Array(length).fill(7));
          combineWords(operation, to, x, y, length);
          expect(Array.from(to.subarray(0, length))).toEqual(wanted);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("searches columns of each type like plain code, and leaves bits that are set", () => {
    const kinds = [
      { type: Float64Array, least: -40_000_000, most: 40_000_000 },
      { type: Uint8Array, least: 0, most: 255 },
      { type: Int16Array, least: -32_768, most: 32_767 },
    ] as const;
    const places = fc.record({
      kind: fc.constantFrom(...kinds),
      count: fc.integer({ min: 1, max: 70 }),
      seed: fc.integer({ min: 1, max: 2 ** 31 }),
      bounds: fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
      elsewhere: fc.boolean(),
    });
    fc.assert(
      fc.property(places, ({ kind: { type, least, most }, count, seed, bounds, elsewhere }) => {
        const at = (part: number): number => Math.round(least + part * (most - least));
        const [from, to] = [at(Math.min(...bounds)), at(Math.max(...bounds))];
        const numbers = elsewhere
          ? new type(count * 32)
          : newNumbers<Float64Array | Uint8Array | Int16Array>(type, count * 32);
        let state = seed;
        for (let i = 0; i < count * 32; i++) {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
          // Now and then one of the bounds.
          numbers[i] = state % 5 === 0 ? from : state % 7 === 0 ? to : at(state / 2 ** 32);
        }
        const bits = newWords(count);
        bits[0] = 1 << 31;
        markInRange(bits, numbers, from, to, count);
        const inside = (i: number): boolean => (numbers[i] ?? NaN) >= from && (numbers[i] ?? NaN) <= to;
        for (let i = 0; i < count * 32; i++) {
          expect(((bits[i >>> 5] ?? 0) >>> (i & 31)) & 1).toBe(inside(i) || i === 31 ? 1 : 0);
        }
      }),
      { numRuns: 200 },
    );
  });
});
