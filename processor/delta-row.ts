/** From a changed contact to the row that views get of it. */
import { isMember, type Contact } from "../dsl/contact/contact.ts";
import type { ByteWriter } from "../kernel/bytes.ts";
import { writeDeltaRow, type DeltaRowSource } from "../kernel/delta.ts";

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
  const { change } = contact;
  if (change === null) throw new Error("a contact without a change has no delta");
  const { isNew, segments, tags } = change;
  row.slot = contact.slot;
  row.id = isNew ? contact.id : null;
  row.score = isNew || change.score ? contact.score : null;
  row.stage = isNew || change.stage ? contact.stage : null;
  row.entered = isNew ? contact.members : NONE;
  row.left = NONE;
  row.tags = isNew && contact.tags.size > 0 ? [...contact.tags] : NONE;
  row.untagged = NONE;
  if (!isNew && segments !== null) fillSegments(contact, segments);
  if (!isNew && tags !== null) fillTags(contact, tags);
  writeDeltaRow(out, row);
}

function fillSegments(contact: Contact, moved: readonly number[]): void {
  const [only] = moved;
  if (moved.length === 1 && only !== undefined) {
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
