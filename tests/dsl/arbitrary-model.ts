/**
 * Arbitrary syntax trees of the whole grammar: everything that can be written, whether or not it would pass the
 * checker. All places are the same, so trees are compared without them.
 */
import fc from "fast-check";
import type {
  Action,
  Comparison,
  ComparisonOf,
  DateLiteral,
  Declaration,
  Duration,
  DurationUnit,
  EventPath,
  EventSelector,
  Fact,
  Filter,
  Literal,
  Model,
  Name,
  Operand,
  Path,
  Pos,
  Predicate,
  ScoreDecl,
  Selector,
  SignedNumber,
  TagName,
  Test,
  Trigger,
  Unless,
  Window,
} from "../../dsl/ast.ts";
import { UNIT_MS } from "../../dsl/parse-atoms.ts";

export const NOWHERE: Pos = { line: 1, column: 1, length: 1 };
const pos = fc.constant(NOWHERE);

/** Texts with what is likely to go wrong in them: quotes, escapes, line ends, signs outside of the first plane. */
const text: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("Order Completed", "jackets", "", " ", 'a "b"', "back\\slash", "line\nline", "# no comment"),
  fc.constantFrom("`", "segment", "😀", "ü", "\u0000\r\t", "\u2028", "a{3,}", "\\u0041"),
  fc.string({ unit: "binary", maxLength: 8 }),
);
export const arbitraryName: fc.Arbitrary<Name> = fc.record({ text, pos });

const partName = fc.oneof(
  fc.constantFrom("x", "category", "first-name", "event", "not", "on", "in", "context", "true", "last", "città", "_"),
  fc.constantFrom("for", "where", "`", "a.b", "0", "a b", "segment", "and", "within"),
  text.filter((name) => name !== ""),
);

function pathWith(each: fc.Arbitrary<boolean>): fc.Arbitrary<Path> {
  return fc.record({ parts: fc.array(fc.record({ name: partName, each }), { minLength: 1, maxLength: 4 }), pos });
}
const plainPath = pathWith(fc.constant(false));
const eventPath = pathWith(fc.boolean());

/** What can be written exactly: no infinities, no negative zero. */
const size = fc.oneof(
  fc.nat(10),
  fc.nat(),
  fc.constantFrom(0.1, 0.3, 1e-7, 1.5e-9, 5e-324, Number.MAX_SAFE_INTEGER, 123456789.125),
  fc.double({ min: 0, max: Number.MAX_SAFE_INTEGER, noNaN: true }).map((n) => n + 0),
);
const number = fc.tuple(size, fc.boolean()).map(([n, negative]) => (negative && n !== 0 ? -n : n === 0 ? 0 : n));
const signed: fc.Arbitrary<SignedNumber> = fc.record({ value: number, pos });

export const arbitraryDuration: fc.Arbitrary<Duration> = fc
  .tuple(fc.oneof(fc.nat(3), fc.nat(1_000_000)), fc.constantFrom(...(Object.keys(UNIT_MS) as DurationUnit[])))
  .map(([amount, unit]) => ({ amount, unit, ms: amount * UNIT_MS[unit], pos: NOWHERE }));

const date: fc.Arbitrary<DateLiteral> = fc
  .constantFrom("2026-01-31", "0000-02-29", "9999-12-31T23:59", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00.5+02:00")
  .map((written) => ({
    kind: "date",
    text: written,
    wholeDay: written.length === 10,
    zoned: /Z|[+-]\d\d:\d\d$/.test(written.slice(10)),
    pos: NOWHERE,
  }));

const literal: fc.Arbitrary<Literal> = fc.oneof(
  fc.record({ kind: fc.constant("string" as const), value: text, pos }),
  fc.record({ kind: fc.constant("number" as const), value: number, pos }),
  fc.record({ kind: fc.constant("boolean" as const), value: fc.boolean(), pos }),
  date,
);

function comparisonWith<R>(right: fc.Arbitrary<R>): fc.Arbitrary<ComparisonOf<R>> {
  const not = fc.boolean();
  return fc.oneof(
    fc.record({
      kind: fc.constant("binary" as const),
      operator: fc.constantFrom("=" as const, "!=" as const, "<" as const, "<=" as const, ">" as const, ">=" as const),
      right,
      pos,
    }),
    fc.record({
      kind: fc.constant("in" as const),
      not,
      values: fc.array(literal, { minLength: 1, maxLength: 3 }),
      pos,
    }),
    fc.record({ kind: fc.constant("between" as const), not, low: literal, high: literal, pos }),
    fc.record({
      kind: fc.constant("string" as const),
      operator: fc.constantFrom("contains" as const, "starts with" as const, "ends with" as const, "matches" as const),
      not,
      text: arbitraryName,
      ignoringCase: fc.boolean(),
      pos,
    }),
    fc.record({ kind: fc.constant("set" as const), not, pos }),
  );
}

const filterRight: fc.Arbitrary<Literal | EventPath> = fc.oneof(
  literal,
  fc.record({ kind: fc.constant("event path" as const), path: eventPath, pos }),
);

export const arbitraryFilter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter; compare: Filter }>((tie) => ({
  compare: fc.record({
    kind: fc.constant("compare" as const),
    left: eventPath,
    comparison: comparisonWith(filterRight),
    pos,
  }),
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie("compare"),
    fc.record({
      kind: fc.constantFrom("and" as const, "or" as const),
      parts: fc.array(tie("filter"), { minLength: 2, maxLength: 3 }),
      pos,
    }),
    fc.record({ kind: fc.constant("not" as const), part: tie("filter"), pos }),
  ),
})).filter;

