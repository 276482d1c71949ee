/**
 * Warns, at its first place in the source, of every name that no call has had so far: of an event, a page or screen, a
 * property, a trait or a tag. Most of them are slips of the pen, and a model with one is right and silent for ever.
 *
 * What was seen is bounded (kernel/seen-names.ts): of a list that is full nothing is missed, and neither is anything
 * of a kind that was never seen at all, since a model may be written before the first event comes.
 */
import { SEEN_LIMITS, type SeenNames } from "../kernel/seen-names.ts";
import type { Action, EventSelector, Name, Path, Pos } from "./ast.ts";
import type { CheckedModel } from "./check.ts";
import { reporter, type Diagnostic } from "./diagnostic.ts";
import { didYouMean } from "./names.ts";
import { walkEvent, walkOperand, walkPredicate, walkSelector, type Visitor } from "./walk.ts";

/** `tags` are the names that any contact's tag ever had. */
export function unseenWarnings(model: CheckedModel, seen: SeenNames, tags: Iterable<string>): Diagnostic[] {
  const problems = reporter();
  const told = new Set<string>();
  const warn = (pos: Pos, message: string, name: string, known: Iterable<string>): void => {
    if (told.has(message)) return;
    told.add(message);
    problems.warning(pos, message, didYouMean(name, known));
  };
  const tagNames = new Set(tags);
  const given = tagsGivenBy(model);
  const everyKey = allKeys(seen);
  const keysAreFull = countKeys(seen) >= SEEN_LIMITS.all_keys_max;

  /** Keys that properties of these calls have had; null where nothing can be missed. */
  function keysOf({ kind, name }: EventSelector): ReadonlySet<string> | null {
    switch (kind) {
      case "track":
        return open(seen.events.get(name?.text ?? ""));
      case "any":
        return everyKey;
      case "page":
      case "screen":
      case "identify":
        return open(seen.keys[kind], "if not empty");
    }
  }

  function checkPath(event: EventSelector, path: Path): void {
    const [first, second] = path.parts;
    // What lies in a call's context is not noted.
    if (keysAreFull || first === undefined || (first.name === "context" && second !== undefined)) return;
    const keys = keysOf(event);
    if (keys === null || keys.has(first.name) || isTooLong(first.name)) return;
    warn(path.pos, `no ${callsOf(event)} has had a property ${quote(first.name)} so far`, first.name, keys);
  }

  function checkEvent({ kind, name }: EventSelector): void {
    if (name === null || isTooLong(name.text)) return;
    const known = kind === "track" ? seen.events : kind === "page" || kind === "screen" ? seen[kind] : null;
    if (known === null || known.size === 0 || known.size >= SEEN_LIMITS.names_max || known.has(name.text)) return;
    const what = kind === "track" ? "event" : kind;
    warn(name.pos, `no ${what} ${quote(name.text)} has been seen so far`, name.text, known.keys());
  }

  function checkTag({ text, pos }: Name): void {
    if (tagNames.size === 0 || tagNames.has(text) || given.has(text)) return;
    warn(pos, `no contact has had the tag ${quote(text)} so far`, text, new Set([...given, ...tagNames]));
  }

  function checkTrait(path: Path): void {
    const name = path.parts[0]?.name ?? "";
    const keys = open(seen.keys.trait, "if not empty");
    if (keysAreFull || keys === null || keys.has(name) || isTooLong(name)) return;
    warn(path.pos, `no contact has had the trait ${quote(name)} so far`, name, keys);
  }

  /** The calls that the paths which follow lead into. */
  let around: EventSelector | null = null;
  const visitor: Visitor = {
    selector: ({ event }) => (around = event),
    event(event) {
      around = event;
      checkEvent(event);
    },
    eventPath(path) {
      if (around !== null) checkPath(around, path);
    },
    predicate(predicate) {
      if (predicate.kind === "has tag") checkTag(predicate.tag);
    },
    operand(operand) {
      if (operand.kind === "tag") checkTag(operand.name);
      if (operand.kind === "trait") checkTrait(operand.path);
    },
  };

  if (model.rfm !== null) walkSelector(model.rfm.selector, visitor);
  for (const { rule } of model.scores) {
    if (rule.kind === "while") {
      walkPredicate(rule.predicate, visitor);
      continue;
    }
    walkEvent(rule.event, visitor);
    if (rule.unless === null) continue;
    walkEvent(rule.unless.event, visitor);
    if (rule.unless.matching === null) continue;
    for (const event of [rule.event, rule.unless.event]) checkPath(event, rule.unless.matching);
  }
  for (const { event, name } of model.tags) {
    walkEvent(event, visitor);
    if (name.path !== null) checkPath(event, name.path);
  }
  for (const { when } of model.stages) if (when !== null) walkPredicate(when, visitor);
  for (const { predicate } of model.segments) walkPredicate(predicate, visitor);
  for (const { predicate } of model.statics) if (predicate !== null) walkPredicate(predicate, visitor);
  for (const { operand } of model.values) walkOperand(operand, visitor);
  for (const { trigger, if: condition, actions } of model.automations) {
    if (trigger.kind === "event") walkEvent(trigger.event, visitor);
    if (condition !== null) walkPredicate(condition, visitor);
    for (const action of actions) if (action.kind === "untag") checkTag(action.name);
  }
  return problems.list();
}

/** The set where something can be missed in it: it is there, and not full. */
function open(keys: ReadonlySet<string> | undefined, when?: "if not empty"): ReadonlySet<string> | null {
  if (keys === undefined || keys.size >= SEEN_LIMITS.keys_max) return null;
  return when === "if not empty" && keys.size === 0 ? null : keys;
}

/** What properties of track, page and screen calls were ever called; null where that is not all. */
function allKeys(seen: SeenNames): ReadonlySet<string> | null {
  const all = new Set<string>();
  for (const keys of [...seen.events.values(), seen.keys.page, seen.keys.screen]) {
    if (keys.size >= SEEN_LIMITS.keys_max) return null;
    for (const key of keys) all.add(key);
  }
  return all.size === 0 || seen.events.size >= SEEN_LIMITS.names_max ? null : all;
}

function countKeys(seen: SeenNames): number {
  const sets = [...seen.events.values(), ...Object.values(seen.keys)];
  return sets.reduce((sum, keys) => sum + keys.size, 0);
}

/** Tags that the model gives by a name that stands in it. */
function tagsGivenBy(model: CheckedModel): ReadonlySet<string> {
  const actions: readonly Action[] = model.automations.flatMap((one) => one.actions);
  return new Set([
    ...model.tags.flatMap(({ name }) => (name.prefix !== null && name.path === null ? [name.prefix.text] : [])),
    ...actions.flatMap((action) => (action.kind === "tag" ? [action.name.text] : [])),
  ]);
}

function isTooLong(name: string): boolean {
  return name.length > SEEN_LIMITS.name_chars_max;
}

function callsOf({ kind, name }: EventSelector): string {
  if (kind === "any") return "call";
  return kind === "track" ? `event ${quote(name?.text ?? "")}` : `${kind} call`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
