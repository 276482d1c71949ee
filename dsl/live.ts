/**
 * What of the language works already. The grammar is read and checked whole; a feature that is not live yet is
 * refused by name, at its place, so that no model is accepted that would not be kept.
 */

import type { AutomationDecl, Declaration, Operand, Path, Pos, Predicate, TagDecl, Window } from "./ast.ts";
import type { Reporter } from "./diagnostic.ts";
import { type Visitor, walkEvent, walkOperand, walkPredicate, walkSelector } from "./walk.ts";

interface Feature {
  readonly live: boolean;
  /** With its verb: the message goes on with "not supported yet". */
  readonly subject: string;
}

export const FEATURES = {
  timezone: { live: true, subject: "the timezone is" },
  scoreOn: { live: true, subject: '"score … on" is' },
  scoreWhile: { live: true, subject: '"score … while" is' },
  unless: { live: false, subject: '"unless" is' },
  scoreFor: { live: true, subject: '"for" behind a score is' },
  tagOn: { live: true, subject: '"tag … on" is' },
  tagFor: { live: true, subject: '"for" behind a tag is' },
  stages: { live: true, subject: "stages are" },
  segments: { live: true, subject: "segments are" },
  staticSegments: { live: false, subject: "static segments are" },
  values: { live: true, subject: "values are" },
  webhooks: { live: false, subject: "webhooks are" },
  automations: { live: false, subject: 'automations ("on …") are' },
  rfm: { live: false, subject: "rfm is" },
  company: { live: false, subject: "company traits are" },
  percent: { live: true, subject: "percent is" },
  anniversaries: { live: true, subject: "days_to_anniversary is" },
  arithmetic: { live: true, subject: "calculations with +, -, * and / are" },
  sequences: { live: false, subject: "sequences are" },
  abandoned: { live: false, subject: "abandoned is" },
  did: { live: true, subject: "did is" },
  count: { live: true, subject: "count is" },
  sum: { live: true, subject: "sum is" },
  avg: { live: true, subject: "avg is" },
  min: { live: true, subject: "min is" },
  max: { live: true, subject: "max is" },
  distinct: { live: true, subject: "distinct is" },
  first: { live: true, subject: "first is" },
  last: { live: true, subject: "last is" },
  most: { live: true, subject: "most is" },
  elements: { live: true, subject: '"[]" in paths is' },
  windowLast: { live: true, subject: 'the window "in last" is' },
  windowAgo: { live: true, subject: 'the window "from … to … ago" is' },
  windowSince: { live: true, subject: 'the window "since" is' },
  windowToday: { live: true, subject: 'the window "today" is' },
  windowWeek: { live: true, subject: 'the window "this week" is' },
  windowMonth: { live: true, subject: 'the window "this month" is' },
  windowYear: { live: true, subject: 'the window "this year" is' },
} as const satisfies Readonly<Record<string, Feature>>;

export type FeatureName = keyof typeof FEATURES;

const WINDOW_FEATURES: Readonly<Record<Window["kind"], FeatureName>> = {
  last: "windowLast",
  ago: "windowAgo",
  since: "windowSince",
  today: "windowToday",
  week: "windowWeek",
  month: "windowMonth",
  year: "windowYear",
};

/** Reports a feature that is not live; true where it is. */
function need(problems: Reporter, feature: FeatureName, pos: Pos): boolean {
  const { live, subject }: Feature = FEATURES[feature];
  if (!live) {
    problems.error(pos, `${subject} not supported yet`);
  }
  return live;
}

export function refuseDead(declarations: readonly Declaration[], problems: Reporter): void {
  for (const declaration of declarations) {
    refuseDeclaration(declaration, problems);
  }
}

export function refuseDeadPredicate(predicate: Predicate, problems: Reporter): void {
  walkPredicate(predicate, visitorFor(problems));
}

