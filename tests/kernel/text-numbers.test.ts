import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeEntry, openEntry } from "../../kernel/entry.ts";
import { TextNumbers } from "../../kernel/text-numbers.ts";

const text = fc.string({ unit: "grapheme", maxLength: 20 });

function find(texts: TextNumbers, wanted: string): number {
  const bytes = Buffer.from(`..${wanted}.`);
  return texts.find(bytes, 2, bytes.length - 1);
}

describe("numbers of texts", () => {
  test("every text has its own, however many there are, and others have none", () => {
    fc.assert(
      fc.property(fc.uniqueArray(text, { maxLength: 300 }), fc.array(text), (known, others) => {
        const texts = new TextNumbers();
        const numbers = known.map((one) => texts.add(one));
        expect(numbers).toEqual(known.map((_, i) => i));
        expect(known.map((one) => texts.add(one))).toEqual(numbers);
        for (const one of [...known, ...others]) expect(find(texts, one)).toBe(known.indexOf(one));
      }),
    );
  });

  test("a number that is reserved belongs to no text", () => {
    const texts = new TextNumbers();
    expect([texts.add("a"), texts.reserve(), texts.add("b"), texts.add("a")]).toEqual([0, 1, 2, 0]);
    expect(texts.count).toBe(3);
  });

  test("strings of an entry are found without being decoded", () => {
    const texts = new TextNumbers();
    const [price, shown] = [texts.add("price"), texts.add("Prämie gezeigt")];
    const call = {
      kind: "track",
      name: "Prämie gezeigt",
      userId: "u1",
      anonymousId: null,
      messageId: "m1",
      timestamp: 0,
      properties: { price: 1, cost: 2 },
      context: {},
      traits: {},
    } as const;
    const entry = openEntry(encodeEntry([call], 0));
    const numbers = Array.from({ length: entry.stringCount }, (_, n) => [
      entry.string(n),
      entry.stringNumber(n, texts),
    ]);
    expect(new Map(numbers as [string, number][])).toEqual(
      new Map([
        ["Prämie gezeigt", shown],
        ["price", price],
        ["cost", -1],
      ]),
    );
  });
});
