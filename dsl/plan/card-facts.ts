/** The aggregates and values that the profile card shows: every one that the model uses, once each. */
import type { Operand, Predicate } from "../ast.ts";
import type { CheckedModel } from "../check.ts";
import { printFact, printPredicate } from "../print.ts";
import { walkOperand, walkPredicate, type Visitor } from "../walk.ts";
import { compileAggregate, type CompiledAggregate, type Read } from "./aggregate.ts";
import { noReads, type PlanBuilder } from "./builder.ts";
import { compileOperand, type Names } from "./operand.ts";
import type { FeatureUse } from "./uses.ts";

export interface AggregateFact {
  readonly text: string;
  readonly aggregate: CompiledAggregate;
}

export interface ValueFact {
  readonly name: string;
  readonly read: Read;
}

/** They read features that rules and predicates have asked for already, so they widen nothing. */
export function compileCardFacts(model: CheckedModel, builder: PlanBuilder, uses: FeatureUse[]): AggregateFact[] {
  const facts = new Map<string, AggregateFact>();
  const dids = new Set<string>();
  const visitor: Visitor = {
    operand(fact) {
      if (fact.kind !== "aggregate") return;
      const text = printFact(fact);
      if (facts.has(text)) return;
      const reads = noReads();
      facts.set(text, { text, aggregate: compileAggregate(fact.function, fact.selector, builder, reads, 1) });
      uses.push({ text, features: [...reads.features] });
    },
    predicate(test) {
      if (test.kind !== "did") return;
      const text = printPredicate(test);
      if (dids.has(text)) return;
      dids.add(text);
      const reads = noReads();
      compileAggregate("count", test.selector, builder, reads, 1);
      uses.push({ text, features: [...reads.features] });
    },
  };
  for (const predicate of predicatesOf(model)) walkPredicate(predicate, visitor);
  for (const operand of model.values.map((value): Operand => value.operand)) walkOperand(operand, visitor);
  return [...facts.values()];
}

export function compileValueFacts(model: CheckedModel, builder: PlanBuilder, names: Names): ValueFact[] {
  return model.values.map(({ name, operand }) => ({
    name,
    read: compileOperand(operand, builder, noReads(), names).read,
  }));
}

function predicatesOf(model: CheckedModel): Predicate[] {
  return [
    ...model.scores.flatMap(({ rule }) => (rule.kind === "while" ? [rule.predicate] : [])),
    ...model.stages.flatMap((stage) => (stage.when === null ? [] : [stage.when])),
    ...model.segments.map((segment) => segment.predicate),
  ];
}
