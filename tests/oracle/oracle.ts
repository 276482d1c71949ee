/**
 * The oracle: what the language means, in the plainest way. It keeps every accepted event and answers each
 * question by scanning them all; only the stage is remembered from one instant to the next, since it depends on
 * the path. It shares nothing with the evaluators but the syntax tree and the printer.
 */
import type { Declaration, Model } from "../../dsl/ast.ts";
import { printFact } from "../../dsl/print.ts";
import type { Event } from "../../kernel/event.ts";
import type { Profile, Scalar, Subject } from "../harness/subject.ts";
import { createCalendar } from "./calendar.ts";
import { evaluate, isKnown, isTrue, scoreOf } from "./facts.ts";
import { aggregatesIn, calculatedMoments, flipInstants, nodesOf, timeWordsOf } from "./flips.ts";
import { compareCodePoints } from "./ordering.ts";
import type { Rules, Scene } from "./scene.ts";
import { tagsOf, topTag } from "./tags.ts";
import { traitsOf } from "./traits.ts";
import type { Value } from "./values.ts";

export interface OracleOptions {
  /** More tags than this mark a contact saturated (default 1,000). Which ones a subject then drops is not said. */
  readonly maxTags?: number;
}

export interface Oracle extends Subject {
  send(now: number, events: readonly Event[]): void;
  advance(now: number): void;
  profile(contactId: string): Profile | null;
  contacts(): readonly string[];
  /**
   * Every instant t with `from < t <= to` at which some contact may change if nothing happens meanwhile, ascending;
   * a superset of the true flips, but for those of moments that will be calculated from others only by then.
   */
  flipInstants(from: number, to: number): number[];
  /** The profile as it will be at a later instant if nothing happens, with the stage that is reached by now. */
  foresee(contactId: string, at: number): Profile | null;
}

interface Contact {
  readonly id: string;
  readonly events: Event[];
  /** The index of the stage reached, -1 before the first. */
  stage: number;
}

/** Throws for a model that uses what the oracle does not know; the model must have passed the checker. */
export function createOracle(model: Model, options: OracleOptions = {}): Oracle {
  refuseUnknown(model);
  const rules = rulesOf(model);
  const words = timeWordsOf(model, rules);
  const aggregates = aggregatesIn(model);
  const maxTags = options.maxTags ?? 1_000;
  const contacts = new Map<string, Contact>();
  let present = Number.NEGATIVE_INFINITY;

  function sceneOf(contact: Contact, at: number): Scene {
    const stage = rules.stages[contact.stage] ?? null;
    return { rules, contactId: contact.id, events: contact.events, at, stage };
  }

  /** Moves the contact forward to the furthest stage whose condition holds at t. */
  function moveForward(contact: Contact, t: number): void {
    // A condition that holds at one evaluation and not at the one before has turned true. One that held before
    // has moved the contact then, and rules never move it back: so whether it has just turned makes no difference.
    const scene = sceneOf(contact, t);
    for (const { name, when } of rules.whens) {
      const index = rules.stages.indexOf(name.text);
      if (index > contact.stage && isTrue(scene, when)) contact.stage = index;
    }
  }

  function advance(now: number): void {
    if (now < present) throw new Error(`time runs forward only: ${now} after ${present}`);
    for (const contact of contacts.values()) liveThrough(contact, present, now);
    present = now;
  }

  function liveThrough(contact: Contact, from: number, to: number): void {
    // Only stages remember: without one that may still be reached there is nothing to live through.
    if (!rules.whens.some((stage) => rules.stages.indexOf(stage.name.text) > contact.stage)) return;
    let instants = flipInstants(sceneOf(contact, from), words, from, to);
    let calculated = String(calculatedMoments(sceneOf(contact, from), words));
    for (let next = instants.shift(); next !== undefined; next = instants.shift()) {
      moveForward(contact, next);
      // Once something calculated is worth another moment, other instants may matter.
      const now = String(calculatedMoments(sceneOf(contact, next), words));
      if (now !== calculated) instants = flipInstants(sceneOf(contact, next), words, next, to);
      calculated = now;
    }
  }

  function accept(event: Event): void {
    const id = contactIdOf(event);
    let contact = contacts.get(id);
    if (contact === undefined) {
      contact = { id, events: [], stage: startOf(rules) };
      contacts.set(id, contact);
    }
    if (contact.events.some((earlier) => earlier.messageId === event.messageId)) return;
    contact.events.push(event);
    moveForward(contact, present);
  }

  function profileAt(contact: Contact, at: number): Profile {
    const scene = sceneOf(contact, at);
    const timestamps = contact.events.map((event) => event.timestamp);
    const tags = tagsOf(scene);
    const segments = rules.segments.filter((segment) => isTrue(scene, segment.predicate));
    return {
      id: contact.id,
      known: isKnown(contact.id),
      firstSeen: Math.min(...timestamps),
      lastSeen: Math.max(...timestamps),
      score: scoreOf(scene),
      tags,
      topTag: topTag(tags),
      stage: scene.stage,
      segments: segments.map((segment) => segment.name.text).sort(compareCodePoints),
      traits: traitsOf(scene),
      aggregates: Object.fromEntries(aggregates.map((fact) => [printFact(fact), shown(evaluate(scene, fact))])),
      saturated: tags.length > maxTags,
    };
  }

  return {
    send(now, events) {
      advance(now);
      for (const event of events) accept(event);
    },
    advance,
    profile(contactId) {
      const contact = contacts.get(contactId);
      return contact === undefined ? null : profileAt(contact, present);
    },
    contacts: () => [...contacts.keys()],
    flipInstants(from, to) {
      const all = [...contacts.values()].flatMap((contact) => flipInstants(sceneOf(contact, from), words, from, to));
      return [...new Set(all)].sort((a, b) => a - b);
    },
    foresee(contactId, at) {
      const contact = contacts.get(contactId);
      return contact === undefined ? null : profileAt(contact, at);
    },
  };
}

/** An event that carries both ids belongs to its userId. */
export function contactIdOf(event: Event): string {
  return event.userId ?? `~${event.anonymousId ?? ""}`;
}

/** The first stage, if it asks for nothing; else nobody has a stage at first. */
function startOf(rules: Rules): number {
  const first = rules.stages[0];
  return first === undefined || rules.whens.some((stage) => stage.name.text === first) ? -1 : 0;
}

function shown(value: Value): Scalar | null {
  if (value.kind === "moment") return value.at;
  if (value.kind !== "plain") return null;
  const { json } = value;
  return typeof json === "string" || typeof json === "number" || typeof json === "boolean" ? json : null;
}

function rulesOf(model: Model): Rules {
  const all = <K extends Declaration["kind"]>(kind: K): Extract<Declaration, { kind: K }>[] =>
    model.declarations.filter((each): each is Extract<Declaration, { kind: K }> => each.kind === kind);
  return {
    calendar: createCalendar(all("timezone")[0]?.name.text ?? "UTC"),
    stages: all("stages").flatMap((declaration) => declaration.names.map((name) => name.text)),
    scores: all("score"),
    tags: all("tag"),
    whens: all("stage"),
    segments: all("segment"),
    values: all("value"),
  };
}

const UNKNOWN = ["rfm", "company", "sequence", "abandoned", "automation", "static segment"];

function refuseUnknown(model: Model): void {
  for (const node of nodesOf(model)) {
    const kind = String(node["kind"]);
    if (UNKNOWN.includes(kind)) throw new Error(`not in the oracle: ${kind}`);
    if ("unless" in node && node["unless"] !== null) throw new Error("not in the oracle: unless");
  }
}
