/** From a changed contact to the row that views get of it. */
import type { Contact } from "../dsl/contact/contact.ts";
import { CHANGED, CHANGED_NEW, CHANGED_SCORE, CHANGED_STAGE, MEMBERS } from "../dsl/contact/head.ts";
import { isMember, keysOf } from "../dsl/contact/tables.ts";
import type { ByteWriter } from "../kernel/bytes.ts";
import { writeDeltaRow, writeScoreDelta, type DeltaRowSource } from "../kernel/delta.ts";

const NONE: [] = [];
/** Written and forgotten: one for all, since every contact that changed makes one. */
const row: DeltaRowSource = {
  slot: 0,
  id: null,
  score: 0,
  stage: 0,
  entered: NONE,
  left: NONE,
  tags: NONE,
  untagged: NONE,
};

/** Writes what views have to know of a contact that changed: absolute values, read from it now. */
export function writeContactDelta(out: ByteWriter, contact: Contact): void {
  const { change, details } = contact;
  if (change === 0) throw new Error("a contact without a change has no delta");
  if (change === (CHANGED | CHANGED_SCORE) && details === null) {
    writeScoreDelta(out, contact.slot, contact.score);
    return;
  }
  const isNew = (change & CHANGED_NEW) !== 0;
  row.slot = contact.slot;
  row.id = isNew ? contact.id : null;
  row.score = isNew || (change & CHANGED_SCORE) !== 0 ? contact.score : null;
  row.stage = isNew || (change & CHANGED_STAGE) !== 0 ? contact.stage : null;
  row.entered = isNew ? keysOf(contact, MEMBERS) : NONE;
  row.left = NONE;
  row.tags = isNew && contact.tags.size > 0 ? [...contact.tags] : NONE;
  row.untagged = NONE;
  if (!isNew && details !== null) {
    fillSegments(contact, details.segments);
    if (details.tags.size > 0) fillTags(contact, details.tags);
  }
  writeDeltaRow(out, row);
}

function fillSegments(contact: Contact, moved: readonly number[]): void {
  const [only] = moved;
  if (only === undefined) return;
  if (moved.length === 1) {
    if (isMember(contact, only)) row.entered = moved;
    else row.left = moved;
    return;
  }
  const ids = [...new Set(moved)];
  row.entered = ids.filter((id) => isMember(contact, id));
  row.left = ids.filter((id) => !isMember(contact, id));
}

function fillTags(contact: Contact, changed: ReadonlySet<string>): void {
  row.tags = [];
  row.untagged = [];
  for (const tag of changed) {
    const points = contact.tags.get(tag);
    if (points === undefined) row.untagged.push(tag);
    else row.tags.push([tag, points]);
  }
}
