/** What putting a new model changes about segments: the answer to a dry run. */
import type { Predicate } from "./ast.ts";
import type { CheckedModel } from "./check.ts";
import { printDeclaration, printOperand, printPredicate } from "./print.ts";
import { walkOperand, walkPredicate, type Visitor } from "./walk.ts";

/** Names of segments, each in exactly one list, in the order of the model that has them. */
export interface ModelChanges {
  readonly added: string[];
  readonly removed: string[];
  /** Says the same as before, and so does all that it reads. */
  readonly kept: string[];
  /** Says something else, or reads something that does: a changed segment, score, stage or tag. */
  readonly rebuilt: string[];
}

export function modelChanges(before: CheckedModel, after: CheckedModel): ModelChanges {
  const meanings = new Map<string, number>();
  const old = segmentMeanings(before, meanings);
  const fresh = segmentMeanings(after, meanings);
  const names = [...fresh.keys()];
  return {
    added: names.filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !fresh.has(name)),
    kept: names.filter((name) => old.has(name) && old.get(name) === fresh.get(name)),
    rebuilt: names.filter((name) => old.has(name) && old.get(name) !== fresh.get(name)),
  };
}

/**
 * A number for the meaning of each segment: equal numbers mean that the text and everything it depends on are the
 * same. `meanings` numbers them and is shared by the models compared.
 */
function segmentMeanings(model: CheckedModel, meanings: Map<string, number>): Map<string, number> {
  const nodes = new Map<string, number>();
  const number = (text: string, reads: Iterable<string> = []): number => {
    const parts = [model.zone.name, text, ...[...reads].map((node) => `${node}=${nodes.get(node) ?? "?"}`).sort()];
    const key = JSON.stringify(parts);
    const known = meanings.get(key) ?? meanings.size;
    meanings.set(key, known);
    return known;
  };
  nodes.set("tags", number(model.tags.map(printDeclaration).join("\n")));
  nodes.set("rfm", number(model.rfm === null ? "" : printDeclaration(model.rfm)));
  for (const node of model.order) {
    const { text, reads } = describe(model, node);
    nodes.set(node, number(text, reads));
  }
  const segments = [...model.segments.map((one) => one.name), ...model.statics.map((one) => one.name.text)];
  return new Map(segments.map((name) => [name, nodes.get(`segment:${name}`) ?? nodes.get(`static:${name}`) ?? -1]));
}

/** What a node says, and the nodes that it reads. */
function describe(model: CheckedModel, node: string): { text: string; reads: Set<string> } {
  const reads = new Set<string>();
  if (node === "score") {
    for (const { rule } of model.scores) if (rule.kind === "while") readPredicate(model, rule.predicate, reads);
    return { text: model.scores.map(printDeclaration).join("\n"), reads };
  }
  if (node === "stages") {
    const text = model.stages.map(({ name, when }) => {
      if (when !== null) readPredicate(model, when, reads);
      return `${JSON.stringify(name)} ${when === null ? "" : printPredicate(when)}`;
    });
    return { text: text.join("\n"), reads };
  }
  const segment = model.segments.find(({ name }) => node === `segment:${name}`);
  if (segment !== undefined) {
    readPredicate(model, segment.predicate, reads);
    return { text: printPredicate(segment.predicate), reads };
  }
  const value = model.values.find(({ name }) => node === `value:${name}`);
  if (value !== undefined) {
    walkOperand(value.operand, visitorInto(model, reads));
    return { text: printOperand(value.operand), reads };
  }
  const fixed = model.statics.find(({ name }) => node === `static:${name.text}`);
  // Who is in a static segment was decided when it was declared: another predicate changes nobody.
  return { text: fixed === undefined ? node : `static ${fixed.name.text}`, reads };
}

function readPredicate(model: CheckedModel, predicate: Predicate, into: Set<string>): void {
  walkPredicate(predicate, visitorInto(model, into));
}

function visitorInto(model: CheckedModel, into: Set<string>): Visitor {
  return {
    predicate(predicate) {
      if (predicate.kind === "has tag") into.add("tags");
      if (predicate.kind === "in segment") {
        const dynamic = model.segments.some(({ name }) => name === predicate.segment.text);
        into.add(`${dynamic ? "segment" : "static"}:${predicate.segment.text}`);
      }
    },
    operand(operand) {
      if (operand.kind === "score" || operand.kind === "rfm") into.add(operand.kind);
      else if (operand.kind === "stage") into.add("stages");
      else if (operand.kind === "tag" || operand.kind === "top_tag") into.add("tags");
      else if (operand.kind === "value") into.add(`value:${operand.name.text}`);
    },
  };
}
