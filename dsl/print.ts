/**
 * Syntax tree to canonical text. Reading the text again gives the same tree up to positions, and trees that mean
 * different things print differently, so a text can stand for what it was printed from: features with the same
 * text are one feature.
 */

import type {
  Action,
  Comparison,
  ComparisonOf,
  Declaration,
  Duration,
  EventPath,
  EventSelector,
  Fact,
  Filter,
  Literal,
  Model,
  Operand,
  Path,
  Predicate,
  Selector,
  SignedNumber,
  TagName,
  Trigger,
  Window,
} from "./ast.ts";
import { isPlainWord } from "./lexer.ts";

/** One declaration a line, with a line's end after each. */
export function printModel(model: Model): string {
  return model.declarations.map((declaration) => `${printDeclaration(declaration)}\n`).join("");
}

export function printDeclaration(d: Declaration): string {
  switch (d.kind) {
    case "timezone":
      return `timezone ${printString(d.name.text)}`;
    case "rfm":
      return `rfm on ${printSelector(d.selector)}`;
    case "score": {
      const head = `score ${printSigned(d.points)}`;
      if (d.rule.kind === "while") {
        return `${head} while ${printPredicate(d.rule.predicate)}`;
      }
      const { event, unless } = d.rule;
      const matching = unless === null || unless.matching === null ? "" : ` matching ${printPath(unless.matching)}`;
      const exception =
        unless === null
          ? ""
          : ` unless ${printEventSelector(unless.event)} within ${printDuration(unless.within)}${matching}`;
      return `${head} on ${printEventSelector(event)}${exception}${printFor(d.rule.for)}`;
    }
    case "tag": {
      const points = d.points === null ? "" : ` ${printSigned(d.points)}`;
      return `tag ${printTagName(d.name)}${points} on ${printEventSelector(d.event)}${printFor(d.for)}`;
    }
    case "stages":
      return `stages ${d.names.map((name) => printString(name.text)).join(", ")}`;
    case "stage":
      return `stage ${printString(d.name.text)} when ${printPredicate(d.when)}`;
    case "segment":
      return `segment ${printString(d.name.text)} = ${printPredicate(d.predicate)}`;
    case "static segment": {
      const predicate = d.predicate === null ? "" : ` = ${printPredicate(d.predicate)}`;
      return `static segment ${printString(d.name.text)}${predicate}`;
    }
    case "value":
      return `value ${printString(d.name.text)} = ${printOperand(d.operand)}`;
    case "webhook":
      return `webhook ${printString(d.name.text)} = ${printString(d.url.text)}`;
    case "automation": {
      const condition = d.if === null ? "" : ` if ${printPredicate(d.if)}`;
      const per = d.once === null || d.once.per === null ? "" : ` per ${printDuration(d.once.per)}`;
      const once = d.once === null ? "" : ` once${per}`;
      return `on ${printTrigger(d.trigger)}${condition}${once} do ${d.actions.map(printAction).join(", ")}`;
    }
  }
}

function printTagName(name: TagName): string {
  const prefix = name.prefix === null ? "" : printString(name.prefix.text);
  // `on` alone would read like a tag without a name.
  const path = name.path === null ? "" : printPath(name.path, (first) => first === "on");
  return prefix !== "" && path !== "" ? `${prefix} + ${path}` : prefix + path;
}

function printFor(duration: Duration | null): string {
  return duration === null ? "" : ` for ${printDuration(duration)}`;
}

function printTrigger(trigger: Trigger): string {
  switch (trigger.kind) {
    case "enter":
    case "leave":
      return `${trigger.kind} ${printString(trigger.segment.text)}`;
    case "score reaches":
      return `score reaches ${printNumber(trigger.score)}`;
    case "event":
      return printEventSelector(trigger.event);
  }
}

function printAction(action: Action): string {
  switch (action.kind) {
    case "tag": {
      const points = action.points === null ? "" : ` ${printSigned(action.points)}`;
      return `tag ${printString(action.name.text)}${points}`;
    }
    case "score":
      return `score ${printSigned(action.points)}`;
    case "webhook":
    case "untag":
    case "stage":
    case "add to":
    case "remove from":
      return `${action.kind} ${printString(action.name.text)}`;
  }
}

