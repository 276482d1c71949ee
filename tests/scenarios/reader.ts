/** Text of a `.scenario` file to scenarios. The format is described in README.md. */
import type { ClockMode } from "../../kernel/clock.ts";
import type { Json } from "../../kernel/event.ts";
import { LIMITS } from "../../kernel/limits.ts";
import { readClaim } from "./claims.ts";
import {
  atObject,
  fail,
  needContact,
  needEnd,
  needNumber,
  needObject,
  needString,
  type Place,
  scan,
  type Scanner,
  tell,
  tryPattern,
  trySymbol,
  tryString,
  tryWords,
} from "./scanner.ts";
import type { Call, Scenario, Statement } from "./script.ts";
import { needDuration, needInstant } from "./times.ts";

const START = Date.UTC(2026, 0, 1);
/** With the event clock the machine is by default far ahead of everything that is told. */
const REPLAY_MACHINE = Date.UTC(2040, 0, 1);

/** A line that begins in the first column, with the indented lines below it. */
interface Entry {
  readonly place: Place;
  readonly text: string;
  readonly block: readonly string[];
}

interface Draft {
  readonly place: Place;
  readonly title: string;
  readonly covers: string[];
  clockMode: ClockMode;
  machine: number | null;
  start: number;
  readonly limits: Record<string, number>;
  readonly statements: Statement[];
  /** The instant at which the next statement happens. */
  now: number;
  /** Makes messageIds that sort in the order of writing. */
  calls: number;
}

export function readScenarios(file: string, text: string): Scenario[] {
  const drafts: Draft[] = [];
  for (const entry of entriesOf(file, text)) {
    const s = scan(entry.place, [entry.text, ...(isModel(entry) ? [] : entry.block)].join("\n"));
    if (tryWords(s, "scenario")) {
      drafts.push(newDraft(entry.place, needString(s, "what the scenario shows")));
      needEnd(s);
      continue;
    }
    const draft = drafts.at(-1);
    if (draft === undefined) throw tell(entry.place, 'a file begins with: scenario "what it shows"');
    if (!readHeader(s, draft)) readStatement(s, draft, entry);
  }
  return drafts.map((draft) => ({
    ...draft,
    machine: draft.machine ?? (draft.clockMode === "event" ? REPLAY_MACHINE : draft.start),
  }));
}

function newDraft(place: Place, title: string): Draft {
  return {
    place,
    title,
    covers: [],
    clockMode: "wall",
    machine: null,
    start: START,
    limits: {},
    statements: [],
    now: START,
    calls: 0,
  };
}

function entriesOf(file: string, text: string): Entry[] {
  const entries: { place: Place; text: string; block: string[] }[] = [];
  let last: { place: Place; text: string; block: string[] } | null = null;
  for (const [index, line] of text.split("\n").entries()) {
    const place = { file, line: index + 1 };
    if (/^\S/.test(line)) {
      if (line.startsWith("#")) continue;
      last = { place, text: line, block: [] };
      entries.push(last);
    } else if (last !== null) {
      last.block.push(line);
    } else if (line.trim() !== "") {
      throw tell(place, "an indented line goes with one above it");
    }
  }
  return entries;
}

