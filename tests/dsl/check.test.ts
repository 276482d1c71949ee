import { describe, expect, test } from "vitest";
import { checkModel, checkPredicate, readModel } from "../../dsl/check.ts";
import { type FeatureName, FEATURES } from "../../dsl/live.ts";
import { parseModel, parsePredicate } from "../../dsl/parse.ts";
import { GLANCE, REST } from "./glance.ts";
import { told } from "./told.ts";

/** A model and all that is said about it. */
type Row = [source: string, says: string[]];

const UNKNOWN: Row[] = [
  [
    `segment "loyal" = known\nsegment "x" = in segment "loyl"`,
    ['2:26+6 unknown segment "loyl"', 'hint: did you mean "loyal"?'],
  ],
  ['segment "x" = in segment "zzz"', ['1:26+5 unknown segment "zzz"']],
  [
    `segment "x" = value("rate") > 1\nvalue "rates" = score`,
    ['1:21+6 unknown value "rate"', 'hint: did you mean "rates"?'],
  ],
  [`stages "lead", "mql"\nsegment "x" = stage >= "mqll"`, ['2:24+6 unknown stage "mqll"', 'hint: did you mean "mql"?']],
  [
    `stages "lead", "mql"\nsegment "x" = stage in ("lead", "Mql")`,
    ['2:33+5 unknown stage "Mql"', 'hint: did you mean "mql"?'],
  ],
  [`stages "lead", "mql"\nsegment "x" = "led" = stage`, ['2:15+5 unknown stage "led"', 'hint: did you mean "lead"?']],
  [
    'segment "x" = stage = "lead"',
    ['1:23+6 unknown stage "lead"', 'hint: declare the stages in their order: stages "lead"'],
  ],
  [`stages "lead"\nstage "mql" when known`, ['2:7+5 unknown stage "mql"']],
  ['stage "lead" when known', ['1:7+6 unknown stage "lead"', 'hint: declare the stages in their order: stages "lead"']],
  ['on enter "gone" do tag "x"', ['1:10+6 unknown segment "gone"']],
  ['on leave "gone" do tag "x"', ['1:10+6 unknown segment "gone"']],
  [
    `webhook "crm" = "https://crm.example/"\non page do webhook "cmr"`,
    ['2:20+5 unknown webhook "cmr"', 'hint: did you mean "crm"?'],
  ],
  [`stages "lead"\non page do stage "customer"`, ['2:18+10 unknown stage "customer"']],
  ['on page do add to "list"', ['1:19+6 unknown segment "list"']],
  [
    'segment "x" = rfm.recency > 3',
    [
      "1:15+11 rfm is used but not declared",
      'hint: declare what it is computed from: rfm on "Order Completed".total in last 365 days',
    ],
  ],
  ['timezone "Rome"', ['1:10+6 unknown timezone "Rome"', 'hint: did you mean "Europe/Rome"?']],
  ['timezone "Europe/Rom"', ['1:10+12 unknown timezone "Europe/Rom"', 'hint: did you mean "Europe/Rome"?']],
  ['timezone "+02:00"', ['1:10+8 unknown timezone "+02:00"', 'hint: such as "Europe/Rome"']],
];

const TWICE: Row[] = [
  [`segment "a" = known\nsegment "a" = not known`, ['2:9+3 segment "a" is already declared in line 1, column 9']],
  [`segment "a" = known\nstatic segment "a"`, ['2:16+3 segment "a" is already declared in line 1, column 9']],
  [`value "v" = score\nvalue "v" = 1`, ['2:7+3 value "v" is already declared in line 1, column 7']],
  [
    `webhook "w" = "https://a.example"\nwebhook "w" = "https://b.example"`,
    ['2:9+3 webhook "w" is already declared in line 1, column 9'],
  ],
  ['stages "a", "b", "a"', ['1:18+3 stage "a" is already declared in line 1, column 8']],
  [`stages "a"\nstages "b"`, ['2:1+10 the list of "stages" is already declared in line 1, column 1']],
  [`timezone "UTC"\ntimezone "Europe/Rome"`, ["2:1+22 the timezone is already declared in line 1, column 1"]],
  [`rfm on "A".x\nrfm on "B".x`, ["2:1+12 rfm is already declared in line 1, column 1"]],
  [
    `stages "a"\nstage "a" when known\nstage "a" when score > 1`,
    ['3:7+3 the "when" of stage "a" is already declared in line 2, column 7'],
  ],
  ['segment "" = known', ["1:9+2 the name of a segment can't be empty"]],
  ['tag "" on page', ["1:5+2 the name of a tag can't be empty"]],
  ['segment "x" = has tag ""', ["1:23+2 the name of a tag can't be empty"]],
];

