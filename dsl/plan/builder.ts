/** Collects, while a model is compiled, what its declarations share: selectors, features, and who reads what. */
import type { Name } from "../contact/names.ts";
import { printEventSelector, printPath } from "../print.ts";
import type { EventSelector, Path } from "../ast.ts";
import { countFeature } from "../features/count.ts";
import { datedFeature } from "../features/dated-feature.ts";
import { extremeFeature } from "../features/extreme.ts";
import type { Feature } from "../features/feature.ts";
import { historyFeature } from "../features/history.ts";
import { momentFeature } from "../features/moment.ts";
import { numbersFeature, scalarsFeature } from "../features/series.ts";
import { sumFeature } from "../features/sum.ts";
import { tagCountsFeature } from "../features/tag-counts.ts";
import { tagNamesOf, type TagNames, type TagValues } from "../features/tag-names.ts";
import { keptOf, timesFeature, type Retention } from "../features/times.ts";
import { valueCountsFeature } from "../features/value-counts.ts";
import type { Zone } from "../timezone.ts";
import { compileEach, compileEnd, createPropertyKeys, hasElements, propertyKeyOf, spread } from "./event-view.ts";
import type { FilterTest } from "./filter.ts";
import { splitFilter, type Probe } from "./probe.ts";
import { noEdges, type Edges } from "./edges.ts";

export interface PlanLimits {
  readonly window_entries_max: number;
  readonly distinct_max: number;
  readonly tags_max: number;
}

/** The events of one selector, and all that happens when one arrives. */
export interface SelectorPlan {
  readonly text: string;
  readonly selector: EventSelector;
  /** Its place among the selectors of the plan: several that match one event take it in this order. */
  readonly order: number;
  /** Its filter: what can be looked up, one after the other, and what else has to hold. */
  readonly probes: readonly Probe[];
  readonly rest: FilterTest | null;
  readonly features: Feature[];
  /** Micro points that each event adds to the score, and to tags named in the model. */
  points: number;
  readonly tags: TagPoints[];
  /** Tags that it gives for a while. */
  readonly timedTags: TimedTags[];
}

/** A tag named in the model, and the micro points that an event gives it. */
export interface TagPoints {
  readonly name: Name;
  readonly points: number;
}

/** Tags that each event gives for a while (contact/timed-tags.ts), by one declaration. */
export interface TimedTags {
  readonly names: TagNames;
  /** Micro points of each. */
  readonly points: number;
  /** For how long, ms. */
  readonly length: number;
}

/** What a root reads, so that it is looked at again when that changes. */
export interface Reads {
  readonly features: Set<number>;
  readonly traits: Set<string>;
  /** By name: the points of a tag, 0 for one that the contact has not. */
  readonly tags: Map<string, Edges>;
  /** Whether the contact has them, by name. */
  readonly hasTags: Set<string>;
  readonly segments: Set<number>;
  /** Which tag has the highest score. */
  topTag: boolean;
  readonly score: Edges;
  stage: boolean;
  known: boolean;
  firstSeen: boolean;
  lastSeen: boolean;
  /** The contact's id. */
  id: boolean;
  /** Counts that move along with a window (features/range-counts.ts) and are made anew where it moves back. */
  follows: boolean;
}

export function noReads(): Reads {
  return {
    features: new Set(),
    traits: new Set(),
    tags: new Map(),
    hasTags: new Set(),
    segments: new Set(),
    topTag: false,
    score: noEdges(),
    stage: false,
    known: false,
    firstSeen: false,
    lastSeen: false,
    id: false,
    follows: false,
  };
}

