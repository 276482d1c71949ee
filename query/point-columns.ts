/** Which tags have a column of points (point-column.ts): those that many contacts have. */
import { PointColumn } from "./point-column.ts";

/** A tag has a column from one contact in so many on, and has none any more when far fewer have it. */
const COLUMN_FROM = 4;
const COLUMN_UNTIL = 8;

export class PointColumns {
  /** By tag; null for good where some points didn't fit one. */
  readonly #columns: (PointColumn | null | undefined)[] = [];

  of(tag: number): PointColumn | null {
    return this.#columns[tag] ?? null;
  }

  /** Points of a slot that has the tag; nothing happens where the tag has no column. */
  set(tag: number, slot: number, points: number): void {
    const column = this.#columns[tag];
    if (column && !column.set(slot, points)) this.#columns[tag] = null;
  }

  /**
   * More contacts, `count` of `slots`, have the tag. True where that gives it a column, which the points of all of them are
   * to be set in.
   */
  opens(tag: number, count: number, slots: number): boolean {
    if (this.#columns[tag] !== undefined || count * COLUMN_FROM < slots) return false;
    while (this.#columns.length < tag) this.#columns.push(undefined);
    this.#columns[tag] = new PointColumn(slots);
    return true;
  }

  /** Fewer of the contacts have the tag: `count` of `slots`. */
  thins(tag: number, count: number, slots: number): void {
    if (this.#columns[tag] && count * COLUMN_UNTIL < slots) this.#columns[tag] = undefined;
  }
}
