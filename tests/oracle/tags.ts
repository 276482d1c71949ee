/** The tags that events have left on a contact, with their points. */
import type { TagDecl, TagName } from "../../dsl/ast.ts";
import type { Event } from "../../kernel/event.ts";
import { selects } from "./filters.ts";
import { fromMillionths, toMillionths } from "./numbers.ts";
import { compareCodePoints } from "./ordering.ts";
import { followInEvent, isScalar } from "./paths.ts";
import type { Scene } from "./scene.ts";

export interface HeldTag {
  readonly name: string;
  readonly score: number;
}

/** Answers by scene: many predicates of a model ask the same. */
const known = new WeakMap<Scene, readonly HeldTag[]>();

/** Every tag that the contact has, sorted by name. A tag is had from its first point on, whatever its score. */
export function tagsOf(scene: Scene): readonly HeldTag[] {
  const tags = known.get(scene) ?? collectTags(scene);
  known.set(scene, tags);
  return tags;
}

function collectTags(scene: Scene): HeldTag[] {
  const millionths = new Map<string, bigint>();
  for (const tag of scene.rules.tags) {
    const points = pointsOf(tag.points?.value ?? 1);
    for (const event of scene.events) {
      if (!selects(tag.event, event, scene.rules) || !counts(tag, event, scene.at)) continue;
      for (const name of namesFrom(tag.name, event)) millionths.set(name, (millionths.get(name) ?? 0n) + points);
    }
  }
  return [...millionths]
    .map(([name, score]) => ({ name, score: fromMillionths(score) }))
    .sort((a, b) => compareCodePoints(a.name, b.name));
}

/** The tag with the highest score; of equal ones the one that sorts first. Null without tags. */
export function topTag(tags: readonly HeldTag[]): string | null {
  const ranked = [...tags].sort((a, b) => b.score - a.score || compareCodePoints(a.name, b.name));
  return ranked[0]?.name ?? null;
}

/** Points of a rule, in millionths. */
export function pointsOf(points: number): bigint {
  const millionths = toMillionths(points);
  if (millionths === null) throw new Error(`points out of range: ${points}`);
  return millionths;
}

/** Whether the event's points still count at t: with `for D` only those of the last D. */
export function counts(rule: { readonly for: TagDecl["for"] }, event: Event, t: number): boolean {
  return rule.for === null || t - rule.for.ms < event.timestamp;
}

/** The names that an event gives: one for a fixed name, one for each scalar at a path or in an array there. */
function namesFrom(name: TagName, event: Event): string[] {
  const prefix = name.prefix?.text ?? "";
  const endings = name.path === null ? [""] : followInEvent(event, name.path).flatMap((found) => found ?? []);
  return endings
    .filter(isScalar)
    .map((ending) => prefix + String(ending))
    .filter((full) => full !== "");
}
