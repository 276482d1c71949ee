/**
 * A page of state: up to 8 contacts in order of arrival, as stored in the partition's `pages` hash.
 *
 *   u8 format (5) | varint seq (the step it holds) | varint model version | varint count | count rows
 *   row = block: head, then features (opaque here; dsl/contact/row.ts)
 *
 * Its twin in the `index` hash has what must be in memory for every contact, loaded or not:
 *
 *   varint seq | varint count | count x (u32 lo, u32 hi of hash64(id), f64 next flip)
 */
import { ByteReader, putSvarint, putVarint, VARINT_BYTES_MAX, type ByteWriter } from "./bytes.ts";

export const PAGE_FORMAT = 5;

export interface PageHeader {
  readonly seq: number;
  readonly model: number;
  readonly count: number;
}

export function writePageHeader(out: ByteWriter, header: PageHeader): void {
  out.u8(PAGE_FORMAT);
  out.varint(header.seq);
  out.varint(header.model);
  out.varint(header.count);
}

export function readPageHeader(input: ByteReader): PageHeader {
  const format = input.u8();
  if (format !== PAGE_FORMAT) throw new Error(`state pages have format ${format}, this release reads ${PAGE_FORMAT}`);
  return { seq: input.varint(), model: input.varint(), count: input.varint() };
}

/** The part of a row that the query views need. */
export interface RowHead {
  id: string;
  known: boolean;
  saturated: boolean;
  firstSeen: number;
  lastSeen: number;
  /** Micro points. */
  score: number;
  /** Stage id; -1 for none. */
  stage: number;
  /** Segment ids in ascending order, and since when it is a member of each. */
  members: readonly number[];
  since: readonly number[];
  tags: readonly (readonly [name: string, points: number])[];
}

export function writeRowHead(out: ByteWriter, head: RowHead): void {
  out.text(head.id);
  writeRowFacts(out, head);
  out.varint(head.members.length);
  let at = out.claim(head.members.length * ROW_MEMBER_BYTES_MAX);
  for (let i = 0; i < head.members.length; i++) {
    at = putRowMember(out.buffer, at, head.lastSeen, head.members[i] ?? 0, head.since[i] ?? 0);
  }
  out.settle(at);
  out.varint(head.tags.length);
  for (const [name, points] of head.tags) {
    out.text(name);
    out.svarint(points);
  }
}

export type RowFacts = Omit<RowHead, "id" | "members" | "since" | "tags">;

/** The parts of a head in their order, for whoever has no `RowHead`: the id as a text, these, … */
export function writeRowFacts(out: ByteWriter, head: RowFacts): void {
  out.u8((head.known ? 1 : 0) | (head.saturated ? 2 : 0));
  out.f64(head.firstSeen);
  out.f64(head.lastSeen);
  out.svarint(head.score);
  out.varint(head.stage + 1);
}

export function readRowFacts(input: ByteReader): RowFacts {
  const flags = input.u8();
  return {
    known: (flags & 1) !== 0,
    saturated: (flags & 2) !== 0,
    firstSeen: input.f64(),
    lastSeen: input.f64(),
    score: input.svarint(),
    stage: input.varint() - 1,
  };
}

/**
 * … behind their number its segments one by one, in `ROW_MEMBER_BYTES_MAX` that were claimed each, … and its tags, behind
 * their number the name of each as a text and its micro points as an svarint.
 */
export function putRowMember(buffer: Buffer, at: number, lastSeen: number, segment: number, since: number): number {
  return putSvarint(buffer, putVarint(buffer, at, segment), lastSeen - since);
}

export const ROW_MEMBER_BYTES_MAX = 2 * VARINT_BYTES_MAX;

export function readRowHead(input: ByteReader): RowHead {
  const id = input.text();
  const facts = readRowFacts(input);
  const members: number[] = [];
  const since: number[] = [];
  for (let n = input.varint(); n > 0; n--) {
    members.push(input.varint());
    since.push(facts.lastSeen - input.svarint());
  }
  const tags: [string, number][] = [];
  for (let n = input.varint(); n > 0; n--) tags.push([input.text(), input.svarint()]);
  return { id, ...facts, members, since, tags };
}

/** The head of the contact at a place of a page; null where the page doesn't reach so far. */
export function readRowHeadAt(bytes: Buffer, place: number): RowHead | null {
  const input = new ByteReader(bytes);
  if (place >= readPageHeader(input).count) return null;
  for (let i = 0; i < place; i++) input.skipBlock();
  input.varint();
  return readRowHead(input);
}

/** What `eachRowHead` calls. Ids and names lie as UTF-8 in the page's bytes, from `from` to before `to`. */
export interface RowHeadSink {
  /** Before all else of a contact. Micro points; stage id, -1 for none. */
  contact(place: number, bytes: Buffer, from: number, to: number, score: number, stage: number): void;
  member(segment: number): void;
  tag(bytes: Buffer, from: number, to: number, points: number): void;
}

/** The heads of a page in order, without an object for anything: a view reads millions of rows at its start. */
export function eachRowHead(bytes: Buffer, sink: RowHeadSink): PageHeader {
  const input = new ByteReader(bytes);
  const header = readPageHeader(input);
  for (let place = 0; place < header.count; place++) {
    const length = input.varint();
    const end = input.at + length;
    const idLength = input.varint();
    const from = input.at;
    const to = from + idLength;
    // Flags, firstSeen, lastSeen.
    input.at = to + 17;
    const score = input.svarint();
    const stage = input.varint() - 1;
    sink.contact(place, bytes, from, to, score, stage);
    for (let n = input.varint(); n > 0; n--) {
      sink.member(input.varint());
      input.skipVarint();
    }
    for (let n = input.varint(); n > 0; n--) {
      const nameLength = input.varint();
      const nameFrom = input.at;
      input.at = nameFrom + nameLength;
      sink.tag(bytes, nameFrom, input.at, input.svarint());
    }
    if (input.at > end) throw new RangeError("a row of a page is longer than it says");
    input.at = end;
  }
  return header;
}
