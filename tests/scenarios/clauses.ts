/** What a script can say about one contact, checked against its card. */
import type { Card } from "../../kernel/delta.ts";
import type { Json } from "../../kernel/event.ts";
import { isAnonymous } from "../../kernel/ids.ts";
import { parsePredicate } from "../../dsl/parse.ts";
import { printFact } from "../../dsl/print.ts";
import {
  fail,
  needJson,
  needNumber,
  needString,
  type Scanner,
  tell,
  tryPattern,
  trySymbol,
  tryString,
  tryWords,
} from "./scanner.ts";
import { needInstant } from "./times.ts";

export interface Clause {
  /** As it is written in the script. */
  readonly says: string;
  /** What the card says instead; null where it agrees. */
  readonly differs: (card: Card) => string | null;
}

type Differs = Clause["differs"];
type Found = string | number | boolean | null | undefined | { readonly atLeast: number };

const PATH = /[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*/uy;
const AGGREGATE = /(?:count|sum|avg|min|max|distinct|first|last|most)(?=\()/y;

export function readClauses(s: Scanner, start: number): Clause[] {
  const clauses: Clause[] = [];
  do {
    const from = s.at;
    const differs = readClause(s, start);
    clauses.push({ says: s.text.slice(from, s.at).trim(), differs });
  } while (trySymbol(s, ","));
  return clauses;
}

function readClause(s: Scanner, start: number): Differs {
  const aggregate = tryPattern(s, AGGREGATE);
  if (aggregate !== null) return readAggregate(s, start, aggregate);
  if (tryWords(s, "score")) return same("score", needNumber(s, "the points"), (card) => card.score);
  if (tryWords(s, "stage")) {
    return same("stage", tryWords(s, "none") ? null : needString(s, "a stage"), (card) => card.stage);
  }
  if (tryWords(s, "top tag")) {
    const wanted = tryWords(s, "none") ? null : needString(s, "a tag");
    return same("top tag", wanted, (card) => card.tags[0]?.name ?? null);
  }
  if (tryWords(s, "no tags")) {
    return (card) => (card.tags.length === 0 ? null : `it has ${listTags(card)}`);
  }
  if (tryWords(s, "no tag")) {
    const name = needString(s, "a tag");
    return (card) => (card.tags.some((tag) => tag.name === name) ? `it has ${listTags(card)}` : null);
  }
  if (tryWords(s, "tag")) return readTag(s);
  if (tryWords(s, "in nothing")) {
    return (card) => (card.segments.length === 0 ? null : `it is in ${listSegments(card)}`);
  }
  if (tryWords(s, "not in")) {
    const name = needString(s, "a segment");
    return (card) => (isIn(card, name) ? "it is" : null);
  }
  if (tryWords(s, "in")) return readMembership(s, start);
  if (tryWords(s, "not known")) return (card) => (isAnonymous(card.id) ? null : "it has a userId");
  if (tryWords(s, "known")) return (card) => (isAnonymous(card.id) ? "it has no userId" : null);
  if (tryWords(s, "not saturated")) return (card) => (card.saturated ? "it is marked" : null);
  if (tryWords(s, "saturated")) return (card) => (card.saturated ? null : "it is not marked");
  if (tryWords(s, "first seen")) return sameInstant("first seen", needInstant(s, start), (card) => card.firstSeen);
  if (tryWords(s, "last seen")) return sameInstant("last seen", needInstant(s, start), (card) => card.lastSeen);
  if (tryWords(s, "trait")) return readTrait(s);
  if (tryWords(s, "value")) {
    const name = needString(s, "the name of a value");
    return readComparison(s, start, (card) => card.values[name], `the model has no value "${name}"`);
  }
  return fail(s, "score, stage, tag, in, trait, value, count(…), known, first seen or the like");
}

function readTag(s: Scanner): Differs {
  const name = needString(s, "a tag");
  const written = tryPattern(s, /-?\d+(?:\.\d+)?/y);
  return (card) => {
    const tag = card.tags.find((one) => one.name === name);
    if (tag === undefined) return `it has ${listTags(card)}`;
    return written === null || tag.score === Number(written) ? null : `the tag has ${tag.score}`;
  };
}

/** `in "a"`, with `since` also from when on. */
function readMembership(s: Scanner, start: number): Differs {
  const name = needString(s, "a segment");
  const since = tryWords(s, "since") ? needInstant(s, start) : null;
  return (card) => {
    const found = card.segments.find((segment) => segment.name === name);
    if (found === undefined) return `it is in ${listSegments(card)}`;
    return since === null || found.since === since ? null : `it is, since ${new Date(found.since).toISOString()}`;
  };
}

function readTrait(s: Scanner): Differs {
  const written = tryString(s) ?? tryPattern(s, PATH) ?? fail(s, "the name of a trait");
  const wanted = tryWords(s, "missing") ? undefined : needJson(s);
  return (card) => {
    const found = written.split(".").reduce<Json | undefined>(memberOf, card.traits);
    return sameJson(found, wanted) ? null : `the trait is ${show(found)}`;
  };
}

function memberOf(value: Json | undefined, key: string): Json | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? (value as { readonly [key: string]: Json })[key] : undefined;
}

function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** `count("A" in last 1 hour) 3`: read as the model language would, so that spaces don't matter. */
function readAggregate(s: Scanner, start: number, name: string): Differs {
  const text = name + needParentheses(s);
  const { predicate } = parsePredicate(`${text} is set`);
  if (predicate?.kind !== "compare" || predicate.left.kind !== "aggregate") {
    throw tell(s.place, `${text} is no aggregate of the model language`);
  }
  const printed = printFact(predicate.left);
  return readComparison(s, start, (card) => card.aggregates[printed], `the model does not use ${printed}`);
}

function needParentheses(s: Scanner): string {
  const from = s.at;
  let depth = 0;
  let quoted = false;
  for (; s.at < s.text.length; s.at++) {
    const sign = s.text[s.at];
    if (sign === "\\" && quoted) s.at++;
    else if (sign === '"') quoted = !quoted;
    else if (!quoted && sign === "(") depth++;
    else if (!quoted && sign === ")" && --depth === 0) return s.text.slice(from, ++s.at);
  }
  return fail(s, '")"');
}

/** A number, text or truth, `missing`, `at least 3`, or `at 10m` for a moment. */
function readComparison(s: Scanner, start: number, found: (card: Card) => Found, unknown: string): Differs {
  const read = (card: Card): Found => {
    const value = found(card);
    if (value === undefined) throw tell(s.place, unknown);
    return value;
  };
  if (tryWords(s, "missing")) return (card) => (read(card) === null ? null : `it is ${show(read(card))}`);
  if (tryWords(s, "at least")) {
    const least = needNumber(s, "a number");
    return (card) => {
      const value = read(card);
      const known = typeof value === "object" && value !== null ? value.atLeast : value;
      return typeof known === "number" && known >= least ? null : `it is ${show(value)}`;
    };
  }
  const moment = tryWords(s, "at");
  const wanted = moment ? needInstant(s, start) : needJson(s);
  return (card) => {
    const value = read(card);
    if (value === wanted) return null;
    if (moment && typeof value === "number") return `it is ${new Date(value).toISOString()}`;
    const advice =
      typeof value === "object" && value !== null ? ' (kept only so far: write "at least", or give it a value)' : "";
    return `it is ${show(value)}${advice}`;
  };
}

function same(what: string, wanted: string | number | null, found: (card: Card) => string | number | null): Differs {
  return (card) =>
    found(card) === wanted ? null : `the ${what} is ${found(card) === null ? "none" : show(found(card))}`;
}

function sameInstant(what: string, wanted: number, found: (card: Card) => number): Differs {
  return (card) => (found(card) === wanted ? null : `it was ${what} ${new Date(found(card)).toISOString()}`);
}

function isIn(card: Card, name: string): boolean {
  return card.segments.some((segment) => segment.name === name);
}

function listTags(card: Card): string {
  const tags = card.tags.map((tag) => `"${tag.name}" ${tag.score}`);
  return tags.length === 0 ? "no tags" : `the tags ${tags.join(", ")}`;
}

function listSegments(card: Card): string {
  return card.segments.length === 0 ? "no segment" : card.segments.map((segment) => `"${segment.name}"`).join(", ");
}

function show(value: Found | Json): string {
  if (value === undefined || value === null) return "missing";
  if (typeof value === "object" && "atLeast" in value) return `at least ${JSON.stringify(value["atLeast"])}`;
  return JSON.stringify(value);
}
