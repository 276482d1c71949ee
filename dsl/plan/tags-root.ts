/**
 * The tags of a model in which some end: computed whole where time takes some away, where a contact is at a bound, and
 * where the model is another. Events add points one by one here as elsewhere (rules.ts, timed-tags.ts); where no tag has a
 * `for`, there is no such root.
 */
import type { TagDecl } from "../ast.ts";
import { toMicros } from "../../kernel/decimal.ts";
import type { Contact } from "../contact/contact.ts";
import { GivenTags } from "../contact/given-tags.ts";
import { nameOf, writeName, type Names } from "../contact/names.ts";
import { list, numberOf, openList } from "../contact/numbers.ts";
import { objectOf } from "../contact/objects.ts";
import { openTags } from "../contact/tags.ts";
import { firstAfter } from "../features/series.ts";
import type { Series } from "../features/state.ts";
import { openTagCounts } from "../features/tag-counts.ts";
import { firstAfter as firstTimeAfter } from "../features/times.ts";
import { isScalar, type Scalar } from "../value.ts";
import type { PlanBuilder } from "./builder.ts";
import { horizon } from "./horizon.ts";
import { isTimed } from "./timed-tags.ts";

/** Adds to `given` what one rule gives. */
type TagRule = (contact: Contact, t: number) => void;

/** All tags that a contact has at an instant, with micro points; valid until it is asked for those of another. */
export type TagsRead = (contact: Contact, t: number) => Names;

/** One for all: whoever asks for tags is done with them before the next are asked for. */
const given = new GivenTags();

export function needsTagsRoot(tags: readonly TagDecl[]): boolean {
  return tags.some(isTimed);
}

/** `tagsMax`: a contact's tags beyond it are left out, tags that it has already first; the contact is saturated. */
export function compileTags(tags: readonly TagDecl[], builder: PlanBuilder, tagsMax: number): TagsRead {
  const rules = tags.map((decl) => compileRule(decl, builder));
  return (contact, t) => {
    given.clear();
    let until = Infinity;
    for (const rule of rules) {
      horizon.at = Infinity;
      rule(contact, t);
      if (horizon.at < until) until = horizon.at;
    }
    horizon.at = until;
    if (given.names.live > tagsMax) dropBeyond(contact, tagsMax);
    return given.names;
  };
}

/** Keeps those that the contact has already, then as many of the others as there is room for, in their order. */
function dropBeyond(contact: Contact, tagsMax: number): void {
  contact.saturated = true;
  const { names } = given;
  const had = openTags(contact);
  const isHad = (place: number): boolean => {
    const found = had.find(names.hash(place), names.bytes, names.textFrom(place), names.textTo(place));
    return found >= 0 && !had.isGone(found);
  };
  const places = Array.from({ length: names.count }, (_, place) => place);
  const others = places.filter((place) => !isHad(place));
  for (const place of others.slice(Math.max(0, tagsMax - (places.length - others.length)))) names.remove(place);
}

function compileRule(decl: TagDecl, builder: PlanBuilder): TagRule {
  const { event, name } = decl;
  const points = decl.points === null ? toMicros(1) : toMicros(decl.points.value);
  const prefix = name.prefix?.text ?? "";
  if (name.path === null) {
    return decl.for === null
      ? namedForEver(builder.count(event, null), prefix, points)
      : namedFor(builder.times(event, decl.for.ms, null).feature, prefix, points, decl.for.ms);
  }
  return decl.for === null
    ? valuedForEver(builder.tagCounts(event, prefix, name.path, 0), points)
    : valuedFor(builder.tagValues(event, name.path, decl.for.ms), prefix, points, decl.for.ms);
}

function namedForEver(feature: number, tag: string, points: number): TagRule {
  const name = nameOf(tag);
  return (contact) => {
    const times = numberOf(contact, feature) ?? 0;
    if (times > 0) given.give(name, points * times);
  };
}

function namedFor(feature: number, tag: string, points: number, length: number): TagRule {
  const name = nameOf(tag);
  return (contact, t) => {
    const kept = openList(contact, feature);
    const from = firstTimeAfter(list, t - length);
    if (from === kept) return;
    horizon.at = (list.f64[list.from + from] as number) + length;
    given.give(name, points * (kept - from));
  };
}

function valuedForEver(feature: number, points: number): TagRule {
  return (contact) => {
    const counts = openTagCounts(contact, feature);
    const { count, bytes } = counts;
    for (let i = 0; i < count; i++) {
      given.giveText(counts.hash(i), bytes, counts.textFrom(i), counts.textTo(i), points * counts.number(i));
    }
  };
}

function valuedFor(feature: number, prefix: string, points: number, length: number): TagRule {
  return (contact, t) => {
    const series = objectOf(contact, feature) as Series<Scalar> | undefined;
    if (series === undefined) return;
    for (let i = firstAfter(series.at, t - length); i < series.at.length; i++) {
      const value = series.values[i];
      const tag = isScalar(value) ? prefix + String(value) : "";
      if (tag === "") continue;
      if (horizon.at === Infinity) horizon.at = (series.at[i] as number) + length;
      given.give(writeName(tag), points);
    }
  };
}
