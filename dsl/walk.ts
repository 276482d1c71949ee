/** Visits all that a predicate or an operand is made of, from the outside in, in the order it is written. */

import type { Comparison, EventSelector, Filter, Operand, Path, Predicate, Selector } from "./ast.ts";

/** Each function is called with every node of its kind, before what lies inside the node. */
export interface Visitor {
  readonly predicate?: (predicate: Predicate) => void;
  readonly operand?: (operand: Operand) => void;
  readonly selector?: (selector: Selector) => void;
  readonly event?: (event: EventSelector) => void;
  /** Paths into an event: of selectors and of both sides of filters. */
  readonly eventPath?: (path: Path) => void;
}

export function walkPredicate(predicate: Predicate, visitor: Visitor): void {
  visitor.predicate?.(predicate);
  switch (predicate.kind) {
    case "and":
    case "or":
      for (const part of predicate.parts) {
        walkPredicate(part, visitor);
      }
      return;
    case "not":
      walkPredicate(predicate.part, visitor);
      return;
    case "did":
      walkSelector(predicate.selector, visitor);
      return;
    case "sequence":
      for (const event of predicate.events) {
        walkEvent(event, visitor);
      }
      return;
    case "abandoned":
      walkEvent(predicate.event, visitor);
      walkEvent(predicate.without, visitor);
      return;
    case "compare":
      walkOperand(predicate.left, visitor);
      walkComparison(predicate.comparison, visitor);
      return;
    case "in segment":
    case "has tag":
    case "known":
      return;
  }
}

function walkComparison(comparison: Comparison, visitor: Visitor): void {
  if (comparison.kind === "binary") {
    walkOperand(comparison.right, visitor);
  }
}

export function walkOperand(operand: Operand, visitor: Visitor): void {
  visitor.operand?.(operand);
  switch (operand.kind) {
    case "binary":
      walkOperand(operand.left, visitor);
      walkOperand(operand.right, visitor);
      return;
    case "aggregate":
      walkSelector(operand.selector, visitor);
      return;
    case "days_to_anniversary":
      walkOperand(operand.operand, visitor);
      return;
    default:
      return;
  }
}

export function walkSelector(selector: Selector, visitor: Visitor): void {
  visitor.selector?.(selector);
  if (selector.path !== null) {
    visitor.eventPath?.(selector.path);
  }
  walkEvent(selector.event, visitor);
}

export function walkEvent(event: EventSelector, visitor: Visitor): void {
  visitor.event?.(event);
  if (event.where !== null) {
    walkFilter(event.where, visitor);
  }
}

function walkFilter(filter: Filter, visitor: Visitor): void {
  switch (filter.kind) {
    case "and":
    case "or":
      for (const part of filter.parts) {
        walkFilter(part, visitor);
      }
      return;
    case "not":
      walkFilter(filter.part, visitor);
      return;
    case "compare":
      visitor.eventPath?.(filter.left);
      if (filter.comparison.kind === "binary" && filter.comparison.right.kind === "event path") {
        visitor.eventPath?.(filter.comparison.right.path);
      }
      return;
  }
}
