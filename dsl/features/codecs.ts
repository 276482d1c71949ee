/** How each kind of feature state is stored. */
import { countCodec } from "./count.ts";
import { datedCodec } from "./dated-feature.ts";
import type { FeatureCodec, FeatureKind } from "./feature.ts";
import { extremeCodec } from "./extreme.ts";
import { historyCodec } from "./history.ts";
import { momentCodec } from "./moment.ts";
import { seriesCodec } from "./series.ts";
import { sumCodec } from "./sum.ts";
import { tagCountsCodec } from "./tag-counts.ts";
import { timesCodec } from "./times.ts";
import { valueCountsCodec } from "./value-counts.ts";

export const FEATURE_CODECS: Readonly<Record<FeatureKind, FeatureCodec>> = {
  count: countCodec,
  moment: momentCodec,
  times: timesCodec,
  dated: datedCodec,
  history: historyCodec,
  "tag counts": tagCountsCodec,
  sum: sumCodec,
  extreme: extremeCodec,
  "value counts": valueCountsCodec,
  numbers: seriesCodec,
  scalars: seriesCodec,
};
