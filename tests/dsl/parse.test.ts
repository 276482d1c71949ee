import { describe, expect, test } from "vitest";
import type { Predicate } from "../../dsl/ast.ts";
import { formatDiagnostic } from "../../dsl/diagnostic.ts";
import { parseModel, parsePredicate } from "../../dsl/parse.ts";
import { GLANCE, REST } from "./glance.ts";
import { told } from "./told.ts";
import { withoutPos } from "./without-pos.ts";

/** A text that is no model, and all that is said about it. */
type Row = [source: string, says: string[]];

const WRONG: Row[] = [
  [
    `segment "a" =\nsegment "b" = known`,
    [
      "1:14+1 expected a condition, found the next declaration",
      'hint: "segment" at the beginning of line 2 starts a new declaration; indent it if it belongs here',
    ],
  ],
  [
    `segment "a" = known and\nsegment "b" = known`,
    [
      "1:24+1 expected a condition, found the next declaration",
      'hint: "segment" at the beginning of line 2 starts a new declaration; indent it if it belongs here',
    ],
  ],
  [
    `tag "x"\non "A"`,
    [
      '1:8+1 expected "on" and an event, found the next declaration',
      'hint: "on" at the beginning of line 2 starts a new declaration; indent it if it belongs here',
      '2:7+1 expected "do" and an action, found the end',
    ],
  ],
  ["segment", ["1:8+1 expected the name of a segment in double quotes, found the end"]],
  ['segment "a"', ['1:12+1 expected "=" after the name of the segment, found the end']],
  ['segment "a" known', ['1:13+5 expected "=" after the name of the segment, found "known"']],
  [
    "segment a = known",
    [
      '1:9+1 expected the name of a segment in double quotes, found "a"',
      'hint: names are written in double quotes: "a"',
    ],
  ],
  [
    'segmnt "a" = known',
    ['1:1+6 expected a declaration (such as score, tag or segment), found "segmnt"', 'hint: did you mean "segment"?'],
  ],
  [
    'Segment "a" = known',
    [
      '1:1+7 expected a declaration (such as score, tag or segment), found "Segment"',
      'hint: did you mean "segment"? (keywords are lower case)',
    ],
  ],
  ['"a" = known', ['1:1+3 expected a declaration (such as score, tag or segment), found the text "a"']],
  [
    'segment "a" = known AND known',
    ['1:21+3 expected the end of the declaration, found "AND"', 'hint: did you mean "and"? (keywords are lower case)'],
  ],
  ['segment "a" = known known', ['1:21+5 expected the end of the declaration, found "known"']],
  [
    'segment "a" = foo > 3',
    ['1:15+3 expected a condition, found "foo"', 'hint: a trait is written trait.foo, a text in double quotes: "foo"'],
  ],
  ['segment "a" = cuont("A") > 3', ['1:15+5 expected a condition, found "cuont"', 'hint: did you mean "count"?']],
  ['segment "a" = score', ["1:20+1 expected a comparison, found the end"]],
  [
    'segment "a" = score is 5',
    ['1:24+1 expected "set" after "is", found the number 5', 'hint: write "=" instead of "is"'],
  ],
  ['segment "a" = score equals 5', ['1:21+6 expected a comparison, found "equals"', 'hint: write "="']],
  ['segment "a" = score > ', ["1:22+1 expected a value, found the end"]],
  [
    'segment "a" = score > foo',
    ['1:23+3 expected a value, found "foo"', 'hint: a trait is written trait.foo, a text in double quotes: "foo"'],
  ],
  ['segment "a" = (score + 1)', ["1:26+1 expected a comparison, found the end"]],
  ['segment "a" = (score > 1', ['1:25+1 expected ")", found the end']],
  ['segment "a" = (score + 1 and known)', ['1:26+3 expected a comparison, found "and"']],
  ['segment "a" = known + 1 > 2', ['1:21+1 expected the end of the declaration, found "+"']],
  ['segment "a" = (known) + 1 > 2', ['1:23+1 expected the end of the declaration, found "+"']],
  ['segment "a" = score = 1 = 2', ['1:25+1 expected the end of the declaration, found "="']],
  ['segment "a" = trait = 1', ['1:21+1 expected "." and a name after "trait", found "="']],
  [
    'segment "a" = trait."x" = 1',
    ['1:21+3 expected the name of a trait, found the text "x"', "hint: a path is written without quotes: x"],
  ],
  [
    'segment "a" = trait."first name" = 1',
    [
      '1:21+12 expected the name of a trait, found the text "first name"',
      "hint: a path stands in back-quotes where it needs any: `first name`",
    ],
  ],
  [
    'segment "a" = trait.first-name = 1',
    ['1:27+4 expected a value, found "name"', 'hint: a name with "-" in a path is back-quoted: `first-name`'],
  ],
  ['segment "a" = trait.x[ = 1', ['1:24+1 expected "]" after "[", found "="']],
  ['segment "a" = trait.x in "a"', ['1:26+3 expected "(" after "in", found the text "a"']],
  ['segment "a" = trait.x in ("a" "b")', ['1:31+3 expected ")" or "," in the list, found the text "b"']],
  [
    'segment "a" = trait.x in (score)',
    ['1:27+5 expected a value, found "score"', 'hint: a text is written in double quotes: "score"'],
  ],
  ['segment "a" = trait.x between 1 or 2', ['1:33+2 expected "and" between the two ends of "between", found "or"']],
  [
    'segment "a" = trait.x contains 5',
    ['1:32+1 expected a text in double quotes after "contains", found the number 5'],
  ],
  ['segment "a" = trait.x starts "a"', ['1:30+3 expected "with" after "starts", found the text "a"']],
  ['segment "a" = trait.x contains "a" ignoring', ['1:44+1 expected "case" after "ignoring", found the end']],
  [
    'segment "a" = trait.x not = 5',
    ['1:27+1 expected in, between, contains, starts, ends or matches after "not", found "="'],
  ],
  ['segment "a" = in "b"', ['1:18+3 expected "segment" after "in", found the text "b"', 'hint: write in segment "b"']],
  [
    'segment "a" = in segment b',
    [
      '1:26+1 expected the name of a segment in double quotes, found "b"',
      'hint: names are written in double quotes: "b"',
    ],
  ],
  ['segment "a" = has "x"', ['1:19+3 expected "tag" after "has", found the text "x"', 'hint: write has tag "x"']],
  ['segment "a" = did "A"', ['1:19+3 expected "(" after "did", found the text "A"', 'hint: write did("A")']],
  [
    'segment "a" = did(Order)',
    [
      '1:19+5 expected an event (its name in double quotes, page, screen, identify or any), found "Order"',
      'hint: the name of an event is written in double quotes: "Order"',
    ],
  ],
  ['segment "a" = did("A"', ['1:22+1 expected ")" to close "did(", found the end']],
  [
    'segment "a" = did("A", "B")',
    [
      '1:22+1 expected ")" to close "did(", found ","',
      'hint: one event stands here: join two with did("A") or did("B"), or with count("A") + count("B")',
    ],
  ],
  ['segment "a" = did("A" in 3 days)', ['1:26+1 expected "last" after "in", found the number 3']],
  [
    'segment "a" = did("A" in last 3)',
    ['1:32+1 expected seconds, minutes, hours, days, weeks, months or years, found ")"'],
  ],
  [
    'segment "a" = did("A" in last 3 dayz)',
    [
      '1:33+4 expected seconds, minutes, hours, days, weeks, months or years, found "dayz"',
      'hint: did you mean "days"?',
    ],
  ],
  [
    'segment "a" = did("A" in last 1.5 days)',
    ["1:31+3 expected a whole number, found 1.5", "hint: choose a smaller unit"],
  ],
  [
    'segment "a" = did("A" in last month)',
    [
      '1:31+5 expected a duration, found "month"',
      'hint: write "in last 1 month", or "this month" for that of the calendar',
    ],
  ],
  [
    'segment "a" = did("A" this day)',
    ['1:28+3 expected week, month or year after "this", found "day"', 'hint: write "today"'],
  ],
  [
    'segment "a" = did("A" since "2026-01-31")',
    ['1:29+12 expected a date, found the text "2026-01-31"', "hint: a date is written without quotes: 2026-01-31"],
  ],
  ['segment "a" = did("A" since yesterday)', ['1:29+9 expected a date, found "yesterday"', "hint: such as 2026-01-31"]],
  ['segment "a" = did("A" from 3 days ago)', ['1:35+3 expected "to" and a second duration after "from", found "ago"']],
  ['segment "a" = did("A" then "B")', ['1:31+1 expected "within" and a duration after the last event, found ")"']],
  [
    'segment "a" = did("A" in last 3 days then "B" within 1 day)',
    [
      "1:23+14 the events of a sequence have no window of their own",
      "hint: the window of a sequence comes last: did(… then … within 3 days in last 30 days)",
    ],
  ],
  ['segment "a" = did("A".x then "B" within 1 day)', ["1:23+1 the events of a sequence have no path"]],
  ['segment "a" = abandoned("A" for 3 days)', ['1:29+3 expected "without" and a second event, found "for"']],
  [
    'segment "a" = did("A" where category = coats)',
    [
      '1:40+5 expected a value, found "coats"',
      'hint: a text is written in double quotes: "coats"; another property is event.coats',
    ],
  ],
  [
    'segment "a" = did("A" where event.x = 1)',
    ['1:29+5 "event." is written only on the right side of a comparison', "hint: write the property alone: x"],
  ],
  [
    'segment "a" = did("A" where 5 = x)',
    [
      "1:29+1 expected a property of the event, found the number 5",
      "hint: write the property on the left and the value on the right",
    ],
  ],
  [
    'segment "a" = did("A" where x within 3 days)',
    [
      `1:31+6 "within" can't be used in a filter on an event`,
      "hint: choose the events by time with a window behind the filter: in last 30 days",
    ],
  ],
  [
    'segment "a" = did("A" where count("B") > 1)',
    [
      "1:34+1 a filter looks only at the properties of the event itself",
      "hint: put other conditions outside of the event, after and",
    ],
  ],
  ['segment "a" = did("A" where x)', ['1:30+1 expected a comparison, found ")"']],
  ['segment "a" = rfm.money > 3', ['1:19+5 expected recency, frequency or monetary after "rfm.", found "money"']],
  ['segment "a" = last_seen more 3 days', ['1:30+1 expected "than" after "more", found the number 3']],
  ["score 5 on page", ["1:7+1 expected points with a sign, found the number 5", "hint: write +5 or -5"]],
  ["score +x on page", ['1:8+1 expected a number after "+", found "x"']],
  ["score +.5 on page", ['1:8+1 expected a number after "+", found "."', "hint: write a digit before the point: 0.5"]],
  ["score +5 page", ['1:10+4 expected "on" and an event or "while" and a condition, found "page"']],
  [
    "score +5 when known",
    ['1:10+4 expected "on" and an event or "while" and a condition, found "when"', 'hint: write "while"'],
  ],
  [
    "score +5 on Page",
    [
      '1:13+4 expected an event (its name in double quotes, page, screen, identify or any), found "Page"',
      'hint: did you mean "page"? (keywords are lower case)',
    ],
  ],
  [
    'score +5 on "A" unless "B"',
    ['1:27+1 expected "within" and a duration after "unless" and an event, found the end'],
  ],
  ['tag on "A"', ['1:5+2 expected the name of a tag in double quotes or a property of the event, found "on"']],
  [
    'tag 5 on "A"',
    ["1:5+1 expected the name of a tag in double quotes or a property of the event, found the number 5"],
  ],
  ['tag "x" + on "A"', ['1:11+2 expected a property of the event after "+", found "on"']],
  ["stages", ["1:7+1 expected the name of a stage in double quotes, found the end"]],
  ['stages "a",', ["1:12+1 expected the name of a stage in double quotes, found the end"]],
  ['stages "a" "b"', ['1:12+3 expected the end of the declaration, found the text "b"']],
  ['stage "a" = known', ['1:11+1 expected "when" after the name of the stage, found "="']],
  [
    'value "v" = known',
    [
      '1:13+5 expected a value, found "known"',
      "hint: a value is a number, a text or a moment; a condition is declared as a segment",
    ],
  ],
  ['value "v" = 1 +', ["1:16+1 expected a value, found the end"]],
  ['webhook "w" "https://x"', ['1:13+11 expected "=" after the name of the webhook, found the text "https://x"']],
  ['static "s"', ['1:8+3 expected "segment" after "static", found the text "s"']],
  [
    'on enter loyal do tag "x"',
    [
      '1:10+5 expected the name of a segment in double quotes, found "loyal"',
      'hint: names are written in double quotes: "loyal"',
    ],
  ],
  [
    'on purchase do tag "x"',
    [
      '1:4+8 expected enter, leave, score reaches or an event, found "purchase"',
      'hint: the name of an event is written in double quotes: "purchase"',
    ],
  ],
  ['on score >= 3 do tag "x"', ['1:10+2 expected "reaches" after "score", found ">="']],
  ['on page tag "x"', ['1:9+3 expected "do" and an action, found "tag"']],
  [
    "on page do",
    ["1:11+1 expected an action (webhook, tag, untag, score, stage, add to or remove from), found the end"],
  ],
  [
    'on page do tagg "x"',
    [
      '1:12+4 expected an action (webhook, tag, untag, score, stage, add to or remove from), found "tagg"',
      'hint: did you mean "tag"?',
    ],
  ],
  ['on page do add "x"', ['1:16+3 expected "to" after "add", found the text "x"']],
  [
    "timezone Europe/Rome",
    [
      '1:10+6 expected a timezone in double quotes, found "Europe"',
      'hint: names are written in double quotes: "Europe"',
    ],
  ],
  [
    'segment "a',
    [
      "1:9+2 this text is not closed before the end of the line",
      'hint: close it with "; a line break inside is written \\n',
    ],
  ],
  [
    'segment "a" = trait.`x = 1',
    ["1:21+6 this part of a path is not closed before the end of the line", "hint: close it with `"],
  ],
  ['segment "a" = trait.`` = 1', ["1:21+2 a part of a path can't be empty"]],
  [
    'segment "a\\q" = known',
    ["1:11+2 unknown escape \\q", 'hint: known are \\", \\\\, \\n and \\uXXXX; a backslash itself is written \\\\'],
  ],
  [
    'segment "a\\u12" = known',
    ["1:11+2 unknown escape \\u", 'hint: known are \\", \\\\, \\n and \\uXXXX; a backslash itself is written \\\\'],
  ],
  ['segment "\\ud800" = known', ["1:9+8 this text contains half of a character (a lone surrogate)"]],
  ['segment "\ud800" = known', ["1:9+3 this text contains half of a character (a lone surrogate)"]],
  ["segment “a” = known", ['1:9+1 "“" has no meaning here', 'hint: texts stand in straight double quotes: "…"']],
  ["segment 'a' = known", [`1:9+1 "'" has no meaning here`, 'hint: texts stand in straight double quotes: "…"']],
  ['segment "a" = score == 1', ['1:21+2 "==" has no meaning here', 'hint: write "=" for equal']],
  ['segment "a" = score > 1 && known', ['1:25+2 "&&" has no meaning here', 'hint: write "and"']],
  ['segment "a" = score ≥ 1', ['1:21+1 "≥" has no meaning here', 'hint: write ">=" for greater or equal']],
  ['segment "a" = !known', ['1:15+1 "!" has no meaning here', 'hint: write "not"']],
  [
    'segment "a" = score > 99999999999999999999',
    ["1:23+20 this number is out of range, which ends at 9007199254740991"],
  ],
  [
    'segment "a" = known;',
    [
      '1:20+1 ";" has no meaning here',
      "hint: a declaration ends where the next one begins; nothing stands between them",
    ],
  ],
  ['segment "a" = \u0007known', ["1:15+1 the character U+0007 has no meaning here"]],
  ['segment "a" = 1e5 > 3', ['1:16+2 expected a comparison, found "e5"']],
  [
    '\ufeffsegment "a" = x > 1',
    ['1:15+1 expected a condition, found "x"', 'hint: a trait is written trait.x, a text in double quotes: "x"'],
  ],
  [
    "score +5\n  on",
    ["2:5+1 expected an event (its name in double quotes, page, screen, identify or any), found the end"],
  ],
  ['\r\nsegment "ü" = \t😀 x', ['2:16+2 "😀" has no meaning here']],
];

