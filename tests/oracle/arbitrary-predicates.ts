/**
 * Random predicates and operands, as texts. References to segments, stages and values are numbers in brackets, which
 * get their names when a whole model is put together.
 */
import fc from "fast-check";
import {
  type Comparisons,
  comparisonsAround,
  joined,
  numeral,
  order,
  quote,
  spaced,
  type Text,
  threshold,
} from "./arbitrary-comparisons.ts";
import { type Selectors, selectorsFor } from "./arbitrary-selectors.ts";
import type { Features } from "./case.ts";
import { TAG_NAMES, TRAIT_PATHS } from "./vocabulary.ts";

/** What a predicate may refer to, besides events and traits. */
export interface Scope {
  /** The score, and values, which may be made of it. */
  readonly score: boolean;
  readonly stage: boolean;
  readonly segments: boolean;
}

export interface Words {
  readonly features: Features;
  readonly comparisons: Comparisons;
  readonly selectors: Selectors;
  readonly count: Text;
  /** Facts that are numbers, but for the score. */
  readonly numericFact: Text;
  /** Facts that are moments. */
  readonly momentFact: Text;
  /** Facts that may be worth anything. */
  readonly unknownFact: Text;
  /** Tests of such facts, mostly of the type that they mostly are. */
  readonly unknownTest: Text;
  readonly arithmetic: Text;
}

export function wordsFor(features: Features, beginning: number): Words {
  const comparisons = comparisonsAround(beginning);
  const selectors = selectorsFor(features, comparisons);
  const call = (names: readonly string[], selector: Text): Text =>
    fc.tuple(fc.constantFrom(...names), selector).map(([name, each]) => `${name}(${each})`);
  const trait = (path: string): Text => fc.constant(`trait.${path}`);

  const count = call(["count"], selectors.plain);
  const numericFacts = [count, count, call(["tag"], fc.constantFrom(...TAG_NAMES).map(quote))];
  if (features.has("numeric aggregates")) {
    const numbers = fc.oneof({ weight: 3, arbitrary: selectors.number }, { weight: 1, arbitrary: selectors.any });
    numericFacts.push(call(["sum", "avg", "min", "max"], numbers), call(["sum", "avg"], numbers));
  }
  if (features.has("distinct")) numericFacts.push(call(["distinct"], selectors.any));
  if (features.has("percent")) numericFacts.push(fc.constantFrom('percent("a")', 'percent("b")'));
  const numericFact = fc.oneof(...numericFacts);

  const ofOne = ["first", "last", ...(features.has("most") ? ["most", "most"] : [])];
  const unknownFact = fc.oneof(fc.constantFrom(...TRAIT_PATHS).chain(trait), call(ofOne, selectors.any));
  const moment = fc.oneof(comparisons.date, comparisons.age);
  const unknownTest = fc
    .oneof(
      { weight: 3, arbitrary: fc.tuple(fc.oneof(trait("plan"), call(ofOne, selectors.text)), comparisons.text) },
      { weight: 3, arbitrary: fc.tuple(fc.oneof(trait("age"), call(ofOne, selectors.number)), comparisons.number) },
      { weight: 3, arbitrary: fc.tuple(fc.oneof(trait("since"), call(ofOne, selectors.moment)), moment) },
      { weight: 2, arbitrary: fc.tuple(unknownFact, fc.oneof(comparisons.any, comparisons.age)) },
    )
    .map(spaced);

  const term = fc.oneof(numeral(), numericFact, trait("age"), call(["last"], selectors.number));
  const operator = fc.constantFrom("+", "-", "*", "/");
  const flat = fc
    .tuple(term, fc.array(fc.tuple(operator, term), { minLength: 1, maxLength: 2 }))
    .map(([first, rest]) => [first, ...rest.flat()].join(" "));
  const nested = fc.tuple(flat, operator, flat).map(([a, sign, b]) => `(${a}) ${sign} (${b})`);
  return {
    features,
    comparisons,
    selectors,
    count,
    numericFact,
    momentFact: fc.oneof(fc.constantFrom("first_seen", "last_seen"), call(["first", "last"], selectors.plain)),
    unknownFact,
    unknownTest,
    arithmetic: features.has("arithmetic") ? fc.oneof(flat, nested) : numericFact,
  };
}

