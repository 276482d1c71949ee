/** Which events a selector selects: its kind and name, its filter, its window. */
import type { EventSelector, Filter, Literal, EventPath, Path, Window } from "../../dsl/ast.ts";
import type { Event } from "../../kernel/event.ts";
import { periodStart } from "./calendar.ts";
import { startOf } from "./moments.ts";
import { followInEvent, hasEach } from "./paths.ts";
import { compares, literalValue, plain, type Setting, type Value } from "./values.ts";

export function selects(selector: EventSelector, event: Event, setting: Setting): boolean {
  if (!isOfKind(selector, event)) return false;
  return selector.where === null || passes(selector.where, event, setting);
}

function isOfKind(selector: EventSelector, event: Event): boolean {
  switch (selector.kind) {
    case "track":
      return event.kind === "track" && event.name === selector.name?.text;
    case "page":
    case "screen":
      return event.kind === selector.kind && (selector.name === null || event.name === selector.name.text);
    case "identify":
      return event.kind === "identify";
    case "any":
      return event.kind === "track" || event.kind === "page" || event.kind === "screen";
  }
}

export function passes(filter: Filter, event: Event, setting: Setting): boolean {
  switch (filter.kind) {
    case "and":
      return filter.parts.every((part) => passes(part, event, setting));
    case "or":
      return filter.parts.some((part) => passes(part, event, setting));
    case "not":
      return !passes(filter.part, event, setting);
    case "compare": {
      const { comparison } = filter;
      const lefts = valuesAt(event, filter.left);
      // A right side with `[]` stands for each of its elements as well.
      if (comparison.kind === "binary" && comparison.right.kind === "event path" && hasEach(comparison.right.path)) {
        const rights = valuesAt(event, comparison.right.path);
        return lefts.some((left) => rights.some((right) => compares(left, comparison, () => right, setting)));
      }
      return lefts.some((left) => compares(left, comparison, (right) => rightValue(right, event, setting), setting));
    }
  }
}

function valuesAt(event: Event, path: Path): Value[] {
  return followInEvent(event, path).map(plain);
}

function rightValue(right: Literal | EventPath, event: Event, setting: Setting): Value {
  if (right.kind !== "event path") return literalValue(right, setting);
  return plain(followInEvent(event, right.path)[0]);
}

/** Whether an event of that timestamp lies in the window as seen at instant t; no window is all of the past. */
export function inWindow(window: Window | null, timestamp: number, t: number, setting: Setting): boolean {
  if (window === null) return true;
  switch (window.kind) {
    case "last":
      return t - window.duration.ms < timestamp && timestamp <= t;
    case "ago":
      return t - window.from.ms < timestamp && timestamp <= t - window.to.ms;
    case "since":
      return startOf(window.date, setting.calendar) <= timestamp && timestamp <= t;
    case "today":
    case "week":
    case "month":
    case "year":
      return periodStart(setting.calendar, window.kind, t) <= timestamp && timestamp <= t;
  }
}