describe("what can't be read is told, with its place", () => {
  test.each(WRONG)("%j", (source, says) => {
    expect(told(parseModel(source).diagnostics)).toEqual(says);
  });
});

function read(source: string): Predicate {
  const { predicate, diagnostics } = parsePredicate(source);
  expect(told(diagnostics)).toEqual([]);
  if (predicate === null) {
    throw new Error("no predicate");
  }
  return predicate;
}

test("the whole grammar reads without a word", () => {
  expect(parseModel(GLANCE).diagnostics).toEqual([]);
  expect(parseModel(GLANCE).model.declarations).toHaveLength(27);
  expect(parseModel(REST).diagnostics).toEqual([]);
});

describe("reading goes on", () => {
  test("with the next keyword in the first column", () => {
    const { model, diagnostics } = parseModel(`segment "a" = count("A" where x =
segment "b" = known
score +5 on
  "Order" "more" segment "c" = known
not a declaration at all
tag "x" on page
segment "d" = (known`);
    expect(told(diagnostics).filter((line) => !line.startsWith("hint"))).toEqual([
      "1:34+1 expected a value, found the next declaration",
      '4:11+6 expected the end of the declaration, found the text "more"',
      '7:21+1 expected ")", found the end',
    ]);
    expect(model.declarations.map(({ kind }) => kind)).toEqual(["segment", "score", "tag"]);
  });

  test("with the next line's keyword where the whole model is indented", () => {
    const { model, diagnostics } = parseModel(`
      segment "a" = oops
        stage "inside"
      segment "b" = known
      segment "c" = known`);
    expect(diagnostics).toHaveLength(1);
    expect(model.declarations).toHaveLength(2);
  });

  test("for a hundred mistakes", () => {
    const { diagnostics } = parseModel("segment 5\n".repeat(1000));
    expect(diagnostics).toHaveLength(100);
  });
});

