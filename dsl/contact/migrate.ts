/**
 * Brings a contact to another model. Facts stay; points, tags and memberships are derived from them again, as if the
 * model had always been there; the stage reached stays, and a `when` that holds now counts as turned.
 */
import { openTagCounts } from "../features/tag-counts.ts";
import type { Plan } from "../plan/plan.ts";
import type { Contact } from "./contact.ts";
import { ARMED, CHANGED_NEW, HELD, MEMBERS } from "./head.ts";
import { evaluateDirty, type MembershipSink } from "./evaluate.ts";
import { numberOf } from "./numbers.ts";
import { clear, countIn, keyAt, removeAt, type Table } from "./tables.ts";
import { addTagPoints, freeTags, tagChanges } from "./tags.ts";

/** The contact was read under the new plan already: states of features that it lacks are gone. */
export function migrateContact(plan: Plan, contact: Contact, t: number, sink: MembershipSink): void {
  // A row with `isNew` replaces all that views know of the contact.
  contact.mark(CHANGED_NEW);
  dropUnknown(plan, contact);
  rescore(plan, contact);
  clear(contact, ARMED);
  contact.nextFlip = Infinity;
  plan.dirty.fill();
  evaluateDirty(plan, contact, t, "backfill", sink, true);
}

function dropUnknown(plan: Plan, contact: Contact): void {
  const kept = new Set(plan.segments.map((segment) => segment.id));
  keepOnly(contact, MEMBERS, (segment) => kept.has(segment));
  keepOnly(contact, HELD, (stage) => plan.stageOrder.has(stage));
  if (!plan.stageOrder.has(contact.stage)) contact.stage = plan.startStage;
}

function keepOnly(contact: Contact, table: Table, kept: (key: number) => boolean): void {
  for (let place = countIn(contact, table) - 1; place >= 0; place--) {
    if (!kept(keyAt(contact, table, place))) removeAt(contact, table, place);
  }
}

function rescore(plan: Plan, contact: Contact): void {
  const count = (feature: number): number => numberOf(contact, feature) ?? 0;
  contact.score = 0;
  for (const rule of plan.rules.score) contact.score += rule.points * count(rule.feature);
  freeTags(contact);
  // Everybody is asked again: who reads which doesn't matter.
  tagChanges.forget();
  for (const rule of plan.rules.tags) {
    const times = count(rule.feature);
    const { hash, bytes } = rule.name;
    if (times > 0) addTagPoints(contact, hash, bytes, 0, bytes.length, rule.points * times, plan.limits.tags_max);
  }
  for (const rule of plan.rules.tagCounts) {
    const counts = openTagCounts(contact, rule.feature);
    for (let i = 0; i < counts.count; i++) {
      const points = rule.points * counts.number(i);
      const [from, to] = [counts.textFrom(i), counts.textTo(i)];
      addTagPoints(contact, counts.hash(i), counts.bytes, from, to, points, plan.limits.tags_max);
    }
  }
}
