/** Tells where two answers about the same contacts differ, member by member. */
import type { Customer, Expected, Profile } from "./expected.ts";

/** What the engine says. */
export interface Found {
  readonly members: ReadonlyMap<string, ReadonlySet<string>>;
  readonly profiles: ReadonlyMap<string, Profile>;
}

/** How many ids of each kind are named in a message. */
const SHOWN = 5;

/** What the two say differently, in words; prints the sizes that both see. */
export function compare(found: Found, expected: Expected): string[] {
  printSizes(found, expected);
  const names = new Set([...found.members.keys(), ...expected.members.keys()]);
  return [
    ...[...names].flatMap((name) => memberDifferences(name, found.members.get(name), expected.members.get(name))),
    ...profileDifferences(found, expected),
  ];
}

function memberDifferences(name: string, theirs?: ReadonlySet<string>, ours?: ReadonlySet<string>): string[] {
  if (ours === undefined) return [`${name}: has no query in segments.sql`];
  if (theirs === undefined) return [`${name}: is not in the model`];
  const missing = [...ours].filter((id) => !theirs.has(id));
  const extra = [...theirs].filter((id) => !ours.has(id));
  if (missing.length + extra.length === 0) return [];
  return [`${name}: ${told("missing", missing)}, ${told("too many", extra)}`];
}

/** What the cards, of all contacts or of some, say differently. */
export function compareCards(found: ReadonlyMap<string, Customer>, expected: Expected): string[] {
  const differences = [...found].flatMap(([id, customer]) => {
    const ours = expected.customers.get(id);
    if (ours === undefined) return [`${id}: nobody of the file`];
    const [theirs, wanted] = [flat(customer), flat(ours)];
    return [...new Set([...Object.keys(theirs), ...Object.keys(wanted)])]
      .filter((key) => JSON.stringify(theirs[key]) !== JSON.stringify(wanted[key]))
      .map((key) => `${id}, ${key}: found ${JSON.stringify(theirs[key])}, expected ${JSON.stringify(wanted[key])}`);
  });
  return shorten(differences);
}

function flat({ values, ...customer }: Customer): Readonly<Record<string, unknown>> {
  return { ...customer, ...Object.fromEntries(Object.entries(values).map(([name, value]) => [`"${name}"`, value])) };
}

function told(what: string, ids: readonly string[]): string {
  const more = ids.length > SHOWN ? ", …" : "";
  return ids.length === 0 ? `0 ${what}` : `${ids.length} ${what} (${ids.slice(0, SHOWN).join(", ")}${more})`;
}

function profileDifferences(found: Found, expected: Expected): string[] {
  const differences = [...found.profiles.keys()]
    .filter((id) => !expected.profiles.has(id))
    .map((id) => `${id}: nobody of the file`);
  for (const [id, ours] of expected.profiles) {
    const theirs = found.profiles.get(id);
    if (theirs === undefined || textOf(theirs) !== textOf(ours)) {
      differences.push(`${id}: found ${theirs === undefined ? "nothing" : textOf(theirs)}, expected ${textOf(ours)}`);
    }
  }
  return shorten(differences);
}

function shorten(differences: readonly string[]): string[] {
  if (differences.length <= SHOWN) return [...differences];
  return [...differences.slice(0, SHOWN), `and ${differences.length - SHOWN} more`];
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