const CIRCLES: Row[] = [
  ['segment "a" = in segment "a"', ['1:15+14 this depends on itself: "a" -> "a"']],
  [
    `segment "a" = in segment "b"\nsegment "b" = not in segment "a"`,
    ['1:15+14 this depends on itself: "a" -> "b" -> "a"'],
  ],
  [
    `segment "c" = in segment "a"\nsegment "a" = in segment "b"\nsegment "b" = score > 1 and in segment "c"`,
    ['1:15+14 this depends on itself: "c" -> "a" -> "b" -> "c"'],
  ],
  [
    `value "v" = value("w") + 1\nvalue "w" = value("v")`,
    ['1:13+10 this depends on itself: value("v") -> value("w") -> value("v")'],
  ],
  ["score +1 while score > 10", ["1:16+5 this depends on itself: score -> score"]],
  [`score +1 while in segment "a"\nsegment "a" = score > 3`, ['2:15+5 this depends on itself: "a" -> score -> "a"']],
  [
    `stages "a"\nstage "a" when stage = "a"`,
    [
      "2:16+5 this depends on itself: stage -> stage",
      "hint: a contact only moves forward, so the condition of a stage need not ask for the stage before",
    ],
  ],
  [
    `stages "a"\nstage "a" when in segment "s"\nsegment "s" = stage = "a"`,
    ['3:15+5 this depends on itself: "s" -> stage -> "s"'],
  ],
  [
    `stages "a"\nstage "a" when score > 1\nscore +5 while stage = "a"`,
    ["3:16+5 this depends on itself: score -> stage -> score"],
  ],
  [
    `static segment "s" = in segment "d"\nsegment "d" = in segment "s"`,
    ['1:22+14 this depends on itself: "s" -> "d" -> "s"'],
  ],
];

const MISMATCHES: Row[] = [
  ['segment "x" = score = "x"', ['1:23+3 this can never match: score is a number and "x" is a text']],
  ['segment "x" = "x" = score', ['1:15+3 this can never match: score is a number and "x" is a text']],
  [
    'segment "x" = tag("x") = true',
    [
      '1:26+4 this can never match: tag("x") is a number and true is a yes-or-no value',
      'hint: whether a contact has a tag is asked with: has tag "x"',
    ],
  ],
  [
    'segment "x" = count("A") = "3"',
    [
      '1:28+3 this can never match: count("A") is a number and "3" is a text',
      "hint: write the number without quotes: 3",
    ],
  ],
  [
    'segment "x" = score in (1, "2")',
    ['1:28+3 this can never match: score is a number and "2" is a text', "hint: write the number without quotes: 2"],
  ],
  [
    'segment "x" = score between "a" and "b"',
    [
      '1:29+3 this can never match: score is a number and "a" is a text',
      '1:37+3 this can never match: score is a number and "b" is a text',
    ],
  ],
  ['segment "x" = trait.x between 1 and "b"', ['1:37+3 the two ends of "between" must be of one kind']],
  ['segment "x" = trait.x > true', ["1:25+4 true has no order", 'hint: compare it with "=" or "!="']],
  [
    'segment "x" = trait.x between true and false',
    [
      "1:31+4 true has no order",
      'hint: compare it with "=" or "!="',
      "1:40+5 false has no order",
      'hint: compare it with "=" or "!="',
    ],
  ],
  ['segment "x" = first_seen contains "x"', ['1:26+12 "contains" is for texts, but first_seen is a moment']],
  ['segment "x" = count("A") starts with "1"', ['1:26+15 "starts with" is for texts, but count("A") is a number']],
  ['segment "x" = score matches "1"', ['1:21+11 "matches" is for texts, but score is a number']],
  [
    'segment "x" = first_seen = "2026-01-31"',
    [
      '1:28+12 this can never match: first_seen is a moment and "2026-01-31" is a text',
      "hint: write the date without quotes: 2026-01-31",
    ],
  ],
  [
    'segment "x" = last("A") > "yesterday"',
    [
      '1:27+11 this can never match: last("A") is a moment and "yesterday" is a text',
      "hint: compare it with a date such as 2026-01-31",
    ],
  ],
  [
    'segment "x" = last_seen > 1700000000000',
    [
      "1:27+13 this can never match: last_seen is a moment and 1700000000000 is a number",
      "hint: compare it with a date such as 2026-01-31",
    ],
  ],
  ['segment "x" = first("A") = score', ['1:15+10 this can never match: score is a number and first("A") is a moment']],
  ['segment "x" = score = 2026-01-31', ["1:23+10 this can never match: score is a number and 2026-01-31 is a moment"]],
  [
    'segment "x" = top_tag = 2026-01-31',
    ["1:25+10 this can never match: top_tag is a text and 2026-01-31 is a moment"],
  ],
  [
    'segment "x" = top_tag = 5',
    ["1:25+1 this can never match: top_tag is a text and 5 is a number", 'hint: write it as a text: "5"'],
  ],
  ['segment "x" = top_tag > score', ["1:15+7 this can never match: score is a number and top_tag is a text"]],
  [
    'segment "x" = count("A") within 3 days',
    [
      '1:26+13 "within" is for moments, but count("A") is a number',
      'hint: count the events of a time with a window: count("X" in last 30 days)',
    ],
  ],
  ['segment "x" = score more than 3 days ago', ['1:21+20 "more than … ago" is for moments, but score is a number']],
  ['segment "x" = sum("A".x) within 3 days', ['1:26+13 "within" is for moments, but sum("A".x) is a number']],
  ['segment "x" = "2026-01-31" within 3 days', ['1:28+13 "within" is for moments, but "2026-01-31" is a text']],
  [
    `stages "a"\nsegment "x" = stage = 5`,
    ["2:23+1 this can never match: stage is the name of a stage and 5 is a number"],
  ],
  [
    `stages "a"\nsegment "x" = stage within 5 days`,
    ['2:21+13 "within" is for moments, but stage is the name of a stage'],
  ],
  [
    `stages "a"\nsegment "x" = stage > trait.x`,
    [
      "2:23+7 a stage is put in order only against the name of a stage in double quotes",
      "hint: stages are ordered as they are declared",
    ],
  ],
  [
    'segment "x" = days_to_anniversary(trait.b) = 2026-01-31',
    ["1:46+10 this can never match: days_to_anniversary(trait.b) is a number and 2026-01-31 is a moment"],
  ],
  [
    'segment "x" = days_to_anniversary(trait.b) = "3"',
    [
      '1:46+3 this can never match: days_to_anniversary(trait.b) is a number and "3" is a text',
      "hint: write the number without quotes: 3",
    ],
  ],
  [
    'segment "x" = days_to_anniversary(trait.b) within 3 days',
    [
      '1:44+13 "within" is for moments, but days_to_anniversary(trait.b) is a number',
      "hint: it is a number of days: compare it with <= 3",
    ],
  ],
  [
    'segment "x" = days_to_anniversary(score) = 3',
    ["1:35+5 days_to_anniversary needs a moment, but score is a number"],
  ],
  [
    'segment "x" = days_to_anniversary("2026-01-31") = 3',
    ['1:35+12 days_to_anniversary needs a moment, but "2026-01-31" is a text'],
  ],
  [
    `value "v" = count("A") / 2\nsegment "x" = value("v") = "x"`,
    ['2:28+3 this can never match: value("v") is a number and "x" is a text'],
  ],
  ['segment "x" = count("A" where ok > true) > 0', ["1:36+4 true has no order", 'hint: compare it with "=" or "!="']],
];

