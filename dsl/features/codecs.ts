/** How each kind of feature state is stored. */
import { countCodec } from "./count.ts";
import { datedCodec } from "./dated-feature.ts";
import type { FeatureCodec, FeatureKind } from "./feature.ts";
import { historyCodec } from "./history.ts";
import { momentCodec } from "./moment.ts";
import { tagCountsCodec } from "./tag-counts.ts";
import { timesCodec } from "./times.ts";

export const FEATURE_CODECS: Readonly<Record<FeatureKind, FeatureCodec>> = {
  count: countCodec,
  moment: momentCodec,
  times: timesCodec,
  dated: datedCodec,
  history: historyCodec,
  "tag counts": tagCountsCodec,
};
