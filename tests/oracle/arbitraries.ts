/** Random test cases for the oracle and whatever is compared with it. */
import fc from "fast-check";
import { arbitrarySteps } from "./arbitrary-history.ts";
import { arbitraryModel } from "./arbitrary-model.ts";
import type { Case, Features } from "./case.ts";
import { BEGINNINGS } from "./vocabulary.ts";

/** Models that make use of the features and histories that fit them. Each is plain JSON. */
export function arbitraryCase(features: Features): fc.Arbitrary<Case> {
  const beginnings = BEGINNINGS.map((beginning) =>
    fc.record({ model: arbitraryModel(features, beginning), steps: arbitrarySteps(features, beginning) }),
  );
  return fc.oneof(...beginnings);
}