function visitorFor(problems: Reporter): Visitor {
  /** The parts of calculations that have been refused whole. */
  const covered = new WeakSet<Operand>();
  return {
    predicate(p) {
      if (p.kind === "sequence") {
        need(problems, "sequences", p.pos);
      } else if (p.kind === "abandoned") {
        need(problems, "abandoned", p.pos);
      } else if (p.kind === "did") {
        need(problems, "did", p.pos);
      }
    },
    operand(o) {
      switch (o.kind) {
        case "aggregate":
          need(problems, o.function, o.pos);
          return;
        case "binary":
          if (!covered.has(o)) {
            need(problems, "arithmetic", o.pos);
          }
          covered.add(o.left);
          covered.add(o.right);
          return;
        case "company":
          need(problems, "company", o.pos);
          return;
        case "value":
          need(problems, "values", o.pos);
          return;
        case "rfm":
          need(problems, "rfm", o.pos);
          return;
        case "percent":
          need(problems, "percent", o.pos);
          return;
        case "days_to_anniversary":
          need(problems, "anniversaries", o.pos);
          return;
        default:
          return;
      }
    },
    selector(s) {
      if (s.window !== null) {
        need(problems, WINDOW_FEATURES[s.window.kind], s.window.pos);
      }
    },
    eventPath: (path) => needPath(problems, path),
  };
}

function needPath(problems: Reporter, path: Path): void {
  if (path.parts.some((part) => part.each)) {
    need(problems, "elements", path.pos);
  }
}

/** The words at the head of a declaration; what follows may be long and is not what is refused. */
function head(declaration: Declaration, words: string): Pos {
  return { ...declaration.pos, length: Math.min(declaration.pos.length, words.length) };
}

/** What belongs to a feature that is not live is not looked into: one message is enough. */
function refuseDeclaration(d: Declaration, problems: Reporter): void {
  const visitor = visitorFor(problems);
  switch (d.kind) {
    case "timezone":
      need(problems, "timezone", d.pos);
      return;
    case "rfm":
      if (need(problems, "rfm", head(d, "rfm"))) {
        walkSelector(d.selector, visitor);
      }
      return;
    case "score":
      if (d.rule.kind === "while") {
        if (need(problems, "scoreWhile", head(d, "score"))) {
          walkPredicate(d.rule.predicate, visitor);
        }
        return;
      }
      need(problems, "scoreOn", head(d, "score"));
      walkEvent(d.rule.event, visitor);
      if (d.rule.unless !== null && need(problems, "unless", d.rule.unless.pos)) {
        walkEvent(d.rule.unless.event, visitor);
      }
      if (d.rule.for !== null) {
        need(problems, "scoreFor", d.rule.for.pos);
      }
      return;
    case "tag":
      refuseTag(d, problems, visitor);
      return;
    case "stages":
      need(problems, "stages", head(d, "stages"));
      return;
    case "stage":
      need(problems, "stages", head(d, "stage"));
      walkPredicate(d.when, visitor);
      return;
    case "segment":
      need(problems, "segments", head(d, "segment"));
      walkPredicate(d.predicate, visitor);
      return;
    case "static segment":
      if (need(problems, "staticSegments", head(d, "static segment")) && d.predicate !== null) {
        walkPredicate(d.predicate, visitor);
      }
      return;
    case "value":
      if (need(problems, "values", head(d, "value"))) {
        walkOperand(d.operand, visitor);
      }
      return;
    case "webhook":
      need(problems, "webhooks", head(d, "webhook"));
      return;
    case "automation":
      refuseAutomation(d, problems, visitor);
      return;
  }
}

function refuseTag(d: TagDecl, problems: Reporter, visitor: Visitor): void {
  need(problems, "tagOn", head(d, "tag"));
  if (d.name.path !== null) {
    needPath(problems, d.name.path);
  }
  walkEvent(d.event, visitor);
  if (d.for !== null) {
    need(problems, "tagFor", d.for.pos);
  }
}

function refuseAutomation(d: AutomationDecl, problems: Reporter, visitor: Visitor): void {
  if (!need(problems, "automations", head(d, "on"))) {
    return;
  }
  if (d.trigger.kind === "event") {
    walkEvent(d.trigger.event, visitor);
  }
  if (d.if !== null) {
    walkPredicate(d.if, visitor);
  }
}