const CALCULATIONS: Row[] = [
  [
    'value "v" = last("A") - first("A")',
    [
      `1:13+9 last("A") is a moment, which can't be calculated with`,
      'hint: the age of a moment is asked with "within" and "more than … ago"',
      `1:25+10 first("A") is a moment, which can't be calculated with`,
      'hint: the age of a moment is asked with "within" and "more than … ago"',
    ],
  ],
  [
    'value "v" = 2026-01-31 + 1',
    [
      "1:13+10 2026-01-31 is a moment, which can't be calculated with",
      'hint: the age of a moment is asked with "within" and "more than … ago"',
    ],
  ],
  ['value "v" = "a" + 1', [`1:13+3 "a" is a text, which can't be calculated with`]],
  ['value "v" = top_tag * 2', ["1:13+7 top_tag is a text, which can't be calculated with"]],
  [
    `value "v" = last("A")\nvalue "w" = value("v") + 1`,
    [
      `2:13+10 value("v") is a moment, which can't be calculated with`,
      'hint: the age of a moment is asked with "within" and "more than … ago"',
    ],
  ],
  [
    `stages "a"\nvalue "v" = stage + true`,
    [
      "2:13+5 stage is the name of a stage, which can't be calculated with",
      "2:21+4 true is a yes-or-no value, which can't be calculated with",
    ],
  ],
];

const PATHS: Row[] = [
  [
    'segment "x" = count("A".x) > 1',
    [
      "1:25+1 count looks at events as a whole and takes no path",
      "hint: distinct counts the different values of a property",
    ],
  ],
  ['segment "x" = did("A".x.y)', ["1:23+3 did looks at events as a whole and takes no path", "hint: leave out .x.y"]],
  [
    'segment "x" = sum("A") > 1',
    ["1:19+3 sum needs a property of the event", 'hint: write the property behind the event: "Order Completed".total'],
  ],
  [
    'segment "x" = most("A" in last 3 days) = 1',
    [
      "1:20+18 most needs a property of the event",
      'hint: write the property behind the event: "Order Completed".total',
    ],
  ],
  [
    'segment "x" = distinct(page) = 1',
    [
      "1:24+4 distinct needs a property of the event",
      'hint: write the property behind the event: "Order Completed".total',
    ],
  ],
  [
    'rfm on "Order Completed" in last 365 days',
    ["1:8+34 rfm needs a property of the event", 'hint: write the property behind the event: "Order Completed".total'],
  ],
  [
    'segment "x" = trait.list[].a = 1',
    [`1:21+8 "[]" can't be used in a trait`, "hint: it is for paths into the properties of an event"],
  ],
  [
    'segment "x" = company.a[] = 1',
    [`1:23+3 "[]" can't be used in a company's trait`, "hint: it is for paths into the properties of an event"],
  ],
  [
    'score +1 on "A" unless "B" within 1 day matching a[]',
    [`1:50+3 "[]" can't be used in "matching"`, "hint: it is for paths into the properties of an event"],
  ],
];

