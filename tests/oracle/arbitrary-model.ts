/** Random models, as texts, whose parts can be shrunk away one by one. */
import fc from "fast-check";
import { duration, quote, type Text } from "./arbitrary-comparisons.ts";
import { predicates, type Words, wordsFor } from "./arbitrary-predicates.ts";
import type { Features } from "./case.ts";
import { POINTS, TAG_NAMES, TAG_PREFIXES, TIMEZONES } from "./vocabulary.ts";

/** The parts of a model; predicates and values with references in brackets. */
export interface ModelSketch {
  readonly timezone: string | null;
  readonly scores: readonly string[];
  readonly tags: readonly string[];
  readonly values: readonly string[];
  /** Predicates of segments that don't read the stage. */
  readonly early: readonly string[];
  /** `opening`: there is a first stage without `when`. */
  readonly stages: { readonly opening: boolean; readonly whens: readonly string[] };
  readonly late: readonly string[];
}

/**
 * With `monotone` a stage's condition is that some lifetime count has come to a number, which once true stays true:
 * so the stage reached doesn't depend on the order in which events arrived.
 */
export function arbitraryModel(features: Features, beginning: number, whens: "any" | "monotone" = "any"): Text {
  const words = wordsFor(features, beginning);
  const monotone = fc
    .tuple(words.selectors.event, fc.constantFrom("1", "2", "3"))
    .map(([event, n]) => `count(${event}) >= ${n}`);
  const early = predicates({ score: true, stage: false, segments: true }, words);
  const late = predicates({ score: true, stage: true, segments: true }, words);
  return fc
    .record({
      timezone: fc.option(fc.constantFrom(...TIMEZONES)),
      scores: fc.array(scoreRules(words), { maxLength: 3, size: "max" }),
      tags: fc.array(tagRules(words), { maxLength: 3, size: "max" }),
      values: features.has("values") ? fc.array(words.arithmetic, { maxLength: 2 }) : fc.constant([]),
      early: fc.array(early, { maxLength: 3 }),
      stages: fc.record({
        opening: fc.boolean(),
        whens: fc.array(whens === "any" ? early : monotone, { maxLength: 3, size: "max" }),
      }),
      late: fc.array(late, { minLength: 1, maxLength: 4, size: "max" }),
    })
    .map(putTogether);
}

/** The model's text. What refers to nothing, since the model has no such thing, is replaced by what always is there. */
export function putTogether(sketch: ModelSketch): string {
  const stages = sketch.stages.whens.map((_, index) => `stage ${index + 1}`);
  if (sketch.stages.opening) stages.unshift("visitor");
  const values: string[] = [];
  const segments: string[] = [];
  const lines: string[] = [];
  const resolved = (text: string): string =>
    text
      .replace(/\[segment (\d+)\]/g, (_, n: string) => named(segments, n, "in segment $", "known"))
      .replace(/\[stage (\d+): ([^\]]+)\]/g, (_, n: string, about: string) =>
        named(stages, n, `stage ${about}`, "known"),
      )
      .replace(/\[value (\d+)\]/g, (_, n: string) => named(values, n, "value($)", "score"));
  const addSegments = (prefix: string, all: readonly string[]): void => {
    for (const [index, predicate] of all.entries()) {
      lines.push(`segment "${prefix} ${index}" = ${resolved(predicate)}`);
      segments.push(`${prefix} ${index}`);
    }
  };

  if (sketch.timezone !== null) lines.push(`timezone "${sketch.timezone}"`);
  for (const [index, operand] of sketch.values.entries()) {
    lines.push(`value "v${index}" = ${resolved(operand)}`);
    values.push(`v${index}`);
  }
  addSegments("early", sketch.early);
  // Between the two, so that the condition of a stage refers only to segments that don't read the stage.
  if (stages.length > 0) lines.push(`stages ${stages.map(quote).join(", ")}`);
  for (const [index, when] of sketch.stages.whens.entries())
    lines.push(`stage "stage ${index + 1}" when ${resolved(when)}`);
  addSegments("late", sketch.late);
  // Last, though others depend on them: the order of declarations says nothing.
  lines.push(...sketch.scores, ...sketch.tags);
  return `${lines.join("\n")}\n`;
}

/** The text with `$` replaced by the n-th name, counted around; `otherwise` where there are no names. */
function named(names: readonly string[], n: string, text: string, otherwise: string): string {
  const name = names[Number(n) % Math.max(1, names.length)];
  return name === undefined ? otherwise : text.replace("$", () => quote(name));
}

function scoreRules(words: Words): Text {
  const points = fc.constantFrom(...POINTS);
  const on = fc
    .tuple(points, words.selectors.event, forSome(words.features))
    .map(([n, event, rest]) => `score ${n} on ${event}${rest}`);
  if (!words.features.has("score while")) return on;
  const condition = predicates({ score: false, stage: false, segments: false }, words);
  return fc.oneof(
    on,
    fc.tuple(points, condition).map(([n, predicate]) => `score ${n} while ${predicate}`),
  );
}

function tagRules(words: Words): Text {
  const { path, event } = words.selectors;
  const name = fc.oneof(
    fc.constantFrom("a", ...TAG_NAMES).map(quote),
    fc.constantFrom("cat", "list"),
    path,
    fc.tuple(fc.constantFrom(...TAG_PREFIXES).map(quote), path).map((parts) => parts.join(" + ")),
  );
  const points = fc.oneof(
    fc.constant(""),
    fc.constantFrom(...POINTS).map((text) => ` ${text}`),
  );
  return fc
    .tuple(name, points, event, forSome(words.features))
    .map(([tag, n, selector, rest]) => `tag ${tag}${n} on ${selector}${rest}`);
}

function forSome(features: Features): Text {
  const none = fc.constant("");
  return features.has("for")
    ? fc.oneof(
        none,
        duration().map((length) => ` for ${length}`),
      )
    : none;
}
