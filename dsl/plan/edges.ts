/**
 * Numbers that events move a little each, the score and the points of tags, and the values at which somebody who reads one
 * may have to answer otherwise. `score >= 20` is asked again when the score passes 20, not whenever it changes.
 */
import type { ComparisonOf, Literal } from "../ast.ts";
import type { DirtySet } from "./dirty.ts";

/** How a root reads such a number, in points. */
export interface Edges {
  /** All changes matter. */
  always: boolean;
  /** Only a change from one side of such a value to the other does, or from or to the value. */
  readonly at: Set<number>;
}

export function noEdges(): Edges {
  return { always: false, at: new Set() };
}

/** Notes that a number is compared with what is fixed in the model. */
export function addEdges(edges: Edges, comparison: ComparisonOf<Literal>): void {
  const add = (literal: Literal): void => {
    // With a date a number is a moment. With what else there is, the answer is the same for all numbers.
    if (literal.kind === "number") edges.at.add(literal.value);
    else if (literal.kind === "date") edges.always = true;
  };
  switch (comparison.kind) {
    case "binary":
      return add(comparison.right);
    case "in":
      return comparison.values.forEach(add);
    case "between":
      add(comparison.low);
      return add(comparison.high);
    case "set":
    case "string":
      edges.always = true;
  }
}

/** Everybody who reads one such number. */
export class EdgeReaders {
  readonly #always: readonly number[];
  /** In ascending order, with the root that each is an edge of. */
  readonly #edges: Float64Array;
  readonly #roots: Int32Array;

  /** @param readers roots that read the number, and how */
  constructor(readers: readonly (readonly [root: number, edges: Edges])[]) {
    const always: number[] = [];
    const all: [edge: number, root: number][] = [];
    for (const [root, edges] of readers) {
      if (edges.always) always.push(root);
      else for (const edge of edges.at) all.push([edge, root]);
    }
    all.sort(([a], [b]) => a - b);
    this.#always = always;
    this.#edges = Float64Array.from(all, ([edge]) => edge);
    this.#roots = Int32Array.from(all, ([, root]) => root);
  }

  /** Marks who may have to answer otherwise now that the number is another one. */
  mark(dirty: DirtySet, before: number, after: number): void {
    dirty.addAll(this.#always);
    const edges = this.#edges;
    const [low, high] = before < after ? [before, after] : [after, before];
    for (let i = firstAtLeast(edges, low); i < edges.length && (edges[i] as number) <= high; i++) {
      dirty.add(this.#roots[i] as number);
    }
  }
}

function firstAtLeast(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
