/** Random selectors, as texts: which calls, a path, a filter, a window. */
import fc from "fast-check";
import { type Comparisons, duration, joined, order, quote, spaced, type Text } from "./arbitrary-comparisons.ts";
import { eventName } from "./arbitrary-history.ts";
import type { Features } from "./case.ts";
import * as vocabulary from "./vocabulary.ts";
import { DURATIONS, PAGE_NAMES } from "./vocabulary.ts";

export interface Selectors {
  /** A path into an event. */
  readonly path: Text;
  /** `"A" where …`, as in rules. */
  readonly event: Text;
  /** `"A" where … in last …`, as in count and did. */
  readonly plain: Text;
  /** The same with a path whose values are mostly of that type. */
  readonly text: Text;
  readonly number: Text;
  readonly moment: Text;
  readonly any: Text;
}

export function selectorsFor(features: Features, comparisons: Comparisons): Selectors {
  const path = fc.constantFrom(
    ...vocabulary.PROPERTY_PATHS,
    ...vocabulary.CONTEXT_PATHS,
    ...(features.has("each") ? vocabulary.EACH_PATHS : []),
  );
  const textPath = fc.constantFrom("cat", "cat", "`first-name`", "context.cat");
  // Now and then a comparison that makes no sense for what the property mostly is.
  const comparison = fc.oneof(
    { weight: 5, arbitrary: fc.tuple(textPath, comparisons.text) },
    { weight: 4, arbitrary: fc.tuple(fc.constant("price"), comparisons.number) },
    { weight: 3, arbitrary: fc.tuple(fc.constant("when"), comparisons.date) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom("list", "box.list"), comparisons.list) },
    { weight: 1, arbitrary: fc.tuple(path, comparisons.set) },
    { weight: features.has("each") ? 8 : 3, arbitrary: fc.tuple(path, comparisons.any) },
  );
  const single = fc.oneof(
    { weight: 6, arbitrary: comparison.map(spaced) },
    { weight: 1, arbitrary: fc.tuple(path, order(), path).map(([a, sign, b]) => `${a} ${sign} event.${b}`) },
  );
  const filter = fc.oneof(
    { weight: 6, arbitrary: single },
    { weight: 1, arbitrary: single.map((text) => `not ${text}`) },
    { weight: 1, arbitrary: joined(single).map((text) => `not (${text})`) },
    { weight: 1, arbitrary: joined(single) },
  );
  const where = fc.oneof(
    { weight: 3, arbitrary: fc.constant("") },
    { weight: 2, arbitrary: filter.map((text) => ` where ${text}`) },
  );
  const window = windows(features, comparisons.aDate);
  const at = (paths: Text): Text =>
    fc
      .tuple(
        calls(),
        paths.map((each) => `.${each}`),
        where,
        window,
      )
      .map((parts) => parts.join(""));
  return {
    path,
    event: fc.tuple(calls(), where).map((parts) => parts.join("")),
    plain: fc.tuple(calls(), where, window).map((parts) => parts.join("")),
    text: at(textPath),
    number: at(fc.constant("price")),
    moment: at(fc.constant("when")),
    any: at(path),
  };
}

function calls(): Text {
  return fc.oneof(
    { weight: 8, arbitrary: eventName().map(quote) },
    { weight: 3, arbitrary: fc.constant("any") },
    { weight: 2, arbitrary: fc.constantFrom("page", "screen", "identify") },
    { weight: 1, arbitrary: fc.constantFrom(...PAGE_NAMES).map((name) => `page ${quote(name)}`) },
    { weight: 1, arbitrary: fc.constantFrom(...PAGE_NAMES).map((name) => `screen ${quote(name)}`) },
  );
}

function windows(features: Features, date: Text): Text {
  const lengths = DURATIONS.map(({ text }) => text);
  const ranges = lengths.flatMap((from, index) => ["0 days", ...lengths.slice(0, index)].map((to) => ({ from, to })));
  const all: fc.WeightedArbitrary<string>[] = [
    { weight: 3, arbitrary: fc.constant("") },
    { weight: 4, arbitrary: duration().map((length) => ` in last ${length}`) },
    { weight: 2, arbitrary: fc.constantFrom(...ranges).map(({ from, to }) => ` from ${from} to ${to} ago`) },
    { weight: 1, arbitrary: date.map((text) => ` since ${text}`) },
  ];
  if (features.has("calendar windows")) {
    all.push({ weight: 3, arbitrary: fc.constantFrom(" today", " this week", " this month", " this year") });
  }
  return fc.oneof(...all);
}
