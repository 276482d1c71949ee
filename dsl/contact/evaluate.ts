/**
 * Brings a contact's stages and segments up to date at an instant, looking only at the roots marked dirty and at
 * those that read what they change. Roots are numbered after all that they read, so ascending order is enough.
 */
import { fromMicros } from "../../kernel/decimal.ts";
import type { EdgeReaders } from "../plan/edges.ts";
import type { Plan } from "../plan/plan.ts";
import type { Root, TruthRoot } from "../plan/root.ts";
import * as horizons from "../plan/horizon.ts";
import type { Contact } from "./contact.ts";
import * as layout from "./head.ts";
import * as numbers from "./numbers.ts";
import * as tables from "./tables.ts";
import { openTags, replaceTags, tagChanges } from "./tags.ts";
import { isTopAnother } from "./top-tag.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { horizon } = horizons;
const { list, openList } = numbers;
const { ARMED, CHANGED_NEW, CHANGED_SCORE, CHANGED_STAGE, HELD, MEMBERS } = layout;
const { countIn, insertAt, keyAt, leastIn, numberAt, placeOf, removeAt, setNumberAt } = tables;

export type Cause = "event" | "time" | "merge" | "backfill" | "api" | "delete";

/** So many instants are looked at ahead, at most. */
const LOOKS_AHEAD = 16;

/** Told of every change of membership, in the order in which they happen. */
export interface MembershipSink {
  moved(contact: Contact, segmentId: number, entered: boolean, at: number, cause: Cause): void;
}

/**
 * Evaluates the roots in `plan.dirty` at instant t. `isLeast`: whether `nextFlip` is the least of what is armed, as all here
 * leave it.
 */
export function evaluateDirty(
  plan: Plan,
  contact: Contact,
  t: number,
  cause: Cause,
  sink: MembershipSink,
  isLeast: boolean,
): void {
  let least = isLeast;
  for (let index = plan.dirty.take(); index >= 0; index = plan.dirty.take()) {
    least = evaluateRoot(plan, contact, plan.roots[index] as Root, t, cause, sink) && least;
  }
  if (!least) contact.nextFlip = leastIn(contact, ARMED);
}

/**
 * Evaluates the thresholds over a feature that has just got a timestamp, of which there are `times` now: none of them
 * reads anything else, and one more timestamp makes none of them false. A threshold that is reached is armed, since it
 * won't be for ever, and no other is. Gives whether `nextFlip` still is the least of what is armed.
 */
export function reachThresholds(
  plan: Plan,
  contact: Contact,
  feature: number,
  times: number,
  t: number,
  sink: MembershipSink,
): boolean {
  const { starts, roots, segments, counts, lengths } = plan.thresholds;
  const end = starts[feature + 1] as number;
  let i = starts[feature] as number;
  if (i === end || (counts[i] as number) > times) return true;
  openList(contact, feature);
  const { f64, from } = list;
  let isLeast = true;
  for (; i < end && (counts[i] as number) <= times; i++) {
    const root = roots[i] as number;
    const at = (f64[from + times - (counts[i] as number)] as number) + (lengths[i] as number);
    if (at <= t) continue;
    const place = placeOf(contact, ARMED, root);
    isLeast = armAt(contact, place, root, at, t) && isLeast;
    if (place < 0) setMembership(plan, contact, segments[i] as number, true, t, "event", sink);
  }
  return isLeast;
}

/** Whether `nextFlip` is still the least of what is armed. */
function evaluateRoot(
  plan: Plan,
  contact: Contact,
  root: Root,
  t: number,
  cause: Cause,
  sink: MembershipSink,
): boolean {
  switch (root.kind) {
    case "segment": {
      const holds = root.truth(contact, t);
      const next = arm(contact, root.index, cause === "time" ? lookOn(root, contact, holds) : horizon.at, t);
      setMembership(plan, contact, root.id, holds, t, cause, sink);
      return next;
    }
    case "stage": {
      const holds = root.truth(contact, t);
      const next = arm(contact, root.index, cause === "time" ? lookOn(root, contact, holds) : horizon.at, t);
      setHeld(plan, contact, root.id, holds);
      return next;
    }
    case "score": {
      const score = root.read(contact, t);
      const next = arm(contact, root.index, horizon.at, t);
      setScore(plan, contact, score);
      return next;
    }
    case "tags": {
      tagChanges.forget();
      if (cause !== "time" || !root.end(contact, t)) replaceTags(contact, root.read(contact, t));
      const next = arm(contact, root.index, horizon.at, t);
      if (tagChanges.count > 0) markTagReaders(plan, contact);
      return next;
    }
  }
}

/**
 * The instant at which a root is to be looked at again, where its truth until `horizon.at` is known: what may change it
 * then often doesn't (each of ten events leaves a window of which one is enough), and to ask a few instants in a row
 * costs less than to come back to the contact at each. Only after time has passed: an event makes such instants anew.
 */
function lookOn({ truth, ahead }: TruthRoot, contact: Contact, holds: boolean): number {
  if (!ahead) return horizon.at;
  for (let looks = 0; looks < LOOKS_AHEAD; looks++) {
    const { at } = horizon;
    if (at === Infinity || truth(contact, at) !== holds) return at;
  }
  return horizon.at;
}

