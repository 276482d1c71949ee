/**
 * Columns that grow. By a quarter and not twofold: a view has a dozen of them for every contact, and on average half of
 * what a column grows by lies idle.
 */

/** How long a column of `length` becomes that has to hold `needed`. */
export function grownLength(length: number, needed: number): number {
  return Math.max(needed, length + (length >>> 2) + 16);
}

/** The column itself when it holds `needed`, else a longer copy. */
export function grownUint32(column: Uint32Array<ArrayBuffer>, needed: number): Uint32Array<ArrayBuffer> {
  if (needed <= column.length) return column;
  const grown = new Uint32Array(grownLength(column.length, needed));
  grown.set(column);
  return grown;
}

export function grownFloat64(column: Float64Array<ArrayBuffer>, needed: number): Float64Array<ArrayBuffer> {
  if (needed <= column.length) return column;
  const grown = new Float64Array(grownLength(column.length, needed));
  grown.set(column);
  return grown;
}
