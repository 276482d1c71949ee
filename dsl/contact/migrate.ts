/**
 * Brings a contact to another model. Facts stay; points, tags and memberships are derived from them again, as if the
 * model had always been there; the stage reached stays, and a `when` that holds now counts as turned.
 */
import { addTagPoints } from "../features/tag-counts.ts";
import type { Plan } from "../plan/plan.ts";
import { changeOf, featureState, NO_NUMBERS, NO_TAGS, placeOf, type Contact } from "./contact.ts";
import { evaluateDirty, type MembershipSink } from "./evaluate.ts";

/** The contact was read under the new plan already: states of features that it lacks are gone. */
export function migrateContact(plan: Plan, contact: Contact, t: number, sink: MembershipSink): void {
  // A row with `isNew` replaces all that views know of the contact.
  changeOf(contact).isNew = true;
  dropUnknown(plan, contact);
  rescore(plan, contact);
  contact.armedRoots = NO_NUMBERS;
  contact.armedAt = NO_NUMBERS;
  contact.nextFlip = Infinity;
  plan.dirty.fill();
  evaluateDirty(plan, contact, t, "backfill", sink);
}

function dropUnknown(plan: Plan, contact: Contact): void {
  const kept = new Set(plan.segments.map((segment) => segment.id));
  const places = contact.members.map((_, place) => place).filter((place) => kept.has(contact.members[place] as number));
  if (places.length < contact.members.length) {
    contact.since = places.map((place) => contact.since[place] as number);
    contact.members = places.map((place) => contact.members[place] as number);
  }
  contact.held = contact.held.filter((stage) => plan.stageOrder.has(stage));
  if (!plan.stageOrder.has(contact.stage)) contact.stage = plan.startStage;
}

function rescore(plan: Plan, contact: Contact): void {
  const count = (feature: number): number => (featureState(contact, feature) as number | undefined) ?? 0;
  contact.score = 0;
  for (const rule of plan.rules.score) contact.score += rule.points * count(rule.feature);
  contact.tags = NO_TAGS;
  for (const rule of plan.rules.tags) {
    const times = count(rule.feature);
    if (times > 0) addTagPoints(contact, rule.tag, rule.points * times, plan.limits.tags_max);
  }
  for (const rule of plan.rules.tagCounts) {
    const place = placeOf(contact.featureIndexes, rule.feature);
    if (place < 0) continue;
    for (const [tag, times] of contact.featureStates[place] as Map<string, number>) {
      addTagPoints(contact, tag, rule.points * times, plan.limits.tags_max);
    }
  }
}