/** The event of a selector without its filter. */
function printCall(event: EventSelector): string {
  const name = event.name === null ? "" : printString(event.name.text);
  if (event.kind === "track") {
    return name;
  }
  return name === "" ? event.kind : `${event.kind} ${name}`;
}

function printWhere(event: EventSelector): string {
  return event.where === null ? "" : ` where ${printFilter(event.where)}`;
}

export function printEventSelector(event: EventSelector): string {
  return `${printCall(event)}${printWhere(event)}`;
}

export function printSelector(selector: Selector): string {
  const path = selector.path === null ? "" : `.${printPath(selector.path)}`;
  const window = selector.window === null ? "" : ` ${printWindow(selector.window)}`;
  return `${printCall(selector.event)}${path}${printWhere(selector.event)}${window}`;
}

export function printWindow(window: Window): string {
  switch (window.kind) {
    case "last":
      return `in last ${printDuration(window.duration)}`;
    case "ago":
      return `from ${printDuration(window.from)} to ${printDuration(window.to)} ago`;
    case "since":
      return `since ${window.date.text}`;
    case "today":
      return "today";
    case "week":
    case "month":
    case "year":
      return `this ${window.kind}`;
  }
}

export function printPredicate(p: Predicate): string {
  switch (p.kind) {
    case "or":
      return p.parts
        .map((part) => (part.kind === "or" ? `(${printPredicate(part)})` : printPredicate(part)))
        .join(" or ");
    case "and":
      return p.parts.map((part) => printTight(part)).join(" and ");
    case "not":
      return `not ${printTight(p.part)}`;
    case "in segment":
      return `in segment ${printString(p.segment.text)}`;
    case "has tag":
      return `has tag ${printString(p.tag.text)}`;
    case "did":
      return `did(${printSelector(p.selector)})`;
    case "sequence": {
      const events = p.events.map(printEventSelector).join(" then ");
      return `did(${events} within ${printDuration(p.within)}${printInLast(p.last)})`;
    }
    case "abandoned": {
      const events = `${printEventSelector(p.event)} without ${printEventSelector(p.without)}`;
      return `abandoned(${events} for ${printDuration(p.for)}${printInLast(p.last)})`;
    }
    case "known":
      return "known";
    case "compare":
      return `${printOperand(p.left)} ${printComparison(p.comparison)}`;
  }
}

/** As a part of `and` or after `not`, which bind tighter than what `and` and `or` join. */
function printTight(p: Predicate): string {
  return p.kind === "and" || p.kind === "or" ? `(${printPredicate(p)})` : printPredicate(p);
}

function printInLast(duration: Duration | null): string {
  return duration === null ? "" : ` in last ${printDuration(duration)}`;
}

export function printFilter(filter: Filter): string {
  switch (filter.kind) {
    case "or":
      return filter.parts
        .map((part) => (part.kind === "or" ? `(${printFilter(part)})` : printFilter(part)))
        .join(" or ");
    case "and":
      return filter.parts.map((part) => printTightFilter(part)).join(" and ");
    case "not":
      return `not ${printTightFilter(filter.part)}`;
    case "compare": {
      // `not` and `event.` have a meaning of their own at the beginning of a test.
      const left = printPath(filter.left, (first, alone) => first === "not" || (first === "event" && !alone));
      return `${left} ${printShared(filter.comparison, printFilterRight)}`;
    }
  }
}

function printTightFilter(filter: Filter): string {
  return filter.kind === "and" || filter.kind === "or" ? `(${printFilter(filter)})` : printFilter(filter);
}

function printFilterRight(right: Literal | EventPath): string {
  return right.kind === "event path" ? `event.${printPath(right.path)}` : printLiteral(right);
}

export function printComparison(comparison: Comparison): string {
  switch (comparison.kind) {
    case "within":
      return `within ${printDuration(comparison.duration)}`;
    case "more than ago":
      return `more than ${printDuration(comparison.duration)} ago`;
    default:
      return printShared(comparison, printOperand);
  }
}

