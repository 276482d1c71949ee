/**
 * Sums of micro units without rounding: two halves that add in doubles without loss, however many values there are
 * and in whatever order they come and go. One value is at most 9e15 micro units (kernel/decimal.ts), so its high half
 * is below 2^27 and its low half below 2^26: 2^26 values of either stay below 2^53.
 */
import { MICRO } from "../../kernel/decimal.ts";

const HALF = 2 ** 26;
/** As many values times `MICRO` are a whole number that a double holds. */
const AVERAGED_EXACTLY_MAX = Math.floor(Number.MAX_SAFE_INTEGER / MICRO);

export function highOf(micros: number): number {
  return Math.floor(micros / HALF);
}

/** Never negative: the high half is rounded down. */
export function lowOf(micros: number): number {
  return micros - Math.floor(micros / HALF) * HALF;
}

/** The double nearest to the decimal that the halves add up to. */
export function sumValue(high: number, low: number): number {
  const micros = high * HALF + low;
  if (Math.abs(micros) <= Number.MAX_SAFE_INTEGER) return micros / MICRO;
  return nearestRatio(BigInt(high) * BigInt(HALF) + BigInt(low), BigInt(MICRO));
}

/** The double nearest to the exact quotient of a sum and a count; count > 0. */
export function averageValue(high: number, low: number, count: number): number {
  const micros = high * HALF + low;
  // The quotient of two doubles that are exact is rounded once.
  if (Math.abs(micros) <= Number.MAX_SAFE_INTEGER && count <= AVERAGED_EXACTLY_MAX) return micros / (MICRO * count);
  return nearestRatio(BigInt(high) * BigInt(HALF) + BigInt(low), BigInt(MICRO) * BigInt(count));
}

/**
 * The double nearest to numerator / denominator, ties to even; denominator > 0. Scales the quotient to 55 bits and a
 * sticky one, which leaves the only rounding to the conversion to a double (the quotient is far from subnormal).
 */
export function nearestRatio(numerator: bigint, denominator: bigint): number {
  if (numerator === 0n) return 0;
  const negative = numerator < 0n;
  const n = negative ? -numerator : numerator;
  const shift = 55 - (bitLength(n) - bitLength(denominator));
  const scaled = shift >= 0 ? n << BigInt(shift) : n;
  const divisor = shift >= 0 ? denominator : denominator << BigInt(-shift);
  const quotient = scaled / divisor;
  const sticky = quotient * divisor === scaled ? 0n : 1n;
  const value = Number(quotient * 2n + sticky) * 2 ** -(shift + 1);
  return negative ? -value : value;
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}
