/** Operands and predicates, evaluated for one contact at one instant from nothing but its events. */
import { createHash } from "node:crypto";
import type { Binary, Fact, Operand, Predicate, Test } from "../../dsl/ast.ts";
import { aggregate, selected } from "./aggregates.ts";
import { daysToAnniversary } from "./calendar.ts";
import { selects } from "./filters.ts";
import { fromMillionths } from "./numbers.ts";
import { follow } from "./paths.ts";
import type { Scene } from "./scene.ts";
import { counts, pointsOf, tagsOf, topTag } from "./tags.ts";
import { traitsOf } from "./traits.ts";
import { compares, literalValue, MISSING, momentOf, plain, type Value } from "./values.ts";

export function isTrue(scene: Scene, predicate: Predicate): boolean {
  switch (predicate.kind) {
    case "and":
      return predicate.parts.every((part) => isTrue(scene, part));
    case "or":
      return predicate.parts.some((part) => isTrue(scene, part));
    case "not":
      return !isTrue(scene, predicate.part);
    default:
      return passesTest(scene, predicate);
  }
}

function passesTest(scene: Scene, test: Test): boolean {
  switch (test.kind) {
    case "in segment":
      return isTrue(scene, declared(scene.rules.segments, test.segment.text).predicate);
    case "has tag":
      return tagsOf(scene).some((tag) => tag.name === test.tag.text);
    case "did":
      return selected(scene, test.selector).length > 0;
    case "known":
      return isKnown(scene.contactId);
    case "compare":
      return passesComparison(scene, test);
    case "sequence":
    case "abandoned":
      throw new Error(`not in the oracle: ${test.kind}`);
  }
}

function passesComparison(scene: Scene, test: Test & { readonly kind: "compare" }): boolean {
  const left = evaluate(scene, test.left);
  const { comparison } = test;
  if (comparison.kind !== "within" && comparison.kind !== "more than ago") {
    return compares(left, comparison, (right) => evaluate(scene, right), scene.rules);
  }
  const moment = momentOf(left, scene.rules);
  if (moment === null) return false;
  const age = scene.at - moment;
  const { ms } = comparison.duration;
  return comparison.kind === "within" ? age >= 0 && age < ms : age >= ms;
}

export function evaluate(scene: Scene, operand: Operand): Value {
  switch (operand.kind) {
    case "string":
    case "number":
    case "boolean":
    case "date":
      return literalValue(operand, scene.rules);
    case "binary":
      return calculate(scene, operand);
    default:
      return factOf(scene, operand);
  }
}

function factOf(scene: Scene, fact: Fact): Value {
  const timestamps = (): number[] => scene.events.map((event) => event.timestamp);
  switch (fact.kind) {
    case "trait":
      return plain(follow(traitsOf(scene), fact.path.parts)[0]);
    case "value":
      return evaluate(scene, declared(scene.rules.values, fact.name.text).operand);
    case "score":
      return plain(scoreOf(scene));
    case "stage":
      return scene.stage === null ? MISSING : { kind: "stage", name: scene.stage };
    case "top_tag":
      return plain(topTag(tagsOf(scene)));
    case "first_seen":
      return { kind: "moment", at: Math.min(...timestamps()) };
    case "last_seen":
      return { kind: "moment", at: Math.max(...timestamps()) };
    case "tag":
      return plain(tagsOf(scene).find((tag) => tag.name === fact.name.text)?.score ?? 0);
    case "percent":
      return plain(percentOf(fact.salt.text, scene.contactId));
    case "aggregate":
      return aggregate(scene, fact.function, fact.selector);
    case "days_to_anniversary": {
      const moment = momentOf(evaluate(scene, fact.operand), scene.rules);
      return plain(moment === null ? null : daysToAnniversary(scene.rules.calendar, moment, scene.at));
    }
    case "company":
    case "rfm":
      throw new Error(`not in the oracle: ${fact.kind}`);
  }
}

/** Anything that is no finite number, before or after, makes the result missing. */
function calculate(scene: Scene, { operator, left, right }: Binary): Value {
  const [a, b] = [numberOf(evaluate(scene, left)), numberOf(evaluate(scene, right))];
  if (a === null || b === null) return MISSING;
  const results = { "+": a + b, "-": a - b, "*": a * b, "/": a / b };
  const result = results[operator];
  return Number.isFinite(result) ? { kind: "plain", json: result } : MISSING;
}

function numberOf(value: Value): number | null {
  return value.kind === "plain" && typeof value.json === "number" ? value.json : null;
}

/** The sum over the rules, exact until it is turned into a double. */
export function scoreOf(scene: Scene): number {
  let millionths = 0n;
  for (const { points, rule } of scene.rules.scores) {
    const each = pointsOf(points.value);
    if (rule.kind === "while") {
      if (isTrue(scene, rule.predicate)) millionths += each;
      continue;
    }
    const matching = scene.events.filter((event) => selects(rule.event, event, scene.rules));
    millionths += each * BigInt(matching.filter((event) => counts(rule, event, scene.at)).length);
  }
  return fromMillionths(millionths);
}

export function isKnown(contactId: string): boolean {
  return !contactId.startsWith("~");
}

function percentOf(salt: string, contactId: string): number {
  const hash = createHash("sha256").update(`${salt}:${contactId}`).digest();
  return (hash.readUInt32BE(0) / 2 ** 32) * 100;
}

function declared<D extends { readonly name: { readonly text: string } }>(all: readonly D[], name: string): D {
  const found = all.find((declaration) => declaration.name.text === name);
  if (found === undefined) throw new Error(`nothing is called ${JSON.stringify(name)}`);
  return found;
}
