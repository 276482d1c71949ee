/** Tags that end, as the selector of their declaration has them; see contact/timed-tags.ts. */
import { toMicros } from "../../kernel/decimal.ts";
import type { TagDecl } from "../ast.ts";
import type { Contact } from "../contact/contact.ts";
import { openList } from "../contact/numbers.ts";
import { objectOf } from "../contact/objects.ts";
import { fixedTagName, tagNamesOf } from "../features/tag-names.ts";
import type { Series } from "../features/state.ts";
import type { Scalar } from "../value.ts";
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
    let feature: number;
    if (name.path === null) {
      ({ feature } = builder.times(event, length, null));
      const names = fixedTagName(prefix);
      selector.timedTags.push({ names, points, length, kept: (contact) => openList(contact, feature) });
    } else {
      feature = builder.tagValues(event, name.path, length);
      const names = tagNamesOf(prefix, builder.tagSource(name.path));
      const kept = (contact: Contact): number =>
        (objectOf(contact, feature) as Series<Scalar> | undefined)?.at.length ?? 0;
      selector.timedTags.push({ names, points, length, kept });
    }
    uses.push({ text: `tag on ${selector.text}`, features: [feature] });
  }
}
