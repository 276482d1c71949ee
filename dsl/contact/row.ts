/**
 * A contact as bytes: the head that views read too (kernel/page.ts), then
 *
 *   traits    varint writes, each (varint at, text messageId); varint count, each (text key, varint write, value)
 *   held      varint count, varint stage ids
 *   armed     varint count, each (varint root as `storedRoot` numbers it, f64 at)
 *   features  varint count, each (varint feature id, u8 kind, state)
 *
 * Numbers are the stable ones of the model record, so a row can be read under a later model: what that model no
 * longer has is left out.
 */
import { putVarint, VARINT_BYTES_MAX, type ByteReader, type ByteWriter } from "../../kernel/bytes.ts";
import { readJson, writeJson } from "../../kernel/json-bytes.ts";
import {
  putRowMember,
  readRowHead,
  ROW_MEMBER_BYTES_MAX,
  writeRowFacts,
  writeRowTags,
  type RowHead,
} from "../../kernel/page.ts";
import { FEATURE_CODECS } from "../features/codecs.ts";
import { FEATURE_KINDS, NO_FEATURE } from "../features/feature.ts";
import type { BoundPlan } from "../registry.ts";
import type { Contact } from "./contact.ts";
import { beginGathering, fillNumbers } from "./gathered.ts";
import { ARMED, HELD, MEMBERS, NUMBERS } from "./head.ts";
import { featureAt } from "./numbers.ts";
import { countIn, fill, insertAt, keyAt, numberAt, sortEntries } from "./tables.ts";

export function writeRow(out: ByteWriter, contact: Contact, plan: BoundPlan): void {
  const { idFrom, tags } = contact;
  out.part(contact.idChunk, idFrom, idFrom + contact.idLength);
  writeRowFacts(out, contact);
  writeMembers(out, contact);
  writeRowTags(out, tags.size, tags);
  writeTraits(out, contact);
  const held = countIn(contact, HELD);
  out.varint(held);
  for (let i = 0; i < held; i++) out.varint(keyAt(contact, HELD, i));
  writeArmed(out, contact, plan);
  writeFeatures(out, contact, plan);
}

/** Fills a contact of which nothing is known yet; an id of `contact.begin` is not wanted before. */
export function readRow(input: ByteReader, contact: Contact, plan: BoundPlan): void {
  const head = readRowHead(input);
  contact.begin(Buffer.from(head.id), head.lastSeen, head.stage);
  contact.firstSeen = head.firstSeen;
  contact.score = head.score;
  contact.known = head.known;
  contact.saturated = head.saturated;
  if (head.tags.length > 0) contact.tags = new Map(head.tags);
  readMembers(contact, head);
  readTraits(input, contact);
  for (let n = input.varint(); n > 0; n--) insertAt(contact, HELD, countIn(contact, HELD), input.varint(), 0);
  readArmed(input, contact, plan);
  const tagNames = head.tags.map(([name]) => name);
  beginGathering();
  for (let n = input.varint(); n > 0; n--) {
    const index = plan.featureById.get(input.varint()) ?? NO_FEATURE;
    const kind = FEATURE_KINDS[input.u8()];
    if (kind === undefined) throw new RangeError("a stored feature has an unknown kind");
    FEATURE_CODECS[kind].read(input, contact, index, tagNames);
  }
  fillNumbers(contact);
  contact.addedNumber = -1;
  contact.addedObject = -1;
}

function writeMembers(out: ByteWriter, contact: Contact): void {
  const count = countIn(contact, MEMBERS);
  out.varint(count);
  if (count === 0) return;
  let at = out.claim(count * ROW_MEMBER_BYTES_MAX);
  const { buffer } = out;
  const { lastSeen } = contact;
  for (let i = 0; i < count; i++) {
    at = putRowMember(buffer, at, lastSeen, keyAt(contact, MEMBERS, i), numberAt(contact, MEMBERS, i));
  }
  out.settle(at);
}

