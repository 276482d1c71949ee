/** Whether the engine agrees with a claim of a script; what it says instead, in words. */
import type { Diagnostic } from "../../dsl/diagnostic.ts";
import type { FeedRecord } from "../../kernel/feed.ts";
import type { EngineSubject } from "../harness/engine.ts";
import type { Claim, Move, Told } from "./script.ts";
import { showInstant } from "./times.ts";

/** What the engine shows of itself while a scenario runs. */
export interface Seen {
  readonly subject: EngineSubject;
  readonly start: number;
  /** Of the latest model, wrong ones included. */
  readonly diagnostics: readonly Diagnostic[];
  readonly segmentName: (id: number) => string;
}

export async function judge(claim: Claim, seen: Seen): Promise<string[]> {
  switch (claim.kind) {
    case "members":
      return judgeMembers(claim.segment, claim.contacts, seen);
    case "contact": {
      const card = await seen.subject.card(claim.contact);
      if (card === null) return [`there is no contact ${claim.contact}`];
      return claim.clauses.flatMap(({ says, differs }) => {
        const difference = differs(card);
        return difference === null ? [] : [claim.clauses.length === 1 ? difference : `as to ${says}: ${difference}`];
      });
    }
    case "no contact":
      return (await seen.subject.card(claim.contact)) === null ? [] : ["there is one"];
    case "contacts": {
      const found = await contactsOf(seen);
      return sameList(found, claim.contacts) ? [] : [`there are ${listed(found)}`];
    }
    case "moves":
      return judgeMoves(claim.segment, claim.moves, seen);
    case "told":
      return judgeTold(claim.wanted, seen);
    case "told nothing":
      return seen.diagnostics.length === 0 ? [] : [`the model is told ${listed(seen.diagnostics.map(showTold))}`];
  }
}

async function contactsOf({ subject }: Seen): Promise<string[]> {
  const found: string[] = [];
  for (const id of await subject.contacts()) {
    if ((await subject.card(id)) !== null) found.push(id);
  }
  return found;
}

async function judgeMembers(segment: string, wanted: readonly string[] | null, seen: Seen): Promise<string[]> {
  const all = await contactsOf(seen);
  const members: string[] = [];
  for (const id of all) {
    const card = await seen.subject.card(id);
    if (card?.segments.some((one) => one.name === segment) === true) members.push(id);
  }
  return sameList(members, wanted ?? all) ? [] : [`there is ${listed(members)}`];
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "none" : [...names].sort().join(", ");
}

/** Moves at one instant are told by contact: which of two contacts was first is nobody's business. */
function judgeMoves(segment: string, wanted: readonly Move[], seen: Seen): string[] {
  const found = seen.subject.feed().filter((record) => seen.segmentName(record.segmentId) === segment);
  const order = (a: Move | FeedRecord, b: Move | FeedRecord): number =>
    a.at - b.at || nameOf(a).localeCompare(nameOf(b));
  const actual = found.toSorted(order);
  const expected = [...wanted].sort(order);
  const agrees =
    actual.length === expected.length &&
    actual.every((record, i) => {
      const move = expected[i];
      return (
        move !== undefined &&
        move.contact === record.contactId &&
        move.entered === record.entered &&
        move.at === record.at &&
        (move.cause === null || move.cause === record.cause)
      );
    });
  if (agrees) return [];
  const shown = actual.map(
    ({ contactId, entered, at, cause }) =>
      `${contactId} ${entered ? "enters" : "leaves"} at ${showInstant(at, seen.start)} by ${cause}`,
  );
  return [`the moves are: ${shown.length === 0 ? "none" : shown.join(", ")}`];
}

function nameOf(move: Move | FeedRecord): string {
  return "contact" in move ? move.contact : move.contactId;
}

function judgeTold(wanted: Told, { diagnostics }: Seen): string[] {
  const found = diagnostics.some(
    ({ severity, line, column, length, message, hint }) =>
      severity === wanted.severity &&
      line === wanted.line &&
      (wanted.column === null || column === wanted.column) &&
      (wanted.length === null || length === wanted.length) &&
      wanted.saying.every((part) => message.toLowerCase().includes(part.toLowerCase())) &&
      (wanted.hint === null || (hint ?? "").toLowerCase().includes(wanted.hint.toLowerCase())),
  );
  return found ? [] : [`the model is told ${listed(diagnostics.map(showTold))}`];
}

function showTold(one: Seen["diagnostics"][number]): string {
  const hint = one.hint === undefined ? "" : ` (hint: ${one.hint})`;
  return `${one.severity} at ${one.line}:${one.column} length ${one.length}: ${one.message}${hint}`;
}