const TIMES: Row[] = [
  ['segment "x" = did("A" in last 0 days)', ["1:31+6 a duration can't be zero"]],
  ['segment "x" = did("A" from 0 days to 0 days ago)', ["1:28+6 a duration can't be zero"]],
  [
    'segment "x" = did("A" from 1 day to 2 days ago)',
    ["1:23+24 this window is reversed", "hint: the longer time ago comes first: from 60 days to 30 days ago"],
  ],
  [
    'segment "x" = did("A" from 24 hours to 1 day ago)',
    ["1:23+26 this window is empty", "hint: its two ends are the same"],
  ],
  ['segment "x" = did("A" since 2026-02-30)', ["1:29+10 2026-02-30 is not a date of the calendar"]],
  ['segment "x" = last_seen > 2026-13-01', ["1:27+10 2026-13-01 is not a date of the calendar"]],
  [
    'segment "x" = last_seen > 2026-1-1',
    [
      "1:27+8 2026-1-1 is not a date of the calendar",
      "hint: dates are written 2026-01-31, 2026-01-31T10:00 or 2026-01-31T10:00:00Z",
    ],
  ],
  ['segment "x" = last_seen > 2026-01-01T25:00', ["1:27+16 2026-01-01T25:00 is not a date of the calendar"]],
  ['segment "x" = trait.x in (2026-02-29, 2024-02-29)', ["1:27+10 2026-02-29 is not a date of the calendar"]],
  ['segment "x" = did("A" where d > 2025-02-29)', ["1:33+10 2025-02-29 is not a date of the calendar"]],
  ['segment "x" = last_seen within 0 hours', ["1:32+7 a duration can't be zero"]],
  ['segment "x" = last_seen more than 0 hours ago', ["1:35+7 a duration can't be zero"]],
  [
    'segment "x" = did("A" then "B" within 0 days in last 0 days)',
    ["1:39+6 a duration can't be zero", "1:54+6 a duration can't be zero"],
  ],
  ['segment "x" = abandoned("A" without "B" for 0 days)', ["1:45+6 a duration can't be zero"]],
  ['score +1 on "A" for 0 days', ["1:21+6 a duration can't be zero"]],
  ['score +1 on "A" unless "B" within 0 days', ["1:35+6 a duration can't be zero"]],
  ['tag "x" on "A" for 0 days', ["1:20+6 a duration can't be zero"]],
  ['on page once per 0 days do tag "x"', ["1:18+6 a duration can't be zero"]],
  ['segment "x" = last_seen within 20_000 years', ["1:32+12 this duration is longer than 10,000 years"]],
];

const REST_OF_IT: Row[] = [
  ["score +10_000_000_000 on page", ["1:7+15 these points are out of range, which ends at 9000000000"]],
  ['tag "x" -9_000_000_001 on page', ["1:9+14 these points are out of range, which ends at 9000000000"]],
  ["on page do score +9_000_000_001", ["1:18+14 these points are out of range, which ends at 9000000000"]],
  ['segment "x" = trait.x matches "(a"', ["1:31+4 this is not a regular expression: missing closing ): `(a`"]],
  [
    'segment "x" = did("A" where x not matches "a(?=b)")',
    ["1:43+8 this is not a regular expression: invalid or unsupported Perl syntax: `(?=`"],
  ],
  [
    'webhook "w" = "crm.example/hook"',
    [
      "1:15+18 the address of a webhook begins with https:// or http://",
      "hint: such as https://crm.example/hooks/sluice",
    ],
  ],
  [
    'webhook "w" = "ftp://crm.example/hook"',
    [
      "1:15+24 the address of a webhook begins with https:// or http://",
      "hint: such as https://crm.example/hooks/sluice",
    ],
  ],
  [
    `segment "x" = known\non page do add to "x"`,
    [
      '2:19+3 members of the dynamic segment "x" follow its condition',
      "hint: only static segments take members from actions",
    ],
  ],
  [
    `segment "x" = known\non page do remove from "x"`,
    [
      '2:24+3 members of the dynamic segment "x" follow its condition',
      "hint: only static segments take members from actions",
    ],
  ],
  [
    'on page do untag "", tag ""',
    ["1:18+2 the name of a tag can't be empty", "1:26+2 the name of a tag can't be empty"],
  ],
];

