/**
 * What each selector of a plan changes, side by side: with thousands of selectors every object on the way of an event
 * would be a wait for memory.
 */
import { FEATURE_CODECS } from "../features/codecs.ts";
import type { SelectorPlan } from "./builder.ts";

/** The features of selectors that keep numbers. */
export interface NumberFeatures {
  /** Those of the selector of order n are the items of `features` from `starts[n]` up to but without `starts[n + 1]`. */
  readonly starts: Int32Array;
  /** Twice the feature's number plus one: the greater of the two keys that it has in the table `NUMBERS`. */
  readonly features: Int32Array;
}

/** By order of selectors. */
export interface SelectorEffects extends NumberFeatures {
  /** Micro points that each event adds to the score. */
  readonly points: Float64Array;
  /** 0 where it changes the score and lists of timestamps, all of which are in `features`, and nothing else. */
  readonly hasMore: Uint8Array;
}

/** `selectors` in the order of the plan, whose `timesKept` says which features are lists of timestamps. */
export function effectsOf(selectors: readonly SelectorPlan[], timesKept: Int32Array): SelectorEffects {
  const lists = selectors.map(({ features }) =>
    features.filter(({ kind }) => FEATURE_CODECS[kind].keeps === "numbers").map(({ index }) => index * 2 + 1),
  );
  const starts = new Int32Array(lists.length + 1);
  lists.forEach((list, i) => (starts[i + 1] = (starts[i] as number) + list.length));
  return {
    starts,
    features: Int32Array.from(lists.flat()),
    points: Float64Array.from(selectors, ({ points }) => points),
    hasMore: Uint8Array.from(selectors, ({ features, tags, timedTags }) =>
      Number(tags.length + timedTags.length > 0 || features.some(({ index }) => timesKept[index] === 0)),
    ),
  };
}