describe("declarations", () => {
  test("may share a line, begin anywhere and be empty of white space", () => {
    const { model, diagnostics } = parseModel(
      'segment"a"=score>3 score+5on page   tag"x"on any stages"a","b"stage"a"when known',
    );
    expect(diagnostics).toEqual([]);
    expect(model.declarations.map(({ kind }) => kind)).toEqual(["segment", "score", "tag", "stages", "stage"]);
  });

  test("go on after any line break that no keyword follows in the first column", () => {
    const { diagnostics } = parseModel('segment\r\n "a"\r=\n\n# why\ncount(\n"A"\nwhere x\n= 1 in last\n3 days)\n> 3');
    expect(diagnostics).toEqual([]);
  });

  test("of nothing are a model", () => {
    for (const source of ["", "  \n\t\r\n", "# nothing", "\uFEFF"]) {
      expect(parseModel(source)).toEqual({ model: { declarations: [] }, diagnostics: [] });
    }
  });
});

describe("places", () => {
  test("are those of what was written, in UTF-16 units from 1", () => {
    const { model } = parseModel('# 😀\nsegment "😀" = trait.città = "x" and\n  not did("A")');
    expect(model.declarations[0]).toMatchObject({
      pos: { line: 2, column: 1, length: 51 },
      name: { text: "😀", pos: { line: 2, column: 9, length: 4 } },
      predicate: {
        kind: "and",
        pos: { line: 2, column: 16, length: 36 },
        parts: [
          {
            kind: "compare",
            pos: { line: 2, column: 16, length: 17 },
            left: { pos: { column: 16, length: 11 }, path: { pos: { column: 22, length: 5 } } },
            comparison: { pos: { column: 28, length: 5 }, right: { pos: { column: 30, length: 3 } } },
          },
          { kind: "not", pos: { line: 3, column: 3, length: 12 }, part: { pos: { line: 3, column: 7, length: 8 } } },
        ],
      },
    });
  });

  test("of parts of a selector cover the part alone", () => {
    expect(read('sum("A".a.b where x = event.y in last 3 days) > -2')).toMatchObject({
      left: {
        selector: {
          pos: { column: 5, length: 40 },
          event: {
            pos: { column: 5, length: 25 },
            where: {
              pos: { column: 19, length: 11 },
              comparison: { right: { pos: { column: 23, length: 7 }, path: { pos: { column: 29, length: 1 } } } },
            },
          },
          path: { pos: { column: 9, length: 3 } },
          window: { pos: { column: 31, length: 14 }, duration: { pos: { column: 39, length: 6 } } },
        },
      },
      comparison: { right: { value: -2, pos: { column: 49, length: 2 } } },
    });
  });
});

