/**
 * One call for all lines of a group, such as an invoice's. A group stays open until `keepOpenLines` lines have passed
 * without one of its own, so groups may be interleaved a little, and memory is bounded by that number.
 */
import { createHash } from "node:crypto";
import { fromMicros, MICRO, toMicros, VALUE_MAX } from "../../kernel/decimal.ts";
import type { Json } from "../../kernel/event.ts";
import { compileCall, type Call } from "./call.ts";
import { isAggregate, type AggregateSpec, type GroupSpec, type ValueSpec } from "./mapping.ts";
import {
  compileCondition,
  compileNumber,
  compileValue,
  scalarText,
  UnfitLine,
  type Compiler,
  type Line,
  type Value,
} from "./values.ts";

export interface Group {
  /** Takes a line if it belongs to a group of this kind; says in `aside` when it came too late for its group. */
  add(line: Line, hash: string, aside: string[]): void;
  /** Counts a line of the input and ends the groups that are complete, or all, in the order of their last lines. */
  settle(all: boolean, calls: Call[], aside: string[]): void;
}

const KEEP_OPEN_LINES = 1_000;
/** Keys of ended groups that are remembered, so that a group in two pieces is noticed and never counted half. */
const ENDED_MAX = 1_000_000;

interface Open {
  last: Line;
  lastAt: number;
  /** Hashes of its lines: one that repeats another counts once. */
  readonly seen: Set<string>;
  /** One for each aggregate: micro units, or lines. */
  sums: number[];
}

export function createGroup(spec: GroupSpec, index: number, compiler: Compiler): Group {
  const place = `groups[${index}]`;
  const fits = spec.when === undefined ? (): boolean => true : compileCondition(spec.when, compiler);
  const by = compileValue(spec.by, compiler);
  const call = compileCall(spec, compiler, place);
  const keepOpen = spec.keepOpenLines ?? KEEP_OPEN_LINES;
  const properties = compileProperties(spec.properties ?? {}, compiler);
  // In the order of their last lines: a group that gets a line moves to the end.
  const open = new Map<string, Open>();
  const ended = new Set<string>();
  let at = 0;

  const finish = (key: string, group: Open): Call => {
    open.delete(key);
    ended.add(key);
    const [oldest] = ended;
    if (ended.size > ENDED_MAX && oldest !== undefined) ended.delete(oldest);
    const values: Record<string, Json> = {};
    for (const { name, value, sum } of properties) {
      const found = value === null ? (group.sums[sum] ?? 0) / MICRO : value(group.last);
      if (found !== undefined) values[name] = found;
    }
    return call(group.last, idOf(index, key), values);
  };
  return {
    add(line, hash, aside) {
      const name = fits(line) ? scalarText(by(line)) : null;
      if (name === null) return;
      if (ended.has(name)) {
        aside.push(`its group of ${place} had ended more than ${keepOpen} lines before (see keepOpenLines)`);
        return;
      }
      const group = open.get(name) ?? { last: line, lastAt: at, seen: new Set(), sums: properties.map(() => 0) };
      if (!group.seen.has(hash)) {
        // All of them before any is kept: a line that doesn't fit leaves no half of itself behind.
        group.sums = properties.map(({ add, sum }) => bounded((group.sums[sum] ?? 0) + (add?.(line) ?? 0)));
        group.seen.add(hash);
      }
      group.last = line;
      group.lastAt = at;
      open.delete(name);
      open.set(name, group);
    },
    settle(all, calls, aside) {
      at++;
      for (const [key, group] of open) {
        if (!all && at - group.lastAt <= keepOpen + 1) return;
        try {
          calls.push(finish(key, group));
        } catch (error) {
          if (!(error instanceof UnfitLine)) throw error;
          aside.push(`a group of ${place}: ${error.message}`);
        }
      }
    },
  };
}

interface GroupProperty {
  readonly name: string;
  /** Of the last line; null for an aggregate. */
  readonly value: Value | null;
  /** What a line adds to the aggregate, micro units; null for a value. */
  readonly add: ((line: Line) => number) | null;
  /** The aggregate's place in `Open.sums`. */
  readonly sum: number;
}

function compileProperties(
  specs: Readonly<Record<string, ValueSpec | AggregateSpec>>,
  compiler: Compiler,
): readonly GroupProperty[] {
  return Object.entries(specs).map(([name, spec], sum) => {
    if (!isAggregate(spec)) return { name, value: compileValue(spec, compiler), add: null, sum };
    if ("count" in spec) return { name, value: null, add: () => MICRO, sum };
    const number = compileNumber(spec.sum, compiler, `what ${JSON.stringify(name)} sums`);
    return { name, value: null, add: (line: Line) => toMicros(number(line) ?? 0), sum };
  });
}

function bounded(micros: number): number {
  if (Math.abs(fromMicros(micros)) > VALUE_MAX) throw new UnfitLine("a sum is too large");
  return micros;
}

function idOf(index: number, key: string): string {
  return createHash("sha256").update(`group ${index} ${key}`).digest("base64url").slice(0, 22);
}
