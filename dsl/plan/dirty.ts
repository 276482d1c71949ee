/** The roots that are to be looked at again, taken in ascending order. */

export interface DirtySet {
  add(root: number): void;
  addAll(roots: readonly number[]): void;
  /** Those at the places `from` up to but without `to`. */
  addRange(roots: Uint32Array, from: number, to: number): void;
  /** Every root. */
  fill(): void;
  /** Removes and gives the least one; -1 when there is none. Roots added meanwhile may be larger ones only. */
  take(): number;
}

export function createDirtySet(size: number): DirtySet {
  const words = new Uint32Array((size + 31) >>> 5);
  /** Which words have a bit: with thousands of roots most have none. */
  const summary = new Uint32Array((words.length + 31) >>> 5);
  let first = summary.length;
  const add = (root: number): void => {
    const word = root >>> 5;
    words[word] = (words[word] as number) | (1 << (root & 31));
    const place = word >>> 5;
    summary[place] = (summary[place] as number) | (1 << (word & 31));
    if (place < first) first = place;
  };
  return {
    add,
    addAll(roots) {
      for (const root of roots) add(root);
    },
    addRange(roots, from, to) {
      for (let i = from; i < to; i++) add(roots[i] as number);
    },
    fill() {
      for (let root = 0; root < size; root++) add(root);
    },
    take() {
      for (; first < summary.length; first++) {
        const filled = summary[first] as number;
        if (filled === 0) continue;
        const word = (first << 5) + lowestBit(filled);
        const bits = words[word] as number;
        const rest = bits & (bits - 1);
        words[word] = rest;
        if (rest === 0) summary[first] = filled & (filled - 1);
        return (word << 5) + lowestBit(bits);
      }
      return -1;
    },
  };
}

/** The place of the lowest bit that is set; there must be one. */
function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
