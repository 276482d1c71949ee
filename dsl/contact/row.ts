/**
 * A contact as bytes: the head that views read too (kernel/page.ts), then
 *
 *   held      varint count, varint stage ids
 *   armed     varint count, each (varint root as `storedRoot` numbers it, f64 at)
 *   numbers   varint count, each (varint feature id, u8 kind, state)
 *   own       block, empty for nothing: block traits, then varint count, each (varint feature id, u8 kind, state)
 *   traits    varint writes, each (varint at, text messageId); varint count, each (text key, varint write, value)
 *
 * Numbers are the stable ones of the model record, so a row can be read under a later model: what that model no
 * longer has is left out.
 *
 * `own` is what a contact at rest keeps as bytes: nothing in it depends on the rest of the row, so it is copied from it
 * and into it.
 */
import { ByteReader, putVarint, VARINT_BYTES_MAX, type ByteWriter } from "../../kernel/bytes.ts";
import type { Json } from "../../kernel/event.ts";
import { readJson, skipJson, writeJson } from "../../kernel/json-bytes.ts";
import { putRowMember, readRowFacts, ROW_MEMBER_BYTES_MAX, writeRowFacts } from "../../kernel/page.ts";
import { FEATURE_CODECS } from "../features/codecs.ts";
import { FEATURE_KINDS, NO_FEATURE } from "../features/feature.ts";
import type { BoundPlan } from "../registry.ts";
import type { ContactObjects, Trait } from "./awake.ts";
import { DamagedRest, NO_TRAITS, type Contact, type RestReader } from "./contact.ts";
import { beginGathering, fillNumbers } from "./gathered.ts";
import { ARMED, HELD, MEMBERS, NUMBERS } from "./head.ts";
import { featureAt } from "./numbers.ts";
import { countIn, fill, insertAt, keyAt, numberAt, sortEntries } from "./tables.ts";
import { readTags, writeTags } from "./tags.ts";

/** Gives how many of its bytes are what a contact at rest keeps as bytes. */
export function writeRow(out: ByteWriter, contact: Contact, plan: BoundPlan): number {
  const { idFrom } = contact;
  out.part(contact.idChunk, idFrom, idFrom + contact.idLength);
  writeRowFacts(out, contact);
  writeMembers(out, contact);
  const here = contact.objectsHere;
  const rest = here === null ? contact.memory.restOf(contact) : null;
  writeTags(out, contact);
  const held = countIn(contact, HELD);
  out.varint(held);
  for (let i = 0; i < held; i++) out.varint(keyAt(contact, HELD, i));
  writeArmed(out, contact, plan);
  writeNumbers(out, contact, plan);
  if (here === null ? rest === null : isNothing(contact, here)) {
    out.varint(0);
    return 0;
  }
  const ownFrom = out.length;
  const begun = out.beginBlock();
  if (rest !== null) out.copy(rest.chunk, rest.from, rest.end);
  else writeOwn(out, contact, plan);
  out.endBlock(begun);
  return out.length - ownFrom;
}

/** Fills a contact of which nothing is known yet; what it has beside its numbers is at rest. */
export function readRow(input: ByteReader, contact: Contact, plan: BoundPlan): void {
  const { buffer } = input;
  const idLength = input.skipText();
  const id = buffer.subarray(input.at - idLength, input.at);
  const facts = readRowFacts(input);
  contact.begin(id, facts.lastSeen, facts.stage);
  contact.firstSeen = facts.firstSeen;
  contact.score = facts.score;
  contact.known = facts.known;
  contact.saturated = facts.saturated;
  readMembers(input, contact);
  readTags(input, contact);
  for (let n = input.varint(); n > 0; n--) insertAt(contact, HELD, countIn(contact, HELD), input.varint(), 0);
  readArmed(input, contact, plan);
  beginGathering();
  for (let n = input.varint(); n > 0; n--) readFeature(input, contact, plan);
  fillNumbers(contact);
  contact.addedNumber = -1;
  const ownLength = input.varint();
  const ownFrom = input.at;
  input.skip(ownLength);
  if (ownLength === 0) return;
  contact.memory.setRest(contact, buffer, ownFrom, input.at);
  contact.leaveObjects();
}

/** Turns the objects that a contact has into bytes. */
export function putToRest(contact: Contact, plan: BoundPlan, scratch: ByteWriter): void {
  const { objectsHere } = contact;
  if (objectsHere === null) return;
  const { memory } = contact;
  if (isNothing(contact, objectsHere)) memory.freeRest(contact);
  else {
    scratch.reset();
    writeOwn(scratch, contact, plan);
    memory.setRest(contact, scratch.buffer, 0, scratch.length);
  }
  contact.leaveObjects();
}

function isNothing(contact: Contact, { traits, features }: ContactObjects): boolean {
  if (features.length > 0) return false;
  return traits === null ? !hasTraitsAtRest(contact) : traits.size === 0;
}

function hasTraitsAtRest(contact: Contact): boolean {
  const input = traitsOf(contact);
  if (input === null) return false;
  skipWrites(input);
  return input.varint() > 0;
}

