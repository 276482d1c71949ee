/** What is evaluated for each contact. */
import type { Truth } from "./predicate.ts";
import type { ScoreRead } from "./score-root.ts";
import type { TagsEnd, TagsRead } from "./tags-root.ts";

/**
 * What is kept up to date for each contact: the truth of a segment's predicate or a stage's `when`; where points or
 * tags can end, also the score and the tags. `index` is its place in the order of evaluation, after all that it reads;
 * `id` the stable number of the segment or stage.
 */
export type Root =
  | TruthRoot
  | { readonly index: number; readonly kind: "score"; readonly read: ScoreRead }
  | { readonly index: number; readonly kind: "tags"; readonly read: TagsRead; readonly end: TagsEnd };

export interface TruthRoot {
  readonly index: number;
  readonly kind: "segment" | "stage";
  readonly id: number;
  readonly truth: Truth;
  /** Whether later instants may be asked about before earlier ones; see `Reads.follows`. */
  readonly ahead: boolean;
}
