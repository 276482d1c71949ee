/** A set of roots to be looked at again, taken in ascending order. */

export class DirtySet {
  readonly #size: number;
  readonly #words: Uint32Array;
  /** Which words have a bit: with thousands of roots most have none. */
  readonly #summary: Uint32Array;
  #first: number;

  constructor(size: number) {
    this.#size = size;
    this.#words = new Uint32Array((size + 31) >>> 5);
    this.#summary = new Uint32Array((this.#words.length + 31) >>> 5);
    this.#first = this.#summary.length;
  }

  add(root: number): void {
    const word = root >>> 5;
    const place = word >>> 5;
    this.#words[word] = (this.#words[word] as number) | (1 << (root & 31));
    this.#summary[place] = (this.#summary[place] as number) | (1 << (word & 31));
    if (place < this.#first) this.#first = place;
  }

  addAll(roots: readonly number[]): void {
    for (let i = 0; i < roots.length; i++) this.add(roots[i] as number);
  }

  /** Those at the places `from` up to but without `to`. */
  addRange(roots: Uint32Array, from: number, to: number): void {
    for (let i = from; i < to; i++) this.add(roots[i] as number);
  }

  /** Every root. */
  fill(): void {
    for (let root = 0; root < this.#size; root++) this.add(root);
  }

  clear(): void {
    while (this.take() >= 0);
  }

  /** Removes and gives the least one; -1 when there is none. Roots added meanwhile may be larger ones only. */
  take(): number {
    const words = this.#words;
    const summary = this.#summary;
    for (; this.#first < summary.length; this.#first++) {
      const filled = summary[this.#first] as number;
      if (filled === 0) continue;
      const word = (this.#first << 5) + lowestBit(filled);
      const bits = words[word] as number;
      const rest = bits & (bits - 1);
      words[word] = rest;
      if (rest === 0) summary[this.#first] = filled & (filled - 1);
      return (word << 5) + lowestBit(bits);
    }
    return -1;
  }
}

/** The place of the lowest bit that is set; there must be one. */
function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