const where = fc.option(arbitraryFilter, { freq: 2 });

export const arbitraryEvent: fc.Arbitrary<EventSelector> = fc.oneof(
  fc.record({ kind: fc.constant("track" as const), name: arbitraryName, where, pos }),
  fc.record({ kind: fc.constantFrom("page" as const, "screen" as const), name: fc.option(arbitraryName), where, pos }),
  fc.record({ kind: fc.constantFrom("identify" as const, "any" as const), name: fc.constant(null), where, pos }),
);

const window: fc.Arbitrary<Window> = fc.oneof(
  fc.record({ kind: fc.constant("last" as const), duration: arbitraryDuration, pos }),
  fc.record({ kind: fc.constant("ago" as const), from: arbitraryDuration, to: arbitraryDuration, pos }),
  fc.record({ kind: fc.constant("since" as const), date, pos }),
  fc.record({
    kind: fc.constantFrom("today" as const, "week" as const, "month" as const, "year" as const),
    pos,
  }),
);

export const arbitrarySelector: fc.Arbitrary<Selector> = fc.record({
  event: arbitraryEvent,
  path: fc.option(eventPath),
  window: fc.option(window),
  pos,
});

const optionalDuration = fc.option(arbitraryDuration);

type Trees = {
  operand: Operand;
  fact: Fact;
  predicate: Predicate;
  test: Test;
  comparison: Comparison;
};

const trees = fc.letrec<Trees>((tie) => ({
  fact: fc.oneof(
    { maxDepth: 3 },
    fc.record({
      kind: fc.constantFrom(
        "score" as const,
        "stage" as const,
        "top_tag" as const,
        "first_seen" as const,
        "last_seen" as const,
      ),
      pos,
    }),
    fc.record({ kind: fc.constantFrom("trait" as const, "company" as const), path: plainPath, pos }),
    fc.record({ kind: fc.constantFrom("value" as const), name: arbitraryName, pos }),
    fc.record({ kind: fc.constantFrom("tag" as const), name: arbitraryName, pos }),
    fc.record({ kind: fc.constant("percent" as const), salt: arbitraryName, pos }),
    fc.record({
      kind: fc.constant("rfm" as const),
      part: fc.constantFrom("recency" as const, "frequency" as const, "monetary" as const),
      pos,
    }),
    fc.record({
      kind: fc.constant("aggregate" as const),
      function: fc.constantFrom(
        "count" as const,
        "sum" as const,
        "avg" as const,
        "min" as const,
        "max" as const,
        "distinct" as const,
        "first" as const,
        "last" as const,
        "most" as const,
      ),
      selector: arbitrarySelector,
      pos,
    }),
    fc.record({ kind: fc.constant("days_to_anniversary" as const), operand: tie("operand"), pos }),
  ),
  operand: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    literal,
    tie("fact"),
    fc.record({
      kind: fc.constant("binary" as const),
      operator: fc.constantFrom("+" as const, "-" as const, "*" as const, "/" as const),
      left: tie("operand"),
      right: tie("operand"),
      pos,
    }),
  ),
  comparison: fc.oneof(
    comparisonWith(tie("operand")),
    fc.record({
      kind: fc.constantFrom("within" as const, "more than ago" as const),
      duration: arbitraryDuration,
      pos,
    }),
  ),
  test: fc.oneof(
    fc.record({ kind: fc.constant("known" as const), pos }),
    fc.record({ kind: fc.constant("in segment" as const), segment: arbitraryName, pos }),
    fc.record({ kind: fc.constant("has tag" as const), tag: arbitraryName, pos }),
    fc.record({ kind: fc.constant("did" as const), selector: arbitrarySelector, pos }),
    fc.record({
      kind: fc.constant("sequence" as const),
      events: fc.array(arbitraryEvent, { minLength: 2, maxLength: 3 }),
      within: arbitraryDuration,
      last: optionalDuration,
      pos,
    }),
    fc.record({
      kind: fc.constant("abandoned" as const),
      event: arbitraryEvent,
      without: arbitraryEvent,
      for: arbitraryDuration,
      last: optionalDuration,
      pos,
    }),
    fc.record({ kind: fc.constant("compare" as const), left: tie("operand"), comparison: tie("comparison"), pos }),
  ),
  predicate: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie("test"),
    fc.record({
      kind: fc.constantFrom("and" as const, "or" as const),
      parts: fc.array(tie("predicate"), { minLength: 2, maxLength: 3 }),
      pos,
    }),
    fc.record({ kind: fc.constant("not" as const), part: tie("predicate"), pos }),
  ),
}));

