/** Scripts that say something wrong, or that can't be read, are told so: in plain words, with file and line. */
import { expect, test } from "vitest";
import { readScenarios } from "./reader.ts";
import { runScenario, WAYS } from "./runner.ts";

const MODEL = `model
  score +5 on "A"
  tag "t" +2 on "A"
  stages "one", "two"
  stage "two" when did("A")
  segment "s" = did("A" in last 1 hour)
  value "v" = sum("A".x)
  value "last" = last("A")`;

/** Runs one scenario in the first of the ways. */
async function run(text: string): Promise<string[]> {
  const [way] = WAYS;
  const found: string[] = [];
  for (const scenario of readScenarios("a.scenario", text)) {
    if (way !== undefined) found.push(...(await runScenario(scenario, way)));
  }
  return found;
}

/** After an event "A" of u1 at 10m, 20 minutes ago. */
async function claim(text: string): Promise<string[]> {
  const story = ['at 10m "A" by u1 {x: 3}', 'at 10m identify u1 {plan: "pro"}', "at 30m page by ~v", `expect ${text}`];
  return run(['scenario "x"', MODEL, ...story].join("\n"));
}

test.each([
  ['"s": nobody', "there is u1"],
  ['"s": u1, ~v', "there is u1"],
  ['"s": everybody', "there is u1"],
  ["contacts: u1", "there are u1, ~v"],
  ["no contact u1", "there is one"],
  ["u9: score 1", "there is no contact u9"],
  ["u1: score 6", "the score is 5"],
  ['u1: stage "one"', 'the stage is "two"'],
  ["u1: stage none", 'the stage is "two"'],
  ['u1: tag "t" 3', "the tag has 2"],
  ['u1: tag "other"', 'it has the tags "t" 2'],
  ['~v: tag "t"', "it has no tags"],
  ['u1: no tag "t"', 'it has the tags "t" 2'],
  ["u1: no tags", 'it has the tags "t" 2'],
  ["u1: top tag none", 'the top tag is "t"'],
  ['~v: top tag "t"', "the top tag is none"],
  ['u1: not in "s"', "it is"],
  ['~v: in "s"', "it is in no segment"],
  ['u1: in "s" since 11m', "it is, since 2026-01-01T00:10:00.000Z"],
  ["u1: in nothing", 'it is in "s"'],
  ["u1: not known", "it has a userId"],
  ["~v: known", "it has no userId"],
  ["u1: saturated", "it is not marked"],
  ["u1: first seen 11m", "it was first seen 2026-01-01T00:10:00.000Z"],
  ["u1: last seen 11m", "it was last seen 2026-01-01T00:10:00.000Z"],
  ['u1: trait plan "free"', 'the trait is "pro"'],
  ["u1: trait plan missing", 'the trait is "pro"'],
  ["u1: trait plan.name 1", "the trait is missing"],
  ['u1: value "v" 4', "it is 3"],
  ['u1: value "v" "3"', "it is 3"],
  ['u1: value "v" missing', "it is 3"],
  ['u1: value "v" at least 4', "it is 3"],
  ['u1: value "last" at 11m', "it is 2026-01-01T00:10:00.000Z"],
  ['u1: sum("A" . x) 4', "it is 3"],
  ['u1: score 5, value "v" 4', 'as to value "v" 4: it is 3'],
  ['moves of "s": none', "the moves are: u1 enters at 2026-01-01T00:10:00.000Z by event"],
  ['moves of "s": u1 enters at 10m by time', "the moves are: u1 enters at 2026-01-01T00:10:00.000Z by event"],
  ['moves of "s": u1 leaves at 10m', "the moves are: u1 enters at 2026-01-01T00:10:00.000Z by event"],
  ['warning at 1:1 saying "x"', "the model is told none"],
])("expect %s is told to be wrong", async (text, but) => {
  expect(await claim(text)).toEqual([`a.scenario:13: expected ${text}, but ${but}`]);
});

