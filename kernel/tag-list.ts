/** Tags with their points, to be written: their names as UTF-8 where they lie, without a string or an object for any. */
import type { ByteWriter } from "./bytes.ts";

const NO_BYTES = new Uint8Array(0);

export class TagList {
  count = 0;
  readonly #bytes: Uint8Array[] = [];
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #points: number[] = [];

  /** The name lies from `from` up to but without `to`, and stays there until the list is written. Micro points. */
  add(bytes: Uint8Array, from: number, to: number, points: number): void {
    const at = this.count++;
    this.#bytes[at] = bytes;
    this.#from[at] = from;
    this.#to[at] = to;
    this.#points[at] = points;
  }

  /** Empties the list, which lets go of the bytes of its names. */
  clear(): void {
    for (let at = 0; at < this.count; at++) this.#bytes[at] = NO_BYTES;
    this.count = 0;
  }

  writeName(out: ByteWriter, at: number): void {
    out.part(this.#bytes[at] as Uint8Array, this.#from[at] as number, this.#to[at] as number);
  }

  points(at: number): number {
    return this.#points[at] as number;
  }
}
