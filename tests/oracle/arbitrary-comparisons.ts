/** Right sides of tests, as texts, by the type that they are meant for. */
import fc from "fast-check";
import * as vocabulary from "./vocabulary.ts";

export type Text = fc.Arbitrary<string>;

/** What may be said about a text, a number and so on, after the operand. */
export interface Comparisons {
  readonly text: Text;
  readonly number: Text;
  readonly truth: Text;
  /** `contains` with what elements of lists are. */
  readonly list: Text;
  /** Comparisons with dates. */
  readonly date: Text;
  /** `within` and `more than … ago`. */
  readonly age: Text;
  readonly set: Text;
  /** Any of the above but for the age: what a filter takes. */
  readonly any: Text;
  /** A date as a model writes it, now and then the very beginning. */
  readonly aDate: Text;
}

export function comparisonsAround(beginning: number): Comparisons {
  const { bare, exact } = vocabulary.datesAround(beginning);
  const aText = fc.constantFrom(...vocabulary.TEXTS).map(quote);
  const aDate = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...bare) },
    { weight: 4, arbitrary: fc.constantFrom(...exact) },
    { weight: 2, arbitrary: fc.constant(new Date(beginning).toISOString()) },
  );
  const aLiteral = fc.oneof(aText, numeral(), fc.constantFrom("true", "false"), aDate);
  const set = fc.constantFrom("is set", "is not set");
  const not = fc.constantFrom("", "not ");
  const folding = fc.constantFrom("", " ignoring case");
  const among = (values: Text): Text =>
    fc.tuple(not, fc.array(values, { minLength: 1, maxLength: 3 })).map(([no, all]) => `${no}in (${all.join(", ")})`);
  const between = (values: Text, sortedAs: (value: string) => number | string): Text =>
    fc.tuple(not, values, values).map(([no, a, b]) => {
      const [low, high] = sortedAs(a) <= sortedAs(b) ? [a, b] : [b, a];
      return `${no}between ${low} and ${high}`;
    });

  const operator = fc.constantFrom("contains", "starts with", "ends with");
  const pattern = fc.constantFrom(...vocabulary.PATTERNS).map(quote);
  const text = fc.oneof(
    { weight: 3, arbitrary: fc.tuple(order(), aText).map(spaced) },
    { weight: 1, arbitrary: among(aText) },
    { weight: 1, arbitrary: between(aText, (value) => value) },
    { weight: 4, arbitrary: fc.tuple(not, operator, fc.constant(" "), aText, folding).map((parts) => parts.join("")) },
    { weight: 1, arbitrary: fc.tuple(not, fc.constant("matches "), pattern, folding).map((parts) => parts.join("")) },
    { weight: 1, arbitrary: set },
  );
  const number = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(order(), threshold()).map(spaced) },
    { weight: 1, arbitrary: between(numeral(), Number) },
    { weight: 1, arbitrary: among(numeral()) },
    { weight: 1, arbitrary: set },
  );
  const date = fc.oneof(
    { weight: 3, arbitrary: fc.tuple(order(), aDate).map(spaced) },
    { weight: 1, arbitrary: between(fc.constantFrom(...bare), (value) => value) },
    { weight: 1, arbitrary: among(aDate) },
    { weight: 1, arbitrary: set },
  );
  const truth = fc.tuple(fc.constantFrom("=", "!="), fc.constantFrom("true", "false")).map(spaced);
  return {
    list: fc.tuple(not, fc.constant("contains "), aText, folding).map((parts) => parts.join("")),
    text,
    number,
    truth,
    date,
    age: fc.tuple(fc.constantFrom("within $", "more than $ ago"), duration()).map(([how, ms]) => how.replace("$", ms)),
    set,
    any: fc.oneof(text, number, date, truth, among(aLiteral)),
    aDate,
  };
}

export function order(): Text {
  return fc.constantFrom("=", "!=", "<", "<=", ">", ">=");
}

export function duration(): Text {
  return fc.constantFrom(...vocabulary.DURATIONS.map(({ text }) => text));
}

export function numeral(): Text {
  return fc.constantFrom(...vocabulary.NUMBERS.map(String));
}

/** A number that counts and points come near to. */
export function threshold(): Text {
  return fc.oneof({ weight: 3, arbitrary: fc.constantFrom("0", "1", "2", "3") }, { weight: 1, arbitrary: numeral() });
}

/** The parts joined with and without parentheses, by `and` and `or`. */
export function joined(part: Text): Text {
  const rest = fc.array(fc.tuple(fc.constantFrom("and", "or"), part), { minLength: 1, maxLength: 2 });
  return fc.tuple(part, rest).map(([first, more]) => [first, ...more.flat()].join(" "));
}

export function quote(text: string): string {
  return JSON.stringify(text);
}

export function spaced(parts: readonly string[]): string {
  return parts.join(" ");
}
