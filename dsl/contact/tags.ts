/**
 * The tags of a contact with their micro points: names in a block of the slab, which its head has (names.ts). A tag whose
 * points have changed, or that is gone, is marked until the delta has been written.
 */
import type { ByteReader, ByteWriter } from "../../kernel/bytes.ts";
import { textHash } from "../../kernel/entry-texts.ts";
import type { Contact } from "./contact.ts";
import * as layout from "./head.ts";
import { Names, type Name } from "./names.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { CHANGED_TAGS, TAGS } = layout;

/** The tags that were opened last. One for all: readers are done with them before the next are opened. */
export const tags = new Names();

/**
 * What has happened to tags since `forget`, one change after the other, by place; of a single contact. Points are micro
 * points, NaN of a tag that the contact had or has not.
 */
class TagChanges {
  count = 0;
  #places = new Int32Array(64);
  #points = new Float64Array(128);

  note(place: number, before: number, after: number): void {
    if (this.count === this.#places.length) this.#grow();
    this.#places[this.count] = place;
    this.#points[this.count * 2] = before;
    this.#points[this.count * 2 + 1] = after;
    this.count++;
  }

  place(change: number): number {
    return this.#places[change] as number;
  }

  before(change: number): number {
    return this.#points[change * 2] as number;
  }

  after(change: number): number {
    return this.#points[change * 2 + 1] as number;
  }

  forget(): void {
    this.count = 0;
  }

  #grow(): void {
    const places = new Int32Array(this.count * 2);
    places.set(this.#places);
    this.#places = places;
    const points = new Float64Array(this.count * 4);
    points.set(this.#points);
    this.#points = points;
  }
}

/** One for all: who changes tags forgets what was before, and asks for it before other contacts' change. */
export const tagChanges = new TagChanges();

/** Opens a contact's tags, with those that are gone since the last delta. */
export function openTags(contact: Contact): typeof tags {
  return tags.open(contact.slab, contact.i32[contact.base + TAGS] as number);
}

/** Micro points; undefined for a tag that the contact has not. */
export function tagPoints(contact: Contact, { bytes, length, hash }: Name): number | undefined {
  if (contact.i32[contact.base + TAGS] === 0) return undefined;
  const place = openTags(contact).find(hash, bytes, 0, length);
  return place < 0 || tags.isGone(place) ? undefined : tags.number(place);
}

export function hasTag(contact: Contact, name: Name): boolean {
  return tagPoints(contact, name) !== undefined;
}

/** The tags as strings, in no particular order. */
export function tagsOf(contact: Contact): [name: string, points: number][] {
  const all: [string, number][] = [];
  const { count } = openTags(contact);
  for (let place = 0; place < count; place++) {
    if (!tags.isGone(place)) all.push([tags.text(place), tags.number(place)]);
  }
  return all;
}

/**
 * Adds micro points to a tag, whose UTF-8 lies from `from` up to but without `to`; false for a further tag of a contact
 * that is at its bound, which marks it saturated.
 */
export function addTagPoints(
  contact: Contact,
  hash: number,
  bytes: Uint8Array,
  from: number,
  to: number,
  points: number,
  tagsMax: number,
): boolean {
  openTags(contact);
  let place = tags.find(hash, bytes, from, to);
  const isNew = place < 0 || tags.isGone(place);
  if (isNew && tags.live >= tagsMax) {
    contact.saturated = true;
    return false;
  }
  const before = isNew ? NaN : tags.number(place);
  const sum = isNew ? points : before + points;
  if (!Number.isSafeInteger(sum)) contact.saturated = true;
  if (place >= 0) tags.setNumber(place, sum);
  else {
    place = tags.add(contact.slab, hash, bytes, from, to, sum);
    contact.i32[contact.base + TAGS] = tags.ref;
  }
  tags.mark(place);
  tagChanges.note(place, before, sum);
  contact.mark(CHANGED_TAGS);
  return true;
}

/** Takes micro points from a tag; false where the contact has it not, or what is left can't be told exactly. */
export function takeTagPoints(contact: Contact, { bytes, length, hash }: Name, points: number): boolean {
  openTags(contact);
  const place = tags.find(hash, bytes, 0, length);
  if (place < 0 || tags.isGone(place)) return false;
  const before = tags.number(place);
  const left = before - points;
  if (!Number.isSafeInteger(points) || !Number.isSafeInteger(left)) {
    contact.saturated = true;
    return false;
  }
  tags.setNumber(place, left);
  tags.mark(place);
  tagChanges.note(place, before, left);
  contact.mark(CHANGED_TAGS);
  return true;
}

/** The contact has it no longer. */
export function removeTag(contact: Contact, place: number): void {
  openTags(contact);
  tagChanges.note(place, tags.number(place), NaN);
  tags.remove(place);
  tags.mark(place);
  contact.mark(CHANGED_TAGS);
}

/** Which of a contact's tags are to stay when all are replaced, by place. */
let kept = new Uint8Array(64);

/** Replaces all tags by those of `given` that are not gone; says whether any are others now. */
export function replaceTags(contact: Contact, given: Names): boolean {
  const { count } = openTags(contact);
  if (count > kept.length) kept = new Uint8Array(count * 2);
  kept.fill(0, 0, count);
  // They mostly come in the order in which they came before.
  let likely = 0;
  let changed = false;
  const { bytes } = given;
  for (let i = 0; i < given.count; i++) {
    if (given.isGone(i)) continue;
    const hash = given.hash(i);
    const from = given.textFrom(i);
    const to = given.textTo(i);
    const points = given.number(i);
    let place = tags.find(hash, bytes, from, to, likely);
    likely = place + 1;
    let before = NaN;
    if (place >= 0) {
      if (place < count) kept[place] = 1;
      before = tags.number(place);
      if (before === points) continue;
      tags.setNumber(place, points);
    } else {
      place = tags.add(contact.slab, hash, bytes, from, to, points);
      contact.i32[contact.base + TAGS] = tags.ref;
    }
    tags.mark(place);
    tagChanges.note(place, before, points);
    changed = true;
  }
  for (let place = 0; place < count; place++) {
    if (kept[place] === 1 || tags.isGone(place)) continue;
    tagChanges.note(place, tags.number(place), NaN);
    tags.remove(place);
    tags.mark(place);
    changed = true;
  }
  if (changed) contact.mark(CHANGED_TAGS);
  return changed;
}

/** The delta of the contact has been written. */
export function settleTags(contact: Contact): void {
  openTags(contact).settle(contact.slab);
  contact.i32[contact.base + TAGS] = tags.ref;
}

export function freeTags(contact: Contact): void {
  openTags(contact).free(contact.slab);
  contact.i32[contact.base + TAGS] = 0;
}

/** As in the head of a row (kernel/page.ts). */
export function writeTags(out: ByteWriter, contact: Contact): void {
  const { count, live, bytes } = openTags(contact);
  out.varint(live);
  for (let place = 0; place < count; place++) {
    if (tags.isGone(place)) continue;
    out.part(bytes, tags.textFrom(place), tags.textTo(place));
    out.svarint(tags.number(place));
  }
}

/** Of a contact that has none yet. Their places are then those that they have in the row. */
export function readTags(input: ByteReader, contact: Contact): void {
  const count = input.varint();
  if (count === 0) return;
  const { buffer } = input;
  const begin = input.at;
  let textBytes = 0;
  for (let i = 0; i < count; i++) {
    textBytes += input.skipText();
    input.skipVarint();
  }
  input.at = begin;
  tags.begin(contact.slab, count, textBytes);
  contact.i32[contact.base + TAGS] = tags.ref;
  for (let i = 0; i < count; i++) {
    const length = input.skipText();
    const to = input.at;
    tags.add(contact.slab, textHash(buffer, to - length, to), buffer, to - length, to, input.svarint());
  }
}
