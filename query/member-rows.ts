/**
 * The segments of each contact as a row of bits beside the bitmaps: "which segments is this contact in" then reads one
 * place of memory where a look into every bitmap would miss the cache a hundred times. 16 bytes a contact for up to 128
 * segments; with more than `COLUMNS_MAX` rows would cost more than they are worth, and are given up for good.
 */
import { grownLength, grownUint32 } from "./columns.ts";

const COLUMNS_MAX = 512;
/** Words of a row at first. */
const WIDTH_START = 4;

export class MemberRows {
  /** Columns plus one by segment id, 0 for none; numbered in order of appearance. */
  #columns = new Uint32Array(128);
  readonly #segments: number[] = [];
  #width = WIDTH_START;
  #cells = new Uint32Array(0);
  #given = true;

  /** False when there are too many segments: ask the bitmaps. */
  get kept(): boolean {
    return this.#given;
  }

  /** How many segments there are. */
  get columns(): number {
    return this.#segments.length;
  }

  reserve(slots: number): void {
    if (this.#given && slots * this.#width > this.#cells.length) this.#resize(slots, this.#width);
  }

  /** The column of a segment, or -1. */
  find(segment: number): number {
    return (this.#columns[segment] ?? 0) - 1;
  }

  add(slot: number, segment: number): void {
    if (!this.#given) return;
    const known = this.find(segment);
    const column = known >= 0 ? known : this.#newColumn(segment);
    if (column < 0) return;
    const at = slot * this.#width + (column >>> 5);
    if (at >= this.#cells.length) this.#resize(grownLength(this.#cells.length / this.#width, slot + 1), this.#width);
    this.#cells[at] = (this.#cells[at] ?? 0) | (1 << (column & 31));
  }

  delete(slot: number, segment: number): void {
    const column = this.find(segment);
    const at = slot * this.#width + (column >>> 5);
    if (column >= 0 && this.#given) this.#cells[at] = (this.#cells[at] ?? 0) & ~(1 << (column & 31));
  }

  /** Where a slot's row begins in `cells`: bit `c & 31` of word `c >>> 5` from there on is column c. */
  rowAt(slot: number): number {
    return slot * this.#width;
  }

  /** Only to be read, until the next change. */
  get cells(): Uint32Array {
    return this.#cells;
  }

  /** Empties a row. Calls `take` with every segment that was in it. */
  clear(slot: number, take: (segment: number) => void): void {
    const from = this.rowAt(slot);
    for (let i = 0; i < this.#width; i++) {
      let word = this.#cells[from + i] ?? 0;
      if (word === 0) continue;
      this.#cells[from + i] = 0;
      for (; word !== 0; word &= word - 1) take(this.#segments[i * 32 + 31 - Math.clz32(word & -word)] ?? 0);
    }
  }

  #newColumn(segment: number): number {
    const column = this.#segments.length;
    if (column >= COLUMNS_MAX) {
      this.#given = false;
      this.#cells = new Uint32Array(0);
      return -1;
    }
    this.#segments.push(segment);
    this.#columns = grownUint32(this.#columns, segment + 1);
    this.#columns[segment] = column + 1;
    if (column >= this.#width * 32) this.#resize(this.#cells.length / this.#width, this.#width * 2);
    return column;
  }

  #resize(slots: number, width: number): void {
    const cells = new Uint32Array(slots * width);
    const rows = this.#cells.length / this.#width;
    if (width === this.#width) cells.set(this.#cells);
    else {
      for (let slot = 0; slot < rows; slot++) {
        for (let i = 0; i < this.#width; i++) cells[slot * width + i] = this.#cells[slot * this.#width + i] ?? 0;
      }
    }
    this.#cells = cells;
    this.#width = width;
  }
}
