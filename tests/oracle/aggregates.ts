/** count, sum, avg, min, max, distinct, first, last and most, by scanning all events. */
import type { AggregateName, Path, Selector } from "../../dsl/ast.ts";
import type { Event } from "../../kernel/event.ts";
import type { Scalar } from "../harness/subject.ts";
import { inWindow, selects } from "./filters.ts";
import { fromMillionths, nearestQuotient, toMillionths } from "./numbers.ts";
import { compareEvents, compareScalars } from "./ordering.ts";
import { followInEvent, isScalar } from "./paths.ts";
import type { Scene } from "./scene.ts";
import { MISSING, type Value } from "./values.ts";

/** The events that the selector selects at the scene's instant, earliest first. */
export function selected(scene: Scene, selector: Selector): Event[] {
  return scene.events
    .filter((event) => selects(selector.event, event, scene.rules))
    .filter((event) => inWindow(selector.window, event.timestamp, scene.at, scene.rules))
    .sort(compareEvents);
}

export function aggregate(scene: Scene, name: AggregateName, selector: Selector): Value {
  const events = selected(scene, selector);
  const { path } = selector;
  if (name === "count") return value(events.length);
  if (path === null) {
    if (name !== "first" && name !== "last") throw new Error(`${name} needs a path`);
    const event = events.at(name === "first" ? 0 : -1);
    return event === undefined ? MISSING : { kind: "moment", at: event.timestamp };
  }
  const scalars = events.flatMap((event) => scalarsAt(event, path));
  switch (name) {
    case "first":
    case "last":
      return value(scalars.at(name === "first" ? 0 : -1));
    case "distinct":
      return value(distinct(scalars).length);
    case "most":
      return value(mostFrequent(scalars));
    case "sum":
    case "avg":
    case "min":
    case "max":
      return value(arithmetic(name, millionthsOf(scalars)));
  }
}

/** The scalar values at a path, in the order of the elements where the path has `[]`. */
export function scalarsAt(event: Event, path: Path): Scalar[] {
  return followInEvent(event, path).filter(isScalar);
}

function value(scalar: Scalar | undefined): Value {
  return scalar === undefined ? MISSING : { kind: "plain", json: scalar };
}

function millionthsOf(scalars: readonly Scalar[]): bigint[] {
  return scalars.flatMap((scalar) => {
    const millionths = typeof scalar === "number" ? toMillionths(scalar) : null;
    return millionths === null ? [] : [millionths];
  });
}

function arithmetic(name: "sum" | "avg" | "min" | "max", all: readonly bigint[]): number | undefined {
  const total = all.reduce((sum, each) => sum + each, 0n);
  if (name === "sum") return fromMillionths(total);
  const [first, ...rest] = all;
  if (first === undefined) return undefined;
  if (name === "avg") return nearestQuotient(total, BigInt(all.length) * 1_000_000n);
  return fromMillionths(rest.reduce((best, each) => (each < best === (name === "min") ? each : best), first));
}

function distinct(scalars: readonly Scalar[]): Scalar[] {
  return [...new Set(scalars)];
}

function mostFrequent(scalars: readonly Scalar[]): Scalar | undefined {
  const timesOf = (wanted: Scalar): number => scalars.filter((scalar) => scalar === wanted).length;
  return distinct(scalars).sort((a, b) => timesOf(b) - timesOf(a) || compareScalars(a, b))[0];
}