/** Lives through everything that time alone changes up to and including `t`, each flip at its own instant. */
export function runFlips(plan: Plan, contact: Contact, t: number, sink: MembershipSink): void {
  while (contact.nextFlip <= t) runFlip(plan, contact, sink);
}

/** Lives through the contact's next flip. */
export function runFlip(plan: Plan, contact: Contact, sink: MembershipSink): void {
  const at = contact.nextFlip;
  const armed = countIn(contact, ARMED);
  for (let i = 0; i < armed; i++) {
    if (numberAt(contact, ARMED, i) <= at) plan.dirty.add(keyAt(contact, ARMED, i));
  }
  evaluateDirty(plan, contact, at, "time", sink, true);
}

/**
 * Notes when a root is to be looked at again. `nextFlip` is brought forward here; false when the root was the one that
 * it stood for, so that the least is to be found anew.
 */
function arm(contact: Contact, root: number, at: number, now: number): boolean {
  return armAt(contact, placeOf(contact, ARMED, root), root, at, now);
}

/** The same, of a root whose place among those that are armed is known. */
function armAt(contact: Contact, place: number, root: number, at: number, now: number): boolean {
  if (at <= now) throw new Error(`root ${root} asks to be looked at again at ${at}, which is not after ${now}`);
  if (place < 0 && at === Infinity) return true;
  const { nextFlip } = contact;
  if (place < 0) {
    insertAt(contact, ARMED, -1 - place, root, at);
    if (at < nextFlip) contact.nextFlip = at;
    return true;
  }
  const before = numberAt(contact, ARMED, place);
  if (at === before) return true;
  if (at === Infinity) removeAt(contact, ARMED, place);
  else {
    setNumberAt(contact, ARMED, place, at);
    if (at < nextFlip) contact.nextFlip = at;
  }
  return before !== nextFlip || at < nextFlip;
}

/** Sees to it that a root is looked at again at `at` at the latest, which is yet to come. */
export function armSooner(contact: Contact, root: number, at: number): void {
  const place = placeOf(contact, ARMED, root);
  if (place < 0) insertAt(contact, ARMED, -1 - place, root, at);
  else if (numberAt(contact, ARMED, place) > at) setNumberAt(contact, ARMED, place, at);
  else return;
  if (at < contact.nextFlip) contact.nextFlip = at;
}

function setMembership(
  plan: Plan,
  contact: Contact,
  segmentId: number,
  holds: boolean,
  t: number,
  cause: Cause,
  sink: MembershipSink,
): void {
  const place = placeOf(contact, MEMBERS, segmentId);
  if (place >= 0 === holds) return;
  if (holds) insertAt(contact, MEMBERS, -1 - place, segmentId, t);
  else removeAt(contact, MEMBERS, place);
  // The row of a contact that is new gives all its segments.
  if ((contact.change & CHANGED_NEW) === 0) contact.addMove(segmentId);
  sink.moved(contact, segmentId, holds, t, cause);
  const readers = plan.readers.segments.get(segmentId);
  if (readers !== undefined) plan.dirty.addAll(readers);
}

function setScore(plan: Plan, contact: Contact, score: number): void {
  const before = contact.score;
  if (score === before) return;
  contact.score = score;
  if (!Number.isSafeInteger(score)) contact.saturated = true;
  contact.mark(CHANGED_SCORE);
  plan.readers.score.mark(plan.dirty, fromMicros(before), fromMicros(score));
}

/** Adds micro points to the score; who reads it is marked. */
export function addScore(plan: Plan, contact: Contact, points: number): void {
  setScore(plan, contact, contact.score + points);
}

/** Marks who reads the tags of `tagChanges`. */
export function markTagReaders({ dirty, readers }: Plan, contact: Contact): void {
  if (readers.topTag.length > 0 && isTopAnother(contact)) dirty.addAll(readers.topTag);
  const { names, points, presence } = readers.tags;
  if (points.length === 0) return;
  const tags = openTags(contact);
  for (let i = 0; i < tagChanges.count; i++) {
    const place = tagChanges.place(i);
    const name = names.find(tags.bytes, tags.textFrom(place), tags.textTo(place), tags.hash(place));
    if (name < 0) continue;
    const before = tagChanges.before(i);
    const after = tagChanges.after(i);
    if (Number.isNaN(before) !== Number.isNaN(after)) dirty.addAll(presence[name] as readonly number[]);
    // A tag that a contact has not is read as 0.
    (points[name] as EdgeReaders).mark(dirty, fromMicros(before || 0), fromMicros(after || 0));
  }
}

/** A stage's `when` moves the contact at the moment it turns true, forward only. */
function setHeld(plan: Plan, contact: Contact, stageId: number, holds: boolean): void {
  const place = placeOf(contact, HELD, stageId);
  if (place >= 0 === holds) return;
  if (!holds) {
    removeAt(contact, HELD, place);
    return;
  }
  insertAt(contact, HELD, -1 - place, stageId, 0);
  const present = plan.stageOrder.get(contact.stage) ?? -1;
  if ((plan.stageOrder.get(stageId) ?? -1) <= present) return;
  contact.stage = stageId;
  contact.mark(CHANGED_STAGE);
  plan.dirty.addAll(plan.readers.stage);
}
