/** Slots of contacts in the order in which they were decoded, for whoever puts them away again. */
export class DecodedQueue {
  #slots = new Int32Array(256);
  #from = 0;
  #to = 0;
  readonly #isThere: (slot: number) => boolean;

  /** `isThere`: whether a contact still is decoded. What isn't, or is named twice, goes when there is no room. */
  constructor(isThere: (slot: number) => boolean) {
    this.#isThere = isThere;
  }

  /** With those that are not decoded any more. */
  get length(): number {
    return this.#to - this.#from;
  }

  push(slot: number): void {
    if (this.#to === this.#slots.length) this.#makeRoom();
    this.#slots[this.#to++] = slot;
  }

  /** The oldest, perhaps one that is not decoded any more; -1 for none. */
  shift(): number {
    return this.#from === this.#to ? -1 : (this.#slots[this.#from++] as number);
  }

  #makeRoom(): void {
    let left = this.#slots.subarray(this.#from, this.#to);
    // Without those that went before their turn there may be room enough.
    if (left.length * 2 > this.#slots.length) left = Int32Array.from(new Set(left)).filter(this.#isThere);
    const slots = left.length * 2 > this.#slots.length ? new Int32Array(this.#slots.length * 2) : this.#slots;
    slots.set(left);
    this.#slots = slots;
    this.#from = 0;
    this.#to = left.length;
  }
}
