/**
 * A delta: what one committed step of a partition changed. The delta stream is the redo log (which entries were
 * taken, at what instant) and what the query views follow.
 *
 * Redis stream entry, id `epoch-seq`, fields:
 *   `s`  the step (below), msgpack
 *   `r`  rows of changed contacts (below), absent when none changed
 *   `a`  replies to controls of this step, JSON array of Reply, absent when none
 */
import { pack, unpack } from "msgpackr";
import { ByteReader, type ByteWriter } from "./bytes.ts";
import type { JsonObject } from "./event.ts";
import type { TagList } from "./tag-list.ts";

/** One step: enough to run it again and get the same state. */
export interface Step {
  /** 1, 2, 3, … without a gap; the position (LSN) that pages name. */
  readonly seq: number;
  /** The epoch of the owner that committed it, and the epoch of the step before. */
  readonly epoch: number;
  readonly prevEpoch: number;
  /** Stream ids: the step took the entries after `after`, up to and including `to`. Equal: it took none. */
  readonly after: string;
  readonly to: string;
  /**
   * `entries`: due timers up to `now`, then the entries. `timers`: the timers due up to and including the instant
   * `until`, an instant and not a number of timers, so that recovery runs exactly the same ones. `migrate`: pages
   * from `fromPage` up to but without `toPage`.
   */
  readonly work:
    | { readonly kind: "entries" }
    | { readonly kind: "timers"; readonly until: number }
    | { readonly kind: "migrate"; readonly version: number; readonly fromPage: number; readonly toPage: number };
  /** The instant of the step by the machine's clock, ms since 1970; with the event clock only informative. */
  readonly now: number;
  /** The partition's clock after the step (equal to `now` with the wall clock). */
  readonly clock: number;
  /** The model version after the step, and whether all pages have it (false while migrating). */
  readonly model: number;
  readonly modelComplete: boolean;
  /** Events set aside because a handler threw: index counted over the step's event entries in order. */
  readonly skip: readonly number[];
  /** Contacts in the partition after the step. */
  readonly contacts: number;
  /** Events in the step's entries: all, and those that were repeats. */
  readonly events: number;
  readonly duplicates: number;
}

export type Reply =
  | { readonly kind: "barrier"; readonly nonce: string }
  | { readonly kind: "clock"; readonly nonce: string }
  | { readonly kind: "card"; readonly nonce: string; readonly card: Card | null };

/** The profile card, names resolved, as API.md's `GET /v1/contacts/:id` shows it. */
export interface Card {
  readonly id: string;
  readonly traits: JsonObject;
  readonly score: number;
  /** Strongest first; equal scores by name. */
  readonly tags: readonly { readonly name: string; readonly score: number }[];
  readonly stage: string | null;
  /** With the instant since when it is a member, ms since 1970, in the order of the model. */
  readonly segments: readonly { readonly name: string; readonly since: number }[];
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** By name; null where missing. */
  readonly values: Readonly<Record<string, string | number | boolean | null>>;
  /** By printed fact; null where missing, `{atLeast: n}` where only a threshold is kept and it is reached. */
  readonly aggregates: Readonly<Record<string, string | number | boolean | null | { readonly atLeast: number }>>;
  readonly saturated: boolean;
}

export function encodeStep(step: Step): Buffer {
  return pack(step);
}

export function decodeStep(bytes: Buffer): Step {
  return unpack(bytes) as Step;
}

/** JSON and not msgpack: a card carries traits, and msgpackr renames a key `__proto__`. */
export function encodeReplies(replies: readonly Reply[]): Buffer {
  return Buffer.from(JSON.stringify(replies));
}

export function decodeReplies(bytes: Buffer): readonly Reply[] {
  return JSON.parse(bytes.toString()) as readonly Reply[];
}

/**
 * A changed contact, to be written; whoever writes it may lend its lists. All values are absolute, so that applying a
 * row twice, or an old one before newer, is harmless.
 */