/** As a user meets them: with what is live, and several mistakes in one model, all told at once. */
const AS_SHIPPED: Row[] = [
  [
    'value "spent" = sum("Order")\nvalue "basket" = value("spend") / count("Order".total)',
    [
      "1:21+7 sum needs a property of the event",
      'hint: write the property behind the event: "Order Completed".total',
      '2:24+7 unknown value "spend"',
      'hint: did you mean "spent"?',
      "2:49+5 count looks at events as a whole and takes no path",
      "hint: distinct counts the different values of a property",
    ],
  ],
  [
    'segment "x" = max("Order.total") > 100',
    ["1:19+13 max needs a property of the event", 'hint: write the property behind the event: "Order".total'],
  ],
  [
    'score +15 while trait.industry = "cars" and in segment "vip"\nsegment "vips" = score > "100"',
    [
      '1:56+5 unknown segment "vip"',
      'hint: did you mean "vips"?',
      '2:26+5 this can never match: score is a number and "100" is a text',
      "hint: write the number without quotes: 100",
    ],
  ],
  [
    'score +15 while value("heat") > 3\nvalue "heat" = score * 2',
    ['2:16+5 this depends on itself: value("heat") -> score -> value("heat")'],
  ],
  [
    'value "a" = value("b") + 1\nvalue "b" = value("c") + 1\nvalue "c" = value("a") + 1',
    ['1:13+10 this depends on itself: value("a") -> value("b") -> value("c") -> value("a")'],
  ],
  [
    'segment "x" = days_to_anniversary("trait.birthday") = 0',
    [
      '1:35+16 days_to_anniversary needs a moment, but "trait.birthday" is a text',
      "hint: write it without quotes: trait.birthday",
    ],
  ],
  [
    'segment "x" = days_to_anniversary(trait.birthday) within 3 days',
    [
      '1:51+13 "within" is for moments, but days_to_anniversary(trait.birthday) is a number',
      "hint: it is a number of days: compare it with <= 3",
    ],
  ],
  [
    'value "v" = days_to_anniversary(count("A"))',
    ['1:33+10 days_to_anniversary needs a moment, but count("A") is a number'],
  ],
  [
    'segment "half" = percent("x") < "50"\nsegment "x" = percent("x") starts with "5"',
    [
      '1:33+4 this can never match: percent("x") is a number and "50" is a text',
      "hint: write the number without quotes: 50",
      '2:28+15 "starts with" is for texts, but percent("x") is a number',
    ],
  ],
  [
    'segment "x" = avg("A".x) = "much" or min("A".x) = true or most("A".x) > false',
    [
      '1:28+6 this can never match: avg("A".x) is a number and "much" is a text',
      '1:51+4 this can never match: min("A".x) is a number and true is a yes-or-no value',
      "1:73+5 false has no order",
      'hint: compare it with "=" or "!="',
    ],
  ],
  [
    'segment "x" = distinct("A") > 3 and avg(page) > 2 and first("A") > 5',
    [
      "1:24+3 distinct needs a property of the event",
      'hint: write the property behind the event: "Order Completed".total',
      "1:41+4 avg needs a property of the event",
      'hint: write the property behind the event: "Order Completed".total',
      '1:68+1 this can never match: first("A") is a moment and 5 is a number',
      "hint: compare it with a date such as 2026-01-31",
    ],
  ],
  [
    'score +10 on "A" for 0 days\ntag "x" on "A" for 20_000 years',
    ["1:22+6 a duration can't be zero", "2:20+12 this duration is longer than 10,000 years"],
  ],
  [
    'value "age" = first_seen - 1\nvalue "n" = trait.tags[].x',
    [
      "1:15+10 first_seen is a moment, which can't be calculated with",
      'hint: the age of a moment is asked with "within" and "more than … ago"',
      `2:19+8 "[]" can't be used in a trait`,
      "hint: it is for paths into the properties of an event",
    ],
  ],
  [
    'value "v" = known\nvalue "w" = score > 3\nvalue x = score',
    [
      '1:13+5 expected a value, found "known"',
      "hint: a value is a number, a text or a moment; a condition is declared as a segment",
      '2:19+1 expected the end of the declaration, found ">"',
      "hint: a value is a number, a text or a moment; a condition is declared as a segment",
      '3:7+1 expected the name of a value in double quotes, found "x"',
      'hint: names are written in double quotes: "x"',
    ],
  ],
  [
    'value "a" = average("A".x)\nvalue "b" = total("A".x)\nvalue "c" = unique("A".x)\nvalue "d" = summ("A".x)',
    [
      '1:13+7 expected a value, found "average"',
      "hint: write avg(…)",
      '2:13+5 expected a value, found "total"',
      "hint: write sum(…)",
      '3:13+6 expected a value, found "unique"',
      "hint: write distinct(…)",
      '4:13+4 expected a value, found "summ"',
      'hint: did you mean "sum"?',
    ],
  ],
  [
    'segment "x" = did("A" this day)\nsegment "y" = did("A" in this week)\nsegment "z" = did("A" yesterday)',
    [
      '1:28+3 expected week, month or year after "this", found "day"',
      'hint: write "today"',
      '2:26+4 expected "last" after "in", found "this"',
      'hint: leave out "in": today, this week, this month, this year',
      '3:23+9 expected ")" to close "did(", found "yesterday"',
      "hint: the day up to now is: in last 1 day; the one before it: from 2 days to 1 day ago",
    ],
  ],
  [
    'segment "x" = did("A" last 30 days)\nsegment "y" = sum("A".x in last 1 day where x > 1) > 3',
    [
      '1:23+4 expected ")" to close "did(", found "last"',
      "hint: a window is written: in last 30 days",
      '2:39+5 expected ")" to close "sum(", found "where"',
      'hint: the filter stands before the window: "A" where x = 1 in last 30 days',
    ],
  ],
  [
    'segment "x" = sum("A", x) > 3',
    [
      '1:22+1 expected ")" to close "sum(", found ","',
      'hint: a property of the event stands behind a point: "Order Completed".total',
    ],
  ],
  [
    'segment "x" = percent < 50',
    ['1:23+1 expected "(" after "percent", found "<"', 'hint: it takes a name of your choice: percent("spring sale")'],
  ],
  [
    "tag products[0].sku on page\ntag products[.sku on page",
    [
      '1:14+1 expected "]" after "[", found the number 0',
      'hint: elements have no numbers here: "[]" stands for each of them',
      '2:14+1 expected "]" after "[", found "."',
    ],
  ],
  [
    "score +15 if known\nscore +15 while known for 3 days\nscore 15 while known",
    [
      '1:11+2 expected "on" and an event or "while" and a condition, found "if"',
      'hint: write "while"',
      '2:23+3 expected the end of the declaration, found "for"',
      'hint: the points of "while" end with its condition',
      "3:7+2 expected points with a sign, found the number 15",
      "hint: write +15 or -15",
    ],
  ],
  [
    'segment "x" = tag "vip" > 3\nsegment "y" = segment "x"\nsegment "z" = count "A" > 1',
    [
      '1:19+5 expected "(" after "tag", found the text "vip"',
      'hint: write tag("vip")',
      '2:15+7 expected a condition, found "segment"',
      'hint: write in segment "x"',
      '3:21+3 expected "(" after "count", found the text "A"',
      'hint: write count("A")',
    ],
  ],
  ['value "v" = (score + 1', ['1:23+1 expected ")", found the end']],
  ['value "v" = score +', ["1:20+1 expected a value, found the end"]],
];