/** How contacts at rest become objects again. */
export function createRestReader(plan: BoundPlan): RestReader {
  return {
    read(contact) {
      try {
        readRest(contact, plan);
      } catch (error) {
        throw new DamagedRest(error);
      }
    },
    readTraits(contact) {
      const traits = new Map<string, Trait>();
      const input = traitsOf(contact);
      try {
        if (input !== null) readTraits(input, traits);
      } catch (error) {
        throw new DamagedRest(error);
      }
      return traits;
    },
    readTrait(contact, key) {
      const input = traitsOf(contact);
      try {
        return input === null ? undefined : findTrait(input, key);
      } catch (error) {
        throw new DamagedRest(error);
      }
    },
  };
}

/** All but the traits. */
function readRest(contact: Contact, plan: BoundPlan): void {
  const rest = contact.memory.restOf(contact);
  if (rest === null) return;
  const input = new ByteReader(rest.chunk, rest.from, rest.end);
  input.skipBlock();
  for (let n = input.varint(); n > 0; n--) readFeature(input, contact, plan);
}

/** Stands at the traits of a contact at rest; null without any. */
function traitsOf(contact: Contact): ByteReader | null {
  const rest = contact.memory.restOf(contact);
  if (rest === null) return null;
  const input = new ByteReader(rest.chunk, rest.from, rest.end);
  input.skipVarint();
  return input;
}

function skipWrites(input: ByteReader): void {
  for (let n = input.varint(); n > 0; n--) {
    input.skipVarint();
    input.skipText();
  }
}

function findTrait(input: ByteReader, key: Uint8Array): Json | undefined {
  skipWrites(input);
  for (let n = input.varint(); n > 0; n--) {
    const length = input.skipText();
    const isWanted = length === key.length && input.buffer.compare(key, 0, length, input.at - length, input.at) === 0;
    input.skipVarint();
    if (isWanted) return readJson(input);
    skipJson(input);
  }
  return undefined;
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

function writeNumbers(out: ByteWriter, contact: Contact, plan: BoundPlan): void {
  const numbers = countIn(contact, NUMBERS);
  out.varint(numbers);
  for (let place = 0; place < numbers; place++) writeFeature(out, contact, plan, featureAt(contact, place), place);
}

/** Of a contact that has objects. */
function writeOwn(out: ByteWriter, contact: Contact, plan: BoundPlan): void {
  const objects = contact.ownObjects();
  const rest = objects.traitsChanged ? null : contact.memory.restOf(contact);
  if (rest !== null) {
    // As they were at rest.
    const input = new ByteReader(rest.chunk, rest.from, rest.end);
    input.skipBlock();
    out.copy(rest.chunk, rest.from, input.at);
  } else {
    const begun = out.beginBlock();
    writeTraits(out, objects.traits ?? NO_TRAITS);
    out.endBlock(begun);
  }
  const { features } = objects;
  out.varint(features.length);
  for (let place = 0; place < features.length; place++) {
    writeFeature(out, contact, plan, features[place] as number, place);
  }
}

/** Numbers are gathered, objects added. */
function readFeature(input: ByteReader, contact: Contact, plan: BoundPlan): void {
  const index = plan.featureById.placeOf(input.varint());
  const kind = FEATURE_KINDS[input.u8()];
  if (kind === undefined) throw new RangeError("a stored feature has an unknown kind");
  FEATURE_CODECS[kind].read(input, contact, index < 0 ? NO_FEATURE : index);
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

function writeTraits(out: ByteWriter, traits: ReadonlyMap<string, Trait>): void {
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

function readTraits(input: ByteReader, traits: Map<string, Trait>): void {
  const writes: { at: number; by: string }[] = [];
  for (let n = input.varint(); n > 0; n--) writes.push({ at: input.varint(), by: input.text() });
  for (let n = input.varint(); n > 0; n--) {
    const key = input.text();
    const write = writes[input.varint()];
    if (write === undefined) throw new RangeError("a trait names a write that is not there");
    traits.set(key, { value: readJson(input), at: write.at, by: write.by });
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

function readMembers(input: ByteReader, contact: Contact): void {
  const count = input.varint();
  makeRoom(count);
  const { lastSeen } = contact;
  for (let i = 0; i < count; i++) {
    keys[i] = input.varint();
    numbers[i] = lastSeen - input.svarint();
  }
  fill(contact, MEMBERS, keys, numbers, count);
}

function readArmed(input: ByteReader, contact: Contact, plan: BoundPlan): void {
  const stored = input.varint();
  makeRoom(stored);
  let count = 0;
  for (let n = 0; n < stored; n++) {
    const root = plan.rootByStored.placeOf(input.varint());
    const at = input.f64();
    if (root < 0) continue;
    keys[count] = root;
    numbers[count++] = at;
    if (at < contact.nextFlip) contact.nextFlip = at;
  }
  // Another model may number the same roots in another order.
  sortEntries(keys, numbers, count);
  fill(contact, ARMED, keys, numbers, count);
}
