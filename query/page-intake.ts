/**
 * A page of contacts on its way into a view. The contacts of a page lie in one word of every bitmap, so memberships are
 * gathered by segment and each bitmap is touched once a page; a contact's tags are gathered and put at once.
 */
import { LIMITS } from "../kernel/limits.ts";
import type { RowHeadSink } from "../kernel/page.ts";
import { grownUint32 } from "./columns.ts";
import type { TagNames } from "./tag-names.ts";
import type { TagTable } from "./tag-table.ts";

/** What the intake needs of the view. */
export interface PageTarget {
  readonly tagNames: TagNames;
  readonly tags: TagTable;
  begin(slot: number, idBytes: Buffer, from: number, to: number, score: number, stage: number): void;
  enterAll(segment: number, at: number, mask: number): void;
}

if (32 % LIMITS.page_contacts !== 0) throw new Error("a page must lie in a word of a bitmap");

export class PageIntake implements RowHeadSink {
  readonly #view: PageTarget;
  #page = 0;
  #slot = 0;
  /** By segment: who of the page is in it. All zero between pages. */
  #masks = new Uint32Array(128);
  /** The segments that have any. */
  readonly #entered: number[] = [];
  readonly #tags: number[] = [];
  readonly #points: number[] = [];

  constructor(view: PageTarget) {
    this.#view = view;
  }

  at(page: number): this {
    this.#page = page;
    return this;
  }

  contact(place: number, bytes: Buffer, from: number, to: number, score: number, stage: number): void {
    this.#putTags();
    this.#slot = this.#page * LIMITS.page_contacts + place;
    this.#view.begin(this.#slot, bytes, from, to, score, stage);
  }

  member(segment: number): void {
    this.#masks = grownUint32(this.#masks, segment + 1);
    const mask = this.#masks[segment] ?? 0;
    if (mask === 0) this.#entered.push(segment);
    this.#masks[segment] = mask | (1 << (this.#slot & 31));
  }

  tag(bytes: Buffer, from: number, to: number, points: number): void {
    this.#tags.push(this.#view.tagNames.numberOfBytes(bytes, from, to));
    this.#points.push(points);
  }

  /** Ends the page. */
  finish(): void {
    this.#putTags();
    for (const segment of this.#entered) {
      this.#view.enterAll(segment, (this.#page * LIMITS.page_contacts) >>> 5, this.#masks[segment] ?? 0);
      this.#masks[segment] = 0;
    }
    this.#entered.length = 0;
  }

  #putTags(): void {
    if (this.#tags.length === 0) return;
    this.#view.tags.setAll(this.#slot, this.#tags, this.#points);
    this.#tags.length = 0;
    this.#points.length = 0;
  }
}