/** What the language has and the engine not yet: the rows of a feature leave this list by themselves once it is live. */
const NOT_LIVE: [feature: FeatureName, ...Row][] = [
  ["rfm", 'rfm on "A".x in last 365 days', ["1:1+3 rfm is not supported yet"]],
  ["unless", 'score +1 on "A" unless "B" within 1 day', ['1:17+23 "unless" is not supported yet']],
  ["staticSegments", 'static segment "s" = percent("x") > 3', ["1:1+14 static segments are not supported yet"]],
  ["webhooks", 'webhook "w" = "https://a.example"', ["1:1+7 webhooks are not supported yet"]],
  ["automations", 'on page do tag "x"', ['1:1+2 automations ("on …") are not supported yet']],
  [
    "automations",
    'on score reaches 3 if known once per 1 day do tag "x"',
    ['1:1+2 automations ("on …") are not supported yet'],
  ],
  ["sequences", 'segment "s" = did("A" then "B" within 1 day)', ["1:15+30 sequences are not supported yet"]],
  ["abandoned", 'segment "s" = abandoned("A" without "B" for 1 day)', ["1:15+36 abandoned is not supported yet"]],
  ["company", 'segment "s" = company.city = "x"', ["1:15+12 company traits are not supported yet"]],
  [
    "company",
    'segment "s" = company.size > 3 and sum("A") > 3',
    [
      "1:40+3 sum needs a property of the event",
      'hint: write the property behind the event: "Order Completed".total',
      "1:15+12 company traits are not supported yet",
    ],
  ],
];

/** A feature that is not live, for tests that need one; they are skipped when all are. */
const DEAD_ROW = NOT_LIVE.find(([feature]) => !FEATURES[feature].live);

describe("refused, with everything live", () => {
  describe("a name that nobody declared", () => {
    test.each(UNKNOWN)("%s", (source, says) => {
      const { diagnostics, model } = readModel(source, { live: "all" });
      expect(told(diagnostics)).toEqual(says);
      expect(model).toBeNull();
    });
  });

  describe("a name that is declared twice, or is empty", () => {
    test.each(TWICE)("%s", (source, says) => {
      const { diagnostics, model } = readModel(source, { live: "all" });
      expect(told(diagnostics)).toEqual(says);
      expect(model).toBeNull();
    });
  });

  describe("what depends on itself, spelled out from what was declared first", () => {
    test.each(CIRCLES)("%s", (source, says) => {
      const { diagnostics, model } = readModel(source, { live: "all" });
      expect(told(diagnostics)).toEqual(says);
      expect(model).toBeNull();
    });
  });

  describe("a comparison that can never match", () => {
    test.each(MISMATCHES)("%s", (source, says) => {
      const { diagnostics, model } = readModel(source, { live: "all" });
      expect(told(diagnostics)).toEqual(says);
      expect(model).toBeNull();
    });
  });

  describe("a calculation with something else than numbers", () => {
    test.each(CALCULATIONS)("%s", (source, says) => {
      const { diagnostics, model } = readModel(source, { live: "all" });
      expect(told(diagnostics)).toEqual(says);
      expect(model).toBeNull();
    });
  });

  describe("a path where none is used, and none where one is needed", () => {
    test.each(PATHS)("%s", (source, says) => {
      const { diagnostics, model } = readModel(source, { live: "all" });
      expect(told(diagnostics)).toEqual(says);
      expect(model).toBeNull();
    });
  });

  describe("a time that is empty, reversed or not in the calendar", () => {
    test.each(TIMES)("%s", (source, says) => {
      const { diagnostics, model } = readModel(source, { live: "all" });
      expect(told(diagnostics)).toEqual(says);
      expect(model).toBeNull();
    });
  });

  describe("points out of range, wrong patterns and addresses, actions on dynamic segments", () => {
    test.each(REST_OF_IT)("%s", (source, says) => {
      const { diagnostics, model } = readModel(source, { live: "all" });
      expect(told(diagnostics)).toEqual(says);
      expect(model).toBeNull();
    });
  });
});

