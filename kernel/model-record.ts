/**
 * One version of the model as it is stored and as it travels in the streams: the source, and the numbers given to
 * its names. A name keeps its number as long as it stays in the model, so stored state outlives a change of model;
 * a number is never given to another name.
 */
export interface ModelRecord {
  /** 1, 2, 3, …; 0 is the empty model that a new store starts with. */
  readonly version: number;
  readonly source: string;
  /** When it was put, ms since 1970, and by whom: the way it came (`api`, `file`). */
  readonly at: number;
  readonly by: string;
  readonly segments: readonly (readonly [name: string, id: number])[];
  readonly stages: readonly (readonly [name: string, id: number])[];
  /** Features by their canonical key; see dsl/plan.ts. */
  readonly features: readonly (readonly [key: string, id: number])[];
  /** The smallest numbers never given yet. */
  readonly nextSegmentId: number;
  readonly nextStageId: number;
  readonly nextFeatureId: number;
}

export const EMPTY_MODEL: ModelRecord = {
  version: 0,
  source: "",
  at: 0,
  by: "start",
  segments: [],
  stages: [],
  features: [],
  nextSegmentId: 1,
  nextStageId: 1,
  nextFeatureId: 1,
};