test("what is right is not complained of", async () => {
  const right = [
    'u1: score 5, stage "two", tag "t" 2, top tag "t", in "s" since 10m, known, not saturated, value "v" 3',
    'u1: sum("A".x) 3, value "last" at 10m, trait plan "pro", first seen 10m, last seen 2026-01-01T00:10:00Z',
    '~v: score 0, stage "one", no tags, in nothing, not known, first seen 30m',
    'moves of "s": u1 enters at 10m by event',
  ];
  for (const text of right) expect(await claim(text)).toEqual([]);
});

test.each([
  ["model\n  segment", "a.scenario:2: the model has errors: 1:8 expected"],
  ['wrong model\n  segment "s" = known', "a.scenario:2: the model should have been refused, but it was taken"],
  ['at 0 "A" by u1 is refused', "a.scenario:2: the call was taken"],
  ['at 0 dated 9d "A" by u1', "a.scenario:2: the call was refused: `timestamp` is more than a day ahead"],
  ['at 0 page by u1\nexpect u1: value "v" 1', 'a.scenario:3: the model has no value "v"'],
  ['at 0 page by u1\nexpect u1: count("A") 1', 'a.scenario:3: the model does not use count("A")'],
])("%j goes wrong", async (text, told) => {
  expect((await run(`scenario "x"\n${text}`)).join("\n")).toContain(told);
});

test.each([
  ["at 10m page by u1", 'a.scenario:1: a file begins with: scenario "what it shows"'],
  [
    'scenario "x"\nat noon page by u1',
    "a.scenario:2: expected a time such as 10m or 2026-01-31T10:00:00Z, found noon page by u1",
  ],
  ['scenario "x"\nat 2026-02-31 page by u1', "a.scenario:2: 2026-02-31 is no date"],
  ['scenario "x"\nat 2h\nat 1h page by u1', "a.scenario:3: this lies before the line above"],
  ['scenario "x"\npage by u1', "a.scenario:2: an event needs its time"],
  ['scenario "x"\nat 0 "A"', 'a.scenario:2: expected "by" and a contact, found the end of the line'],
  ['scenario "x"\nat 0 "A" by u1 {x 1}', 'a.scenario:2: expected ":", found 1}'],
  ['scenario "x"\nat 0 "A" by u1 twice', "a.scenario:2: expected the end of the line, found twice"],
  ['scenario "x"\nexpect u1: fame 5', "a.scenario:2: expected score, stage, tag"],
  ['scenario "x"\nexpect u1: score 5\n  stage "a"', 'a.scenario:2: expected the end of the line, found stage "a"'],
  ['scenario "x"\nat 0\nstart 2026-01-01', "a.scenario:3: this stands before everything that happens"],
  ['scenario "x"\nlimits: patience 3', "a.scenario:2: there is no limit patience"],
  ['scenario "x"\ncovers: all', "a.scenario:2: expected the id of a sentence such as time.3, found all"],
])("%j can't be read", (text, told) => {
  expect(() => readScenarios("a.scenario", text)).toThrow(told);
});

test("times may be short, long and put together", () => {
  const text = [
    'scenario "x"',
    "start 2026-03-01T12:00:00+02:00",
    ...["0", "5ms", "10m", "1d2h", "26h", "2 days", "3 weeks", "1mo", "2026-05-01", "1y1s"].map((at) => `at ${at}`),
    "just before 2y",
  ].join("\n");
  const start = Date.UTC(2026, 2, 1, 10);
  const [scenario] = readScenarios("a.scenario", text.replace("at 26h\n", ""));
  const found = scenario?.statements.map((statement) => (statement.kind === "clock" ? statement.now - start : null));
  const hour = 3_600_000;
  const day = 24 * hour;
  const may = Date.UTC(2026, 4, 1) - start;
  const wanted = [0, 5, hour / 6, 26 * hour, 2 * day, 21 * day, 30 * day, may, 365 * day + 1000, 730 * day - 1];
  expect(found).toEqual(wanted);
});
