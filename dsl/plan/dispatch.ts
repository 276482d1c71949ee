/** The selectors that a call may match, found by its kind and name before any filter is looked at. */
import { CALL_KINDS, IDENTIFY, PAGE, SCREEN, TRACK } from "../../kernel/event.ts";
import type { EventSelector } from "../ast.ts";
import type { SelectorPlan } from "./builder.ts";

export type Dispatch = (kind: number, name: string | null) => readonly SelectorPlan[];

export function createDispatch(selectors: readonly SelectorPlan[]): Dispatch {
  const byKind = CALL_KINDS.map((_, kind) => {
    const candidates = selectors.filter((plan) => coversKind(plan.selector, kind));
    const names = new Set(candidates.flatMap(({ selector }) => (selector.name === null ? [] : [selector.name.text])));
    const unnamed = candidates.filter(({ selector }) => selector.name === null);
    const named = new Map(
      [...names].map((name) => [
        name,
        candidates.filter(({ selector }) => selector.name === null || selector.name.text === name),
      ]),
    );
    return { named, unnamed };
  });
  return (kind, name) => {
    const lists = byKind[kind];
    if (lists === undefined) return [];
    return (name === null ? undefined : lists.named.get(name)) ?? lists.unnamed;
  };
}

function coversKind(selector: EventSelector, kind: number): boolean {
  switch (selector.kind) {
    case "track":
      return kind === TRACK;
    case "page":
      return kind === PAGE;
    case "screen":
      return kind === SCREEN;
    case "identify":
      return kind === IDENTIFY;
    case "any":
      return kind === TRACK || kind === PAGE || kind === SCREEN;
  }
}
