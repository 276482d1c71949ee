/**
 * Engines that run rules over one object at a time, each as its documentation says is fastest. They keep no state:
 * what they find is noted by whoever uses them.
 */
import type { Contender, MakeContender } from "./contender.ts";
import { loadPeer } from "./load.ts";
import { createMemberships } from "./memberships.ts";
import type { Fact, Rule } from "./rules.ts";

interface JsonRulesEngine {
  readonly Engine: new (rules: readonly object[]) => {
    run(facts: object): Promise<{ readonly events: readonly { readonly type: string }[] }>;
  };
}

/** Conditions have priorities, so that the rest of a rule isn't looked at once its first condition is false. */
export async function jsonRulesEngine(rules: readonly Rule[]): Promise<Contender> {
  const { Engine } = (await loadPeer("json-rules-engine")) as JsonRulesEngine;
  const engine = new Engine(
    rules.map(({ event, category, priceAbove }, i) => ({
      conditions: {
        all: [
          { fact: "event", operator: "equal", value: event, priority: 3 },
          { fact: "category", operator: "equal", value: category, priority: 2 },
          { fact: "price", operator: "greaterThan", value: priceAbove, priority: 1 },
        ],
      },
      event: { type: String(i) },
    })),
  );
  const memberships = createMemberships(rules.length);
  return {
    prepare(facts) {
      const inputs = facts.map(({ event, category, price }) => ({ event, category, price }));
      return async () => {
        for (const [i, input] of inputs.entries()) {
          const { events } = await engine.run(input);
          for (const { type } of events) memberships.add(Number(type), facts[i]?.contact ?? -1);
        }
      };
    },
    members: () => memberships.members(),
  };
}

interface Sift {
  readonly default: (query: object) => (item: unknown) => boolean;
}

/** Queries compiled once, as its documentation has it for filters. */
export const siftContender: MakeContender = async (rules) => {
  const { default: sift } = (await loadPeer("sift")) as Sift;
  return testing(rules.map(({ event, category, priceAbove }) => sift({ event, category, price: { $gt: priceAbove } })));
};

interface JsonLogic {
  readonly LogicEngine: new () => { build(logic: object): (data: unknown) => unknown };
}

/** Compiled with `build`, which its documentation recommends for what runs often. */
export const jsonLogicContender: MakeContender = async (rules) => {
  const { LogicEngine } = (await loadPeer("json-logic-engine")) as JsonLogic;
  const engine = new LogicEngine();
  return testing(
    rules.map(({ event, category, priceAbove }) =>
      engine.build({
        and: [
          { "===": [{ var: "event" }, event] },
          { "===": [{ var: "category" }, category] },
          { ">": [{ var: "price" }, priceAbove] },
        ],
      }),
    ),
  );
};

function testing(tests: readonly ((fact: unknown) => unknown)[]): Contender {
  const memberships = createMemberships(tests.length);
  const take = (fact: Fact): void => {
    for (let i = 0; i < tests.length; i++) if (tests[i]?.(fact) === true) memberships.add(i, fact.contact);
  };
  return {
    prepare: (facts) => () => facts.forEach(take),
    members: () => memberships.members(),
  };
}
