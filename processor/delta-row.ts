/** From a changed contact to the row that views get of it. */
import { isMember, type Contact } from "../dsl/contact/contact.ts";
import type { DeltaRow } from "../kernel/delta.ts";

/** What views have to know of a contact that changed: absolute values, read from it now. */
export function deltaRowOf(contact: Contact): DeltaRow {
  const { change } = contact;
  if (change === null) throw new Error("a contact without a change has no delta");
  if (change.isNew) {
    return {
      slot: contact.slot,
      id: contact.id,
      score: contact.score,
      stage: contact.stage,
      entered: contact.members,
      left: [],
      tags: [...contact.tags],
      untagged: [],
    };
  }
  const segments = [...(change.segments ?? [])];
  const tags = [...(change.tags ?? [])];
  return {
    slot: contact.slot,
    id: null,
    score: change.score ? contact.score : null,
    stage: change.stage ? contact.stage : null,
    entered: segments.filter((id) => isMember(contact, id)),
    left: segments.filter((id) => !isMember(contact, id)),
    tags: tags.flatMap((tag): [string, number][] => {
      const points = contact.tags.get(tag);
      return points === undefined ? [] : [[tag, points]];
    }),
    untagged: tags.filter((tag) => !contact.tags.has(tag)),
  };
}
