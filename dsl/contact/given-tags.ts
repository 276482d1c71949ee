/**
 * The tags that the rules of a model give a contact at one instant, with micro points, before they replace those that it
 * has: names in a slab of their own (names.ts), so that no string is made of any.
 */
import { Names, type Name } from "./names.ts";
import { Slab } from "./slab.ts";

/** Room for more names than this is not kept for the next contact. */
const NAMES_KEPT = 1024;

export class GivenTags {
  readonly names = new Names();
  readonly #slab = new Slab();

  /** Nothing is given any more. */
  clear(): void {
    if (this.names.count > NAMES_KEPT) this.names.free(this.#slab);
    else this.names.clear();
  }

  give({ hash, bytes, length }: Name, points: number): void {
    this.giveText(hash, bytes, 0, length, points);
  }

  /** The same, of a tag whose UTF-8 lies from `from` up to but without `to`. */
  giveText(hash: number, bytes: Uint8Array, from: number, to: number, points: number): void {
    this.names.increase(this.#slab, hash, bytes, from, to, points);
  }
}
