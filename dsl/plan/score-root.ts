/**
 * The score of a model in which points end or depend on a predicate: computed whole whenever something that these read
 * has changed. Points that are for ever are added by events, one by one (rules.ts), whether there is such a root or not.
 */
import type { ScoreDecl } from "../ast.ts";
import { toMicros } from "../../kernel/decimal.ts";
import type { Contact } from "../contact/contact.ts";
import { numberOf } from "../contact/numbers.ts";
import { compileAggregate } from "./aggregate.ts";
import type { PlanBuilder, Reads } from "./builder.ts";
import { horizon } from "./horizon.ts";
import type { Names } from "./operand.ts";
import { compilePredicate } from "./predicate.ts";

/** Micro points at an instant. */
export type ScoreRead = (contact: Contact, t: number) => number;

/** Whether the points of a rule stay once an event has given them. */
export function areForEver({ rule }: ScoreDecl): boolean {
  return rule.kind === "on" && rule.for === null;
}

export function compileScore(
  scores: readonly ScoreDecl[],
  builder: PlanBuilder,
  reads: Reads,
  names: Names,
): ScoreRead {
  const rules = scores.map((decl) => compileRule(decl, builder, reads, names));
  return (contact, t) => {
    let score = 0;
    let until = Infinity;
    for (const rule of rules) {
      score += rule(contact, t);
      if (horizon.at < until) until = horizon.at;
    }
    horizon.at = until;
    return score;
  };
}

function compileRule({ points, rule }: ScoreDecl, builder: PlanBuilder, reads: Reads, names: Names): ScoreRead {
  const micros = toMicros(points.value);
  if (rule.kind === "while") {
    const holds = compilePredicate(rule.predicate, builder, reads, names);
    return (contact, t) => (holds(contact, t) ? micros : 0);
  }
  const { event } = rule;
  if (rule.for === null) {
    // Its events are no reason to compute the whole.
    const feature = builder.count(event, null);
    return (contact) => {
      horizon.at = Infinity;
      return micros * (numberOf(contact, feature) ?? 0);
    };
  }
  const window = { kind: "last" as const, duration: rule.for, pos: rule.for.pos };
  const selector = { event, path: null, window, pos: event.pos };
  const { read } = compileAggregate("count", selector, builder, reads, null);
  return (contact, t) => micros * (read(contact, t) as number);
}
