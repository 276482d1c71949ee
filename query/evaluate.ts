/**
 * A planned predicate over one partition's view: sets meet word by word, 32 contacts and more at a time, and a column
 * is read only for the contacts that the other parts of a conjunction have left.
 */
import type { FactsTest, PredicatePlan, ViewFact } from "../dsl/predicate-plan.ts";
import { fromMicros } from "../kernel/decimal.ts";
import { markInRange, newWords } from "./bitmap-kernel.ts";
import { combineWords, setBitIn, wholeBlocks } from "./bitmap.ts";
import { rangesOf } from "./micro-ranges.ts";
import { eachAsked, scanNumbers, scanScores } from "./scan.ts";
import type { PartitionView } from "./view.ts";

/** Numbers of the names in a plan, by the model in use. */
export interface ModelNames {
  segmentId(name: string): number | undefined;
  stageName(id: number): string | null;
}

/** What an evaluation works on. */
interface Scene {
  readonly view: PartitionView;
  readonly names: ModelNames;
  /** Words of the results: whole blocks of the kernel. */
  readonly length: number;
}

type Facts = Extract<PredicatePlan, { kind: "facts" }>;

const NOBODY = new Uint32Array(0);

/** The contacts for which the plan holds: `view.words` words, the caller's to keep. */
export function evaluate(plan: PredicatePlan, view: PartitionView, names: ModelNames): Uint32Array {
  const scene = { view, names, length: wholeBlocks(view.words) };
  const words = contactsOf(plan, scene, view.present.words, 0);
  if (words.length >= view.words) return words.slice(0, view.words);
  const all = new Uint32Array(view.words);
  all.set(words);
  return all;
}

/**
 * Words that are right for the contacts of `within`: those of a set that is kept, or the scratch of this depth or of a
 * deeper one. Only to be read, and only the first `length`; words past their end are zero.
 */
function contactsOf(plan: PredicatePlan, scene: Scene, within: Uint32Array, depth: number): Uint32Array {
  const { view, names, length } = scene;
  switch (plan.kind) {
    case "all":
      return view.present.words;
    case "none":
      return NOBODY;
    case "known":
      return view.known.words;
    case "segment":
      return view.segments.get(names.segmentId(plan.name) ?? -1)?.words ?? NOBODY;
    case "has tag": {
      const words = emptyScratch(depth, length);
      view.tags.markSlotsWith(view.tagNames.find(plan.name), words);
      return words;
    }
    case "not": {
      const words = scratch(depth, length);
      combineWords("andNot", words, view.present.words, contactsOf(plan.part, scene, within, depth), length);
      return words;
    }
    case "or":
      return eitherOf(plan.parts, scene, within, depth);
    case "and":
      return allOf(plan.parts, scene, within, depth);
    case "facts":
      return scan(plan, scene, within, depth);
  }
}

function eitherOf(parts: readonly PredicatePlan[], scene: Scene, within: Uint32Array, depth: number): Uint32Array {
  const [first, ...rest] = parts;
  let words = first === undefined ? NOBODY : contactsOf(first, scene, within, depth);
  for (const part of rest) {
    const into = scratch(depth, scene.length);
    combineWords("or", into, words, contactsOf(part, scene, within, depth + 1), scene.length);
    words = into;
  }
  return words;
}

/** Cheap parts first; the dear ones then have fewer contacts to look at. */
function allOf(parts: readonly PredicatePlan[], scene: Scene, within: Uint32Array, depth: number): Uint32Array {
  let words = within;
  for (const part of parts.toSorted((a, b) => costOf(a) - costOf(b))) {
    const into = scratch(depth, scene.length);
    if (part.kind === "not") {
      const others = contactsOf(part.part, scene, words, depth + 1);
      combineWords("andNot", into, words, others, scene.length);
    } else {
      combineWords("and", into, words, contactsOf(part, scene, words, depth + 1), scene.length);
    }
    words = into;
  }
  return words;
}

/** Only their order counts: sets that are kept, then algebra, then sets to be written down, then columns. */
function costOf(plan: PredicatePlan): number {
  switch (plan.kind) {
    case "all":
    case "none":
    case "known":
    case "segment":
      return 0;
    case "has tag":
      return 2;
    case "not":
      return costOf(plan.part);
    case "and":
    case "or":
      return Math.max(1, ...plan.parts.map(costOf));
    case "facts":
      return plan.facts.length > 1 ? 5 : plan.facts[0]?.kind === "tag" ? 4 : 3;
  }
}

