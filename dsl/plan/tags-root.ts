/**
 * The tags of a model in which some end. Events add points one by one as elsewhere (rules.ts, timed-tags.ts), and time
 * takes away what ends; where a contact has been at a bound, and where the model is another, they are computed whole. Where no
 * tag has a `for`, there is no such root.
 */
import type { TagDecl } from "../ast.ts";
import { toMicros } from "../../kernel/decimal.ts";
import type { TextBytes } from "../../kernel/entry.ts";
import type { Contact } from "../contact/contact.ts";
import { GivenTags } from "../contact/given-tags.ts";
import { nameOf, writeName, type Name, type Names } from "../contact/names.ts";
import { list, numberOf, openList } from "../contact/numbers.ts";
import { objectOf } from "../contact/objects.ts";
import { openTags, removeTag, tagChanges, tags as openedTags, takeTagPoints } from "../contact/tags.ts";
import { firstAfter } from "../features/series.ts";
import type { Series } from "../features/state.ts";
import { openTagCounts } from "../features/tag-counts.ts";
import { firstAfter as firstTimeAfter } from "../features/times.ts";
import { isScalar, type Scalar } from "../value.ts";
import type { PlanBuilder } from "./builder.ts";
import { horizon } from "./horizon.ts";
import { isTimed } from "./timed-tags.ts";

/** What one declaration gives a contact. */
interface TagRule {
  /** Adds to `given` what it gives at t; leaves in `horizon` when the first of that ends. */
  give(contact: Contact, t: number): void;
  /** Whether it gives the tag that is sought. */
  gives(contact: Contact, t: number): boolean;
}

interface TimedRule extends TagRule {
  /** Takes what ended at exactly t from the points of tags; leaves in `horizon` when the next ends. As `TagsEnd`. */
  end(contact: Contact, t: number): boolean;
}

/** All tags that a contact has at an instant, with micro points; valid until it is asked for those of another. */
export type TagsRead = (contact: Contact, t: number) => Names;

/**
 * Takes away what ends at an instant, what ended before having been taken away; notes it in `tagChanges`. False where only
 * the whole is right, which then replaces what has been taken already: the contact has been at a bound, or lacks a tag.
 */
export type TagsEnd = (contact: Contact, t: number) => boolean;

/** One for all: whoever asks for tags is done with them before the next are asked for. */
const given = new GivenTags();

export function needsTagsRoot(tags: readonly TagDecl[]): boolean {
  return tags.some(isTimed);
}

/** `tagsMax`: a contact's tags beyond it are left out, tags that it has already first; the contact is saturated. */
export function compileTags(
  tags: readonly TagDecl[],
  builder: PlanBuilder,
  tagsMax: number,
): { readonly read: TagsRead; readonly end: TagsEnd } {
  const rules = tags.map((decl) => compileRule(decl, builder));
  const timed = rules.filter((rule): rule is TimedRule => "end" in rule);
  const read: TagsRead = (contact, t) => {
    given.clear();
    let until = Infinity;
    for (const rule of rules) {
      horizon.at = Infinity;
      rule.give(contact, t);
      if (horizon.at < until) until = horizon.at;
    }
    horizon.at = until;
    if (given.names.live > tagsMax) dropBeyond(contact, tagsMax);
    return given.names;
  };
  const end: TagsEnd = (contact, t) => {
    if (contact.saturated) return false;
    let until = Infinity;
    for (const rule of timed) {
      horizon.at = Infinity;
      if (!rule.end(contact, t)) return false;
      if (horizon.at < until) until = horizon.at;
    }
    // A tag may be there twice; what is gone stays so.
    for (let i = 0, ended = tagChanges.count; i < ended; i++) {
      const place = tagChanges.place(i);
      if (openTags(contact).isGone(place)) continue;
      seek(place);
      if (!rules.some((rule) => rule.gives(contact, t))) removeTag(contact, place);
    }
    horizon.at = until;
    return true;
  };
  return { read, end };
}

