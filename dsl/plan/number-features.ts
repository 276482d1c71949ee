/** The features of each selector that keep numbers, side by side: what is read ahead of a contact (contact/read-ahead.ts). */
import { FEATURE_CODECS } from "../features/codecs.ts";
import type { SelectorPlan } from "./builder.ts";

/** Those of the selector of order n are the items from `starts[n]` up to but without `starts[n + 1]`. */
export interface NumberFeatures {
  readonly starts: Int32Array;
  /** Twice the feature's number plus one: the greater of the two keys that it has in the table `NUMBERS`. */
  readonly features: Int32Array;
}

/** `selectors` in the order of the plan. */
export function numberFeaturesOf(selectors: readonly SelectorPlan[]): NumberFeatures {
  const lists = selectors.map(({ features }) =>
    features.filter(({ kind }) => FEATURE_CODECS[kind].keeps === "numbers").map(({ index }) => index * 2 + 1),
  );
  const starts = new Int32Array(lists.length + 1);
  lists.forEach((list, i) => (starts[i + 1] = (starts[i] as number) + list.length));
  return { starts, features: Int32Array.from(lists.flat()) };
}