export interface PlanBuilder {
  readonly zone: Zone;
  readonly limits: PlanLimits;
  readonly keys: ReturnType<typeof createPropertyKeys>;
  readonly features: readonly Feature[];
  readonly selectors: ReadonlyMap<string, SelectorPlan>;
  selector(event: EventSelector): SelectorPlan;
  count(event: EventSelector, since: number | null): number;
  moment(event: EventSelector, which: "first" | "last", since: number | null): number;
  dated(event: EventSelector, path: Path, which: "first" | "last", since: number | null): number;
  /** `cap`: the newest entries that suffice; null where a window needs them all. */
  times(event: EventSelector, ageMax: number, cap: number | null): { feature: number; retention: Retention };
  history(event: EventSelector, path: Path, which: "first" | "last", ageMax: number): number;
  sum(event: EventSelector, path: Path, since: number | null): number;
  extreme(event: EventSelector, path: Path, which: "min" | "max", since: number | null): number;
  valueCounts(event: EventSelector, path: Path, since: number | null): number;
  numbers(event: EventSelector, path: Path, ageMax: number): number;
  scalars(event: EventSelector, path: Path, ageMax: number): number;
  /** What names tags at a path: as `scalars`, with the elements where the path leads to an array. */
  tagValues(event: EventSelector, path: Path, ageMax: number): number;
  tagCounts(event: EventSelector, prefix: string, path: Path, points: number): number;
  /** The values at a path that name tags, the elements where it leads to an array. */
  tagSource(path: Path): TagValues;
  /** A number for whoever reads a window, under which it may leave what it has counted so far. */
  reader(): number;
  /** What the features that keep a window keep, by key. */
  windows(): ReadonlyMap<string, Retention>;
  /** By feature: how old what it keeps may become, ms; Infinity for features without a window. */
  reaches(): Float64Array;
  /** By feature: see `Plan`. */
  timesKept(): Int32Array;
}