/** The tag that is asked for. */
const sought: TextBytes & { hash: number; text: string } = {
  bytes: Buffer.alloc(0),
  from: 0,
  to: 0,
  hash: 0,
  text: "",
};

/** Among the tags that are open. */
function seek(place: number): void {
  sought.bytes = openedTags.bytes;
  sought.from = openedTags.textFrom(place);
  sought.to = openedTags.textTo(place);
  sought.hash = openedTags.hash(place);
  sought.text = openedTags.text(place);
}

function isSought({ hash, bytes, length }: Name): boolean {
  const { bytes: text, from, to } = sought;
  return hash === sought.hash && to - from === length && text.compare(bytes, 0, length, from, to) === 0;
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
  const times = (contact: Contact): number => numberOf(contact, feature) ?? 0;
  return {
    give(contact) {
      if (times(contact) > 0) given.give(name, points * times(contact));
    },
    gives: (contact) => isSought(name) && times(contact) > 0,
  };
}

function namedFor(feature: number, tag: string, points: number, length: number): TimedRule {
  const name = nameOf(tag);
  /** Opens the list; gives the place of the first timestamp that counts at t. */
  const open = (contact: Contact, t: number): number => {
    const kept = openList(contact, feature);
    const from = firstTimeAfter(list, t - length);
    horizon.at = from === kept ? Infinity : (list.f64[list.from + from] as number) + length;
    return from;
  };
  return {
    give(contact, t) {
      const from = open(contact, t);
      if (from < list.length) given.give(name, points * (list.length - from));
    },
    gives: (contact, t) => isSought(name) && open(contact, t) < list.length,
    end(contact, t) {
      let place = open(contact, t);
      let ended = 0;
      while (place > 0 && list.f64[list.from + --place] === t - length) ended++;
      return ended === 0 || takeTagPoints(contact, name, points * ended);
    },
  };
}

function valuedForEver(feature: number, points: number): TagRule {
  return {
    give(contact) {
      const counts = openTagCounts(contact, feature);
      const { count, bytes } = counts;
      for (let i = 0; i < count; i++) {
        given.giveText(counts.hash(i), bytes, counts.textFrom(i), counts.textTo(i), points * counts.number(i));
      }
    },
    gives(contact) {
      const { hash, bytes, from, to } = sought;
      return openTagCounts(contact, feature).find(hash, bytes, from, to) >= 0;
    },
  };
}

function valuedFor(feature: number, prefix: string, points: number, length: number): TimedRule {
  /** Empty for a value that names none. */
  const tagOf = (value: Scalar | undefined): string => (isScalar(value) ? prefix + String(value) : "");
  return {
    give(contact, t) {
      const series = objectOf(contact, feature) as Series<Scalar> | undefined;
      if (series === undefined) return;
      for (let i = firstAfter(series.at, t - length); i < series.at.length; i++) {
        const tag = tagOf(series.values[i]);
        if (tag === "") continue;
        if (horizon.at === Infinity) horizon.at = (series.at[i] as number) + length;
        given.give(writeName(tag), points);
      }
    },
    gives(contact, t) {
      const series = objectOf(contact, feature) as Series<Scalar> | undefined;
      if (series === undefined || !sought.text.startsWith(prefix)) return false;
      const wanted = sought.text.slice(prefix.length);
      for (let i = firstAfter(series.at, t - length); i < series.at.length; i++) {
        if (String(series.values[i]) === wanted) return true;
      }
      return false;
    },
    end(contact, t) {
      const series = objectOf(contact, feature) as Series<Scalar> | undefined;
      if (series === undefined) return true;
      const from = firstAfter(series.at, t - length);
      for (let i = from - 1; i >= 0 && series.at[i] === t - length; i--) {
        const tag = tagOf(series.values[i]);
        if (tag !== "" && !takeTagPoints(contact, writeName(tag), points)) return false;
      }
      for (let i = from; i < series.at.length && horizon.at === Infinity; i++) {
        if (tagOf(series.values[i]) !== "") horizon.at = (series.at[i] as number) + length;
      }
      return true;
    },
  };
}
