/** Exact decimals: whole numbers of millionths in a bigint, turned into a double only at the very end. */

const LARGEST = 9e9;

/** The value in millionths, rounded as the language says; null when it is beyond 9e9 either way. */
export function toMillionths(value: number): bigint | null {
  if (!Number.isFinite(value) || Math.abs(value) > LARGEST) return null;
  return BigInt(Math.sign(value) * Math.floor(Math.abs(value) * 1e6 + 0.5));
}

/** The double nearest to that many millionths: the text of the decimal, read by the language's own parser. */
export function fromMillionths(millionths: bigint): number {
  const digits = (millionths < 0n ? -millionths : millionths).toString().padStart(7, "0");
  const value = Number(`${digits.slice(0, -6)}.${digits.slice(-6)}`);
  return millionths < 0n ? -value : value;
}

/** The double nearest to `numerator / denominator` (denominator > 0), rounded once. */
export function nearestQuotient(numerator: bigint, denominator: bigint): number {
  if (numerator < 0n) return -nearestQuotient(-numerator, denominator);
  if (numerator === 0n) return 0;
  const missingBits = 64 - (bitLength(numerator) - bitLength(denominator));
  const shift = Math.max(0, missingBits);
  const scaled = numerator << BigInt(shift);
  const quotient = scaled / denominator;
  // At least 64 bits are left, so a last bit that stands for all that was cut off keeps Number() from rounding twice.
  const sticky = scaled % denominator === 0n ? quotient : quotient | 1n;
  return Number(sticky) * 2 ** -shift;
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}
