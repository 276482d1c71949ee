/** Tags that end, as the selector of their declaration has them; see contact/timed-tags.ts. */
import { toMicros } from "../../kernel/decimal.ts";
import type { TagDecl } from "../ast.ts";
import { fixedTagName, tagNamesOf } from "../features/tag-names.ts";
import type { PlanBuilder } from "./builder.ts";
import type { FeatureUse } from "./uses.ts";

export function isTimed(decl: TagDecl): boolean {
  return decl.for !== null;
}

/** Of declarations that are timed; their features are the root's. */
export function compileTimedTags(tags: readonly TagDecl[], builder: PlanBuilder, uses: FeatureUse[]): void {
  for (const { event, name, points: written, for: duration } of tags) {
    if (duration === null) throw new Error("tags that stay are no rule of this kind");
    const selector = builder.selector(event);
    const points = written === null ? toMicros(1) : toMicros(written.value);
    const length = duration.ms;
    const prefix = name.prefix?.text ?? "";
    const named = name.path === null;
    const feature = named ? builder.times(event, length, null).feature : builder.tagValues(event, name.path, length);
    const names = named ? fixedTagName(prefix) : tagNamesOf(prefix, builder.tagSource(name.path));
    selector.timedTags.push({ names, points, length });
    uses.push({ text: `tag on ${selector.text}`, features: [feature] });
  }
}