export const arbitraryPredicate: fc.Arbitrary<Predicate> = trees.predicate;
export const arbitraryOperand: fc.Arbitrary<Operand> = trees.operand;

const tagName: fc.Arbitrary<TagName> = fc.oneof(
  fc.record({ prefix: arbitraryName, path: fc.option(eventPath), pos }),
  fc.record({ prefix: fc.constant(null), path: eventPath, pos }),
);

const unless: fc.Arbitrary<Unless> = fc.record({
  event: arbitraryEvent,
  within: arbitraryDuration,
  matching: fc.option(plainPath),
  pos,
});

const score: fc.Arbitrary<ScoreDecl> = fc.record({
  kind: fc.constant("score" as const),
  points: signed,
  rule: fc.oneof(
    fc.record({
      kind: fc.constant("on" as const),
      event: arbitraryEvent,
      unless: fc.option(unless),
      for: optionalDuration,
    }),
    fc.record({ kind: fc.constant("while" as const), predicate: arbitraryPredicate }),
  ),
  pos,
});

const trigger: fc.Arbitrary<Trigger> = fc.oneof(
  fc.record({ kind: fc.constantFrom("enter" as const, "leave" as const), segment: arbitraryName, pos }),
  fc.record({ kind: fc.constant("score reaches" as const), score: size.map((n) => (n === 0 ? 0 : n)), pos }),
  fc.record({ kind: fc.constant("event" as const), event: arbitraryEvent, pos }),
);

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constantFrom(
      "webhook" as const,
      "untag" as const,
      "stage" as const,
      "add to" as const,
      "remove from" as const,
    ),
    name: arbitraryName,
    pos,
  }),
  fc.record({ kind: fc.constant("tag" as const), name: arbitraryName, points: fc.option(signed), pos }),
  fc.record({ kind: fc.constant("score" as const), points: signed, pos }),
);

export const arbitraryDeclaration: fc.Arbitrary<Declaration> = fc.oneof(
  fc.record({ kind: fc.constant("timezone" as const), name: arbitraryName, pos }),
  fc.record({ kind: fc.constant("rfm" as const), selector: arbitrarySelector, pos }),
  score,
  fc.record({
    kind: fc.constant("tag" as const),
    name: tagName,
    points: fc.option(signed),
    event: arbitraryEvent,
    for: optionalDuration,
    pos,
  }),
  fc.record({
    kind: fc.constant("stages" as const),
    names: fc.array(arbitraryName, { minLength: 1, maxLength: 3 }),
    pos,
  }),
  fc.record({ kind: fc.constant("stage" as const), name: arbitraryName, when: arbitraryPredicate, pos }),
  fc.record({ kind: fc.constant("segment" as const), name: arbitraryName, predicate: arbitraryPredicate, pos }),
  fc.record({
    kind: fc.constant("static segment" as const),
    name: arbitraryName,
    predicate: fc.option(arbitraryPredicate),
    pos,
  }),
  fc.record({ kind: fc.constant("value" as const), name: arbitraryName, operand: arbitraryOperand, pos }),
  fc.record({ kind: fc.constant("webhook" as const), name: arbitraryName, url: arbitraryName, pos }),
  fc.record({
    kind: fc.constant("automation" as const),
    trigger,
    if: fc.option(arbitraryPredicate),
    once: fc.option(fc.record({ per: optionalDuration })),
    actions: fc.array(action, { minLength: 1, maxLength: 3 }),
    pos,
  }),
);

export const arbitraryModel: fc.Arbitrary<Model> = fc.record({
  declarations: fc.array(arbitraryDeclaration, { maxLength: 6 }),
});
