/**
 * Points and tags that stay for ever: an event adds them as it comes, and they follow from feature states alone, so
 * that a model with other points rescores everybody.
 */
import { toMicros } from "../../kernel/decimal.ts";
import type { ScoreDecl, TagDecl } from "../ast.ts";
import { nameOf, type Name } from "../contact/names.ts";
import type { PlanBuilder } from "./builder.ts";
import type { FeatureUse } from "./uses.ts";

export interface ScoringRules {
  readonly score: readonly { readonly feature: number; readonly points: number }[];
  readonly tags: readonly { readonly feature: number; readonly name: Name; readonly points: number }[];
  readonly tagCounts: readonly { readonly feature: number; readonly points: number }[];
}

export function compileScoreRules(
  scores: readonly ScoreDecl[],
  builder: PlanBuilder,
  uses: FeatureUse[],
): ScoringRules["score"] {
  return scores.map((decl) => {
    if (decl.rule.kind !== "on" || decl.rule.for !== null) throw new Error("points that end are no rule of this kind");
    const selector = builder.selector(decl.rule.event);
    const points = toMicros(decl.points.value);
    const feature = builder.count(decl.rule.event, null);
    selector.points += points;
    uses.push({ text: `score on ${selector.text}`, features: [feature] });
    return { feature, points };
  });
}

export function compileTagRules(
  tags: readonly TagDecl[],
  builder: PlanBuilder,
  uses: FeatureUse[],
): Pick<ScoringRules, "tags" | "tagCounts"> {
  const named: { feature: number; name: Name; points: number }[] = [];
  const valued: { feature: number; points: number }[] = [];
  for (const { event, name, points: written } of tags) {
    const selector = builder.selector(event);
    const points = written === null ? toMicros(1) : toMicros(written.value);
    const prefix = name.prefix?.text ?? "";
    let feature: number;
    if (name.path === null) {
      feature = builder.count(event, null);
      const tag = nameOf(prefix);
      selector.tags.push({ name: tag, points });
      named.push({ feature, name: tag, points });
    } else {
      feature = builder.tagCounts(event, prefix, name.path, points);
      valued.push({ feature, points });
    }
    uses.push({ text: `tag on ${selector.text}`, features: [feature] });
  }
  return { tags: named, tagCounts: valued };
}
