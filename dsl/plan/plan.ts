/**
 * The plan of a model: what is kept for each contact, what an event touches, and what is looked at again when
 * something changes. Made once per version of the model; evaluated for every event.
 */
import { CALL_KINDS, IDENTIFY, PAGE, SCREEN, TRACK } from "../../kernel/event.ts";
import { toMicros } from "../../kernel/decimal.ts";
import type { EventSelector, Predicate, ScoreDecl, TagDecl } from "../ast.ts";
import type { CheckedModel } from "../check.ts";
import type { Feature } from "../features/feature.ts";
import type { Retention } from "../features/times.ts";
import { printFact, printPredicate } from "../print.ts";
import { walkPredicate } from "../walk.ts";
import { compileAggregate, type CompiledAggregate } from "./aggregate.ts";
import {
  createPlanBuilder,
  noReads,
  type PlanBuilder,
  type PlanLimits,
  type Reads,
  type SelectorPlan,
} from "./builder.ts";
import { createDirtySet, type DirtySet } from "./dirty.ts";
import type { PropertyKeys } from "./event-view.ts";
import type { Names } from "./operand.ts";
import { compilePredicate, type Truth } from "./predicate.ts";

/** A predicate whose truth is kept for each contact: of a segment, or a stage's `when`. */
export interface Root {
  /** Its place in the order of evaluation: after all that it reads. */
  readonly index: number;
  readonly kind: "segment" | "stage";
  /** The stable number of the segment or stage. */
  readonly id: number;
  readonly truth: Truth;
}

export interface StagePlan {
  readonly name: string;
  readonly id: number;
}

/** An aggregate that the model uses, for the profile card. */
export interface AggregateFact {
  readonly text: string;
  readonly aggregate: CompiledAggregate;
}

/** A place of the model that reads a feature, so that a model put can say what counts from now on. */
export interface FeatureUse {
  readonly text: string;
  readonly features: readonly number[];
}

/** Which roots read what. */
export interface Readers {
  readonly features: readonly (readonly number[])[];
  readonly traits: ReadonlyMap<string, readonly number[]>;
  readonly tags: ReadonlyMap<string, readonly number[]>;
  readonly segments: ReadonlyMap<number, readonly number[]>;
  readonly anyTag: readonly number[];
  readonly score: readonly number[];
  readonly stage: readonly number[];
  readonly known: readonly number[];
  readonly firstSeen: readonly number[];
  readonly lastSeen: readonly number[];
}

/** Points and tags as they follow from feature states alone. */
export interface ScoringRules {
  readonly score: readonly { readonly feature: number; readonly points: number }[];
  readonly tags: readonly { readonly feature: number; readonly tag: string; readonly points: number }[];
  readonly tagCounts: readonly { readonly feature: number; readonly points: number }[];
}

export interface Plan {
  readonly keys: PropertyKeys;
  readonly limits: PlanLimits;
  readonly features: readonly Feature[];
  readonly windows: ReadonlyMap<string, Retention>;
  readonly roots: readonly Root[];
  readonly readers: Readers;
  readonly rules: ScoringRules;
  /** In declared order. */
  readonly stages: readonly StagePlan[];
  readonly stageOrder: ReadonlyMap<number, number>;
  /** The stage where everybody starts: -1 where the first stage has a `when`, or there are none. */
  readonly startStage: number;
  readonly segments: readonly { readonly name: string; readonly id: number }[];
  readonly aggregates: readonly AggregateFact[];
  readonly uses: readonly FeatureUse[];
  /** Scratch for evaluation, empty between events. */
  readonly dirty: DirtySet;
  selectorsFor(kind: number, name: string | null): readonly SelectorPlan[];
}

export interface NameIds {
  readonly segment: (name: string) => number;
  readonly stage: (name: string) => number;
}

export function compilePlan(model: CheckedModel, ids: NameIds, limits: PlanLimits): Plan {
  const builder = createPlanBuilder(model.zone, limits);
  const uses: FeatureUse[] = [];
  const rules = compileRules(model, builder, uses);
  const stages = model.stages.map((stage) => ({ name: stage.name, id: ids.stage(stage.name) }));
  const names: Names = {
    segmentId: ids.segment,
    stageOrderById: new Map(stages.map((stage, order) => [stage.id, order])),
    stageOrderByName: new Map(stages.map((stage, order) => [stage.name, order])),
  };
  const roots: Root[] = [];
  const reads: Reads[] = [];
  const addRoot = (kind: Root["kind"], id: number, predicate: Predicate): void => {
    const read = noReads();
    const truth = compilePredicate(predicate, builder, read, names);
    roots.push({ index: roots.length, kind, id, truth });
    reads.push(read);
  };
  const segments = new Map(model.segments.map((segment) => [`segment:${segment.name}`, segment]));
  for (const node of model.order) {
    const segment = segments.get(node);
    if (segment !== undefined) addRoot("segment", ids.segment(segment.name), segment.predicate);
    else if (node === "stages") {
      for (const stage of model.stages) if (stage.when !== null) addRoot("stage", ids.stage(stage.name), stage.when);
    }
  }
  const predicates = [
    ...model.segments.map((segment) => segment.predicate),
    ...model.stages.flatMap((stage) => (stage.when === null ? [] : [stage.when])),
  ];
  const aggregates = compileCardFacts(predicates, builder, uses);
  const first = model.stages[0];
  return {
    keys: builder.keys,
    limits,
    features: builder.features,
    windows: builder.windows(),
    roots,
    readers: readersOf(reads, builder.features.length),
    rules,
    stages,
    stageOrder: names.stageOrderById,
    startStage: first !== undefined && first.when === null ? ids.stage(first.name) : -1,
    segments: model.segments.map((segment) => ({ name: segment.name, id: ids.segment(segment.name) })),
    aggregates,
    uses,
    dirty: createDirtySet(roots.length),
    selectorsFor: createDispatch([...builder.selectors.values()]),
  };
}

