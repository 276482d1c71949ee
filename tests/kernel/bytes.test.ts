import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteReader, ByteWriter } from "../../kernel/bytes.ts";

test("what was written is in view from any place, and stays as it is when more makes the buffer grow", () => {
  const out = new ByteWriter(8);
  const views = Array.from({ length: 200 }, (_, i) => {
    const begin = out.length;
    out.text(`text ${i}`);
    return out.view(begin);
  });
  expect(views.map((view) => view.toString("utf8", 1))).toEqual(views.map((_, i) => `text ${i}`));
  expect(out.view()).toEqual(Buffer.concat(views));
});

test("a buffer that has grown too large is let go at a reset", () => {
  const out = new ByteWriter(8, 64);
  out.raw(Buffer.alloc(64));
  out.reset();
  const { buffer } = out;
  out.raw(Buffer.alloc(65));
  out.reset();
  expect(buffer.length).toBe(64);
  expect(out.buffer.length).toBe(64);
  expect(out.buffer).not.toBe(buffer);
});

test("whole numbers of any size come back, with their sign", () => {
  const large = fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 200 })).map(([n, power]) => n * 2 ** power);
  const near = fc
    .tuple(fc.integer({ min: 0, max: 53 }), fc.integer({ min: -2, max: 2 }), fc.boolean())
    .map(([power, more, negative]) => (2 ** power + more) * (negative ? -1 : 1));
  fc.assert(
    fc.property(fc.array(fc.oneof(near, fc.maxSafeInteger(), large)), (numbers) => {
      const whole = numbers.map((n) => n || 0);
      const out = new ByteWriter(16);
      for (const n of whole) {
        out.varint(Math.abs(n));
        out.svarint(n);
      }
      const input = new ByteReader(out.finish());
      for (const n of whole) expect([input.varint(), input.svarint()]).toEqual([Math.abs(n), n]);
      expect(input.done).toBe(true);
    }),
    { numRuns: 500 },
  );
});
