/** Which roots read what: who is to be looked at again when something changes. */
import { TextNumbers } from "../../kernel/text-numbers.ts";
import type { Reads } from "./builder.ts";
import { EdgeReaders, type Edges } from "./edges.ts";
import type { Root } from "./root.ts";
import { thresholdOf } from "./thresholds.ts";

export interface Readers {
  /** Without those that are among the plan's thresholds. */
  readonly features: ReaderTable;
  readonly traits: ReadonlyMap<string, readonly number[]>;
  readonly tags: TagReaders;
  readonly segments: ReadonlyMap<number, readonly number[]>;
  /** Of which tag has the highest score. */
  readonly topTag: readonly number[];
  readonly score: EdgeReaders;
  readonly stage: readonly number[];
  readonly known: readonly number[];
  readonly firstSeen: readonly number[];
  readonly lastSeen: readonly number[];
}

/** Who reads the tag with a number among `names`, by that. */
export interface TagReaders {
  readonly names: TextNumbers;
  readonly points: readonly EdgeReaders[];
  /** Who only asks whether a contact has it. */
  readonly presence: readonly (readonly number[])[];
}

/** The roots of feature f are `roots[starts[f]]` up to but without `roots[starts[f + 1]]`. */
export interface ReaderTable {
  readonly starts: Uint32Array;
  readonly roots: Uint32Array;
}

function tableOf(lists: readonly (readonly number[])[]): ReaderTable {
  const starts = new Uint32Array(lists.length + 1);
  lists.forEach((list, i) => (starts[i + 1] = (starts[i] as number) + list.length));
  return { starts, roots: Uint32Array.from(lists.flat()) };
}

/** `reads[i]` is what root i reads. */
export function readersOf(roots: readonly Root[], reads: readonly Reads[], featureCount: number): Readers {
  const features: number[][] = Array.from({ length: featureCount }, () => []);
  const traits = new Map<string, number[]>();
  const segments = new Map<number, number[]>();
  const push = <K>(map: Map<K, number[]>, key: K, root: number): void => {
    const list = map.get(key);
    if (list === undefined) map.set(key, [root]);
    else list.push(root);
  };
  const where = (flag: (read: Reads) => boolean): number[] => reads.flatMap((read, root) => (flag(read) ? [root] : []));
  reads.forEach((read, root) => {
    if (thresholdOf(roots[root] as Root) === undefined) {
      for (const feature of read.features) features[feature]?.push(root);
    }
    for (const key of read.traits) push(traits, key, root);
    for (const segment of read.segments) push(segments, segment, root);
  });
  return {
    features: tableOf(features),
    traits,
    tags: tagReadersOf(reads),
    segments,
    topTag: where((read) => read.topTag),
    score: new EdgeReaders(reads.map((read, root) => [root, read.score])),
    stage: where((read) => read.stage),
    known: where((read) => read.known),
    firstSeen: where((read) => read.firstSeen),
    lastSeen: where((read) => read.lastSeen),
  };
}

function tagReadersOf(reads: readonly Reads[]): TagReaders {
  const names = new TextNumbers();
  const points: [root: number, edges: Edges][][] = [];
  const presence: number[][] = [];
  const numberOf = (tag: string): number => {
    const name = names.add(tag);
    points[name] ??= [];
    presence[name] ??= [];
    return name;
  };
  reads.forEach(({ tags, hasTags }, root) => {
    for (const [tag, edges] of tags) points[numberOf(tag)]?.push([root, edges]);
    for (const tag of hasTags) presence[numberOf(tag)]?.push(root);
  });
  return { names, points: points.map((readers) => new EdgeReaders(readers)), presence };
}
