import { describe, expect, test } from "vitest";
import { readModel } from "../../dsl/check.ts";
import { told } from "./told.ts";

/** A model and all that is said about it. */
type Row = [source: string, says: string[]];

/** What is no mistake for sure and is accepted with a word of warning. */
const WARNINGS: Row[] = [
  ['segment "x" = count("A") >= 0', ["1:15+15 warning: this is always true", "hint: it is a whole number from 0 up"]],
  ['segment "x" = count("A") < 0', ["1:15+14 warning: this is always false", "hint: it is a whole number from 0 up"]],
  ['segment "x" = 0 <= count("A")', ["1:15+15 warning: this is always true", "hint: it is a whole number from 0 up"]],
  [
    'segment "x" = distinct("A".x) = 1.5',
    ["1:15+21 warning: this is always false", "hint: it is a whole number from 0 up"],
  ],
  [
    'segment "x" = distinct("A".x) != -1',
    ["1:15+21 warning: this is always true", "hint: it is a whole number from 0 up"],
  ],
  [
    'segment "x" = percent("s") < 100',
    ["1:15+18 warning: this is always true", "hint: it is a number from 0 to less than 100"],
  ],
  [
    'segment "x" = percent("s") >= 100',
    ["1:15+19 warning: this is always false", "hint: it is a number from 0 to less than 100"],
  ],
  [
    'segment "x" = days_to_anniversary(trait.b) > 365',
    ["1:15+34 warning: this is always false", "hint: it is a whole number from 0 to 365"],
  ],
  ['segment "x" = score is set', ["1:15+12 warning: this is always true", "hint: score is never missing"]],
  [
    'segment "x" = first_seen is not set',
    ["1:15+21 warning: this is always false", "hint: first_seen is never missing"],
  ],
  ['segment "x" = tag("x") is set', ["1:15+15 warning: this is always true", 'hint: tag("x") is never missing']],
  ['segment "x" = 1 < 2', ["1:15+5 warning: this compares two fixed values: it is the same for every contact"]],
  [
    'segment "x" = score between 5 and 1',
    ["1:21+15 warning: this is always false", 'hint: the first end of "between" is the smaller one'],
  ],
  [
    'segment "x" = score not between 5 and 1',
    ["1:21+19 warning: this is always true", 'hint: the first end of "between" is the smaller one'],
  ],
  [
    'segment "x" = last_seen between 2026-02-01 and 2026-01-01',
    ["1:25+33 warning: this is always false", 'hint: the first end of "between" is the smaller one'],
  ],
  [
    'segment "x" = did("A" where x between 3 and 2)',
    ["1:31+15 warning: this is always false", 'hint: the first end of "between" is the smaller one'],
  ],
  [
    'segment "x" = abandoned("A" without "B" for 1 day in last 24 hours)',
    ["1:15+53 warning: this is always false", 'hint: the window "in last" must be longer than the time after "for"'],
  ],
  [
    'segment "x" = percent("s") between 100 and 200',
    ["1:15+32 warning: this is always false", "hint: it is a number from 0 to less than 100"],
  ],
  [
    'segment "x" = count("A") in (-1, 0.5)',
    ["1:15+23 warning: this is always false", "hint: it is a whole number from 0 up"],
  ],
  [
    'segment "x" = count("A") not between -5 and -1',
    ["1:15+32 warning: this is always true", "hint: it is a whole number from 0 up"],
  ],
  [
    'segment "x" = score > 5 and score < 3',
    ["1:15+23 warning: this is always false", "hint: score > 5 and score < 3 never hold together"],
  ],
  [
    'segment "x" = score > 5 and known and 3 > score',
    ["1:15+33 warning: this is always false", "hint: score > 5 and 3 > score never hold together"],
  ],
  [
    'segment "x" = tag("x") = 1 and tag("x") = 2',
    ["1:15+29 warning: this is always false", 'hint: tag("x") = 1 and tag("x") = 2 never hold together'],
  ],
  [
    'segment "x" = count("A") > 1 and count("A") < 2',
    ["1:15+33 warning: this is always false", 'hint: count("A") > 1 and count("A") < 2 never hold together'],
  ],
  [
    'segment "x" = score between 1 and 3 and score in (4, 5)',
    ["1:15+41 warning: this is always false", "hint: score between 1 and 3 and score in (4, 5) never hold together"],
  ],
  [
    'segment "x" = score >= 1 and score <= 1 and score != 1',
    ["1:15+40 warning: this is always false", "hint: score >= 1 and score <= 1 and score != 1 never hold together"],
  ],
  [
    'segment "x" = trait.plan = "free" and trait.plan = "gold"',
    ["1:15+43 warning: this is always false", 'hint: trait.plan = "free" and trait.plan = "gold" never hold together'],
  ],
  [
    'segment "x" = trait.n > 5 and trait.n is not set',
    ["1:15+34 warning: this is always false", "hint: trait.n > 5 and trait.n is not set never hold together"],
  ],
  [
    'stages "a", "b"\nsegment "x" = stage = "a" and stage in ("b")',
    ["2:15+30 warning: this is always false", 'hint: stage = "a" and stage in ("b") never hold together'],
  ],
  [
    'segment "x" = score > 5 or score <= 5',
    ["1:15+23 warning: this is always true", "hint: score > 5 or score <= 5: one of them always holds"],
  ],
  [
    'segment "x" = trait.n != 1 or known or trait.n != 2',
    ["1:15+37 warning: this is always true", "hint: trait.n != 1 or trait.n != 2: one of them always holds"],
  ],
  [
    'segment "x" = percent("s") < 50 or not percent("s") < 50',
    [
      "1:15+42 warning: this is always true",
      'hint: percent("s") < 50 or not percent("s") < 50: one of them always holds',
    ],
  ],
  [
    'segment "x" = known and not known',
    ["1:15+19 warning: this is always false", "hint: known and not known never hold together"],
  ],
  [
    'segment "x" = did("A" today) or not did("A" today)',
    ["1:15+36 warning: this is always true", 'hint: did("A" today) or not did("A" today): one of them always holds'],
  ],
  [
    'score +1 on "A" where x > 3 and x < 2',
    ["1:23+15 warning: this is always false", "hint: x > 3 and x < 2 never hold together"],
  ],
  [
    'tag "x" on page where a.b = 1 or not a.b = 1',
    ["1:23+22 warning: this is always true", "hint: a.b = 1 or not a.b = 1: one of them always holds"],
  ],
  ['value "v" = score / 0', ["1:21+1 warning: this divides by zero, so the result is always missing"]],
  ["score +0.0000001 on page", ["1:7+10 warning: points are kept to six decimals: this becomes 0"]],
  [
    'segment "x" = did("A" where trait.country = "IT")',
    [
      "1:29+13 warning: in a filter, trait.country is a property of the event, not the contact's trait",
      "hint: put a condition on the contact outside of the event, after and",
    ],
  ],
];

