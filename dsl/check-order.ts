/** Which declaration needs which: an order in which each has its inputs ready, or the circle that prevents it. */

import type { Declaration, Operand, Pos, Predicate } from "./ast.ts";
import type { Names } from "./check-names.ts";
import { shorten, type Reporter } from "./diagnostic.ts";
import { type Visitor, walkOperand, walkPredicate } from "./walk.ts";

interface Node {
  readonly id: string;
  /** As it is called in messages. */
  readonly shown: string;
  readonly needs: Need[];
}

interface Need {
  readonly id: string;
  readonly pos: Pos;
}

/**
 * All nodes, each behind those it needs: `score`, `stages`, `segment:NAME`, `static:NAME`, `value:NAME`. Where nothing
 * forbids it, score comes first, then stages, then the rest as written. Circles are reported, each once.
 */
export function dependencyOrder(declarations: readonly Declaration[], names: Names, problems: Reporter): string[] {
  return sort(collectNodes(declarations, names), problems);
}

function collectNodes(declarations: readonly Declaration[], names: Names): Map<string, Node> {
  const score: Node = { id: "score", shown: "score", needs: [] };
  const stages: Node = { id: "stages", shown: "stage", needs: [] };
  const nodes = new Map<string, Node>([
    [score.id, score],
    [stages.id, stages],
  ]);

  function add(id: string, shown: string): Node {
    const node: Node = { id, shown, needs: [] };
    // The second of two equal names has been reported and is not looked at.
    if (!nodes.has(id)) {
      nodes.set(id, node);
    }
    return node;
  }

  for (const d of declarations) {
    switch (d.kind) {
      case "score":
        if (d.rule.kind === "while") {
          collectNeeds(score, d.rule.predicate, names);
        }
        break;
      case "stage":
        collectNeeds(stages, d.when, names);
        break;
      case "segment":
        collectNeeds(add(`segment:${d.name.text}`, shownName(d.name.text)), d.predicate, names);
        break;
      case "static segment": {
        const node = add(`static:${d.name.text}`, shownName(d.name.text));
        if (d.predicate !== null) {
          collectNeeds(node, d.predicate, names);
        }
        break;
      }
      case "value":
        collectOperandNeeds(add(`value:${d.name.text}`, `value(${shownName(d.name.text)})`), d.operand, names);
        break;
      default:
        break;
    }
  }
  return nodes;
}

function shownName(name: string): string {
  return JSON.stringify(shorten(name));
}

function collectNeeds(node: Node, predicate: Predicate, names: Names): void {
  walkPredicate(predicate, visitorOf(node, names));
}

function collectOperandNeeds(node: Node, operand: Operand, names: Names): void {
  walkOperand(operand, visitorOf(node, names));
}

function visitorOf(node: Node, names: Names): Visitor {
  return {
    predicate(p) {
      if (p.kind === "in segment") {
        const kind = names.segments.get(p.segment.text) === "static" ? "static" : "segment";
        node.needs.push({ id: `${kind}:${p.segment.text}`, pos: p.pos });
      }
    },
    operand(o) {
      if (o.kind === "score") {
        node.needs.push({ id: "score", pos: o.pos });
      } else if (o.kind === "stage") {
        node.needs.push({ id: "stages", pos: o.pos });
      } else if (o.kind === "value") {
        node.needs.push({ id: `value:${o.name.text}`, pos: o.pos });
      }
    },
  };
}

/** Depth first, with a stack of its own: chains of segments may be longer than the machine's stack is deep. */
function sort(nodes: ReadonlyMap<string, Node>, problems: Reporter): string[] {
  const order: string[] = [];
  /** The place on the stack, or -1 once it is in the order. */
  const state = new Map<Node, number>();
  const reported = new Set<Node>();
  for (const root of nodes.values()) {
    const stack: { readonly node: Node; next: number }[] = [];
    if (!state.has(root)) {
      state.set(root, 0);
      stack.push({ node: root, next: 0 });
    }
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const need = top.node.needs[top.next++];
      if (need === undefined) {
        state.set(top.node, -1);
        order.push(top.node.id);
        stack.pop();
        continue;
      }
      const node = nodes.get(need.id);
      if (node === undefined) {
        continue;
      }
      const known = state.get(node);
      if (known === undefined) {
        state.set(node, stack.length);
        stack.push({ node, next: 0 });
      } else if (known >= 0 && !reported.has(node) && !problems.isFull()) {
        const circle = stack.slice(known).map((frame) => frame.node);
        circle.forEach((member) => reported.add(member));
        reportCircle(circle, nodes, problems);
      }
    }
  }
  return order;
}

/** The longest circle that is spelled out whole. */
const MAX_SPELLED = 12;

/** Begins with the member that was declared first. */
function reportCircle(circle: readonly Node[], nodes: ReadonlyMap<string, Node>, problems: Reporter): void {
  const members = new Set(circle);
  const first = [...nodes.values()].find((node) => members.has(node) && isDeclared(node));
  const start = Math.max(0, first === undefined ? 0 : circle.indexOf(first));
  const turned = [...circle.slice(start), ...circle.slice(0, start)];
  const [head, second] = turned;
  if (head === undefined) {
    return;
  }
  const next = second ?? head;
  const pos = head.needs.find((need) => need.id === next.id)?.pos;
  const spelled = turned.map((node) => node.shown);
  const shown = spelled.length <= MAX_SPELLED ? spelled : [...spelled.slice(0, MAX_SPELLED - 1), "…"];
  if (pos !== undefined) {
    problems.error(pos, `this depends on itself: ${[...shown, head.shown].join(" -> ")}`, circleHint(turned));
  }
}

/** Score and stages are always there; a circle reads better when it begins with something that has a name. */
function isDeclared(node: Node): boolean {
  return node.id !== "score" && node.id !== "stages";
}

function circleHint(circle: readonly Node[]): string | null {
  return circle.length === 1 && circle[0]?.id === "stages"
    ? "a contact only moves forward, so the condition of a stage need not ask for the stage before"
    : null;
}