describe("several mistakes at once", () => {
  test.each(AS_SHIPPED)("%s", (source, says) => {
    const { diagnostics, model } = readModel(source);
    expect(told(diagnostics)).toEqual(says);
    expect(model).toBeNull();
  });
});

describe("refused as long as it is not live", () => {
  for (const [feature, source, says] of NOT_LIVE.filter(([one]) => !FEATURES[one].live)) {
    test(`${feature}: ${source}`, () => {
      const { diagnostics, model } = readModel(source);
      expect(told(diagnostics)).toEqual(says);
      expect(model).toBeNull();
    });
  }

  test("every feature that is not has a row", () => {
    const dead = Object.entries(FEATURES).filter(([, { live }]) => !live);
    const shown = new Set<string>(NOT_LIVE.map(([feature]) => feature));
    expect(dead.map(([name]) => name).filter((name) => !shown.has(name))).toEqual([]);
  });
});

test("what is live passes without a word", () => {
  const source = `
    timezone "Asia/Kathmandu"
    stages "visitor", "mql", "customer"
    stage "mql" when score >= 50 and tag("x") > 2
    stage "customer" when did("Order Completed" where total > 100 and context.page.path starts with "/shop")
    score +5 on page "Home"
    score -2.5 on identify where email is set
    tag "seen:" + category +2 on "Product Viewed" where price not between 1 and 5
    tag list on screen
    segment "a" = count("A" from 60 days to 30 days ago) > count("A" in last 30 days) or in segment "b"
    segment "b" = first("A") = 2026-01-31 and last("A".x) != first("A".x since 2026-01-31T10:00:00Z)
    segment "c" = last("A") > first("B") and first_seen <= trait.since and last_seen within 3 days
    segment "d" = trait.address.city in ("Rome", "Turin") and trait.name not contains "x" ignoring case
    segment "e" = stage >= "mql" and known and has tag "x" and top_tag = trait.favourite and stage != trait.stage
    segment "f" = trait.birthday more than 3 days ago and trait.active = true and trait.x is not set
    score +1 while days_to_anniversary(trait.birthday) <= 3 and value("returns") < 0.5
    score +3 on "A" for 90 days
    tag "x" -1 on "B" for 1 week
    tag "sku:" + products[].sku on "A" where products[].price > 5
    value "returns" = count("Returned" this year) / count("A" this year)
    value "favourite" = most("A".products[].sku in last 30 days)
    segment "h" = sum("A".x today) > 5 and avg("A".x this week) <= 3 or min("A".x this month) = max("A".x)
    segment "i" = distinct("A".products[].sku) between 2 and 9 and percent("test") < 50 and value("favourite") = "x"
    segment "g" = did("A" where a = event.b and d < 2026-01-31 and m matches "^a+$" and not (x = 1 or y = "z"))
  `;
  const { diagnostics, model } = readModel(source);
  expect(told(diagnostics)).toEqual([]);
  expect(model?.zone.name).toMatch(/^Asia\/Kath?mandu$/);
});

test("all of the grammar passes when everything is live", () => {
  for (const source of [GLANCE, REST]) {
    const { diagnostics, model } = readModel(source, { live: "all" });
    expect(told(diagnostics)).toEqual([]);
    expect(model).not.toBeNull();
  }
});

test("a checked model holds its declarations by kind, in the order written", () => {
  const { model } = readModel(GLANCE, { live: "all" });
  expect(model).not.toBeNull();
  if (model !== null) {
    expect(model.zone.name).toBe("Europe/Rome");
    expect(model.scores.map(({ points }) => points.value)).toEqual([5, 20, -10, 15, 10]);
    expect(model.tags).toHaveLength(3);
    expect(model.stages.map(({ name, when }) => [name, when !== null])).toEqual([
      ["visitor", false],
      ["lead", true],
      ["mql", true],
      ["customer", true],
    ]);
    expect(model.segments.map(({ name }) => name).slice(0, 3)).toEqual(["jacket lovers", "big in Turin", "loyal"]);
    expect(model.statics.map(({ name }) => name.text)).toEqual(["black friday 2026"]);
    expect(model.values.map(({ name }) => name)).toEqual(["returns rate"]);
    expect(model.webhooks.map(({ url }) => url.text)).toEqual(["https://crm.example/hooks/sluice"]);
    expect(model.automations).toHaveLength(3);
    expect(model.rfm).toBeNull();
  }
});

