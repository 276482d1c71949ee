import { expect, test } from "vitest";
import { ByteWriter } from "../../kernel/bytes.ts";

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
