/**
 * The plan of a model: what is kept for each contact, what an event touches, and what is looked at again when
 * something changes. Made once per version of the model; evaluated for every event.
 */
import type { Predicate } from "../ast.ts";
import type { CheckedModel } from "../check.ts";
import type { Feature } from "../features/feature.ts";
import type { Retention } from "../features/times.ts";
import { createPlanBuilder, noReads, type PlanBuilder, type PlanLimits, type Reads } from "./builder.ts";
import { compileCardFacts, compileValueFacts, type AggregateFact, type ValueFact } from "./card-facts.ts";
import { DirtySet } from "./dirty.ts";
import { createDispatch, type Dispatch } from "./dispatch.ts";
import type { PropertyKeys } from "./event-view.ts";
import type { Names } from "./operand.ts";
import { compilePredicate } from "./predicate.ts";
import { initialRoots } from "./initial.ts";
import { readersOf, type Readers } from "./readers.ts";
import type { Root } from "./root.ts";
import { compileScoreRules, compileTagRules, type ScoringRules } from "./rules.ts";
import { areForEver, compileScore, type ScoreRead } from "./score-root.ts";
import { effectsOf, type SelectorEffects } from "./selector-effects.ts";
import { compileTags, needsTagsRoot } from "./tags-root.ts";
import { thresholdsOf, type Thresholds } from "./thresholds.ts";
import { compileTimedTags, isTimed } from "./timed-tags.ts";
import type { FeatureUse } from "./uses.ts";

export interface StagePlan {
  readonly name: string;
  readonly id: number;
}

export interface Plan {
  readonly keys: PropertyKeys;
  readonly limits: PlanLimits;
  readonly features: readonly Feature[];
  readonly windows: ReadonlyMap<string, Retention>;
  /** By feature: how old what it keeps may become, ms; Infinity for features without a window. */
  readonly reaches: Float64Array;
  /**
   * By feature: how many of the newest timestamps a list keeps at most, negative where windows may need more of them; 0 for
   * features of another kind.
   */
  readonly timesKept: Int32Array;
  readonly roots: readonly Root[];
  /** The root of the tags, where some end; -1 where there is none. */
  readonly tagsRoot: number;
  readonly thresholds: Thresholds;
  readonly readers: Readers;
  /** Without scores that end or depend on anything, and empty for tags that have a root. */
  readonly rules: ScoringRules;
  /** In declared order. */
  readonly stages: readonly StagePlan[];
  readonly stageOrder: ReadonlyMap<number, number>;
  /** The stage where everybody starts: -1 where the first stage has a `when`, or there are none. */
  readonly startStage: number;
  readonly segments: readonly { readonly name: string; readonly id: number }[];
  readonly aggregates: readonly AggregateFact[];
  readonly values: readonly ValueFact[];
  readonly uses: readonly FeatureUse[];
  /** The roots that say anything of a contact that has just come: all others are false until something happens. */
  readonly initial: readonly number[];
  /** Scratch for evaluation, empty between events. */
  readonly dirty: DirtySet;
  /** Scratch for the selectors that an event matches, by their order. */
  readonly matched: Int32Array;
  readonly selectorsFor: Dispatch;
  readonly effects: SelectorEffects;
}

export interface NameIds {
  readonly segment: (name: string) => number;
  readonly stage: (name: string) => number;
}

