/** A place of the model that reads features, so that a model put can say what counts from now on. */
export interface FeatureUse {
  readonly text: string;
  readonly features: readonly number[];
}
