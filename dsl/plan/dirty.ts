/** The roots that are to be looked at again, taken in ascending order. */

export interface DirtySet {
  add(root: number): void;
  addAll(roots: readonly number[]): void;
  /** Every root. */
  fill(): void;
  /** Removes and gives the least one; -1 when there is none. Roots added meanwhile may be larger ones only. */
  take(): number;
}

export function createDirtySet(size: number): DirtySet {
  const words = new Uint32Array((size + 31) >>> 5);
  let first = words.length;
  let last = -1;
  const add = (root: number): void => {
    const word = root >>> 5;
    words[word] = (words[word] as number) | (1 << (root & 31));
    if (word < first) first = word;
    if (word > last) last = word;
  };
  return {
    add,
    addAll(roots) {
      for (const root of roots) add(root);
    },
    fill() {
      for (let root = 0; root < size; root++) add(root);
    },
    take() {
      while (first <= last) {
        const bits = words[first] as number;
        if (bits !== 0) {
          const lowest = bits & -bits;
          words[first] = bits ^ lowest;
          return (first << 5) + (31 - Math.clz32(lowest));
        }
        first++;
      }
      first = words.length;
      last = -1;
      return -1;
    },
  };
}
