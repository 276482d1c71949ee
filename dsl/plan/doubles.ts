/**
 * The neighbours of a number among all that a double can hold. `x > v` is `x >= doubleAbove(v)`, so ends of ranges that
 * don't belong to them need no rules of their own.
 */

const double = new Float64Array(1);
const bits = new BigInt64Array(double.buffer);

/** Of a finite number. */
export function doubleAbove(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  double[0] = value;
  bits[0] = (bits[0] as bigint) + (value > 0 ? 1n : -1n);
  return double[0];
}

/** Of a finite number. */
export function doubleBelow(value: number): number {
  return -doubleAbove(-value);
}
