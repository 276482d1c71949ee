/** Takes one event into a contact: facts first, then points and tags, then stages and segments. */
import type { JsonObject } from "../../kernel/event.ts";
import type { Plan } from "../plan/plan.ts";
import * as dispatch from "../plan/dispatch.ts";
import type { DispatchView } from "../plan/dispatch.ts";
import type { EventView } from "../plan/event-view.ts";
import type { SelectorPlan, TagPoints } from "../plan/builder.ts";
import * as times from "../features/times.ts";
import type { Contact } from "./contact.ts";
import * as evaluation from "./evaluate.ts";
import type { MembershipSink } from "./evaluate.ts";
import * as forgetting from "./forget.ts";
import * as layout from "./head.ts";
import * as tagging from "./tags.ts";
import { giveTimedTags } from "./timed-tags.ts";
import { mergeTraits } from "./traits.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { matchEvent } = dispatch;
const { addTime } = times;
const { addScore, evaluateDirty, markTagReaders, reachThresholds } = evaluation;
const { forgetNeighbours } = forgetting;
const { addTagPoints, tagChanges } = tagging;
const { CHANGED_NEW } = layout;

export interface ApplyLimits {
  readonly traits_max: number;
}

/**
 * The caller guarantees that the contact has lived through all flips up to `now`, that the message is no repeat and
 * that `now` is not before the event's timestamp. `isNew` when this event made the contact.
 */
export function applyEvent(
  plan: Plan,
  contact: Contact,
  view: DispatchView,
  event: number,
  now: number,
  isNew: boolean,
  limits: ApplyLimits,
  sink: MembershipSink,
): void {
  const { entry } = view;
  const at = entry.timestamps[event] as number;
  if (isNew) {
    contact.mark(CHANGED_NEW);
    plan.dirty.addAll(plan.initial);
  }
  noteCall(plan, contact, at, entry.known(event));
  const traits = entry.traits(event);
  if (traits !== null) {
    takeTraits(plan, contact, traits, at, entry.messageId(event), limits.traits_max);
  }
  tagChanges.forget();
  const matches = matchEvent(plan.selectorsFor, view, event, plan.matched);
  let isLeast = true;
  for (let i = 0; i < matches; i++) {
    const order = plan.matched[i] as number;
    isLeast =
      (plan.effects.hasMore[order] === 0
        ? takePlainMatch(plan, contact, order, at, now, sink)
        : takeMatch(plan, contact, order, view, event, at, now, sink)) && isLeast;
  }
  if (tagChanges.count > 0) markTagReaders(plan, contact);
  // At a bound it depends on all others what an event gives and what has room.
  if (contact.saturated && plan.tagsRoot >= 0) plan.dirty.add(plan.tagsRoot);
  evaluateDirty(plan, contact, now, "event", sink, isLeast);
}

function takeTraits(plan: Plan, contact: Contact, traits: JsonObject, at: number, by: string, maximum: number): void {
  mergeTraits(contact, traits, at, by, maximum, (key) => {
    const readers = plan.readers.traits.get(key);
    if (readers !== undefined) plan.dirty.addAll(readers);
  });
}

function noteCall(plan: Plan, contact: Contact, at: number, known: boolean): void {
  if (at < contact.firstSeen) {
    contact.firstSeen = at;
    plan.dirty.addAll(plan.readers.firstSeen);
  }
  if (at > contact.lastSeen) {
    contact.lastSeen = at;
    plan.dirty.addAll(plan.readers.lastSeen);
  }
  if (known && !contact.known) {
    contact.known = true;
    plan.dirty.addAll(plan.readers.known);
  }
}

/**
 * `takeMatch` for a selector that changes lists of timestamps and the score alone. Gives whether the contact's `nextFlip`
 * still is the least of what is armed.
 */
function takePlainMatch(
  plan: Plan,
  contact: Contact,
  order: number,
  at: number,
  now: number,
  sink: MembershipSink,
): boolean {
  const { effects } = plan;
  const end = effects.starts[order + 1] as number;
  let isLeast = true;
  for (let i = effects.starts[order] as number; i < end; i++) {
    isLeast = takeTime(plan, contact, (effects.features[i] as number) >>> 1, at, now, sink) && isLeast;
  }
  const points = effects.points[order] as number;
  if (points !== 0) addScore(plan, contact, points);
  return isLeast;
}

function takeMatch(
  plan: Plan,
  contact: Contact,
  order: number,
  view: EventView,
  event: number,
  at: number,
  now: number,
  sink: MembershipSink,
): boolean {
  const { reaches, timesKept } = plan;
  const { starts, roots } = plan.readers.features;
  const selector = plan.selectorsFor.selectors[order] as SelectorPlan;
  let isLeast = true;
  for (const feature of selector.features) {
    const { index } = feature;
    if (timesKept[index] !== 0) {
      isLeast = takeTime(plan, contact, index, at, now, sink) && isLeast;
      continue;
    }
    const changed = feature.add(contact, view, event, at, now);
    forgetNeighbours(contact, reaches, now);
    if (changed) plan.dirty.addRange(roots, starts[index] as number, starts[index + 1] as number);
  }
  if (selector.points !== 0) addScore(plan, contact, selector.points);
  for (let i = 0; i < selector.tags.length; i++) {
    const { name, points } = selector.tags[i] as TagPoints;
    addTagPoints(contact, name.hash, name.bytes, 0, name.bytes.length, points, plan.limits.tags_max);
  }
  if (selector.timedTags.length > 0) giveTimedTags(plan, contact, selector.timedTags, view, event, at, now);
  return isLeast;
}

/** Adds a timestamp to the list of a feature. Gives whether the contact's `nextFlip` still is the least. */
function takeTime(
  plan: Plan,
  contact: Contact,
  feature: number,
  at: number,
  now: number,
  sink: MembershipSink,
): boolean {
  const { reaches, timesKept } = plan;
  const { starts, roots } = plan.readers.features;
  const times = addTime(contact, feature, at, now - (reaches[feature] as number), timesKept[feature] as number);
  let isLeast = true;
  if (times > 0) isLeast = reachThresholds(plan, contact, feature, times, now, sink);
  forgetNeighbours(contact, reaches, now);
  if (times > 0) plan.dirty.addRange(roots, starts[feature] as number, starts[feature + 1] as number);
  return isLeast;
}
