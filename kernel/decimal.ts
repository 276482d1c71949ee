/**
 * Points and summed values are exact decimals of six places, kept as whole micro units in a double. Whole numbers up
 * to 2^53 - 1 add exactly in any order, so no order of arrival and no expiry can change a sum.
 */

export const MICRO = 1_000_000;
/** LANGUAGE.md, Aggregates: values beyond this either way are ignored. */
export const VALUE_MAX = 9e9;

/**
 * `sign(x) * floor(abs(x) * 1e6 + 0.5)` in doubles: LANGUAGE.md's rounding, before its division by 1e6.
 * Only for finite x; |x| <= 9e9 keeps the result exact.
 */
export function toMicros(value: number): number {
  const micros = Math.floor(Math.abs(value) * MICRO + 0.5);
  return value < 0 ? 0 - micros : micros;
}

/** The double nearest to the exact decimal. */
export function fromMicros(micros: number): number {
  return micros / MICRO;
}
