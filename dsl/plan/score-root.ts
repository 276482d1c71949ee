/**
 * The score of a model in which points end or depend on a predicate: computed whole whenever something that it reads
 * has changed. Where all points are for ever, events add them one by one instead and there is no such root.
 */
import type { ScoreDecl } from "../ast.ts";
import { toMicros } from "../../kernel/decimal.ts";
import type { Contact } from "../contact/contact.ts";
import { compileAggregate } from "./aggregate.ts";
import type { PlanBuilder, Reads } from "./builder.ts";
import { horizon } from "./horizon.ts";
import type { Names } from "./operand.ts";
import { compilePredicate } from "./predicate.ts";

/** Micro points at an instant. */
export type ScoreRead = (contact: Contact, t: number) => number;

/** Whether any rule needs the score to be computed whole. */
export function needsScoreRoot(scores: readonly ScoreDecl[]): boolean {
  return scores.some((decl) => decl.rule.kind === "while" || decl.rule.for !== null);
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
  const window = rule.for === null ? null : { kind: "last" as const, duration: rule.for, pos: rule.for.pos };
  const selector = { event, path: null, window, pos: event.pos };
  const { read } = compileAggregate("count", selector, builder, reads, null);
  return (contact, t) => micros * (read(contact, t) as number);
}
