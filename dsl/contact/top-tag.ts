/** The tag with the highest score: which one it is, and whether changes of points have made it another. */
import type { Contact } from "./contact.ts";
import { openTags, tagChanges, tags } from "./tags.ts";

/** Scratch, by place: what `isTopAnother` has seen of the places of `tagChanges`; all are `UNCHANGED` between calls. */
let seen = new Uint8Array(64);
const UNCHANGED = 0;
const CHANGED = 1;
const COMPARED = 2;

/** Of equal ones the first in code point order; undefined without tags. */
export function topTag(contact: Contact): string | undefined {
  const { count } = openTags(contact);
  let best = -1;
  let most = NaN;
  for (let place = 0; place < count; place++) {
    const points = tags.number(place);
    if (points < most || !isAhead(place, points, best, most)) continue;
    best = place;
    most = points;
  }
  return best < 0 ? undefined : tags.text(best);
}

/** Whether the tag that comes first is another one than before `tagChanges`, which must be of this contact. */
export function isTopAnother(contact: Contact): boolean {
  const { count } = openTags(contact);
  if (seen.length < count) seen = new Uint8Array(count * 2);
  for (let i = 0; i < tagChanges.count; i++) seen[tagChanges.place(i)] = CHANGED;
  let before = -1;
  let mostBefore = NaN;
  for (let place = 0; place < count; place++) {
    const points = tags.number(place);
    // Most of them: of NaN nothing is less.
    if (points < mostBefore || seen[place] !== UNCHANGED || !isAhead(place, points, before, mostBefore)) continue;
    before = place;
    mostBefore = points;
  }
  let after = before;
  let mostAfter = mostBefore;
  for (let i = 0; i < tagChanges.count; i++) {
    const place = tagChanges.place(i);
    // What it had at first is said by the first of its changes.
    if (seen[place] === COMPARED) continue;
    seen[place] = COMPARED;
    const had = tagChanges.before(i);
    if (isAhead(place, had, before, mostBefore)) {
      before = place;
      mostBefore = had;
    }
    const has = tags.number(place);
    if (isAhead(place, has, after, mostAfter)) {
      after = place;
      mostAfter = has;
    }
  }
  for (let i = 0; i < tagChanges.count; i++) seen[tagChanges.place(i)] = UNCHANGED;
  return before !== after;
}

/** Whether a tag comes before the best so far, -1 for none. Points are NaN of a tag that the contact has not. */
function isAhead(place: number, points: number, best: number, most: number): boolean {
  if (points > most) return true;
  if (best < 0) return !Number.isNaN(points);
  return points === most && comesBefore(place, best);
}

/** In code point order, which is that of UTF-8. */
function comesBefore(place: number, other: number): boolean {
  const { bytes } = tags;
  return bytes.compare(bytes, tags.textFrom(other), tags.textTo(other), tags.textFrom(place), tags.textTo(place)) < 0;
}
