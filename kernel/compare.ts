/** Order of strings by Unicode code points, the order that the contract asks for everywhere. */

/**
 * Negative, zero or positive. JavaScript's `<` compares UTF-16 units, which puts U+E000..U+FFFF after the
 * surrogates of larger code points; only there do the two orders differ.
 */
export function compareCodePoints(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const xHigh = x >= 0xd800 && x <= 0xdfff;
    const yHigh = y >= 0xd800 && y <= 0xdfff;
    if (xHigh !== yHigh) return xHigh ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}
