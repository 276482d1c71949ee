/** Where each of some stable numbers stands in a list: asked for every state of every row that is read. */

/** Numbers up to here are looked up by place: models number what they have from 1 on. */
const PLACED_MAX = 1 << 20;

export class NumberIndex {
  readonly #places: Int32Array;
  readonly #others = new Map<number, number>();

  /** @param numbers whole ones, 0 or more, each once */
  constructor(numbers: readonly number[]) {
    const placed = numbers.filter((number) => number < PLACED_MAX);
    this.#places = new Int32Array(placed.reduce((most, number) => Math.max(most, number + 1), 0)).fill(-1);
    numbers.forEach((number, place) => {
      if (number < PLACED_MAX) this.#places[number] = place;
      else this.#others.set(number, place);
    });
  }

  /** -1 for a number that isn't in the list. */
  placeOf(number: number): number {
    return number < this.#places.length ? (this.#places[number] as number) : (this.#others.get(number) ?? -1);
  }
}
