/**
 * What queries need of one partition, in memory: who its contacts are, one bitmap per segment, score and stage
 * columns, tags. Built from pages, kept by delta rows; never asked anything by the processor.
 *
 * Callers guarantee: rows arrive in the order of their steps, values are absolute, the first row of a contact has
 * its id and all else. Slots count from 0 in order of arrival.
 */
import { ANONYMOUS_PREFIX, isAnonymous } from "../kernel/ids.ts";
import { eachRowHead, type PageHeader, type RowHead } from "../kernel/page.ts";
import { clearBit, createBitmap, growBitmap, hasBit, popcount, setBit, wordsFor, type Bitmap } from "./bitmap.ts";
import { IdTable } from "./id-table.ts";
import { MemberRows } from "./member-rows.ts";
import { PageIntake } from "./page-intake.ts";
import { ScoreColumn } from "./score-column.ts";
import { StageColumn } from "./stage-column.ts";
import type { TagNames } from "./tag-names.ts";
import { TagTable } from "./tag-table.ts";

const ANONYMOUS_BYTE = ANONYMOUS_PREFIX.charCodeAt(0);

/** The members of a segment. */
export interface Members extends Bitmap {
  /** How many of them have a userId. */
  identified: number;
}

export class PartitionView {
  readonly tagNames: TagNames;
  readonly ids = new IdTable();
  readonly tags: TagTable;
  readonly scores = new ScoreColumn();
  /** Contacts that exist, and those of them that have a userId. */
  readonly present: Bitmap = createBitmap();
  readonly known: Bitmap = createBitmap();
  /** By segment id. */
  readonly segments = new Map<number, Members>();
  /** The same as a list: their numbers are small, and rows of deltas ask all the time. */
  readonly #byNumber: (Members | undefined)[] = [];
  /** The same by contact, unless there are too many segments. */
  readonly rows = new MemberRows();
  /** Slots in use: one more than the largest. */
  slots = 0;
  readonly stages = new StageColumn();
  readonly #page: PageIntake;

  constructor(tagNames: TagNames) {
    this.tagNames = tagNames;
    this.tags = new TagTable(tagNames);
    this.#page = new PageIntake(this);
  }

  /** Makes room for so many slots at once. */
  reserve(slots: number): void {
    this.ids.reserve(slots);
    this.tags.reserve(slots);
    this.scores.reserve(slots);
    this.rows.reserve(slots);
    this.stages.reserve(slots);
  }

  /** Words that a bitmap over all slots has. */
  get words(): number {
    return wordsFor(this.slots);
  }

  get contacts(): number {
    return this.present.count;
  }

  /** Micro points. */
  score(slot: number): number {
    return this.scores.get(slot);
  }

  has(slot: number): boolean {
    return hasBit(this.present.words, slot);
  }

  /** The slot of a contact, or -1. */
  find(contactId: string): number {
    const slot = this.ids.find(contactId);
    return slot >= 0 && this.has(slot) ? slot : -1;
  }

  /** `find` for whoever has the high half of the id's `hash64` already. */
  findHashed(contactId: string, hi: number): number {
    const slot = this.ids.findHashed(contactId, hi);
    return slot >= 0 && this.has(slot) ? slot : -1;
  }

  /** All contacts of a page, as `putHead` takes one. */
  putPage(page: number, bytes: Buffer): PageHeader {
    const header = eachRowHead(bytes, this.#page.at(page));
    this.#page.finish();
    return header;
  }

  /** A contact with nothing but these: it is in no segment and has no tag. */
  begin(slot: number, idBytes: Buffer, from: number, to: number, score: number, stage: number): void {
    this.#begin(slot, idBytes[from] === ANONYMOUS_BYTE, stage);
    this.ids.putBytes(slot, idBytes, from, to);
    this.scores.set(slot, score);
  }

  /** The contacts of a word, 32 slots from `at * 32` on, that are in a segment and were not. */
  enterAll(segment: number, at: number, mask: number): void {
    const members = this.#membersOf(segment);
    growBitmap(members, at + 1);
    members.words[at] = (members.words[at] ?? 0) | mask;
    members.count += popcount(mask);
    members.identified += popcount(mask & (this.known.words[at] ?? 0));
    for (let rest = mask; rest !== 0; rest &= rest - 1) this.rows.add(at * 32 + 31 - Math.clz32(rest & -rest), segment);
  }

  /** A contact as a page has it: replaces all that was known of the slot. */
  putHead(slot: number, head: RowHead): void {
    this.#begin(slot, isAnonymous(head.id), head.stage);
    this.ids.put(slot, head.id);
    this.scores.set(slot, head.score);
    for (const segment of head.members) this.enter(segment, slot);
    for (const [name, points] of head.tags) this.tags.set(slot, this.tagNames.number(name), points);
  }

  enter(segment: number, slot: number): void {
    const members = this.#membersOf(segment);
    if (setBit(members, slot) && hasBit(this.known.words, slot)) members.identified++;
    this.rows.add(slot, segment);
  }

  leave(segment: number, slot: number): void {
    const members = this.#byNumber[segment];
    if (members === undefined) return;
    this.#leave(members, slot);
    this.rows.delete(slot, segment);
  }

  /** Makes the slot an empty contact, without its id. */
  #begin(slot: number, anonymous: boolean, stage: number): void {
    if (this.has(slot)) {
      this.#leaveAll(slot);
      this.tags.clear(slot);
      this.stages.remove(slot);
    } else {
      this.slots = Math.max(this.slots, slot + 1);
    }
    this.stages.add(slot, stage);
    setBit(this.present, slot);
    if (anonymous) clearBit(this.known, slot);
    else setBit(this.known, slot);
  }

  #membersOf(segment: number): Members {
    const known = this.#byNumber[segment];
    if (known !== undefined) return known;
    const members = { ...createBitmap(wordsFor(this.stages.length)), identified: 0 };
    this.segments.set(segment, members);
    while (this.#byNumber.length < segment) this.#byNumber.push(undefined);
    this.#byNumber[segment] = members;
    return members;
  }

  #leaveAll(slot: number): void {
    if (!this.rows.kept) {
      for (const members of this.segments.values()) this.#leave(members, slot);
      return;
    }
    this.rows.clear(slot, (segment) => {
      const members = this.#byNumber[segment];
      if (members !== undefined) this.#leave(members, slot);
    });
  }

  #leave(members: Members, slot: number): void {
    if (clearBit(members, slot) && hasBit(this.known.words, slot)) members.identified--;
  }
}