describe("predicates", () => {
  test("bind not before and before or", () => {
    expect(withoutPos(read("known or not known and known or known"))).toEqual({
      kind: "or",
      parts: [
        { kind: "known" },
        { kind: "and", parts: [{ kind: "not", part: { kind: "known" } }, { kind: "known" }] },
        { kind: "known" },
      ],
    });
  });

  test("stay nested only where parentheses were written", () => {
    expect(read("known and (known and known)")).toMatchObject({ kind: "and", parts: [{}, { kind: "and" }] });
    expect(read("(((known)))")).toMatchObject({ kind: "known" });
  });

  test("may begin with an operand in parentheses", () => {
    expect(read("((score) + 1) * 2 > 3 and (((score)) = (1))")).toMatchObject({
      kind: "and",
      parts: [
        { left: { operator: "*", left: { operator: "+" } } },
        { left: { kind: "score" }, comparison: { right: { kind: "number", value: 1 } } },
      ],
    });
  });

  test("know a keyword in the first column only as a word: it is no declaration", () => {
    expect(read('score\n> 3 and\nstage\n= "a"')).toMatchObject({ kind: "and" });
  });
});

describe("operands", () => {
  test("are calculated left to right, products first", () => {
    expect(withoutPos(read("score - 1 - 2 * 3 = 0"))).toMatchObject({
      left: {
        operator: "-",
        left: { operator: "-", left: { kind: "score" }, right: { value: 1 } },
        right: { operator: "*", left: { value: 2 }, right: { value: 3 } },
      },
    });
  });

  test("take a minus for a subtraction where one can stand, else for a sign", () => {
    expect(read("score -2 = 0")).toMatchObject({ left: { operator: "-", right: { value: 2 } } });
    expect(read("score - -2 = 0")).toMatchObject({ left: { operator: "-", right: { value: -2 } } });
    expect(read("-2 - score = - 3")).toMatchObject({
      left: { operator: "-", left: { value: -2 } },
      comparison: { right: { value: -3 } },
    });
    expect(read("score = -0")).toMatchObject({ comparison: { right: { value: 0 } } });
  });

  test("hold numbers as typed and dates as written", () => {
    expect(read("score in (5_000_000, 007, 0.5, -2.5)")).toMatchObject({
      comparison: { values: [{ value: 5_000_000 }, { value: 7 }, { value: 0.5 }, { value: -2.5 }] },
    });
    expect(
      read("last_seen in (2026-01-31, 2026-01-31T10:00, 2026-01-31T10:00:00.5Z, 2026-01-31T10:00-05:30)"),
    ).toMatchObject({
      comparison: {
        values: [
          { text: "2026-01-31", wholeDay: true, zoned: false },
          { text: "2026-01-31T10:00", wholeDay: false, zoned: false },
          { text: "2026-01-31T10:00:00.5Z", wholeDay: false, zoned: true },
          { text: "2026-01-31T10:00-05:30", wholeDay: false, zoned: true },
        ],
      },
    });
  });

  test("subtract where spaces stand around the minus, also between what could be a date", () => {
    expect(read("2026 - 01 - 31 = 1994")).toMatchObject({ left: { kind: "binary" } });
  });
});

