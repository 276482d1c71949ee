/**
 * The tags of a model in which some end: computed whole whenever an event or the time changes them. Where no tag has a
 * `for`, events add them one by one instead and there is no such root.
 */
import type { TagDecl } from "../ast.ts";
import { toMicros } from "../../kernel/decimal.ts";
import type { Contact } from "../contact/contact.ts";
import { list, numberOf, openList } from "../contact/numbers.ts";
import { objectOf } from "../contact/objects.ts";
import { tagsOf } from "../contact/tags.ts";
import { firstAfter } from "../features/series.ts";
import type { Series } from "../features/state.ts";
import { openTagCounts } from "../features/tag-counts.ts";
import { firstAfter as firstTimeAfter } from "../features/times.ts";
import { isScalar, type Scalar } from "../value.ts";
import type { PlanBuilder, Reads } from "./builder.ts";
import { horizon } from "./horizon.ts";

/** Adds what one rule gives: each tag with its micro points. */
type Give = (tag: string, points: number) => void;
type TagRule = (contact: Contact, t: number, give: Give) => void;

/** All tags that a contact has at an instant, with micro points. */
export type TagsRead = (contact: Contact, t: number) => Map<string, number>;

export function needsTagsRoot(tags: readonly TagDecl[]): boolean {
  return tags.some((decl) => decl.for !== null);
}

/** `tagsMax`: a contact's tags beyond it are left out, tags that it has already first; the contact is saturated. */
export function compileTags(tags: readonly TagDecl[], builder: PlanBuilder, reads: Reads, tagsMax: number): TagsRead {
  const rules = tags.map((decl) => compileRule(decl, builder, reads));
  return (contact, t) => {
    const given = new Map<string, number>();
    let until = Infinity;
    for (const rule of rules) {
      horizon.at = Infinity;
      rule(contact, t, (tag, points) => given.set(tag, (given.get(tag) ?? 0) + points));
      if (horizon.at < until) until = horizon.at;
    }
    horizon.at = until;
    return given.size <= tagsMax ? given : bounded(contact, given, tagsMax);
  };
}

function bounded(contact: Contact, given: ReadonlyMap<string, number>, tagsMax: number): Map<string, number> {
  contact.saturated = true;
  const had = new Set(tagsOf(contact).map(([tag]) => tag));
  const kept = new Map([...given].filter(([tag]) => had.has(tag)));
  for (const [tag, points] of given) {
    if (kept.size >= tagsMax) break;
    kept.set(tag, points);
  }
  return kept;
}

function compileRule(decl: TagDecl, builder: PlanBuilder, reads: Reads): TagRule {
  const { event, name } = decl;
  const points = decl.points === null ? toMicros(1) : toMicros(decl.points.value);
  const prefix = name.prefix?.text ?? "";
  if (name.path === null) {
    return decl.for === null
      ? namedForEver(builder.count(event, null), reads, prefix, points)
      : namedFor(builder.times(event, decl.for.ms, null).feature, reads, prefix, points, decl.for.ms);
  }
  return decl.for === null
    ? valuedForEver(builder.tagCounts(event, prefix, name.path, 0), reads, points)
    : valuedFor(builder.tagValues(event, name.path, decl.for.ms), reads, prefix, points, decl.for.ms);
}

function namedForEver(feature: number, reads: Reads, tag: string, points: number): TagRule {
  reads.features.add(feature);
  return (contact, _t, give) => {
    const times = numberOf(contact, feature) ?? 0;
    if (times > 0) give(tag, points * times);
  };
}

function namedFor(feature: number, reads: Reads, tag: string, points: number, length: number): TagRule {
  reads.features.add(feature);
  return (contact, t, give) => {
    const kept = openList(contact, feature);
    const from = firstTimeAfter(list, t - length);
    if (from === kept) return;
    horizon.at = (list.f64[list.from + from] as number) + length;
    give(tag, points * (kept - from));
  };
}

function valuedForEver(feature: number, reads: Reads, points: number): TagRule {
  reads.features.add(feature);
  return (contact, _t, give) => {
    const counts = openTagCounts(contact, feature);
    for (let i = 0; i < counts.count; i++) give(counts.text(i), points * counts.number(i));
  };
}

function valuedFor(feature: number, reads: Reads, prefix: string, points: number, length: number): TagRule {
  reads.features.add(feature);
  return (contact, t, give) => {
    const series = objectOf(contact, feature) as Series<Scalar> | undefined;
    if (series === undefined) return;
    const from = firstAfter(series.at, t - length);
    if (from === series.at.length) return;
    horizon.at = (series.at[from] as number) + length;
    for (let i = from; i < series.at.length; i++) {
      const value = series.values[i];
      const tag = isScalar(value) ? prefix + String(value) : "";
      if (tag !== "") give(tag, points);
    }
  };
}
