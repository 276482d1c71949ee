/** Checks of selectors, windows, filters, durations, dates and paths. */

import type { DateLiteral, Duration, EventSelector, Filter, Literal, Path, Pos, Selector, Window } from "./ast.ts";
import { compileRegex } from "../kernel/regex.ts";
import { partOfFilter, warnOfClash } from "./check-clashes.ts";
import type { Checking } from "./check-names.ts";
import { parseInstant } from "./dates.ts";
import { shorten, type Reporter } from "./diagnostic.ts";
import { isPlainWord } from "./lexer.ts";
import { MAX_DURATION_MS, MAX_PATTERN } from "./limits.ts";
import { printLiteral, printPath } from "./print.ts";

export function checkDuration(problems: Reporter, duration: Duration): void {
  if (duration.ms === 0) {
    problems.error(duration.pos, "a duration can't be zero");
  } else if (duration.ms > MAX_DURATION_MS) {
    problems.error(duration.pos, "this duration is longer than 10,000 years");
  }
}

export function checkDate(problems: Reporter, date: DateLiteral): void {
  if (parseInstant(date.text) === null) {
    const written = /^\d{4}-\d\d-\d\d(T|$)/.test(date.text);
    const hint = written ? null : "dates are written 2026-01-31, 2026-01-31T10:00 or 2026-01-31T10:00:00Z";
    problems.error(date.pos, `${shorten(date.text)} is not a date of the calendar`, hint);
  }
}

/** `[]` goes through the elements of an event's arrays; nothing else has any. */
export function refuseElements(problems: Reporter, path: Path, where: string): void {
  if (path.parts.some((part) => part.each)) {
    problems.error(path.pos, `"[]" can't be used in ${where}`, "it is for paths into the properties of an event");
  }
}

/** What a selector's path is for: needed, optional, or without any use. */
export type PathUse = "needed" | "optional" | "none";

/** `user` is what the selector belongs to, such as `count`. */
export function checkSelector({ problems }: Checking, selector: Selector, use: PathUse, user: string): void {
  if (selector.path !== null && use === "none") {
    const path = printPath(selector.path);
    const hint = user === "count" ? "distinct counts the different values of a property" : `leave out .${path}`;
    problems.error(selector.path.pos, `${user} looks at events as a whole and takes no path`, hint);
  }
  if (selector.path === null && use === "needed") {
    const { name } = selector.event;
    // Written into the name by mistake: "Order Completed.total".
    const point = name === null ? -1 : name.text.lastIndexOf(".");
    const [event, path] = name === null ? ["", ""] : [name.text.slice(0, point), name.text.slice(point + 1)];
    const meant = point > 0 && isPlainWord(path) ? `${JSON.stringify(event)}.${path}` : '"Order Completed".total';
    const hint = `write the property behind the event: ${shorten(meant)}`;
    problems.error(selector.pos, `${user} needs a property of the event`, hint);
  }
  checkEvent(problems, selector.event);
  if (selector.window !== null) {
    checkWindow(problems, selector.window);
  }
}

function checkWindow(problems: Reporter, window: Window): void {
  switch (window.kind) {
    case "last":
      checkDuration(problems, window.duration);
      return;
    case "ago":
      checkDuration(problems, window.from);
      if (window.to.ms > 0) {
        checkDuration(problems, window.to);
      }
      if (window.from.ms > 0 && window.from.ms <= window.to.ms) {
        const equal = window.from.ms === window.to.ms;
        const hint = equal
          ? "its two ends are the same"
          : "the longer time ago comes first: from 60 days to 30 days ago";
        problems.error(window.pos, equal ? "this window is empty" : "this window is reversed", hint);
      }
      return;
    case "since":
      checkDate(problems, window.date);
      return;
    case "today":
    case "week":
    case "month":
    case "year":
      return;
  }
}

export function checkEvent(problems: Reporter, event: EventSelector): void {
  if (event.where !== null) {
    checkFilter(problems, event.where);
  }
}

function checkFilter(problems: Reporter, filter: Filter): void {
  switch (filter.kind) {
    case "and":
    case "or":
      for (const part of filter.parts) {
        checkFilter(problems, part);
      }
      warnOfClash(problems, filter.pos, filter.kind, filter.parts.map(partOfFilter));
      return;
    case "not":
      checkFilter(problems, filter.part);
      return;
    case "compare":
      break;
  }
  const { left, comparison } = filter;
  const [first] = left.parts;
  if (left.parts.length > 1 && first !== undefined && first.name === "trait" && !first.each) {
    problems.warning(
      left.pos,
      `in a filter, ${shorten(printPath(left))} is a property of the event, not the contact's trait`,
      "put a condition on the contact outside of the event, after and",
    );
  }
  switch (comparison.kind) {
    case "binary":
      if (comparison.right.kind !== "event path") {
        checkLiteral(problems, comparison.right);
        if (comparison.right.kind === "boolean" && comparison.operator !== "=" && comparison.operator !== "!=") {
          refuseOrder(problems, comparison.right.pos, printLiteral(comparison.right));
        }
      }
      return;
    case "in":
      for (const value of comparison.values) {
        checkLiteral(problems, value);
      }
      return;
    case "between":
      checkEnds(problems, comparison.low, comparison.high, comparison.not, comparison.pos);
      return;
    case "string":
      if (comparison.operator === "matches") {
        checkPattern(problems, comparison.text.text, comparison.text.pos);
      }
      return;
    case "set":
      return;
  }
}

export function checkLiteral(problems: Reporter, literal: Literal): void {
  if (literal.kind === "date") {
    checkDate(problems, literal);
  }
}

export function refuseOrder(problems: Reporter, pos: Pos, shown: string): void {
  problems.error(pos, `${shown} has no order`, 'compare it with "=" or "!="');
}

/** The two ends of `between`: of one kind, and the smaller one first. True where nothing was said. */
export function checkEnds(problems: Reporter, low: Literal, high: Literal, not: boolean, pos: Pos): boolean {
  checkLiteral(problems, low);
  checkLiteral(problems, high);
  for (const end of [low, high]) {
    if (end.kind === "boolean") {
      refuseOrder(problems, end.pos, printLiteral(end));
    }
  }
  if (low.kind !== high.kind) {
    problems.error(high.pos, 'the two ends of "between" must be of one kind');
    return false;
  }
  if (isReversed(low, high)) {
    const truth = not ? "true" : "false";
    problems.warning(pos, `this is always ${truth}`, 'the first end of "between" is the smaller one');
    return false;
  }
  return true;
}

function isReversed(low: Literal, high: Literal): boolean {
  if (low.kind === "number" && high.kind === "number") {
    return low.value > high.value;
  }
  if (low.kind === "date" && high.kind === "date" && low.zoned === high.zoned) {
    const from = parseInstant(low.text);
    const to = parseInstant(high.text);
    const day = high.wholeDay ? 86_400_000 : 1;
    return from !== null && to !== null && from.local - (from.offset ?? 0) >= to.local - (to.offset ?? 0) + day;
  }
  return false;
}

export function checkPattern(problems: Reporter, pattern: string, pos: Pos): void {
  if (pattern.length > MAX_PATTERN) {
    problems.error(pos, `a regular expression is at most ${MAX_PATTERN} characters long`);
    return;
  }
  const regex = compileRegex(pattern, false);
  if ("error" in regex) {
    problems.error(pos, `this is not a regular expression: ${shorten(regex.error, 200)}`);
  }
}