describe("words", () => {
  test("are reserved only where the grammar expects them", () => {
    expect(read("trait.last = 1 and trait.not.and.segment is set")).toMatchObject({ kind: "and" });
    expect(
      read('count("A" where count = 3 and in in (1) and true = true and first is set in last 3 days) > 0'),
    ).toMatchObject({
      left: { selector: { event: { where: { parts: { length: 4 } } }, window: { kind: "last" } } },
    });
    expect(read('did("A" where event = 1 and context.page.url = "x" and `event`.x = event.event.x)')).toMatchObject({
      selector: {
        event: {
          where: {
            parts: [
              { left: { parts: [{ name: "event" }] } },
              { left: { parts: [{ name: "context" }, { name: "page" }, { name: "url" }] } },
              { left: { parts: [{ name: "event" }, { name: "x" }] }, comparison: { right: { kind: "event path" } } },
            ],
          },
        },
      },
    });
    const { model, diagnostics } = parseModel(
      'tag on on "A" tag for.on on page for 3 days score +1 on "A" unless "B" within 1 day matching for for 2 days',
    );
    expect(diagnostics).toEqual([]);
    expect(model.declarations).toMatchObject([
      { name: { path: { parts: [{ name: "on" }] } } },
      { name: { path: { parts: [{ name: "for" }, { name: "on" }] } }, for: { amount: 3 } },
      { rule: { unless: { matching: { parts: [{ name: "for" }] } }, for: { amount: 2 } } },
    ]);
  });

  test("may be of any script", () => {
    expect(read("trait.città = 1 and trait.名前 = 1 and trait.ещё_2 = 1")).toMatchObject({ kind: "and" });
  });
});