/** One result a depth: an operation reads those of deeper ones, and evaluation never waits in between. */
const scratches: Uint32Array[] = [];

function scratch(depth: number, length: number): Uint32Array {
  let words = scratches[depth];
  if (words === undefined || words.length < length) {
    words = newWords(length);
    scratches[depth] = words;
  }
  return words;
}

function emptyScratch(depth: number, length: number): Uint32Array {
  return scratch(depth, length).fill(0, 0, length);
}

function scan(plan: Facts, scene: Scene, within: Uint32Array, depth: number): Uint32Array {
  const { view, names, length } = scene;
  const { facts, test } = plan;
  const [only] = facts;
  if (facts.length === 1 && only?.kind === "tag") return scanPoints(only.name, plan, scene, within, depth);
  const into = emptyScratch(depth, length);
  if (facts.length !== 1 || only === undefined) {
    scanSeveral(facts, test, into, within, scene);
  } else if (only.kind === "score") {
    const { values } = view.scores;
    const holds = testOfNumber(test);
    const ranges = plan.breaks === null ? null : rangesOf(plan.breaks, holds);
    if (ranges === null) scanScores(into, within, view.words, values, holds);
    else {
      // Micro points are whole.
      for (const { from, to } of ranges) markInRange(into, values, from, to - 1, view.words);
      combineWords("and", into, into, within, length);
    }
  } else if (only.kind === "stage") {
    view.stages.markWhere(into, (stage) => test([names.stageName(stage)]));
    combineWords("and", into, into, within, length);
  } else {
    const { tagNames } = view;
    const ofTag = (tag: number): boolean => test([tag < 0 ? null : tagNames.name(tag)]);
    scanNumbers(into, within, view.words, view.tags.tops.values, ofTag);
  }
  return into;
}

function testOfNumber(test: FactsTest): (points: number) => boolean {
  const value = [0];
  return (points) => {
    value[0] = points;
    return test(value);
  };
}

/** Who doesn't have the tag has 0 points, so one test decides about all of them. */
function scanPoints(
  name: string,
  { test, breaks }: Facts,
  { view, length }: Scene,
  within: Uint32Array,
  depth: number,
): Uint32Array {
  const into = emptyScratch(depth, length);
  const tag = view.tagNames.find(name);
  const holds = testOfNumber(test);
  const ranges = breaks === null ? null : rangesOf(breaks, holds);
  const others = test([0]);
  if (others) {
    view.tags.markSlotsWith(tag, into);
    combineWords("andNot", into, view.present.words, into, length);
  }
  if (ranges !== null) {
    for (const range of ranges) view.tags.markInRange(tag, range, within, into);
    return into;
  }
  const remembered = remembering(holds);
  view.tags.eachSlotWith(tag, (slot, micros) => {
    if (remembered(micros)) setBitIn(into, slot);
  });
  return into;
}

/** Points of tags are few different numbers: each is tested once. */
function remembering(holds: (points: number) => boolean): (micros: number) => boolean {
  const verdicts = new Map<number, boolean>();
  let last = Number.NaN;
  let verdict = false;
  return (micros) => {
    if (micros === last) return verdict;
    last = micros;
    const known = verdicts.get(micros);
    verdict = known ?? holds(fromMicros(micros));
    if (known === undefined) verdicts.set(micros, verdict);
    return verdict;
  };
}

function scanSeveral(
  facts: readonly ViewFact[],
  test: FactsTest,
  into: Uint32Array,
  within: Uint32Array,
  { view, names }: Scene,
): void {
  const readers = facts.map((fact) => readerOf(fact, view, names));
  const values: (string | number | boolean | null)[] = facts.map(() => null);
  eachAsked(into, within, view.words, (slot) => {
    for (let i = 0; i < readers.length; i++) values[i] = readers[i]?.(slot) ?? null;
    return test(values);
  });
}

function readerOf(
  fact: ViewFact,
  view: PartitionView,
  names: ModelNames,
): (slot: number) => string | number | boolean | null {
  switch (fact.kind) {
    case "score":
      return (slot) => fromMicros(view.score(slot));
    case "stage":
      return (slot) => names.stageName(view.stages.get(slot));
    case "top_tag":
      return (slot) => {
        const tag = view.tags.tops.get(slot);
        return tag < 0 ? null : view.tagNames.name(tag);
      };
    case "tag": {
      const tag = view.tagNames.find(fact.name);
      return (slot) => fromMicros(view.tags.points(slot, tag) ?? 0);
    }
  }
}