function compileRules(model: CheckedModel, builder: PlanBuilder, uses: FeatureUse[]): ScoringRules {
  const rules = { score: [], tags: [], tagCounts: [] } as {
    score: { feature: number; points: number }[];
    tags: { feature: number; tag: string; points: number }[];
    tagCounts: { feature: number; points: number }[];
  };
  for (const decl of model.scores) compileScore(decl, builder, rules.score, uses);
  for (const decl of model.tags) compileTag(decl, builder, rules, uses);
  return rules;
}

function compileScore(
  decl: ScoreDecl,
  builder: PlanBuilder,
  score: { feature: number; points: number }[],
  uses: FeatureUse[],
): void {
  if (decl.rule.kind !== "on") throw new Error("the checker let `score … while` pass, which is not live");
  const { event } = decl.rule;
  const points = toMicros(decl.points.value);
  const feature = builder.count(event, null);
  builder.selector(event).points += points;
  score.push({ feature, points });
  uses.push({ text: `score on ${builder.selector(event).text}`, features: [feature] });
}

function compileTag(
  decl: TagDecl,
  builder: PlanBuilder,
  rules: {
    tags: { feature: number; tag: string; points: number }[];
    tagCounts: { feature: number; points: number }[];
  },
  uses: FeatureUse[],
): void {
  const { event, name } = decl;
  const points = decl.points === null ? toMicros(1) : toMicros(decl.points.value);
  const prefix = name.prefix?.text ?? "";
  const text = `tag on ${builder.selector(event).text}`;
  if (name.path === null) {
    const feature = builder.count(event, null);
    builder.selector(event).tags.push([prefix, points]);
    rules.tags.push({ feature, tag: prefix, points });
    uses.push({ text, features: [feature] });
    return;
  }
  const feature = builder.tagCounts(event, prefix, name.path, points);
  rules.tagCounts.push({ feature, points });
  uses.push({ text, features: [feature] });
}

/** Every aggregate of the model, once each. They read features that the roots have asked for already. */
function compileCardFacts(predicates: readonly Predicate[], builder: PlanBuilder, uses: FeatureUse[]): AggregateFact[] {
  const facts = new Map<string, AggregateFact>();
  const dids = new Set<string>();
  for (const predicate of predicates) {
    walkPredicate(predicate, {
      operand(fact) {
        if (fact.kind !== "aggregate") return;
        const text = printFact(fact);
        if (facts.has(text)) return;
        const reads = noReads();
        facts.set(text, { text, aggregate: compileAggregate(fact.function, fact.selector, builder, reads, 1) });
        uses.push({ text, features: [...reads.features] });
      },
      predicate(test) {
        if (test.kind !== "did") return;
        const text = printPredicate(test);
        if (dids.has(text)) return;
        dids.add(text);
        const reads = noReads();
        compileAggregate("count", test.selector, builder, reads, 1);
        uses.push({ text, features: [...reads.features] });
      },
    });
  }
  return [...facts.values()];
}

function readersOf(reads: readonly Reads[], featureCount: number): Readers {
  const features: number[][] = Array.from({ length: featureCount }, () => []);
  const traits = new Map<string, number[]>();
  const tags = new Map<string, number[]>();
  const segments = new Map<number, number[]>();
  const push = <K>(map: Map<K, number[]>, key: K, root: number): void => {
    const list = map.get(key);
    if (list === undefined) map.set(key, [root]);
    else list.push(root);
  };
  const where = (flag: (read: Reads) => boolean): number[] => reads.flatMap((read, root) => (flag(read) ? [root] : []));
  reads.forEach((read, root) => {
    for (const feature of read.features) features[feature]?.push(root);
    for (const key of read.traits) push(traits, key, root);
    for (const tag of read.tags) push(tags, tag, root);
    for (const segment of read.segments) push(segments, segment, root);
  });
  return {
    features,
    traits,
    tags,
    segments,
    anyTag: where((read) => read.anyTag),
    score: where((read) => read.score),
    stage: where((read) => read.stage),
    known: where((read) => read.known),
    firstSeen: where((read) => read.firstSeen),
    lastSeen: where((read) => read.lastSeen),
  };
}

/** The selectors that a call of a kind and name may match, before their filters. */
function createDispatch(selectors: readonly SelectorPlan[]): Plan["selectorsFor"] {
  const byKind = CALL_KINDS.map((_, kind) => {
    const candidates = selectors.filter((plan) => coversKind(plan.selector, kind));
    const names = new Set(candidates.flatMap(({ selector }) => (selector.name === null ? [] : [selector.name.text])));
    const unnamed = candidates.filter(({ selector }) => selector.name === null);
    const named = new Map(
      [...names].map((name) => [
        name,
        candidates.filter(({ selector }) => selector.name === null || selector.name.text === name),
      ]),
    );
    return { named, unnamed };
  });
  return (kind, name) => {
    const lists = byKind[kind];
    if (lists === undefined) return [];
    return (name === null ? undefined : lists.named.get(name)) ?? lists.unnamed;
  };
}

function coversKind(selector: EventSelector, kind: number): boolean {
  switch (selector.kind) {
    case "track":
      return kind === TRACK;
    case "page":
      return kind === PAGE;
    case "screen":
      return kind === SCREEN;
    case "identify":
      return kind === IDENTIFY;
    case "any":
      return kind === TRACK || kind === PAGE || kind === SCREEN;
  }
}