/** What looks like a contradiction or like a matter of course, and is neither. */
const SOUND: [source: string][] = [
  ['segment "x" = score > 5 and score < 7'],
  ['segment "x" = score > 5 and score < 6'],
  ['segment "x" = trait.n > 5 or trait.n <= 5'],
  ['segment "x" = avg("A".x) > 5 or avg("A".x) <= 5'],
  ['segment "x" = value("v") > 5 or value("v") <= 5\nvalue "v" = 1 / score'],
  ['segment "x" = not trait.n > 5 and not trait.n <= 5'],
  ['segment "x" = trait.n != 1 and trait.n != 2'],
  ['segment "x" = count("A") > 5 and count("B") < 3'],
  ['segment "x" = count("A") > 5 and count("A" today) < 3'],
  ['segment "x" = percent("a") < 50 and percent("b") >= 50'],
  ['segment "x" = trait.since > 2026-02-01 and trait.since < 2026-01-01T12:00:00+12:00'],
  ['segment "x" = trait.n = 1 or trait.n = "1" or trait.n is not set'],
  ['segment "x" = trait.a contains "x" and not trait.a contains "y"'],
  ['segment "x" = did("A" where products[].sku = "a" and products[].sku = "b")'],
  ['segment "x" = did("A" where n > 3 and n < event.m)'],
  ['segment "x" = (score > 5 or known) and (score < 3 or not known)'],
  ['segment "x" = score > 5 or (score < 3 and known)'],
  ['segment "x" = trait.n >= "b" and trait.n < "c"'],
  ['segment "x" = days_to_anniversary(trait.b) >= 0'],
  ['segment "x" = count("A") in (0, 1.5)'],
];

describe("warned of, not refused", () => {
  test.each(WARNINGS)("%s", (source, says) => {
    const { diagnostics, model } = readModel(source, { live: "all" });
    expect(told(diagnostics)).toEqual(says);
    expect(model).not.toBeNull();
  });
});

describe("passed over in silence", () => {
  test.each(SOUND)("%s", (source) => {
    const { diagnostics, model } = readModel(source, { live: "all" });
    expect(told(diagnostics)).toEqual([]);
    expect(model).not.toBeNull();
  });
});