export interface DeltaRowSource {
  /** The contact's number in its partition, in order of arrival from 0. */
  slot: number;
  /** Set when the contact is new or was migrated: then all else is given as well and replaces what was known. */
  id: string | null;
  /** Micro points; null when unchanged. */
  score: number | null;
  /** Stage id, -1 for none; null when unchanged. */
  stage: number | null;
  /** Segment ids entered and left since the last delta of this contact. */
  entered: readonly number[];
  left: readonly number[];
  /** Tags whose points changed. */
  readonly tags: TagList;
  /** Tags that it no longer has; their points say nothing. */
  readonly untagged: TagList;
}

const HAS_ID = 1;
const HAS_SCORE = 2;
const HAS_STAGE = 4;
const HAS_SEGMENTS = 8;
const HAS_TAGS = 16;

export function writeDeltaRow(out: ByteWriter, row: DeltaRowSource): void {
  const segments = row.entered.length + row.left.length > 0;
  const { tags, untagged } = row;
  const hasTags = tags.count + untagged.count > 0;
  out.u8(
    (row.id !== null ? HAS_ID : 0) |
      (row.score !== null ? HAS_SCORE : 0) |
      (row.stage !== null ? HAS_STAGE : 0) |
      (segments ? HAS_SEGMENTS : 0) |
      (hasTags ? HAS_TAGS : 0),
  );
  out.varint(row.slot);
  if (row.id !== null) out.text(row.id);
  if (row.score !== null) out.f64(row.score);
  if (row.stage !== null) out.varint(row.stage + 1);
  if (segments) {
    writeIds(out, row.entered);
    writeIds(out, row.left);
  }
  if (!hasTags) return;
  out.varint(tags.count);
  for (let i = 0; i < tags.count; i++) {
    tags.writeName(out, i);
    out.f64(tags.points(i));
  }
  out.varint(untagged.count);
  for (let i = 0; i < untagged.count; i++) untagged.writeName(out, i);
}

/**
 * What `DeltaRowReader.next` calls, in this order; what didn't change is left out. Ids and names lie as UTF-8 in the
 * delta's bytes, from `from` to before `to`.
 */
export interface DeltaRowSink {
  /** The row of a contact that is known. */
  change(slot: number): void;
  /** The row of a contact that is new or was migrated: what follows is all there is of it. */
  whole(slot: number, bytes: Buffer, from: number, to: number): void;
  /** Micro points. */
  score(micros: number): void;
  /** Stage id, -1 for none. */
  stage(stage: number): void;
  entered(segment: number): void;
  left(segment: number): void;
  /** Micro points. */
  tag(bytes: Buffer, from: number, to: number, points: number): void;
  untagged(bytes: Buffer, from: number, to: number): void;
}

/** The rows of a delta's `r` field one by one, without an object for anything: a view takes one for nearly every event. */
export class DeltaRowReader {
  readonly #input: ByteReader;

  constructor(bytes: Buffer) {
    this.#input = new ByteReader(bytes);
  }

  get done(): boolean {
    return this.#input.done;
  }

  next(sink: DeltaRowSink): void {
    const input = this.#input;
    const { buffer } = input;
    const flags = input.u8();
    const slot = input.varint();
    if (flags & HAS_ID) {
      const length = input.skipText();
      sink.whole(slot, buffer, input.at - length, input.at);
    } else {
      sink.change(slot);
    }
    if (flags & HAS_SCORE) sink.score(input.f64());
    if (flags & HAS_STAGE) sink.stage(input.varint() - 1);
    if (flags & HAS_SEGMENTS) {
      for (let n = input.varint(); n > 0; n--) sink.entered(input.varint());
      for (let n = input.varint(); n > 0; n--) sink.left(input.varint());
    }
    if (flags & HAS_TAGS) {
      for (let n = input.varint(); n > 0; n--) {
        const length = input.skipText();
        const to = input.at;
        sink.tag(buffer, to - length, to, input.f64());
      }
      for (let n = input.varint(); n > 0; n--) {
        const length = input.skipText();
        sink.untagged(buffer, input.at - length, input.at);
      }
    }
  }
}

/** The row of a contact of which only the score is another one: most of them are such. */
export function writeScoreDelta(out: ByteWriter, slot: number, score: number): void {
  out.u8(HAS_SCORE);
  out.varint(slot);
  out.f64(score);
}

function writeIds(out: ByteWriter, ids: readonly number[]): void {
  out.varint(ids.length);
  for (const id of ids) out.varint(id);
}