function isModel(entry: Entry): boolean {
  return /\bmodel\s*(#.*)?$/.test(entry.text);
}

/** What stands before the first statement; false where it is none of it. */
function readHeader(s: Scanner, draft: Draft): boolean {
  const from = s.at;
  if (tryWords(s, "covers") && trySymbol(s, ":")) {
    do draft.covers.push(tryPattern(s, /[a-z]+\.\d+/y) ?? fail(s, "the id of a sentence such as time.3"));
    while (trySymbol(s, ","));
  } else if (tryWords(s, "clock")) {
    if (!tryWords(s, "event")) fail(s, '"event"');
    draft.clockMode = "event";
  } else if (tryWords(s, "machine")) {
    draft.machine = needInstant(s, draft.start);
  } else if (tryWords(s, "start")) {
    draft.start = needInstant(s, draft.start);
    draft.now = draft.start;
  } else if (tryWords(s, "limits") && trySymbol(s, ":")) {
    do {
      const name = tryPattern(s, /[a-z_]+/y) ?? fail(s, "the name of a limit");
      if (!Object.hasOwn(LIMITS, name)) throw tell(s.place, `there is no limit ${name}`);
      draft.limits[name] = needNumber(s, "a number");
    } while (trySymbol(s, ","));
  } else {
    s.at = from;
    return false;
  }
  needEnd(s);
  if (draft.statements.length > 0) throw tell(s.place, "this stands before everything that happens");
  return true;
}

function readStatement(s: Scanner, draft: Draft, entry: Entry): void {
  const { place } = s;
  const before = tryWords(s, "just before");
  const timed = before || tryWords(s, "at");
  if (timed) {
    const now = needInstant(s, draft.start) - (before ? 1 : 0);
    if (now < draft.now && draft.clockMode === "wall")
      throw tell(place, "this lies before the line above: time only goes on");
    draft.now = now;
  }
  if (startsCall(s)) {
    if (!timed || before) throw tell(place, "an event needs its time: at 10m …");
    readEvent(s, draft);
    return;
  }
  if (timed) draft.statements.push({ kind: "clock", place, now: draft.now });
  const wrong = tryWords(s, "wrong model");
  if (wrong || tryWords(s, "model")) {
    draft.statements.push({ kind: "model", place, source: unindent(entry.block), wrong });
  } else if (tryWords(s, "restart")) {
    draft.statements.push({ kind: "restart", place });
  } else if (tryWords(s, "expect")) {
    const says = s.text.slice(s.at).replaceAll(/\s+/g, " ").trim();
    draft.statements.push({ kind: "expect", place, says, claim: readClaim(s, draft.start) });
  } else if (!timed) {
    fail(s, "at, just before, expect, model, wrong model or restart");
  }
  needEnd(s);
}

/** The model begins in the first column, so that its own rules about columns hold. */
function unindent(block: readonly string[]): string {
  const indents = block.filter((line) => line.trim() !== "").map((line) => line.length - line.trimStart().length);
  const indent = Math.min(...indents, Infinity);
  return block
    .map((line) => line.slice(Math.min(indent, line.length)))
    .join("\n")
    .trimEnd();
}

function startsCall(s: Scanner): boolean {
  const from = s.at;
  const found = tryPattern(s, /"|late|dated|page|screen|identify/y) !== null;
  s.at = from;
  return found;
}

/** One call, or several where it says how many times. */
function readEvent(s: Scanner, draft: Draft): void {
  let timestamp: number | null = null;
  if (tryWords(s, "late")) timestamp = draft.now - needDuration(s);
  else if (tryWords(s, "dated")) timestamp = needInstant(s, draft.start);
  const fields: Record<string, Json> = readWhat(s);
  const content = fields["type"] === "identify" ? "traits" : "properties";
  if (atObject(s)) fields[content] = needObject(s);
  let refused = false;
  let times = 1;
  let every = 0;
  for (;;) {
    if (tryWords(s, "context")) fields["context"] = needObject(s);
    else if (tryWords(s, "as"))
      fields["messageId"] = tryString(s) ?? tryPattern(s, /[\w-]+/y) ?? fail(s, "a messageId");
    else if (tryWords(s, "is refused")) refused = true;
    else if (tryWords(s, "every")) every = needDuration(s);
    else {
      const count = tryPattern(s, /\d+(?= times)/y);
      if (count === null || !tryWords(s, "times")) break;
      times = Number(count);
    }
  }
  needEnd(s);
  for (let n = 0; n < times; n++) {
    if (n > 0) draft.now += every;
    const messageId = `call-${String(draft.calls++).padStart(6, "0")}`;
    const at = timestamp === null ? draft.now : timestamp + n * every;
    const call = { messageId, ...fields, timestamp: at } as unknown as Call;
    draft.statements.push({ kind: "event", place: s.place, now: draft.now, call, refused });
  }
}

/** The kind of call, its name, and who it is about. */
function readWhat(s: Scanner): Record<string, Json> {
  if (tryWords(s, "identify")) return { type: "identify", ...needWho(s) };
  for (const type of ["page", "screen"]) {
    if (!tryWords(s, type)) continue;
    const name = tryString(s);
    return { type, ...(name === null ? {} : { name }), ...needBy(s) };
  }
  return { type: "track", event: needString(s, "an event"), ...needBy(s) };
}

function needBy(s: Scanner): Record<string, Json> {
  if (!tryWords(s, "by")) fail(s, '"by" and a contact');
  return needWho(s);
}

/** `u1`, `~visitor`, or both with `u1 with ~visitor`. */
function needWho(s: Scanner): Record<string, Json> {
  const who = needContact(s);
  if (who.startsWith("~")) return { anonymousId: who.slice(1) };
  if (!tryWords(s, "with")) return { userId: who };
  const other = needContact(s);
  if (!other.startsWith("~")) throw tell(s.place, `${other} is no anonymous contact such as ~visitor`);
  return { userId: who, anonymousId: other.slice(1) };
}
