/** The instants at which anything about a contact can change without an event: a superset of the true flips. */
import type { Binary, DateLiteral, Duration, Fact, Model, Operand } from "../../dsl/ast.ts";
import type { Json } from "../../kernel/event.ts";
import { midnightsBetween } from "./calendar.ts";
import { evaluate } from "./facts.ts";
import { endOfDay, readMoment, startOf } from "./moments.ts";
import type { Rules, Scene } from "./scene.ts";
import { momentOf } from "./values.ts";

/** What a model says about time. */
export interface TimeWords {
  /** Lengths in milliseconds of every duration that is written in it, and 0. */
  readonly durations: readonly number[];
  /** Instants of the dates that are written in it. */
  readonly dates: readonly number[];
  /** Whether anything in it begins at a midnight. */
  readonly midnights: boolean;
  /** Operands that may be worth a moment that is written nowhere. */
  readonly calculated: readonly Operand[];
}

export function timeWordsOf(model: Model, rules: Rules): TimeWords {
  const durations = new Set([0]);
  const dates = new Set<number>();
  const calculated = rules.values.map((value) => value.operand);
  let midnights = false;
  for (const node of nodesOf(model)) {
    if (isDuration(node)) durations.add(node.ms);
    if (isDate(node)) {
      dates.add(startOf(node, rules.calendar));
      if (node.wholeDay) dates.add(endOfDay(node, rules.calendar));
    }
    if (isBinary(node)) calculated.push(node);
    if (["today", "week", "month", "year", "days_to_anniversary"].includes(String(node["kind"]))) midnights = true;
  }
  return { durations: [...durations], dates: [...dates], midnights, calculated };
}

/**
 * Every instant t with `from < t <= to`, ascending, at which the contact of the scene may change though nothing
 * happens: each moment in its events or in the model, plus each duration of the model; and the midnights.
 */
export function flipInstants(scene: Scene, words: TimeWords, from: number, to: number): number[] {
  const moments = new Set(words.dates);
  for (const event of scene.events) {
    moments.add(event.timestamp);
    for (const document of [event.properties, event.context, event.traits]) {
      for (const moment of momentsIn(document, scene.rules)) moments.add(moment);
    }
  }
  for (const moment of calculatedMoments(scene, words)) moments.add(moment);
  const instants = new Set(words.midnights ? midnightsBetween(scene.rules.calendar, from, to) : []);
  for (const moment of moments) {
    for (const duration of words.durations) instants.add(Math.ceil(moment + duration));
  }
  return [...instants].filter((instant) => from < instant && instant <= to).sort((a, b) => a - b);
}

/** What is calculated, where it can be read as a moment. */
export function calculatedMoments(scene: Scene, words: TimeWords): number[] {
  return words.calculated.flatMap((operand) => momentOf(evaluate(scene, operand), scene.rules) ?? []);
}

/** Every aggregate fact of the model, as often as it is written. */
export function aggregatesIn(model: Model): (Fact & { readonly kind: "aggregate" })[] {
  return nodesOf(model).filter(isAggregate);
}

/** Every node of a syntax tree, the root first. */
export function nodesOf(tree: unknown): Record<string, unknown>[] {
  if (Array.isArray(tree)) return tree.flatMap(nodesOf);
  if (typeof tree !== "object" || tree === null) return [];
  return [tree as Record<string, unknown>, ...Object.values(tree).flatMap(nodesOf)];
}

function isDuration(node: object): node is Duration {
  return "ms" in node && "unit" in node;
}

function isDate(node: object): node is DateLiteral {
  return "kind" in node && node.kind === "date" && "wholeDay" in node;
}

/** Arithmetic; a comparison is called binary as well, but has no left side of its own. */
function isBinary(node: object): node is Binary {
  return "kind" in node && node.kind === "binary" && "left" in node;
}

function isAggregate(node: object): node is Fact & { readonly kind: "aggregate" } {
  return "kind" in node && node.kind === "aggregate";
}

function momentsIn(json: Json, rules: Rules): number[] {
  if (Array.isArray(json)) return json.flatMap((element: Json) => momentsIn(element, rules));
  if (typeof json === "object" && json !== null) {
    return Object.values(json).flatMap((member: Json) => momentsIn(member, rules));
  }
  const moment = readMoment(json, rules.calendar);
  return moment === null ? [] : [moment];
}