function printShared<R>(comparison: ComparisonOf<R>, printRight: (right: R) => string): string {
  switch (comparison.kind) {
    case "binary":
      return `${comparison.operator} ${printRight(comparison.right)}`;
    case "set":
      return comparison.not ? "is not set" : "is set";
    case "in":
      return `${comparison.not ? "not " : ""}in (${comparison.values.map(printLiteral).join(", ")})`;
    case "between": {
      const ends = `${printLiteral(comparison.low)} and ${printLiteral(comparison.high)}`;
      return `${comparison.not ? "not " : ""}between ${ends}`;
    }
    case "string": {
      const test = `${comparison.operator} ${printString(comparison.text.text)}`;
      return `${comparison.not ? "not " : ""}${test}${comparison.ignoringCase ? " ignoring case" : ""}`;
    }
  }
}

export function printOperand(o: Operand): string {
  switch (o.kind) {
    case "binary": {
      const tight = o.operator === "*" || o.operator === "/";
      const left =
        o.left.kind === "binary" && tight && isSum(o.left) ? `(${printOperand(o.left)})` : printOperand(o.left);
      const right =
        o.right.kind === "binary" && (tight || isSum(o.right)) ? `(${printOperand(o.right)})` : printOperand(o.right);
      return `${left} ${o.operator} ${right}`;
    }
    case "string":
    case "number":
    case "boolean":
    case "date":
      return printLiteral(o);
    default:
      return printFact(o);
  }
}

function isSum(o: Operand): boolean {
  return o.kind === "binary" && (o.operator === "+" || o.operator === "-");
}

export function printFact(f: Fact): string {
  switch (f.kind) {
    case "trait":
    case "company":
      return `${f.kind}.${printPath(f.path)}`;
    case "value":
    case "tag":
      return `${f.kind}(${printString(f.name.text)})`;
    case "percent":
      return `percent(${printString(f.salt.text)})`;
    case "rfm":
      return `rfm.${f.part}`;
    case "aggregate":
      return `${f.function}(${printSelector(f.selector)})`;
    case "days_to_anniversary":
      return `days_to_anniversary(${printOperand(f.operand)})`;
    case "score":
    case "stage":
    case "top_tag":
    case "first_seen":
    case "last_seen":
      return f.kind;
  }
}

export function printLiteral(literal: Literal): string {
  switch (literal.kind) {
    case "string":
      return printString(literal.value);
    case "number":
      return printNumber(literal.value);
    case "boolean":
      return literal.value ? "true" : "false";
    case "date":
      return literal.text;
  }
}

export function printSigned(points: SignedNumber): string {
  return points.value < 0 ? printNumber(points.value) : `+${printNumber(points.value)}`;
}

/** Amount and unit as written: a day and 24 hours are as long, but not the same text. */
export function printDuration(duration: Duration): string {
  const unit = duration.amount === 1 ? duration.unit.slice(0, -1) : duration.unit;
  return `${printNumber(duration.amount)} ${unit}`;
}

/** `quoteFirst` says whether the first part, or the only one (`alone`), must not stand bare in this place. */
export function printPath(path: Path, quoteFirst: (first: string, alone: boolean) => boolean = () => false): string {
  return path.parts
    .map(({ name, each }, index) => {
      const quoted = !isPlainWord(name) || (index === 0 && quoteFirst(name, path.parts.length === 1 && !each));
      return `${quoted ? quote(name, "`") : name}${each ? "[]" : ""}`;
    })
    .join(".");
}

export function printString(text: string): string {
  return quote(text, '"');
}

/** Escapes what would end the text, break its line or can't be seen. */
const UNSAFE = /["`\\]|[\p{C}\u2028\u2029]/gu;

function quote(text: string, mark: '"' | "`"): string {
  const inside = text.replace(UNSAFE, (char) => {
    if (char === "\n") {
      return "\\n";
    }
    if (char === '"' || char === "`") {
      return char === mark ? `\\${char}` : char;
    }
    if (char === "\\") {
      return "\\\\";
    }
    return Array.from({ length: char.length }, (_, i) => escapeUnit(char.charCodeAt(i))).join("");
  });
  return `${mark}${inside}${mark}`;
}

function escapeUnit(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}

/** Without an exponent, which the language does not know; the shortest digits that mean this double. */
export function printNumber(value: number): string {
  const text = String(value === 0 ? 0 : value);
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) {
    return text;
  }
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) {
    return `${sign}0.${"0".repeat(-point)}${digits}`;
  }
  return point >= digits.length
    ? `${sign}${digits.padEnd(point, "0")}`
    : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
