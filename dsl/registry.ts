/** Stable numbers for the names of a model, and the plan of a stored version. */
import { LIMITS } from "../kernel/limits.ts";
import type { ModelRecord } from "../kernel/model-record.ts";
import { checkModel, type CheckedModel } from "./check.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { FEATURE_CODECS } from "./features/codecs.ts";
import { FEATURE_KINDS, type FeatureCodec } from "./features/feature.ts";
import { NumberIndex } from "./number-index.ts";
import { parseModel } from "./parse.ts";
import type { PlanLimits } from "./plan/builder.ts";
import { compilePlan, type NameIds, type Plan } from "./plan/plan.ts";
import type { Root } from "./plan/root.ts";

/** A plan that knows the stable numbers of its features and roots: what stored rows are read and written with. */
export interface BoundPlan extends Plan {
  readonly version: number;
  /** How the states of each feature are stored: its number, the code of its kind, and its codec. */
  readonly storedFeatures: readonly { readonly id: number; readonly kind: number; readonly codec: FeatureCodec }[];
  readonly storedRoots: readonly number[];
  readonly featureById: NumberIndex;
  /** Root by its stored number. */
  readonly rootByStored: NumberIndex;
}

export type ModelRecordResult =
  | {
      readonly ok: true;
      readonly record: ModelRecord;
      readonly warnings: readonly Diagnostic[];
      /** What counts only from this version on, printed: aggregates, `did(…)`, `score on …`, `tag on …`. */
      readonly fresh: readonly string[];
    }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Parses and checks a source as the next version after `previous`, which lends its numbers to names that stay. */
export function buildModelRecord(
  previous: ModelRecord,
  source: string,
  at: number,
  by: string,
  limits: PlanLimits = LIMITS,
): ModelRecordResult {
  const parsed = parseModel(source);
  if (parsed.diagnostics.some((one) => one.severity === "error")) return { ok: false, diagnostics: parsed.diagnostics };
  const checked = checkModel(parsed.model);
  if (checked.model === null) return { ok: false, diagnostics: [...parsed.diagnostics, ...checked.diagnostics] };
  const segments = allot(
    checked.model.segments.map((segment) => segment.name),
    previous.segments,
    previous.nextSegmentId,
  );
  const stages = allot(
    checked.model.stages.map((stage) => stage.name),
    previous.stages,
    previous.nextStageId,
  );
  const plan = compilePlan(checked.model, idsOf(segments.pairs, stages.pairs), limits);
  const features = allot(
    plan.features.map((feature) => feature.key),
    previous.features,
    previous.nextFeatureId,
  );
  return {
    ok: true,
    record: {
      version: previous.version + 1,
      source,
      at,
      by,
      segments: segments.pairs,
      stages: stages.pairs,
      features: features.pairs,
      nextSegmentId: segments.next,
      nextStageId: stages.next,
      nextFeatureId: features.next,
    },
    warnings: [...parsed.diagnostics, ...checked.diagnostics],
    fresh: freshUses(previous, plan, limits),
  };
}

/** Plans asked for last, the newest last. */
const recent: { readonly record: ModelRecord; readonly limits: PlanLimits; readonly plan: BoundPlan }[] = [];
const RECENT_MAX = 4;

/**
 * The plan of a stored version. All partitions of a thread share one: with thousands of segments a plan is megabytes that
 * every event looks around in. What a plan has as scratch is cleared when a step begins.
 * Throws when a stored source is no longer understood: a fault, not a user's error.
 */
export function planOf(record: ModelRecord, limits: PlanLimits = LIMITS): BoundPlan {
  const place = recent.findIndex((one) => sameLimits(one.limits, limits) && sameRecord(one.record, record));
  const [known] = place < 0 ? [] : recent.splice(place, 1);
  const used = known ?? { record, limits, plan: bindPlan(record, limits) };
  recent.push(used);
  if (recent.length > RECENT_MAX) recent.shift();
  return used.plan;
}