describe("the order of evaluation", () => {
  test("puts each behind all that it reads", () => {
    const { model } = readModel(
      `
      segment "last" = in segment "middle" and value("v") > 1 and in segment "list"
      segment "middle" = stage = "a"
      stages "a"
      stage "a" when value("w") > 1
      value "v" = score + value("w")
      value "w" = count("A")
      score +1 while in segment "first"
      segment "first" = known
      static segment "list" = in segment "first"
    `,
      { live: "all" },
    );
    const order = model?.order ?? [];
    const reads: [string, string][] = [
      ["segment:last", "segment:middle"],
      ["segment:last", "value:v"],
      ["segment:last", "static:list"],
      ["segment:middle", "stages"],
      ["stages", "value:w"],
      ["value:v", "score"],
      ["value:v", "value:w"],
      ["score", "segment:first"],
      ["static:list", "segment:first"],
    ];
    for (const [later, earlier] of reads) {
      expect(order.indexOf(earlier)).toBeGreaterThanOrEqual(0);
      expect(order.indexOf(later)).toBeGreaterThan(order.indexOf(earlier));
    }
    expect(new Set(order).size).toBe(8);
    expect(order).toHaveLength(8);
  });

  test("is score, stages and then as written where nothing else is said", () => {
    const { model } = readModel('segment "b" = known\nsegment "a" = score > 1\nstages "s"');
    expect(model?.order).toEqual(["score", "stages", "segment:b", "segment:a"]);
  });

  test("holds for chains that are longer than a stack is deep", () => {
    const length = 20_000;
    const lines = Array.from({ length }, (_, i) => `segment "s${i}" = in segment "s${i + 1}"\n`);
    const { model } = readModel(`${lines.join("")}segment "s${length}" = known`);
    expect(model?.order.slice(2, 4)).toEqual([`segment:s${length}`, `segment:s${length - 1}`]);
  });
});

describe("a predicate that stands alone", () => {
  const { model } = readModel('stages "lead", "mql"\nsegment "loyal" = known\nstatic segment "list"', { live: "all" });

  function says(source: string): string[] {
    const { predicate, diagnostics } = parsePredicate(source);
    expect(diagnostics).toEqual([]);
    return model === null || predicate === null ? ["unreadable"] : told(checkPredicate(predicate, model));
  }

  test("knows the names of the model", () => {
    expect(says('in segment "loyal" and in segment "list" and stage >= "mql"')).toEqual([]);
  });

  test("is refused for what a segment is refused for", () => {
    expect(says('in segment "loyl" or stage = "mq" or score = "x"\n and value("v") > 1')).toEqual([
      '1:12+6 unknown segment "loyl"',
      'hint: did you mean "loyal"?',
      '1:30+4 unknown stage "mq"',
      'hint: did you mean "mql"?',
      '1:46+3 this can never match: score is a number and "x" is a text',
      '2:12+3 unknown value "v"',
    ]);
  });
});

test("a model that can't be read is not checked, so a name that is there is not called unknown", () => {
  const source = 'segment "a" = score >\nsegment "b" = in segment "a"';
  expect(told(readModel(source).diagnostics)).toEqual([
    "1:22+1 expected a value, found the next declaration",
    HINT_OF_LINE_2,
  ]);
});

const HINT_OF_LINE_2 =
  'hint: "segment" at the beginning of line 2 starts a new declaration; indent it if it belongs here';

test("errors come in the order of their places, before warnings", () => {
  const source = `segment "a" = count("A") >= 0 and sum("A".x) > 1
segment "b" = score = "x"
segment "b" = in segment "c"
timezone "Mars/Base"`;
  expect(told(readModel(source).diagnostics).filter((line) => !line.startsWith("hint"))).toEqual([
    '2:23+3 this can never match: score is a number and "x" is a text',
    '3:9+3 segment "b" is already declared in line 2, column 9',
    '3:26+3 unknown segment "c"',
    '4:10+11 unknown timezone "Mars/Base"',
    "1:15+15 warning: this is always true",
  ]);
});

test.skipIf(DEAD_ROW === undefined)("what is not live comes behind the errors and before the warnings", () => {
  const [, dead, says] = DEAD_ROW ?? ["rfm", "", []];
  const source = `${dead}\nsegment "warned" = count("A") >= 0\nsegment "wrong" = in segment "c"`;
  expect(told(readModel(source).diagnostics).filter((line) => !line.startsWith("hint"))).toEqual([
    '3:30+3 unknown segment "c"',
    ...says,
    "2:20+15 warning: this is always true",
  ]);
});

test("a model with very many mistakes is answered with the first of them", () => {
  const { model } = parseModel('segment "a" = in segment "b"\n'.repeat(5000));
  const { diagnostics } = checkModel(model);
  expect(diagnostics).toHaveLength(101);
  expect(diagnostics.at(-1)?.message).toBe("there are more errors, which are not shown");
});