export function createPlanBuilder(zone: Zone, limits: PlanLimits): PlanBuilder {
  const keys = createPropertyKeys();
  const features: Feature[] = [];
  const byKey = new Map<string, number>();
  let readers = 0;
  const retentions = new Map<number, Retention>();
  const rules = new Map<number, { points: number }>();
  const selectors = new Map<string, SelectorPlan>();

  const selector = (event: EventSelector): SelectorPlan => {
    const text = printEventSelector(event);
    let plan = selectors.get(text);
    if (plan === undefined) {
      const { probes, rest } = splitFilter(event.where, keys, zone);
      plan = {
        text,
        selector: event,
        order: selectors.size,
        probes,
        rest,
        features: [],
        points: 0,
        tags: [],
        timedTags: [],
      };
      selectors.set(text, plan);
    }
    return plan;
  };

  const feature = (event: EventSelector, key: string, create: (index: number, key: string) => Feature): number => {
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const index = features.length;
    byKey.set(key, index);
    const created = create(index, key);
    features.push(created);
    selector(event).features.push(created);
    return index;
  };

  const widen = (index: number, ageMax: number, cap: number | null): Retention => {
    const retention = retentions.get(index);
    if (retention === undefined) throw new Error("a feature without a window was asked to keep one");
    retention.ageMax = Math.max(retention.ageMax, ageMax);
    retention.cap = cap === null || retention.cap === null ? null : Math.max(retention.cap, cap);
    return retention;
  };

  /** A feature that keeps all entries of a window, the longest that any reader asks for. */
  const windowed = (
    event: EventSelector,
    key: string,
    ageMax: number,
    create: (index: number, retention: Retention) => Feature,
  ): number => {
    const index = feature(event, key, (created) => {
      const retention: Retention = { ageMax: 0, cap: null };
      retentions.set(created, retention);
      return create(created, retention);
    });
    widen(index, ageMax, null);
    return index;
  };

  const tagSource = (path: Path): TagValues => ({
    each: spread(compileEach(path, keys)),
    key: propertyKeyOf(path, keys),
  });

  const sinceText = (since: number | null): string => (since === null ? "" : ` since ${since}`);

  return {
    zone,
    limits,
    keys,
    features,
    selectors,
    selector,
    count(event, since) {
      const key = `count ${selector(event).text}${sinceText(since)}`;
      return feature(event, key, (index) => countFeature(index, key, since));
    },
    moment(event, which, since) {
      const key = `${which} ${selector(event).text}${sinceText(since)}`;
      return feature(event, key, (index) => momentFeature(index, key, which, since));
    },
    dated(event, path, which, since) {
      const key = `${which} ${printPath(path)} of ${selector(event).text}${sinceText(since)}`;
      return feature(event, key, (index) => datedFeature(index, key, which, compileEnd(path, keys, which), since));
    },
    times(event, ageMax, cap) {
      const key = `times ${selector(event).text}`;
      const index = feature(event, key, (created) => {
        const retention: Retention = { ageMax: 0, cap: 0 };
        retentions.set(created, retention);
        return timesFeature(created, key);
      });
      return { feature: index, retention: widen(index, ageMax, cap) };
    },
    history(event, path, which, ageMax) {
      // Of an array one event gives its first or its last element, so that the two need lists of their own.
      const key = `history ${hasElements(path) ? `${which} ` : ""}${printPath(path)} of ${selector(event).text}`;
      return windowed(event, key, ageMax, (index, retention) =>
        historyFeature(index, key, compileEnd(path, keys, which), retention, limits.window_entries_max),
      );
    },
    sum(event, path, since) {
      const key = `sum ${printPath(path)} of ${selector(event).text}${sinceText(since)}`;
      return feature(event, key, (index) => sumFeature(index, key, compileEach(path, keys), since));
    },
    extreme(event, path, which, since) {
      const key = `${which} ${printPath(path)} of ${selector(event).text}${sinceText(since)}`;
      return feature(event, key, (index) => extremeFeature(index, key, which, compileEach(path, keys), since));
    },
    valueCounts(event, path, since) {
      const key = `values ${printPath(path)} of ${selector(event).text}${sinceText(since)}`;
      return feature(event, key, (index) =>
        valueCountsFeature(index, key, compileEach(path, keys), since, limits.distinct_max),
      );
    },
    numbers(event, path, ageMax) {
      const key = `numbers ${printPath(path)} of ${selector(event).text}`;
      return windowed(event, key, ageMax, (index, retention) =>
        numbersFeature(index, key, compileEach(path, keys), retention, limits.window_entries_max),
      );
    },
    scalars(event, path, ageMax) {
      const key = `scalars ${printPath(path)} of ${selector(event).text}`;
      return windowed(event, key, ageMax, (index, retention) =>
        scalarsFeature(index, key, compileEach(path, keys), retention, limits.window_entries_max),
      );
    },
    tagValues(event, path, ageMax) {
      const key = `tag values ${printPath(path)} of ${selector(event).text}`;
      return windowed(event, key, ageMax, (index, retention) =>
        scalarsFeature(index, key, tagSource(path).each, retention, limits.window_entries_max),
      );
    },
    tagSource,
    tagCounts(event, prefix, path, points) {
      const key = `tags ${JSON.stringify(prefix)} ${printPath(path)} of ${selector(event).text}`;
      const index = feature(event, key, (created) => {
        const rule = { points: 0 };
        rules.set(created, rule);
        return tagCountsFeature(created, key, tagNamesOf(prefix, tagSource(path)), rule, limits.tags_max);
      });
      const rule = rules.get(index);
      if (rule !== undefined) rule.points += points;
      return index;
    },
    reader: () => readers++,
    windows() {
      return new Map([...retentions].map(([index, retention]) => [features[index]?.key ?? "", retention]));
    },
    reaches() {
      return Float64Array.from(features, (_, index) => retentions.get(index)?.ageMax ?? Infinity);
    },
    timesKept() {
      return Int32Array.from(features, ({ kind }, index) => {
        const retention = retentions.get(index);
        return kind !== "times" || retention === undefined ? 0 : keptOf(retention, limits.window_entries_max);
      });
    },
  };
}
