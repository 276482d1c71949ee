/**
 * The sentences of the language's contract, in its order and in other words: what each promises, under the id by which
 * scenarios name it. Where one sentence promises several things each has an id.
 *
 * A sentence is in force when all of the language that it needs is live; one that waits for more than the language says
 * for what. A feature that goes live makes the sentences that need it fail until scenarios show them.
 */
import { FEATURES, type FeatureName } from "../../dsl/live.ts";

export interface Sentence {
  readonly id: string;
  readonly says: string;
  readonly needs?: readonly FeatureName[];
  /** What is missing outside of the language; absent where nothing is. */
  readonly waitsFor?: string;
}

export function isInForce(sentence: Sentence): boolean {
  return sentence.waitsFor === undefined && (sentence.needs ?? []).every((name) => FEATURES[name].live);
}

const MERGING = "anonymous contacts joined to known ones";
const GROUPS = "group calls";
const EDITS = "changes through the API";

export const SENTENCES: readonly Sentence[] = [
  // A model at a glance.
  { id: "glance.1", says: "a plain score rule gives its points for every matching call" },
  { id: "glance.2", says: "a score rule on a condition gives its points as long as the condition holds" },
  { id: "glance.3", says: "every match adds a point to a tag" },
  { id: "glance.4", says: "a tag rule on a property makes one tag for each value" },
  { id: "glance.5", says: "a contact goes down the funnel in one direction only" },
  { id: "glance.6", says: "a dynamic segment holds whoever satisfies its condition at present" },
  { id: "glance.7", says: "a computed value can be used everywhere" },
  { id: "glance.8", says: "a static segment changes only by an action or the API", needs: ["staticSegments"] },
  { id: "glance.9", says: "entering a segment runs actions", needs: ["automations", "webhooks"] },

  // Lexical rules.
  { id: "lex.1", says: "names stand in double quotes, with the escapes for quote, backslash, newline and code unit" },
  { id: "lex.2", says: "keywords and paths stand bare" },
  { id: "lex.3", says: "keywords are lower case and may be used as parts of paths" },
  { id: "lex.4", says: "a path is words joined by dots, with back-quotes around a part that is no word" },
  { id: "lex.5", says: "numbers may have a sign, a fraction and underscores between digits" },
  { id: "lex.6", says: "the two truth values are true and false" },
  {
    id: "lex.7",
    says: "a date may have a time and a zone; without a zone it is in the model's, which is UTC if unnamed",
  },
  { id: "lex.8", says: "a duration is a whole number and a unit, in the singular or plural" },
  { id: "lex.9", says: "units have fixed lengths: 24 hours, 7, 30 and 365 days" },
  { id: "lex.10", says: "a number sign makes a comment of the rest of the line" },
  { id: "lex.11", says: "a declaration may go on over several lines" },
  {
    id: "lex.12",
    says: "a keyword in the first column ends an unfinished declaration, so the error is told where it is",
  },
  { id: "lex.13", says: "words may have letters of any alphabet" },
  { id: "lex.14", says: "nesting ends at a depth of 100" },
  { id: "lex.15", says: "columns count UTF-16 units from 1" },

  // Grammar, where it says more than its shapes.
  { id: "grammar.1", says: "and binds closer than or, not closest; parentheses group" },
  { id: "grammar.2", says: "filters know the same comparisons as conditions, but not those with the present" },
  { id: "grammar.3", says: "a filter's path that begins with context reads the call's context" },
  { id: "grammar.4", says: "on the right of a filter's comparison event.path stands for another property" },
  { id: "grammar.5", says: "a bare word on the right of a filter's comparison is refused" },
  { id: "grammar.6", says: "event.path on the left of a filter's comparison is refused" },
  { id: "grammar.7", says: "multiplication and division bind closer than plus and minus; parentheses group" },
  { id: "grammar.8", says: "points are written with their sign" },
  { id: "grammar.9", says: "text comparisons: contains, starts with, ends with, matches, each also with not" },

  // Events.
  { id: "events.1", says: "a quoted name stands for track calls with that event" },
  { id: "events.2", says: "page and screen stand for those calls, with a name for those of that name" },
  { id: "events.3", says: "any stands for every track, page and screen call" },
  { id: "events.4", says: "a filter's paths read the properties of a call, and the traits of an identify" },
  { id: "events.5", says: "a contact exists from its first accepted call on, of whatever kind" },
  { id: "events.6", says: "conditions, negative ones too, are about contacts that exist" },
  { id: "events.7", says: "arrays and objects are no values" },
  { id: "events.8", says: "a comparison through [] holds if it holds for one element" },
  { id: "events.9", says: "without elements no comparison through [] holds, not even an unequal" },
  { id: "events.10", says: "aggregates and tags through [] take every element" },
  { id: "events.11", says: "first and last through [] take the first and last element" },
  { id: "events.12", says: "[] may stand behind any part of a path into an event" },
  { id: "events.13", says: "paths of traits take no []" },
  { id: "events.14", says: "the path behind matching takes no []", needs: ["unless"] },
  { id: "events.15", says: "an array counts as set" },

  // Time.
  { id: "time.1", says: "a condition is judged at an instant" },
  { id: "time.2", says: "in last D takes events younger than D, and those of this instant" },
  { id: "time.3", says: "windows are exact and never rounded" },
  { id: "time.4", says: "the order of arrival makes no difference to windows" },
  { id: "time.5", says: "membership changes at the instant itself, also when nothing arrives" },
  { id: "time.6", says: "an exit that time brings is an ordinary exit" },
  { id: "time.7", says: "from D1 to D2 ago takes what is younger than D1 and at least D2 old" },
  { id: "time.8", says: "today begins at midnight in the model's timezone" },
  { id: "time.9", says: "this week begins at Monday's midnight in the model's timezone" },
  { id: "time.10", says: "this month begins at the first's midnight in the model's timezone" },
  { id: "time.11", says: "this year begins at the midnight of 1 January in the model's timezone" },
  { id: "time.12", says: "within D: the moment is not in the future and less than D ago" },
  { id: "time.13", says: "more than D ago: the moment is D ago or longer" },
  { id: "time.14", says: "since takes the instant itself as well" },
  { id: "time.15", says: "between takes both of its ends" },
  { id: "time.16", says: "equal to a bare date means any moment of that day" },
  { id: "time.17", says: "up to a bare date takes in all of that day, with between as well" },
  { id: "time.18", says: "after a bare date begins when that day is over" },
  { id: "time.19", says: "days_to_anniversary counts midnights in the model's timezone and is 0 on the day" },
  { id: "time.20", says: "an anniversary of 29 February is on the 28th in years without one" },
  { id: "time.21", says: "days_to_anniversary is compared with numbers only" },
  { id: "time.22", says: "when time jumps every change in between happens, in order and at its instant" },

  // Clock.
  { id: "clock.1", says: "with the wall clock the present is the machine's time" },
  { id: "clock.2", says: "with the wall clock a timestamp in the future becomes the time of receipt" },
  { id: "clock.3", says: "with the event clock the present is the largest timestamp so far" },
  { id: "clock.4", says: "with the event clock the present can be set by hand, forward" },
  { id: "clock.5", says: "a settle brings all partitions to the largest timestamp" },
  { id: "clock.6", says: "changes that are due happen before the event that moves the clock" },
  { id: "clock.7", says: "with the event clock rfm is computed on request only", needs: ["rfm"] },
  { id: "clock.8", says: "timestamps more than a day ahead of the machine, or before 1970, are refused" },

  // Aggregates.
  { id: "aggregates.1", says: "count is the number of selected events" },
  { id: "aggregates.2", says: "sum, avg, min and max are over the values that are numbers" },
  { id: "aggregates.3", says: "each number is rounded to six decimals, halves away from zero" },
  { id: "aggregates.4", says: "numbers beyond nine thousand million either way are left out" },
  { id: "aggregates.5", says: "sums and points are exact whatever the order and whatever expires" },
  { id: "aggregates.6", says: "an average is the double next to the exact quotient" },
  { id: "aggregates.7", says: "distinct counts different values" },
  { id: "aggregates.8", says: "first and last of events are timestamps" },
  { id: "aggregates.9", says: "first and last of a property are that of the earliest or latest event that has it" },
  { id: "aggregates.10", says: "of equal timestamps the larger messageId is the later" },
  { id: "aggregates.11", says: "texts are ordered by code points" },
  { id: "aggregates.12", says: "most is the value that occurs most often" },
  {
    id: "aggregates.13",
    says: "most with a tie is the value that sorts first: numbers, then texts, then truth values",
  },
  { id: "aggregates.14", says: "of nothing, count, sum and distinct are 0 and the others missing" },

  // Missing values and types.
  { id: "types.1", says: "no value is turned into another type" },
  { id: "types.2", says: "a comparison with something missing or of another type is false, and its negation true" },
  { id: "types.3", says: "what is missing or null is not set" },
  { id: "types.4", says: "contains looks for a part of a text" },
  { id: "types.5", says: "contains looks for an element of an array" },
  { id: "types.6", says: "matches finds its expression anywhere in the text" },
  { id: "types.7", says: "expressions that RE2 does not know are refused" },
  { id: "types.8", says: "only texts, numbers and truth values count as values of aggregates and tags" },
  { id: "types.9", says: "where a moment is wanted an ISO text or a number of milliseconds is read as one" },
  { id: "types.10", says: "ISO texts may end after the day, minute, second or fraction, with or without a zone" },
  { id: "types.11", says: "ignoring case compares lower case, of all alphabets" },

  // Bounds.
  { id: "bounds.1", says: "a contact that reaches a bound is marked" },
  { id: "bounds.2", says: "past the entries kept for a window the oldest leave early" },
  { id: "bounds.3", says: "different values are kept up to a bound" },
  { id: "bounds.4", says: "tags are kept up to a bound" },
  { id: "bounds.5", says: "late events count fully" },
  { id: "bounds.6", says: "sequences, abandoned and unless see events up to LATENESS late", needs: ["sequences"] },
  { id: "bounds.7", says: "all bounds can be configured" },

  // Arithmetic.
  { id: "arithmetic.1", says: "calculations are with numbers, from left to right" },
  {
    id: "arithmetic.2",
    says: "with a part that is missing or no number, or a division by zero, the result is missing",
  },
  { id: "arithmetic.3", says: "calculating with moments is refused" },
  { id: "arithmetic.4", says: "a value is an operand with a name, kept up to date as segments are" },

  // Traits.
  { id: "traits.1", says: "identify sets traits key by key" },
  { id: "traits.2", says: "the traits in any call's context are set as well" },
  { id: "traits.3", says: "inside one call its own traits win over those in its context" },
  { id: "traits.4", says: "the latest timestamp wins for each key, whatever the order of arrival" },
  { id: "traits.5", says: "of equal timestamps the larger messageId wins" },
  { id: "traits.6", says: "null unsets a trait" },
  { id: "traits.7", says: "group links a contact to a company", needs: ["company"], waitsFor: GROUPS },
  { id: "traits.8", says: "company.id is the groupId", needs: ["company"], waitsFor: GROUPS },
  {
    id: "traits.9",
    says: "a company's change reaches its contacts by the next settle",
    needs: ["company"],
    waitsFor: GROUPS,
  },

  // Score.
  { id: "score.1", says: "the score is the sum over all rules" },
  { id: "score.2", says: "a rule on an event gives its points times the matching events" },
  { id: "score.3", says: "with for D only the events of the last D count" },
  { id: "score.4", says: "a rule with while gives its points once, as long as the condition holds" },
  { id: "score.5", says: "actions add points", needs: ["automations"] },
  { id: "score.6", says: "the API adds points", waitsFor: EDITS },
  { id: "score.7", says: "unless: an A counts once D is over without a B", needs: ["unless"] },
  { id: "score.8", says: "unless with for: the points end that long after A", needs: ["unless"] },
  { id: "score.9", says: "matching: only a B with the same value as the A stops it", needs: ["unless"] },

  // Other facts.
  { id: "facts.1", says: "known is whoever has a userId" },
  { id: "facts.2", says: "first_seen and last_seen are the timestamps of the earliest and the latest call" },
  { id: "facts.3", says: "percent is fixed for a contact and a salt" },
  { id: "facts.4", says: "percent is made of the first four bytes of a SHA-256" },
  { id: "facts.5", says: "rfm ranks contacts from 1 to 5", needs: ["rfm"] },
  { id: "facts.6", says: "rfm stays as it is until computed again", needs: ["rfm"] },

  // Tags.
  { id: "tags.1", says: "a tag rule on a path gives the tag named by the value" },
  { id: "tags.2", says: "of an array every element gives its tag, as often as it occurs" },
  { id: "tags.3", says: "an empty name gives no tag" },
  { id: "tags.4", says: "a tag's score is the sum of its points" },
  { id: "tags.5", says: "has tag is true from when the tag is given" },
  { id: "tags.6", says: "given for D a tag ends with the last of its points" },
  { id: "tags.7", says: "untag takes a tag away, with all points up to then", needs: ["automations"] },
  { id: "tags.8", says: "the top tag has the highest score, and sorts first among equals" },
  { id: "tags.9", says: "without tags there is no top tag" },
  { id: "tags.10", says: "the score of a tag that the contact doesn't have is 0" },

  // Stages.
  { id: "stages.1", says: "everybody starts in a first stage that has no condition" },
  { id: "stages.2", says: "when a stage's condition turns true the contact moves forward to it" },
  { id: "stages.3", says: "a stage is judged at each evaluation" },
  { id: "stages.4", says: "a condition that holds when the stage is declared counts as having turned" },
  { id: "stages.5", says: "late events reopen no past instant" },
  { id: "stages.6", says: "rules never move a contact back" },
  { id: "stages.7", says: "the API and actions may move a contact back", needs: ["automations"], waitsFor: EDITS },
  { id: "stages.8", says: "what held before a move back does not undo it", needs: ["automations"], waitsFor: EDITS },
  { id: "stages.9", says: "stages are compared in their declared order" },

  // Segments.
  { id: "segments.1", says: "a dynamic segment has exactly those whose condition holds now" },
  {
    id: "segments.2",
    says: "a static segment with a condition holds those who met it when declared",
    needs: ["staticSegments"],
  },
  { id: "segments.3", says: "a static segment changes by actions and the API alone", needs: ["staticSegments"] },

  // Sequences.
  { id: "sequences.1", says: "did A then B: one after the other within D", needs: ["sequences"] },
  { id: "sequences.2", says: "with in last W the first lies in the window", needs: ["sequences"] },
  { id: "sequences.3", says: "abandoned: the latest A is D old and no B is later", needs: ["abandoned"] },

  // Merging.
  { id: "merging.1", says: "a merged profile is that of all the events of both", waitsFor: MERGING },
  { id: "merging.2", says: "given points, tags, memberships and stages unite", waitsFor: MERGING },
  { id: "merging.3", says: "moves that a merge causes are ordinary ones", waitsFor: MERGING },
  { id: "merging.4", says: "automations do not fire again for what held", needs: ["automations"], waitsFor: MERGING },
  { id: "merging.5", says: "what an action or a stage did stays done", needs: ["automations"], waitsFor: MERGING },

  // Automations.
  { id: "automations.1", says: "score reaches n fires at each crossing from below", needs: ["automations"] },
  { id: "automations.2", says: "once fires once for a contact, once per D once in D", needs: ["automations"] },
  { id: "automations.3", says: "all but stages and actions is independent of the order of processing" },
  { id: "automations.4", says: "within one change: traits and aggregates, tags and score, stage, segments" },
  { id: "automations.5", says: "automations run last, in the order written, up to 8 rounds", needs: ["automations"] },
  { id: "automations.6", says: "enter and leave fire once per change of membership", needs: ["automations"] },
  { id: "automations.7", says: "backfill of a new segment fires nothing", needs: ["automations"] },

  // Changing the model.
  { id: "changing.1", says: "a new model holds for all of the history", waitsFor: "backfill from the history" },
  { id: "changing.2", says: "changed points rescore everybody" },
  { id: "changing.3", says: "a new segment gets the members that the past gives it" },
  { id: "changing.4", says: "stages reached stay" },
  { id: "changing.5", says: "what actions and the API gave stays", needs: ["automations"], waitsFor: EDITS },
  { id: "changing.6", says: "rescoring and backfill fire nothing", needs: ["automations"] },

  // Errors.
  { id: "errors.1", says: "a wrong model is refused whole" },
  { id: "errors.2", says: "what is told has a place, plain words and, where one can be guessed, a hint" },
  { id: "errors.3", says: "unknown names are refused" },
  { id: "errors.4", says: "names declared twice are refused" },
  { id: "errors.5", says: "circles among segments, scores and stages are refused and spelled out" },
  { id: "errors.6", says: "comparisons of types that can never match are refused" },
  { id: "errors.7", says: "a path where none is used is refused" },
  { id: "errors.8", says: "durations of zero are refused, but not as the near end of a window" },
  { id: "errors.9", says: "windows that end before they begin are refused" },
  { id: "errors.10", says: "two conditions for one stage are refused" },
  { id: "errors.11", says: "names never seen are warned of", waitsFor: "the names that have been seen" },
  { id: "errors.12", says: "conditions that are always true or always false are warned of" },
];