function writeArmed(out: ByteWriter, contact: Contact, plan: BoundPlan): void {
  const armed = countIn(contact, ARMED);
  out.varint(armed);
  for (let i = 0; i < armed; i++) {
    const stored = plan.storedRoots[keyAt(contact, ARMED, i)];
    if (stored === undefined) throw new Error("an armed root is not in the plan");
    out.varint(stored);
    out.f64(numberAt(contact, ARMED, i));
  }
}

function writeFeatures(out: ByteWriter, contact: Contact, plan: BoundPlan): void {
  const numbers = countIn(contact, NUMBERS);
  const objects = contact.objects?.features ?? [];
  out.varint(numbers + objects.length);
  for (let place = 0; place < numbers; place++) writeFeature(out, contact, plan, featureAt(contact, place), place);
  for (let place = 0; place < objects.length; place++) {
    writeFeature(out, contact, plan, objects[place] as number, place);
  }
}

function writeFeature(out: ByteWriter, contact: Contact, plan: BoundPlan, index: number, place: number): void {
  const feature = plan.storedFeatures[index];
  if (feature === undefined) throw new Error("a contact keeps a feature not in the plan");
  const from = out.claim(VARINT_BYTES_MAX + 1);
  const at = putVarint(out.buffer, from, feature.id);
  out.buffer[at] = feature.kind;
  out.settle(at + 1);
  feature.codec.write(out, contact, place);
}

function writeTraits(out: ByteWriter, { traits }: Contact): void {
  if (traits.size === 0) {
    out.varint(0);
    out.varint(0);
    return;
  }
  const writes = new Map<string, number>();
  for (const trait of traits.values()) {
    const write = `${trait.at} ${trait.by}`;
    if (!writes.has(write)) writes.set(write, writes.size);
  }
  out.varint(writes.size);
  for (const write of writes.keys()) {
    const space = write.indexOf(" ");
    out.varint(Number(write.slice(0, space)));
    out.text(write.slice(space + 1));
  }
  out.varint(traits.size);
  for (const [key, trait] of traits) {
    out.text(key);
    out.varint(writes.get(`${trait.at} ${trait.by}`) ?? 0);
    writeJson(out, trait.value);
  }
}

function readTraits(input: ByteReader, contact: Contact): void {
  const writes: { at: number; by: string }[] = [];
  for (let n = input.varint(); n > 0; n--) writes.push({ at: input.varint(), by: input.text() });
  for (let n = input.varint(); n > 0; n--) {
    const key = input.text();
    const write = writes[input.varint()];
    if (write === undefined) throw new RangeError("a trait names a write that is not there");
    contact.ownTraits().set(key, { value: readJson(input), at: write.at, by: write.by });
  }
}

/** Scratch for tables that are read. */
let keys = new Int32Array(64);
let numbers = new Float64Array(64);

function makeRoom(count: number): void {
  if (count <= keys.length) return;
  keys = new Int32Array(count * 2);
  numbers = new Float64Array(count * 2);
}

function readMembers(contact: Contact, { members, since }: RowHead): void {
  makeRoom(members.length);
  for (let i = 0; i < members.length; i++) {
    keys[i] = members[i] as number;
    numbers[i] = since[i] as number;
  }
  fill(contact, MEMBERS, keys, numbers, members.length);
}

function readArmed(input: ByteReader, contact: Contact, plan: BoundPlan): void {
  const stored = input.varint();
  makeRoom(stored);
  let count = 0;
  for (let n = 0; n < stored; n++) {
    const root = plan.rootByStored.get(input.varint());
    const at = input.f64();
    if (root === undefined) continue;
    keys[count] = root;
    numbers[count++] = at;
    if (at < contact.nextFlip) contact.nextFlip = at;
  }
  // Another model may number the same roots in another order.
  sortEntries(keys, numbers, count);
  fill(contact, ARMED, keys, numbers, count);
}
