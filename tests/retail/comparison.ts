/** Tells where two answers about the shop's customers differ, member by member. */
import { expect } from "vitest";
import type { Expected, Profile } from "./expected.ts";

/** What the engine says. */
export interface Found {
  readonly members: ReadonlyMap<string, ReadonlySet<string>>;
  readonly profiles: ReadonlyMap<string, Profile>;
}

/** How many ids of each kind are named in a message. */
const SHOWN = 5;

/** Fails unless both name the same segments with the same members, and the same score, stage and tags for everybody. */
export function expectSame(found: Found, expected: Expected): void {
  printSizes(found, expected);
  expect([...found.members.keys()].sort(), "the segments of the model and those of segments.sql").toEqual(
    [...expected.members.keys()].sort(),
  );
  const differences = [...expected.members].flatMap(([name, ids]) => {
    const theirs = found.members.get(name) ?? new Set();
    const missing = [...ids].filter((id) => !theirs.has(id));
    const extra = [...theirs].filter((id) => !ids.has(id));
    if (missing.length + extra.length === 0) return [];
    return [`${name}: ${told("missing", missing)}, ${told("too many", extra)}`];
  });
  expect(differences).toEqual([]);
  expect(found.profiles.size, "contacts").toBe(expected.profiles.size);
  expect(profileDifferences(found, expected)).toEqual([]);
}

function told(what: string, ids: readonly string[]): string {
  const more = ids.length > SHOWN ? ", …" : "";
  return ids.length === 0 ? `0 ${what}` : `${ids.length} ${what} (${ids.slice(0, SHOWN).join(", ")}${more})`;
}

function profileDifferences(found: Found, expected: Expected): string[] {
  const differences: string[] = [];
  for (const [id, ours] of expected.profiles) {
    const theirs = found.profiles.get(id);
    if (theirs === undefined || textOf(theirs) !== textOf(ours)) {
      differences.push(`${id}: found ${theirs === undefined ? "nothing" : textOf(theirs)}, expected ${textOf(ours)}`);
    }
  }
  return differences.slice(0, SHOWN);
}

function textOf({ score, stage, tags }: Profile): string {
  const byName = Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({ score, stage, tags: byName });
}

/** The sizes of all segments and stages, side by side. */
function printSizes(found: Found, expected: Expected): void {
  const width = Math.max(...[...expected.members.keys()].map((name) => name.length));
  const line = (name: string, sql: string | number, live: string | number): string =>
    `${name.padEnd(width)} ${String(sql).padStart(7)} ${String(live).padStart(7)}`;
  const rows = [...expected.members].map(([name, ids]) =>
    line(name, ids.size, found.members.get(name)?.size ?? "none"),
  );
  const stages = [...countStages(expected)].map(([stage, count]) =>
    line(`stage ${stage}`, count, countStages(found).get(stage) ?? 0),
  );
  process.stdout.write(`${[line("", "SQL", "Sluice"), ...rows, ...stages].join("\n")}\n`);
}

/** How many contacts are at each stage. */
export function countStages({ profiles }: Pick<Found, "profiles">): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { stage } of profiles.values()) counts.set(stage, (counts.get(stage) ?? 0) + 1);
  return counts;
}