export function compilePlan(model: CheckedModel, ids: NameIds, limits: PlanLimits): Plan {
  const builder = createPlanBuilder(model.zone, limits);
  const uses: FeatureUse[] = [];
  const stages = model.stages.map((stage) => ({ name: stage.name, id: ids.stage(stage.name) }));
  const names = namesOf(model, ids, stages);
  const { roots, reads } = compileRoots(model, ids, names, builder, uses);
  const score = compileScoreRules(model.scores.filter(areForEver), builder, uses);
  const tagRules = compileTagRules(
    model.tags.filter((decl) => !isTimed(decl)),
    builder,
    uses,
  );
  compileTimedTags(model.tags.filter(isTimed), builder, uses);
  const rules: ScoringRules = { score, ...(needsTagsRoot(model.tags) ? { tags: [], tagCounts: [] } : tagRules) };
  const aggregates = compileCardFacts(model, builder, uses);
  const values = compileValueFacts(model, builder, names);
  const selectors = [...builder.selectors.values()];
  const timesKept = builder.timesKept();
  const first = model.stages[0];
  const startStage = first !== undefined && first.when === null ? ids.stage(first.name) : -1;
  return {
    keys: builder.keys,
    limits,
    features: builder.features,
    windows: builder.windows(),
    reaches: builder.reaches(),
    timesKept,
    roots,
    tagsRoot: roots.findIndex(({ kind }) => kind === "tags"),
    thresholds: thresholdsOf(roots, builder.features.length),
    readers: readersOf(roots, reads, builder.features.length),
    rules,
    stages,
    stageOrder: names.stageOrderById,
    startStage,
    segments: model.segments.map((segment) => ({ name: segment.name, id: ids.segment(segment.name) })),
    aggregates,
    values,
    uses,
    initial: initialRoots(roots, reads, startStage),
    dirty: new DirtySet(roots.length),
    matched: new Int32Array(selectors.length),
    selectorsFor: createDispatch(selectors, builder.keys),
    effects: effectsOf(selectors, timesKept),
  };
}

function namesOf(model: CheckedModel, ids: NameIds, stages: readonly StagePlan[]): Names {
  const values = new Map(model.values.map(({ name, operand }) => [name, operand]));
  return {
    value(name) {
      const operand = values.get(name);
      if (operand === undefined) throw new Error(`the checker let the unknown value ${JSON.stringify(name)} pass`);
      return operand;
    },
    segmentId: ids.segment,
    stageOrderById: new Map(stages.map((stage, order) => [stage.id, order])),
    stageOrderByName: new Map(stages.map((stage, order) => [stage.name, order])),
  };
}

/** In dependency order. Tags depend on events alone, so they come first. */
function compileRoots(
  model: CheckedModel,
  ids: NameIds,
  names: Names,
  builder: PlanBuilder,
  uses: FeatureUse[],
): { roots: Root[]; reads: Reads[] } {
  const roots: Root[] = [];
  const reads: Reads[] = [];
  const add = (compile: (index: number, read: Reads) => Root): Reads => {
    const read = noReads();
    roots.push(compile(roots.length, read));
    reads.push(read);
    return read;
  };
  const addTruth = (kind: "segment" | "stage", id: number, predicate: Predicate): void => {
    add((index, read) => {
      const truth = compilePredicate(predicate, builder, read, names);
      return { index, kind, id, truth, ahead: !read.follows };
    });
  };
  if (needsTagsRoot(model.tags)) {
    // It reads features, but events give tags one by one, and so time takes them away: no feature is a reason to look.
    const compiled = compileTags(model.tags, builder, builder.limits.tags_max);
    add((index) => ({ index, kind: "tags", ...compiled }));
  }
  const segments = new Map(model.segments.map((segment) => [`segment:${segment.name}`, segment]));
  for (const node of model.order) {
    const segment = segments.get(node);
    if (segment !== undefined) addTruth("segment", ids.segment(segment.name), segment.predicate);
    else if (node === "stages") {
      for (const stage of model.stages) if (stage.when !== null) addTruth("stage", ids.stage(stage.name), stage.when);
    } else if (node === "score" && !model.scores.every(areForEver)) {
      const compile = (read: Reads): ScoreRead => compileScore(model.scores, builder, read, names);
      const read = add((index, own) => ({ index, kind: "score", read: compile(own) }));
      uses.push({ text: "score … on", features: [...read.features] });
    }
  }
  return { roots, reads };
}
