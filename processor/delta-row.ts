/** From a changed contact to the row that views get of it. */
import type { Contact } from "../dsl/contact/contact.ts";
import { CHANGED, CHANGED_NEW, CHANGED_SCORE, CHANGED_STAGE, CHANGED_TAGS, MEMBERS } from "../dsl/contact/head.ts";
import { isMember, keysOf } from "../dsl/contact/tables.ts";
import { openTags } from "../dsl/contact/tags.ts";
import type { ByteWriter } from "../kernel/bytes.ts";
import { writeDeltaRow, writeScoreDelta, type DeltaRowSource } from "../kernel/delta.ts";
import { TagList } from "../kernel/tag-list.ts";

const NONE: [] = [];
/** Written and forgotten: one for all, since every contact that changed makes one. */
const row: DeltaRowSource = {
  slot: 0,
  id: null,
  score: 0,
  stage: 0,
  entered: NONE,
  left: NONE,
  tags: new TagList(),
  untagged: new TagList(),
};

/** Writes what views have to know of a contact that changed: absolute values, read from it now. */
export function writeContactDelta(out: ByteWriter, contact: Contact): void {
  const { change, moves } = contact;
  if (change === 0) throw new Error("a contact without a change has no delta");
  if (change === (CHANGED | CHANGED_SCORE) && moves === null) {
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
  if (!isNew && moves !== null) fillSegments(contact, moves);
  try {
    if (isNew || (change & CHANGED_TAGS) !== 0) fillTags(contact, isNew);
    writeDeltaRow(out, row);
  } finally {
    row.tags.clear();
    row.untagged.clear();
  }
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

/** Those that changed, or all. */
function fillTags(contact: Contact, all: boolean): void {
  const tags = openTags(contact);
  for (let place = 0; place < tags.count; place++) {
    if (!all && !tags.isMarked(place)) continue;
    const isGone = tags.isGone(place);
    if (isGone && all) continue;
    const list = isGone ? row.untagged : row.tags;
    list.add(tags.bytes, tags.textFrom(place), tags.textTo(place), tags.number(place));
  }
}