test("texts and back-quoted parts know their escapes", () => {
  expect(read('trait.`a\\`\\\\\\n"` = "\\"\\\\\\n\\u0041\\ud83d\\ude00`"')).toMatchObject({
    left: { path: { parts: [{ name: 'a`\\\n"' }] } },
    comparison: { right: { value: '"\\\nA😀`' } },
  });
});

test.each([
  ["1 second", 1_000, "seconds"],
  ["2 minutes", 120_000, "minutes"],
  ["1 hours", 3_600_000, "hours"],
  ["1 day", 86_400_000, "days"],
  ["1 week", 604_800_000, "weeks"],
  ["1 month", 2_592_000_000, "months"],
  ["1_0 year", 315_360_000_000, "years"],
])("%s has a fixed length", (text, ms, unit) => {
  expect(read(`last_seen within ${text}`)).toMatchObject({ comparison: { duration: { ms, unit } } });
});

describe("nesting is limited to 100", () => {
  const nestings: [what: string, nest: (depth: number) => string][] = [
    ["predicates in parentheses", (n) => `${"(".repeat(n)}known${")".repeat(n)}`],
    ["negations", (n) => `${"not ".repeat(n)}known`],
    ["operands in parentheses", (n) => `${"(".repeat(n)}score${")".repeat(n)} > 1`],
    ["operands in parentheses on the right", (n) => `1 < ${"(".repeat(n)}score${")".repeat(n)}`],
    ["calls", (n) => `${"days_to_anniversary(".repeat(n)}trait.x${")".repeat(n)} = 1`],
    ["filters", (n) => `did("A" where ${"(".repeat(n)}x = 1${")".repeat(n)})`],
    ["negated filters", (n) => `did("A" where ${"not ".repeat(n)}x = 1)`],
  ];
  test.each(nestings)("for %s", (_, nest) => {
    expect(parsePredicate(nest(100)).diagnostics).toEqual([]);
    const { predicate, diagnostics } = parsePredicate(nest(101));
    expect(predicate).toBeNull();
    expect(diagnostics.map(({ message }) => message)).toEqual(["this is nested more than 100 levels deep"]);
  });
});

