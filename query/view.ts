/**
 * What queries need of one partition, in memory: who its contacts are, one bitmap per segment, score and stage
 * columns, tags. Built from pages, kept by delta rows; never asked anything by the processor.
 *
 * Callers guarantee: rows arrive in the order of their steps, values are absolute, the first row of a contact has
 * its id and all else. Slots count from 0 in order of arrival.
 */
import type { DeltaRow } from "../kernel/delta.ts";
import { isAnonymous } from "../kernel/ids.ts";
import type { RowHead } from "../kernel/page.ts";
import { clearBit, createBitmap, hasBit, setBit, wordsFor, type Bitmap } from "./bitmap.ts";
import { IdTable } from "./id-table.ts";
import { TagTable, type TagNames } from "./tag-table.ts";

const START_SLOTS = 64;
/** Stage ids are kept plus one, so that 0 is none. */
const STAGE_ID_MAX = 0xfffe;

export class PartitionView {
  readonly tagNames: TagNames;
  readonly ids = new IdTable();
  readonly tags = new TagTable();
  /** Contacts that exist, and those of them that have a userId. */
  readonly present: Bitmap = createBitmap();
  readonly known: Bitmap = createBitmap();
  /** By segment id. */
  readonly segments = new Map<number, Bitmap>();
  /** Slots in use: one more than the largest. */
  slots = 0;
  #scores = new Float64Array(START_SLOTS);
  #stages = new Uint16Array(START_SLOTS);
  /** Contacts by stage id plus one. */
  readonly #stageCounts: number[] = [];

  constructor(tagNames: TagNames) {
    this.tagNames = tagNames;
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
    return this.#scores[slot] ?? 0;
  }

  /** Stage id, -1 for none. */
  stage(slot: number): number {
    return (this.#stages[slot] ?? 0) - 1;
  }

  /** Contacts that are at a stage now. */
  stageCount(stage: number): number {
    return this.#stageCounts[stage + 1] ?? 0;
  }

  has(slot: number): boolean {
    return hasBit(this.present.words, slot);
  }

  /** The slot of a contact, or -1. */
  find(contactId: string): number {
    const slot = this.ids.find(contactId);
    return slot >= 0 && this.has(slot) ? slot : -1;
  }

  /** A contact as a page has it: replaces all that was known of the slot. */
  putHead(slot: number, head: RowHead): void {
    this.#begin(slot, head.id);
    this.#setScore(slot, head.score);
    this.#setStage(slot, head.stage);
    for (const segment of head.members) setBit(this.#segment(segment), slot);
    for (const [name, points] of head.tags) this.tags.set(slot, this.tagNames.number(name), points);
  }

  applyRow(row: DeltaRow): void {
    const { slot } = row;
    if (row.id !== null) {
      this.#begin(slot, row.id);
      this.#setScore(slot, row.score ?? 0);
      this.#setStage(slot, row.stage ?? -1);
    } else {
      if (!this.has(slot)) throw new Error(`a delta changes slot ${slot}, which has no contact`);
      if (row.score !== null) this.#setScore(slot, row.score);
      if (row.stage !== null) this.#setStage(slot, row.stage);
    }
    for (const segment of row.entered) setBit(this.#segment(segment), slot);
    for (const segment of row.left) {
      const members = this.segments.get(segment);
      if (members !== undefined) clearBit(members, slot);
    }
    for (const name of row.untagged) this.tags.remove(slot, this.tagNames.number(name));
    for (const [name, points] of row.tags) this.tags.set(slot, this.tagNames.number(name), points);
  }

  /** Makes the slot an empty contact of that id. */
  #begin(slot: number, id: string): void {
    if (this.has(slot)) {
      for (const members of this.segments.values()) clearBit(members, slot);
      this.tags.clear(slot);
      this.#countStage(this.stage(slot), -1);
    } else {
      this.#grow(slot);
    }
    this.#countStage(-1, 1);
    this.#stages[slot] = 0;
    this.ids.put(slot, id);
    setBit(this.present, slot);
    if (isAnonymous(id)) clearBit(this.known, slot);
    else setBit(this.known, slot);
  }

  #segment(id: number): Bitmap {
    let members = this.segments.get(id);
    if (members === undefined) {
      members = createBitmap(this.words);
      this.segments.set(id, members);
    }
    return members;
  }

  #setScore(slot: number, micros: number): void {
    this.#scores[slot] = micros;
  }

  #setStage(slot: number, stage: number): void {
    if (stage > STAGE_ID_MAX) throw new RangeError(`stage id ${stage} is over ${STAGE_ID_MAX}`);
    this.#countStage(this.stage(slot), -1);
    this.#countStage(stage, 1);
    this.#stages[slot] = stage + 1;
  }

  #countStage(stage: number, change: number): void {
    this.#stageCounts[stage + 1] = this.stageCount(stage) + change;
  }

  #grow(slot: number): void {
    this.slots = Math.max(this.slots, slot + 1);
    if (slot < this.#scores.length) return;
    const size = Math.max(slot + 1, this.#scores.length * 2);
    const scores = new Float64Array(size);
    const stages = new Uint16Array(size);
    scores.set(this.#scores);
    stages.set(this.#stages);
    this.#scores = scores;
    this.#stages = stages;
  }
}
