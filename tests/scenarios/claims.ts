/** Reads what follows `expect`. */
import { FEED_CAUSES, type FeedCause } from "../../kernel/feed.ts";
import { readClauses } from "./clauses.ts";
import {
  fail,
  needContact,
  needNumber,
  needString,
  needSymbol,
  type Scanner,
  tryPattern,
  trySymbol,
  tryString,
  tryWords,
} from "./scanner.ts";
import type { Claim, Move, Told } from "./script.ts";
import { needInstant } from "./times.ts";

export function readClaim(s: Scanner, start: number): Claim {
  if (tryWords(s, "no complaints")) return { kind: "told nothing" };
  if (tryWords(s, "error")) return { kind: "told", wanted: readTold(s, "error") };
  if (tryWords(s, "warning")) return { kind: "told", wanted: readTold(s, "warning") };
  if (tryWords(s, "moves of")) {
    const segment = needString(s, "a segment");
    needSymbol(s, ":");
    return { kind: "moves", segment, moves: tryWords(s, "none") ? [] : readMoves(s, start) };
  }
  if (tryWords(s, "no contact")) return { kind: "no contact", contact: needContact(s) };
  if (tryPattern(s, /contacts(?=:)/y) !== null) {
    needSymbol(s, ":");
    return { kind: "contacts", contacts: readContacts(s) };
  }
  const segment = tryString(s);
  if (segment !== null) {
    needSymbol(s, ":");
    const contacts = tryWords(s, "everybody") ? null : readContacts(s);
    return { kind: "members", segment, contacts };
  }
  const contact = needContact(s);
  needSymbol(s, ":");
  return { kind: "contact", contact, clauses: readClauses(s, start) };
}

function readContacts(s: Scanner): string[] {
  if (tryWords(s, "nobody")) return [];
  const contacts: string[] = [];
  do contacts.push(needContact(s));
  while (trySymbol(s, ","));
  return contacts;
}

function readMoves(s: Scanner, start: number): Move[] {
  const moves: Move[] = [];
  do {
    const contact = needContact(s);
    const entered = tryWords(s, "enters");
    if (!entered && !tryWords(s, "leaves")) fail(s, '"enters" or "leaves"');
    if (!tryWords(s, "at")) fail(s, '"at"');
    const at = needInstant(s, start);
    moves.push({ contact, entered, at, cause: tryWords(s, "by") ? needCause(s) : null });
  } while (trySymbol(s, ","));
  return moves;
}

function needCause(s: Scanner): FeedCause {
  const cause = FEED_CAUSES.find((one) => tryWords(s, one));
  return cause ?? fail(s, `a cause: ${FEED_CAUSES.join(", ")}`);
}

/** `at 1:14 length 3 saying "a", "b" hint "c"`, or `in line 1 …` where the column doesn't matter. */
function readTold(s: Scanner, severity: Told["severity"]): Told {
  const anywhere = tryWords(s, "in line");
  if (!anywhere && !tryWords(s, "at")) fail(s, '"at" and a place such as 1:14, or "in line" and a line');
  const line = needNumber(s, "a line");
  if (!anywhere) needSymbol(s, ":");
  const column = anywhere ? null : needNumber(s, "a column");
  const length = tryWords(s, "length") ? needNumber(s, "a length") : null;
  const saying: string[] = [];
  if (tryWords(s, "saying")) {
    do saying.push(needString(s, "a part of the message"));
    while (trySymbol(s, ","));
  }
  return { severity, line, column, length, saying, hint: tryWords(s, "hint") ? needString(s, "a hint") : null };
}