function sameLimits(a: PlanLimits, b: PlanLimits): boolean {
  return (
    a.window_entries_max === b.window_entries_max && a.distinct_max === b.distinct_max && a.tags_max === b.tags_max
  );
}

/** Whether two records make the same plan. */
function sameRecord(a: ModelRecord, b: ModelRecord): boolean {
  return (
    a.version === b.version &&
    a.source === b.source &&
    samePairs(a.segments, b.segments) &&
    samePairs(a.stages, b.stages) &&
    samePairs(a.features, b.features)
  );
}

type Pairs = ModelRecord["segments"];

function samePairs(a: Pairs, b: Pairs): boolean {
  return a.length === b.length && a.every(([name, id], i) => b[i]?.[0] === name && b[i]?.[1] === id);
}

function bindPlan(record: ModelRecord, limits: PlanLimits): BoundPlan {
  const plan = compilePlan(checkedModelOf(record), idsOf(record.segments, record.stages), limits);
  const numbers = new Map(record.features);
  const featureIds = plan.features.map((feature) => {
    const id = numbers.get(feature.key);
    if (id === undefined) throw new Error(`model ${record.version} has no number for the feature ${feature.key}`);
    return id;
  });
  return {
    ...plan,
    version: record.version,
    storedFeatures: plan.features.map(({ kind }, index) => ({
      id: featureIds[index] as number,
      kind: FEATURE_KINDS.indexOf(kind),
      codec: FEATURE_CODECS[kind],
    })),
    storedRoots: plan.roots.map(storedRoot),
    featureById: new NumberIndex(featureIds),
    rootByStored: new NumberIndex(plan.roots.map(storedRoot)),
  };
}

/** What rows call a root: 0 the score, 1 the tags, else 2 * segment id or 2 * stage id + 1 (ids begin at 1). */
export function storedRoot(root: Root): number {
  switch (root.kind) {
    case "score":
      return 0;
    case "tags":
      return 1;
    case "segment":
      return root.id * 2;
    case "stage":
      return root.id * 2 + 1;
  }
}

export function checkedModelOf(record: ModelRecord): CheckedModel {
  const { model } = checkModel(parseModel(record.source).model);
  if (model === null) throw new Error(`model ${record.version} is stored but has errors`);
  return model;
}

function allot(
  names: readonly string[],
  previous: readonly (readonly [string, number])[],
  next: number,
): { pairs: [string, number][]; next: number } {
  const known = new Map(previous);
  let free = next;
  const pairs = names.map((name): [string, number] => [name, known.get(name) ?? free++]);
  return { pairs, next: free };
}

function idsOf(
  segments: readonly (readonly [string, number])[],
  stages: readonly (readonly [string, number])[],
): NameIds {
  const lookup = (pairs: readonly (readonly [string, number])[]): ((name: string) => number) => {
    const numbers = new Map(pairs);
    return (name) => {
      const id = numbers.get(name);
      if (id === undefined) throw new Error(`the name ${JSON.stringify(name)} has no number`);
      return id;
    };
  };
  return { segment: lookup(segments), stage: lookup(stages) };
}

/** Uses of features that the previous version did not keep, or kept for a shorter window. */
function freshUses(previous: ModelRecord, plan: Plan, limits: PlanLimits): string[] {
  if (previous.version === 0) return [];
  const before = planOf(previous, limits);
  const known = new Set(before.features.map((feature) => feature.key));
  const fresh = new Set<number>();
  for (const feature of plan.features) {
    const now = plan.windows.get(feature.key);
    const then = before.windows.get(feature.key);
    const widened =
      now !== undefined &&
      then !== undefined &&
      (now.ageMax > then.ageMax || (now.cap ?? Infinity) > (then.cap ?? Infinity));
    if (!known.has(feature.key) || widened) fresh.add(feature.index);
  }
  const uses = plan.uses.filter(({ features }) => features.some((feature) => fresh.has(feature)));
  return [...new Set(uses.map(({ text }) => text))];
}
