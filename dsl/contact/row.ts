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
import type { ByteReader, ByteWriter } from "../../kernel/bytes.ts";
import { readJson, writeJson } from "../../kernel/json-bytes.ts";
import { readRowHead, writeRowHead, type RowHead } from "../../kernel/page.ts";
import { FEATURE_CODECS } from "../features/codecs.ts";
import { FEATURE_KINDS } from "../features/feature.ts";
import type { BoundPlan } from "../registry.ts";
import { newContact, ownTraits, setFeatureState, type Contact } from "./contact.ts";

const NO_TAG_LIST: RowHead["tags"] = [];

export function writeRow(out: ByteWriter, contact: Contact, plan: BoundPlan): void {
  const { tags, held, armedRoots, armedAt, featureIndexes, featureStates } = contact;
  writeRowHead(out, {
    id: contact.id,
    known: contact.known,
    saturated: contact.saturated,
    firstSeen: contact.firstSeen,
    lastSeen: contact.lastSeen,
    score: contact.score,
    stage: contact.stage,
    members: contact.members,
    since: contact.since,
    tags: tags.size === 0 ? NO_TAG_LIST : [...tags],
  });
  writeTraits(out, contact);
  out.varint(held.length);
  for (const stage of held) out.varint(stage);
  out.varint(armedRoots.length);
  for (let i = 0; i < armedRoots.length; i++) {
    const stored = plan.storedRoots[armedRoots[i] as number];
    if (stored === undefined) throw new Error("an armed root is not in the plan");
    out.varint(stored);
    out.f64(armedAt[i] as number);
  }
  out.varint(featureIndexes.length);
  for (let i = 0; i < featureIndexes.length; i++) {
    const feature = plan.storedFeatures[featureIndexes[i] as number];
    const state = featureStates[i];
    if (feature === undefined || state === undefined) throw new Error("a contact keeps a feature not in the plan");
    out.varint(feature.id);
    out.u8(feature.kind);
    feature.codec.write(out, state, contact);
  }
}

/** `cells` as for `newContact`. */
export function readRow(input: ByteReader, slot: number, plan: BoundPlan, cells: Float64Array | null): Contact {
  const head = readRowHead(input);
  const contact = newContact(slot, head.id, head.lastSeen, head.stage, cells);
  contact.firstSeen = head.firstSeen;
  contact.score = head.score;
  contact.known = head.known;
  contact.saturated = head.saturated;
  if (head.tags.length > 0) contact.tags = new Map(head.tags);
  if (head.members.length > 0) {
    contact.members = head.members;
    contact.since = head.since;
  }
  readTraits(input, contact);
  const held: number[] = [];
  for (let n = input.varint(); n > 0; n--) held.push(input.varint());
  if (held.length > 0) contact.held = held;
  readArmed(input, contact, plan);
  const tagNames = head.tags.map(([name]) => name);
  for (let n = input.varint(); n > 0; n--) {
    const index = plan.featureById.get(input.varint());
    const kind = FEATURE_KINDS[input.u8()];
    if (kind === undefined) throw new RangeError("a stored feature has an unknown kind");
    const state = FEATURE_CODECS[kind].read(input, tagNames, head.lastSeen);
    if (index !== undefined) setFeatureState(contact, index, state);
  }
  return contact;
}

function writeTraits(out: ByteWriter, contact: Contact): void {
  if (contact.traits.size === 0) {
    out.varint(0);
    out.varint(0);
    return;
  }
  const writes = new Map<string, number>();
  for (const trait of contact.traits.values()) {
    const write = `${trait.at} ${trait.by}`;
    if (!writes.has(write)) writes.set(write, writes.size);
  }
  out.varint(writes.size);
  for (const write of writes.keys()) {
    const space = write.indexOf(" ");
    out.varint(Number(write.slice(0, space)));
    out.text(write.slice(space + 1));
  }
  out.varint(contact.traits.size);
  for (const [key, trait] of contact.traits) {
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
    ownTraits(contact).set(key, { value: readJson(input), at: write.at, by: write.by });
  }
}

function readArmed(input: ByteReader, contact: Contact, plan: BoundPlan): void {
  const armed: { root: number; at: number }[] = [];
  for (let n = input.varint(); n > 0; n--) {
    const root = plan.rootByStored.get(input.varint());
    const at = input.f64();
    if (root !== undefined) armed.push({ root, at });
  }
  if (armed.length === 0) return;
  // Another model may number the same roots in another order.
  armed.sort((a, b) => a.root - b.root);
  contact.armedRoots = armed.map((one) => one.root);
  contact.armedAt = armed.map((one) => one.at);
  contact.nextFlip = armed.reduce((least, { at }) => Math.min(least, at), Infinity);
}
