/** Drives the oracle and a subject side by side and tells the first thing in which they differ. */
import { parseModel } from "../../dsl/parse.ts";
import type { Profile, Subject } from "../harness/subject.ts";
import type { Case, Step } from "./case.ts";
import { createOracle, type Oracle } from "./oracle.ts";
import { compareCodePoints } from "./ordering.ts";

/** A subject that may know how to be restarted and closed. */
export interface Driven extends Subject {
  restart?(): Promise<void>;
  close?(): Promise<void>;
}
export type MakeSubject = (modelText: string) => Driven | Promise<Driven>;

export interface Difference {
  /** The index of the step, -1 where the model was not taken, null where two subjects were compared at the end. */
  readonly step: number | null;
  /** The instant, null before the first step. */
  readonly now: number | null;
  readonly contact: string | null;
  /** A field of the profile, `contacts`, or `error` where the subject threw. */
  readonly field: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/** Stops within one watched advance: every true flip counts twice (right before it and at it), the others as well. */
const MAX_FLIPS = 40;
const MAX_OTHERS = 10;

/** Runs the case and compares all profiles after each step; null where nothing differs. */
export async function runCase(testCase: Case, makeSubject: MakeSubject): Promise<Difference | null> {
  const oracle = createOracle(modelOf(testCase));
  let subject: Driven;
  try {
    subject = await makeSubject(testCase.model);
  } catch (error) {
    return thrown(error, -1, null);
  }
  let present: number | null = null;
  try {
    for (const [index, step] of testCase.steps.entries()) {
      for (const part of partsOf(step, oracle, present)) {
        if (part.kind !== "restart") present = part.now;
        try {
          await take(part, oracle, subject);
        } catch (error) {
          return thrown(error, index, present);
        }
        const difference = await sameProfiles(oracle, subject);
        if (difference !== null) return { ...difference, step: index, now: present };
      }
    }
    return null;
  } finally {
    await subject.close?.();
  }
}

/** Compares every contact of two subjects, the first being right; null where nothing differs. */
export async function sameProfiles(right: Subject, actual: Subject): Promise<Difference | null> {
  const place = { step: null, now: null };
  const [expectedIds, actualIds] = [await right.contacts(), await actual.contacts()].map(sorted);
  if (canonical(expectedIds) !== canonical(actualIds)) {
    return { ...place, contact: null, field: "contacts", expected: expectedIds, actual: actualIds };
  }
  for (const contact of expectedIds ?? []) {
    const [a, b] = [await right.profile(contact), await actual.profile(contact)];
    const field = firstDifference(a, b);
    if (field === null) continue;
    return { ...place, contact, field, expected: memberOf(a, field), actual: memberOf(b, field) };
  }
  return null;
}

/** All that a person needs to understand the difference: the model, the steps so far, the two answers. */
export function describeDifference(testCase: Case, difference: Difference): string {
  const last = difference.step ?? testCase.steps.length;
  const lines = testCase.steps.slice(0, last + 1).map((step, index) => `${index}: ${describeStep(step)}`);
  const at = difference.now === null ? "" : ` at ${difference.now} (${new Date(difference.now).toISOString()})`;
  const who = difference.contact === null ? "" : ` of ${difference.contact}`;
  return [
    testCase.model,
    "",
    ...lines,
    "",
    `step ${difference.step ?? "end"}${at}: ${difference.field}${who}`,
    `  expected ${canonical(difference.expected)}`,
    `  actual   ${canonical(difference.actual)}`,
  ].join("\n");
}

function describeStep(step: Step): string {
  if (step.kind === "restart") return "restart";
  const head = `${step.kind} ${step.now} (${new Date(step.now).toISOString()})`;
  if (step.kind === "advance") return step.watch ? `${head}, watched` : head;
  return [head, ...step.events.map((event) => `   ${JSON.stringify(event)}`)].join("\n");
}

export function modelOf(testCase: Pick<Case, "model">): ReturnType<typeof parseModel>["model"] {
  const { model, diagnostics } = parseModel(testCase.model);
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error");
  if (errors.length > 0) throw new Error(`${JSON.stringify(errors[0])} in\n${testCase.model}`);
  return model;
}

async function take(step: Step, oracle: Oracle, subject: Driven): Promise<void> {
  switch (step.kind) {
    case "send":
      oracle.send(step.now, step.events);
      await subject.send(step.now, step.events);
      return;
    case "advance":
      oracle.advance(step.now);
      await subject.advance(step.now);
      return;
    case "restart":
      await subject.restart?.();
  }
}

/** A watched advance becomes one to each instant worth looking at. */
function partsOf(step: Step, oracle: Oracle, present: number | null): Step[] {
  if (step.kind !== "advance" || !step.watch || present === null) return [step];
  const from = present;
  const flips: number[][] = [];
  const others: number[][] = [];
  const all = (at: number): string => canonical(oracle.contacts().map((contact) => oracle.foresee(contact, at)));
  let before = all(from);
  for (const instant of oracle.flipInstants(from, step.now)) {
    const stops = [instant - 1, instant].filter((stop) => stop > from);
    const after = all(instant);
    const isFlip = after !== before;
    before = after;
    (isFlip ? flips : others).push(stops);
  }
  const stops = [...spread(flips, MAX_FLIPS), ...spread(others, MAX_OTHERS)].flat();
  const instants = [...new Set([...stops, step.now])].sort((a, b) => a - b);
  return instants.map((now) => ({ kind: "advance", now, watch: false }));
}

/** At most `max` of the items, evenly spread over all of them. */
function spread<T>(items: readonly T[], max: number): T[] {
  const every = Math.max(1, items.length / max);
  return items.filter((_, index) => Math.floor(index / every) !== Math.floor((index - 1) / every));
}

function thrown(error: unknown, step: number, now: number | null): Difference {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { step, now, contact: null, field: "error", expected: "no error", actual: text };
}

function sorted(ids: readonly string[]): string[] {
  return [...ids].sort(compareCodePoints);
}

/** The path of the first field that differs, such as `score` or `aggregates.count("A")`; null where none does. */
function firstDifference(a: Profile | null, b: Profile | null): string | null {
  if (a === null || b === null) return a === b ? null : "profile";
  for (const field of Object.keys(a)) {
    if (field !== "aggregates" && canonical(memberOf(a, field)) !== canonical(memberOf(b, field))) return field;
  }
  const keys = Object.keys({ ...a.aggregates, ...b.aggregates });
  const key = keys.find((each) => !agree(a.aggregates[each], b.aggregates[each]));
  return key === undefined ? null : `aggregates.${key}`;
}

type Shown = Profile["aggregates"][string] | undefined;

/** A count that is only kept up to a threshold agrees with every number from there on. */
function agree(a: Shown, b: Shown): boolean {
  const [low, other] = [atLeast(a), atLeast(b)];
  if (low !== null && other !== null) return true;
  if (low !== null) return typeof b === "number" && b >= low;
  if (other !== null) return typeof a === "number" && a >= other;
  return canonical(a) === canonical(b);
}

/** Null for what is told exactly; a threshold of nothing would say nothing. */
function atLeast(shown: Shown): number | null {
  const least = typeof shown === "object" && shown !== null ? shown.atLeast : null;
  return least !== null && least >= 1 ? least : null;
}

function memberOf(profile: Profile | null, field: string): unknown {
  if (profile === null || field === "profile") return profile;
  if (field.startsWith("aggregates.")) return profile.aggregates[field.slice("aggregates.".length)];
  return (profile as unknown as Record<string, unknown>)[field];
}

/** JSON with the keys of objects in order, so that equal values have equal texts. */
function canonical(value: unknown): string {
  const inOrder = (_key: string, each: unknown): unknown =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => compareCodePoints(a, b)))
      : each;
  return JSON.stringify(value, inOrder) ?? "undefined";
}
