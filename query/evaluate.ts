/**
 * A planned predicate over one partition's view: one word of 32 contacts at a time where sets meet, one contact at a
 * time only where a column is read.
 */
import { compareCodePoints } from "../kernel/compare.ts";
import { fromMicros } from "../kernel/decimal.ts";
import type { FactsTest, PredicatePlan, ViewFact } from "../dsl/predicate-plan.ts";
import { andWords, complementWords, copyWords, eachBit, orWords } from "./bitmap.ts";
import type { PartitionView } from "./view.ts";

/** Numbers of the names in a plan, by the model in use. */
export interface ModelNames {
  segmentId(name: string): number | undefined;
  stageName(id: number): string | null;
}

/** The contacts for which the plan holds: `view.words` words, the caller's to keep. */
export function evaluate(plan: PredicatePlan, view: PartitionView, names: ModelNames): Uint32Array {
  switch (plan.kind) {
    case "all":
      return copyWords(view.present.words, view.words);
    case "none":
      return new Uint32Array(view.words);
    case "known":
      return copyWords(view.known.words, view.words);
    case "segment": {
      const members = view.segments.get(names.segmentId(plan.name) ?? -1);
      return members === undefined ? new Uint32Array(view.words) : copyWords(members.words, view.words);
    }
    case "has tag":
      return tagged(view, plan.name);
    case "not": {
      const words = evaluate(plan.part, view, names);
      complementWords(words, view.present.words);
      return words;
    }
    case "and":
    case "or":
      return combine(plan, view, names);
    case "facts":
      return scan(plan.facts, plan.test, view, names);
  }
}

function combine(
  plan: Extract<PredicatePlan, { kind: "and" | "or" }>,
  view: PartitionView,
  names: ModelNames,
): Uint32Array {
  let words: Uint32Array | null = null;
  for (const part of plan.parts) {
    const more = evaluate(part, view, names);
    if (words === null) words = more;
    else if (plan.kind === "and") andWords(words, more);
    else orWords(words, more);
  }
  return words ?? new Uint32Array(view.words);
}

function tagged(view: PartitionView, name: string): Uint32Array {
  const words = new Uint32Array(view.words);
  view.tags.eachSlotWith(view.tagNames.find(name), (slot) => assign(words, slot, true));
  return words;
}

function assign(words: Uint32Array, slot: number, value: boolean): void {
  const at = slot >>> 5;
  const bit = 1 << (slot & 31);
  words[at] = value ? (words[at] ?? 0) | bit : (words[at] ?? 0) & ~bit;
}

function scan(facts: readonly ViewFact[], test: FactsTest, view: PartitionView, names: ModelNames): Uint32Array {
  const only = facts.length === 1 ? facts[0] : undefined;
  if (only?.kind === "tag") return scanPoints(only.name, test, view);
  if (only?.kind === "score") return scanScores(test, view);
  if (only !== undefined) return scanNames(only, test, view, names);
  const words = new Uint32Array(view.words);
  const readers = facts.map((fact) => readerOf(fact, view, names));
  const values: (string | number | boolean | null)[] = facts.map(() => null);
  eachBit(view.present.words, 0, (slot) => {
    for (let i = 0; i < readers.length; i++) values[i] = readers[i]?.(slot) ?? null;
    if (test(values)) assign(words, slot, true);
  });
  return words;
}

function scanScores(test: FactsTest, view: PartitionView): Uint32Array {
  const words = new Uint32Array(view.words);
  const value = [0];
  eachBit(view.present.words, 0, (slot) => {
    value[0] = fromMicros(view.score(slot));
    if (test(value)) assign(words, slot, true);
  });
  return words;
}

/** Few have a tag: everybody else has 0 points, so one test decides about them all. */
function scanPoints(name: string, test: FactsTest, view: PartitionView): Uint32Array {
  const words = test([0]) ? copyWords(view.present.words, view.words) : new Uint32Array(view.words);
  view.tags.eachSlotWith(view.tagNames.find(name), (slot, points) => assign(words, slot, test([fromMicros(points)])));
  return words;
}

/** Stages and strongest tags are few: each name is tested once. */
function scanNames(fact: ViewFact, test: FactsTest, view: PartitionView, names: ModelNames): Uint32Array {
  const words = new Uint32Array(view.words);
  const number = fact.kind === "stage" ? (slot: number) => view.stage(slot) : (slot: number) => topTag(view, slot);
  const nameOf = (n: number): string | null => {
    if (fact.kind === "stage") return names.stageName(n);
    return n < 0 ? null : view.tagNames.name(n);
  };
  const verdicts: boolean[] = [];
  eachBit(view.present.words, 0, (slot) => {
    const n = number(slot);
    if ((verdicts[n + 1] ??= test([nameOf(n)]))) assign(words, slot, true);
  });
  return words;
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
      return (slot) => names.stageName(view.stage(slot));
    case "top_tag":
      return (slot) => {
        const tag = topTag(view, slot);
        return tag < 0 ? null : view.tagNames.name(tag);
      };
    case "tag": {
      const tag = view.tagNames.find(fact.name);
      return (slot) => fromMicros(view.tags.points(slot, tag) ?? 0);
    }
  }
}

/** The number of the tag with the most points, of equals the one whose name sorts first; -1 without tags. */
export function topTag(view: PartitionView, slot: number): number {
  let top = -1;
  let most = 0;
  view.tags.eachTagOf(slot, (tag, points) => {
    const better =
      top < 0 ||
      points > most ||
      (points === most && compareCodePoints(view.tagNames.name(tag), view.tagNames.name(top)) < 0);
    if (!better) return;
    top = tag;
    most = points;
  });
  return top;
}