/** Predicates of one or a few tests, joined with and without parentheses. */
export function predicates(scope: Scope, words: Words): Text {
  const test = tests(scope, words);
  const inParentheses = joined(test).map((text) => `(${text})`);
  // A failing case is tried with the first, simplest form as well.
  const simplest = { withCrossShrink: true };
  const negation = fc.oneof(
    simplest,
    { weight: 8, arbitrary: test },
    { weight: 2, arbitrary: inParentheses },
    { weight: 2, arbitrary: test.map((text) => `not ${text}`) },
    { weight: 1, arbitrary: inParentheses.map((text) => `not not ${text}`) },
  );
  return fc.oneof(simplest, { weight: 3, arbitrary: negation }, { weight: 1, arbitrary: joined(negation) });
}

function tests(scope: Scope, words: Words): Text {
  const { features, comparisons, selectors, count, momentFact, unknownFact } = words;
  const reference = fc.nat({ max: 9 });
  const numeric = scope.score ? fc.oneof(words.numericFact, fc.constant("score")) : words.numericFact;
  const aboutMoment = fc.oneof({ weight: 3, arbitrary: comparisons.age }, { weight: 2, arbitrary: comparisons.date });
  const all: fc.WeightedArbitrary<string>[] = [
    { weight: 6, arbitrary: selectors.plain.map((selector) => `did(${selector})`) },
    { weight: 9, arbitrary: fc.tuple(numeric, order(), threshold()).map(spaced) },
    { weight: 2, arbitrary: fc.tuple(numeric, order(), numeric).map(spaced) },
    { weight: 1, arbitrary: fc.tuple(threshold(), order(), count).map(spaced) },
    { weight: 6, arbitrary: fc.tuple(momentFact, aboutMoment).map(spaced) },
    { weight: 8, arbitrary: words.unknownTest },
    { weight: 2, arbitrary: fc.tuple(unknownFact, order(), fc.oneof(unknownFact, momentFact, count)).map(spaced) },
    { weight: 2, arbitrary: fc.constantFrom(...TAG_NAMES).map((name) => `has tag ${quote(name)}`) },
    { weight: 2, arbitrary: comparisons.text.map((about) => `top_tag ${about}`) },
    { weight: 1, arbitrary: fc.constant("known") },
  ];
  if (scope.segments) all.push({ weight: 3, arbitrary: reference.map((n) => `[segment ${n}]`) });
  if (scope.stage) all.push({ weight: 4, arbitrary: fc.tuple(aboutStage(), reference).map(atStage) });
  if (features.has("anniversary")) {
    const subject = fc.oneof(fc.constant("trait.since"), unknownFact, momentFact);
    const about = fc.constantFrom("= 0", "< 2", "<= 7", "> 300", "is set");
    all.push({
      weight: 3,
      arbitrary: fc.tuple(subject, about).map(([x, rest]) => `days_to_anniversary(${x}) ${rest}`),
    });
  }
  if (features.has("arithmetic")) {
    all.push({ weight: 3, arbitrary: fc.tuple(words.arithmetic, order(), threshold()).map(spaced) });
  }
  if (features.has("values") && scope.score) {
    all.push({
      weight: 3,
      arbitrary: fc
        .tuple(
          reference.map((n) => `[value ${n}]`),
          comparisons.number,
        )
        .map(spaced),
    });
  }
  return fc.oneof(...all);
}

/** `$` stands for a stage. */
function aboutStage(): Text {
  const comparison = order().map((operator) => `${operator} $`);
  return fc.oneof(comparison, fc.constantFrom("in ($)", "not in ($)", "is set", "is not set"));
}

function atStage([about, n]: [string, number]): string {
  return `[stage ${n}: ${about}]`;
}
