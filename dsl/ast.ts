/**
 * The syntax tree of the model language, one type per node of the grammar.
 *
 * Every node carries the place it was written at. The tree says what was written, not what it means: names are
 * unresolved, numbers are as typed. Two texts that print the same have the same tree up to `pos`.
 */

/** A place in the source: line and column count from 1, columns and lengths in UTF-16 units. */
export interface Pos {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** A quoted name with the place of the string itself. */
export interface Name {
  readonly text: string;
  readonly pos: Pos;
}

export interface Model {
  readonly declarations: readonly Declaration[];
}

export type Declaration =
  | TimezoneDecl
  | RfmDecl
  | ScoreDecl
  | TagDecl
  | StagesDecl
  | StageDecl
  | SegmentDecl
  | StaticSegmentDecl
  | ValueDecl
  | WebhookDecl
  | AutomationDecl;

export interface TimezoneDecl {
  readonly kind: "timezone";
  readonly name: Name;
  readonly pos: Pos;
}
export interface RfmDecl {
  readonly kind: "rfm";
  readonly selector: Selector;
  readonly pos: Pos;
}
export interface ScoreDecl {
  readonly kind: "score";
  readonly points: SignedNumber;
  readonly rule: ScoreOn | ScoreWhile;
  readonly pos: Pos;
}
export interface ScoreOn {
  readonly kind: "on";
  readonly event: EventSelector;
  readonly unless: Unless | null;
  readonly for: Duration | null;
}
export interface ScoreWhile {
  readonly kind: "while";
  readonly predicate: Predicate;
}
export interface Unless {
  readonly event: EventSelector;
  readonly within: Duration;
  readonly matching: Path | null;
  readonly pos: Pos;
}
export interface TagDecl {
  readonly kind: "tag";
  readonly name: TagName;
  /** Absent means +1. */
  readonly points: SignedNumber | null;
  readonly event: EventSelector;
  readonly for: Duration | null;
  readonly pos: Pos;
}
/** `"x"`: prefix "x", path null. `"x:" + p`: both. `p`: prefix null. Never both null. */
export interface TagName {
  readonly prefix: Name | null;
  readonly path: Path | null;
  readonly pos: Pos;
}
export interface StagesDecl {
  readonly kind: "stages";
  readonly names: readonly Name[];
  readonly pos: Pos;
}
export interface StageDecl {
  readonly kind: "stage";
  readonly name: Name;
  readonly when: Predicate;
  readonly pos: Pos;
}
export interface SegmentDecl {
  readonly kind: "segment";
  readonly name: Name;
  readonly predicate: Predicate;
  readonly pos: Pos;
}
export interface StaticSegmentDecl {
  readonly kind: "static segment";
  readonly name: Name;
  readonly predicate: Predicate | null;
  readonly pos: Pos;
}
export interface ValueDecl {
  readonly kind: "value";
  readonly name: Name;
  readonly operand: Operand;
  readonly pos: Pos;
}
export interface WebhookDecl {
  readonly kind: "webhook";
  readonly name: Name;
  readonly url: Name;
  readonly pos: Pos;
}
export interface AutomationDecl {
  readonly kind: "automation";
  readonly trigger: Trigger;
  readonly if: Predicate | null;
  readonly once: { readonly per: Duration | null } | null;
  readonly actions: readonly Action[];
  readonly pos: Pos;
}
export type Trigger =
  | { readonly kind: "enter" | "leave"; readonly segment: Name; readonly pos: Pos }
  | { readonly kind: "score reaches"; readonly score: number; readonly pos: Pos }
  | { readonly kind: "event"; readonly event: EventSelector; readonly pos: Pos };
export type Action =
  | { readonly kind: "webhook" | "untag" | "stage" | "add to" | "remove from"; readonly name: Name; readonly pos: Pos }
  | { readonly kind: "tag"; readonly name: Name; readonly points: SignedNumber | null; readonly pos: Pos }
  | { readonly kind: "score"; readonly points: SignedNumber; readonly pos: Pos };

/** A number with its sign written out, as after `score` and `tag`. */
export interface SignedNumber {
  readonly value: number;
  readonly pos: Pos;
}

/** Which calls: `"Order Completed"` (a track call), `page "Home"`, `screen`, `identify`, `any`. */
export interface EventSelector {
  readonly kind: "track" | "page" | "screen" | "identify" | "any";
  /** The event's name for track, the optional name for page and screen, else null. */
  readonly name: Name | null;
  readonly where: Filter | null;
  readonly pos: Pos;
}
/** An event selector with an optional property path and window, as inside `count( … )`. */
export interface Selector {
  readonly event: EventSelector;
  readonly path: Path | null;
  readonly window: Window | null;
  readonly pos: Pos;
}
export type Window =
  | { readonly kind: "last"; readonly duration: Duration; readonly pos: Pos }
  | { readonly kind: "ago"; readonly from: Duration; readonly to: Duration; readonly pos: Pos }
  | { readonly kind: "since"; readonly date: DateLiteral; readonly pos: Pos }
  | { readonly kind: "today" | "week" | "month" | "year"; readonly pos: Pos };

export type DurationUnit = "seconds" | "minutes" | "hours" | "days" | "weeks" | "months" | "years";
export interface Duration {
  readonly amount: number;
  readonly unit: DurationUnit;
  /** The fixed length in milliseconds: a month is 30 days, a year 365. */
  readonly ms: number;
  readonly pos: Pos;
}

/** One step of a path; `each` when `[]` follows it (every element of that array). */
export interface PathPart {
  readonly name: string;
  readonly each: boolean;
}
export interface Path {
  readonly parts: readonly PathPart[];
  readonly pos: Pos;
}

export type Predicate = And | Or | Not | Test;
/** Two or more parts each; nested conjunctions stay nested only when they were written in parentheses. */
export interface And {
  readonly kind: "and";
  readonly parts: readonly Predicate[];
  readonly pos: Pos;
}
export interface Or {
  readonly kind: "or";
  readonly parts: readonly Predicate[];
  readonly pos: Pos;
}
export interface Not {
  readonly kind: "not";
  readonly part: Predicate;
  readonly pos: Pos;
}
export type Test =
  | { readonly kind: "in segment"; readonly segment: Name; readonly pos: Pos }
  | { readonly kind: "has tag"; readonly tag: Name; readonly pos: Pos }
  | { readonly kind: "did"; readonly selector: Selector; readonly pos: Pos }
  | {
      readonly kind: "sequence";
      readonly events: readonly EventSelector[];
      readonly within: Duration;
      readonly last: Duration | null;
      readonly pos: Pos;
    }
  | {
      readonly kind: "abandoned";
      readonly event: EventSelector;
      readonly without: EventSelector;
      readonly for: Duration;
      readonly last: Duration | null;
      readonly pos: Pos;
    }
  | { readonly kind: "known"; readonly pos: Pos }
  | { readonly kind: "compare"; readonly left: Operand; readonly comparison: Comparison; readonly pos: Pos };

export type ComparisonOperator = "=" | "!=" | "<" | "<=" | ">" | ">=";
export type StringOperator = "contains" | "starts with" | "ends with" | "matches";
/** The part of a test after its left operand; `R` is what may stand on the right of `=` and the like. */
export type ComparisonOf<R> =
  | { readonly kind: "binary"; readonly operator: ComparisonOperator; readonly right: R; readonly pos: Pos }
  | { readonly kind: "in"; readonly not: boolean; readonly values: readonly Literal[]; readonly pos: Pos }
  | {
      readonly kind: "between";
      readonly not: boolean;
      readonly low: Literal;
      readonly high: Literal;
      readonly pos: Pos;
    }
  | {
      readonly kind: "string";
      readonly operator: StringOperator;
      readonly not: boolean;
      readonly text: Name;
      readonly ignoringCase: boolean;
      readonly pos: Pos;
    }
  | { readonly kind: "set"; readonly not: boolean; readonly pos: Pos };
export type Comparison =
  | ComparisonOf<Operand>
  | { readonly kind: "within"; readonly duration: Duration; readonly pos: Pos }
  | { readonly kind: "more than ago"; readonly duration: Duration; readonly pos: Pos };

export type Operand = Binary | Literal | Fact;
/** `left op right` of arithmetic; parentheses are kept by the shape of the tree alone. */
export interface Binary {
  readonly kind: "binary";
  readonly operator: "+" | "-" | "*" | "/";
  readonly left: Operand;
  readonly right: Operand;
  readonly pos: Pos;
}
export type AggregateName = "count" | "sum" | "avg" | "min" | "max" | "distinct" | "first" | "last" | "most";
export type Fact =
  | { readonly kind: "trait" | "company"; readonly path: Path; readonly pos: Pos }
  | { readonly kind: "value"; readonly name: Name; readonly pos: Pos }
  | { readonly kind: "score" | "stage" | "top_tag" | "first_seen" | "last_seen"; readonly pos: Pos }
  | { readonly kind: "rfm"; readonly part: "recency" | "frequency" | "monetary"; readonly pos: Pos }
  | { readonly kind: "tag"; readonly name: Name; readonly pos: Pos }
  | { readonly kind: "percent"; readonly salt: Name; readonly pos: Pos }
  | {
      readonly kind: "aggregate";
      readonly function: AggregateName;
      readonly selector: Selector;
      readonly pos: Pos;
    }
  | { readonly kind: "days_to_anniversary"; readonly operand: Operand; readonly pos: Pos };

/** A predicate over one event: its operands are paths into the event. */
export type Filter =
  | { readonly kind: "and" | "or"; readonly parts: readonly Filter[]; readonly pos: Pos }
  | { readonly kind: "not"; readonly part: Filter; readonly pos: Pos }
  | { readonly kind: "compare"; readonly left: Path; readonly comparison: FilterComparison; readonly pos: Pos };
export type FilterComparison = ComparisonOf<Literal | EventPath>;
/** `event.path` on the right of a filter's comparison; `path` is without the leading `event`. */
export interface EventPath {
  readonly kind: "event path";
  readonly path: Path;
  readonly pos: Pos;
}

export type Literal = StringLiteral | NumberLiteral | BooleanLiteral | DateLiteral;
export interface StringLiteral {
  readonly kind: "string";
  readonly value: string;
  readonly pos: Pos;
}
export interface NumberLiteral {
  readonly kind: "number";
  readonly value: number;
  readonly pos: Pos;
}
export interface BooleanLiteral {
  readonly kind: "boolean";
  readonly value: boolean;
  readonly pos: Pos;
}
/** A date as written; `wholeDay` for a bare `YYYY-MM-DD`, which in a comparison stands for all of that day. */
export interface DateLiteral {
  readonly kind: "date";
  readonly text: string;
  readonly wholeDay: boolean;
  /** True when the text names a zone (`Z`, `±HH:MM`); otherwise it is read in the model's timezone. */
  readonly zoned: boolean;
  readonly pos: Pos;
}