test("a calculation is limited to 1000 operators in a row, a condition is as long as it must be", () => {
  expect(parsePredicate(`${"1 + ".repeat(1000)}1 > 0`).diagnostics).toEqual([]);
  expect(told(parsePredicate(`${"1 + ".repeat(1001)}1 > 0`).diagnostics)).toEqual([
    "1:1+1 this calculation has more than 1000 operators in a row",
    "hint: split it into several values",
  ]);
  expect(read(`${"known and ".repeat(50_000)}known`)).toMatchObject({ parts: { length: 50_001 } });
});

describe("a diagnostic as text", () => {
  test("shows the line, the place in it and the hint", () => {
    const source = 'segment "a" = known\n\tsegment "b" = score > foo\n';
    const [diagnostic] = parseModel(source).diagnostics;
    expect(diagnostic === undefined ? "" : formatDiagnostic(source, "shop.sluice", diagnostic)).toBe(
      [
        'shop.sluice:2:24: expected a value, found "foo"',
        '  \tsegment "b" = score > foo',
        "  \t                      ^^^",
        '  hint: a trait is written trait.foo, a text in double quotes: "foo"',
      ].join("\n"),
    );
  });

  test("cuts long lines around the place and carets at the end of the line", () => {
    const source = `segment "a" = ${" ".repeat(1000)}foo`;
    const text = formatDiagnostic(source, "m", {
      severity: "warning",
      line: 1,
      column: 1015,
      length: 99,
      message: "no",
    });
    expect(text).toBe(`m:1:1015: warning: no\n  ${" ".repeat(40)}foo\n  ${" ".repeat(40)}^^^`);
  });

  test("does without a line that is not there", () => {
    expect(formatDiagnostic("", "m", { severity: "error", line: 7, column: 1, length: 1, message: "no" })).toBe(
      "m:7:1: no",
    );
  });
});
