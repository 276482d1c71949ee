/**
 * Tags that end: an event gives them as it comes, and the root of the tags (plan/tags-root.ts), which is looked at again
 * when the first of them ends, takes them away.
 */
import type { EventView } from "../plan/event-view.ts";
import type { Plan } from "../plan/plan.ts";
import type { TimedTags } from "../plan/builder.ts";
import type { TakeTagName } from "../features/tag-names.ts";
import type { Contact } from "./contact.ts";
import { armSooner } from "./evaluate.ts";
import { addTagPoints } from "./tags.ts";

/** Of the tags that are being given: to whom, micro points of each, the bound, and whether one has been given. */
let to: Contact | null = null;
let points = 0;
let tagsMax = 0;
let given = false;

const take: TakeTagName = (hash, bytes, from, end) => {
  if (to !== null && addTagPoints(to, hash, bytes, from, end, points, tagsMax)) given = true;
};

/** After the event's features have taken it up. */
export function giveTimedTags(
  { limits, tagsRoot }: Plan,
  contact: Contact,
  all: readonly TimedTags[],
  view: EventView,
  event: number,
  at: number,
  now: number,
): void {
  for (let i = 0; i < all.length; i++) {
    const tags = all[i] as TimedTags;
    const end = at + tags.length;
    if (end <= now) continue;
    to = contact;
    ({ points } = tags);
    tagsMax = limits.tags_max;
    given = false;
    try {
      tags.names(view, event, take);
    } finally {
      to = null;
    }
    if (given) armSooner(contact, tagsRoot, end);
  }
}
