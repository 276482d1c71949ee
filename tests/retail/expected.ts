/**
 * What an example's model should say about the contacts in a file, worked out by ClickHouse from the file itself: four
 * files of SQL written by hand, which share nothing with the engine, its language and the mapping.
 *
 * facts.sql and points.sql make the tables that are read here: `clock` {t}, `aside` {lines}, `customers` {id, country,
 * first_seen, last_seen}, `scores` {id, score}, `stages` {id, stage} and `tags` {id, tag, points}.
 */
import { readFile } from "node:fs/promises";
import { openEmbedded, selectRows, type ClickHouseClient } from "../../kernel/clickhouse.ts";
import type { RealInput } from "./input.ts";

export interface Expected {
  /** The last instant of the file, ms. */
  readonly now: number;
  /** How many lines of the file belong to nobody. */
  readonly asideLines: number;
  /** By id. */
  readonly customers: ReadonlyMap<string, Customer>;
  /** Ids by the segment's name. */
  readonly members: ReadonlyMap<string, ReadonlySet<string>>;
  readonly profiles: ReadonlyMap<string, Profile>;
}

/** What a contact's card says beside its profile. */
export interface Customer {
  readonly country: string;
  /** Of the first and the last line, ISO 8601 with milliseconds. */
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** By name; null where missing. */
  readonly values: Readonly<Record<string, Value>>;
}

export type Value = string | number | boolean | null;

/** What the server says about everybody in one list. */
export interface Profile {
  readonly score: number;
  readonly stage: string;
  /** Points by tag. */
  readonly tags: Readonly<Record<string, number>>;
}

export async function computeExpected({ csvFile, scripts }: RealInput): Promise<Expected> {
  const read = (name: string): Promise<string> => readFile(new URL(name, scripts), "utf8");
  const client = await openEmbedded(":memory:");
  try {
    for (const script of ["facts.sql", "points.sql"]) {
      for (const query of statements(await read(script))) {
        await client.command({ query, query_params: { file: csvFile } });
      }
    }
    return {
      ...(await readTotals(client)),
      customers: await readCustomers(client, queries(await read("values.sql"))),
      members: await readMembers(client, queries(await read("segments.sql"))),
      profiles: await readProfiles(client),
    };
  } finally {
    await client.close();
  }
}

function statements(script: string): string[] {
  return script
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}

/** The query of each segment or value, in the order written: `-- segment: NAME` stands before each. */
function queries(script: string): [name: string, query: string][] {
  const [, ...parts] = script.split(/^-- (?:segment|value): (.*)$/m);
  const found: [string, string][] = [];
  for (let i = 0; i < parts.length; i += 2) found.push([parts[i] ?? "", (parts[i + 1] ?? "").trim()]);
  return found;
}

async function readTotals(client: ClickHouseClient): Promise<{ now: number; asideLines: number }> {
  const [row] = await selectRows<{ now: number; asideLines: number }>(
    client,
    "SELECT toUnixTimestamp(t) AS now, toUInt32(lines) AS asideLines FROM clock CROSS JOIN aside",
  );
  if (row === undefined) throw new Error("the file has no lines");
  return { ...row, now: row.now * 1000 };
}

async function readCustomers(
  client: ClickHouseClient,
  queried: readonly (readonly [name: string, query: string])[],
): Promise<Map<string, Customer>> {
  const iso = (column: string): string => `formatDateTime(${column}, '%Y-%m-%dT%H:%i:%S.000Z', 'UTC')`;
  const rows = await selectRows<Omit<Customer, "values"> & { id: string }>(
    client,
    `SELECT id, country, ${iso("first_seen")} AS firstSeen, ${iso("last_seen")} AS lastSeen FROM customers`,
  );
  const missing = Object.fromEntries(queried.map(([name]): [string, Value] => [name, null]));
  const values = new Map(rows.map(({ id }): [string, Record<string, Value>] => [id, { ...missing }]));
  for (const [name, query] of queried) {
    const found = await selectRows<{ id: string; value: Value }>(client, `WITH (SELECT t FROM clock) AS t ${query}`);
    const ids = new Set<string>();
    for (const { id, value } of found) {
      const known = values.get(id);
      if (known === undefined || ids.has(id)) throw new Error(`a row too many for ${id} in ${JSON.stringify(name)}`);
      ids.add(id);
      known[name] = value;
    }
  }
  return new Map(rows.map(({ id, ...customer }) => [id, { ...customer, values: values.get(id) ?? {} }]));
}

async function readMembers(
  client: ClickHouseClient,
  segments: readonly (readonly [name: string, query: string])[],
): Promise<Map<string, Set<string>>> {
  await client.command({ query: "CREATE TABLE members (segment String, id String) ENGINE = Memory" });
  const members = new Map<string, Set<string>>();
  for (const [name, query] of segments) {
    if (members.has(name)) throw new Error(`two queries for the segment ${JSON.stringify(name)}`);
    await client.command({
      query: `INSERT INTO members WITH (SELECT t FROM clock) AS t SELECT {name: String}, id FROM (${query})`,
      query_params: { name },
    });
    members.set(name, new Set());
  }
  for (const { segment, id } of await selectRows<{ segment: string; id: string }>(client, "SELECT * FROM members")) {
    const ids = members.get(segment);
    if (ids?.has(id) === true) throw new Error(`the query of ${JSON.stringify(segment)} names ${id} twice`);
    ids?.add(id);
  }
  return members;
}

async function readProfiles(client: ClickHouseClient): Promise<Map<string, Profile>> {
  const rows = await selectRows<{ id: string; score: number; stage: string; names: string[]; points: number[] }>(
    client,
    `SELECT customers.id AS id, toFloat64(scores.score) AS score, stages.stage AS stage, tagged.names, tagged.points
     FROM customers
     LEFT JOIN scores ON scores.id = customers.id
     LEFT JOIN stages ON stages.id = customers.id
     LEFT JOIN (
       SELECT id, groupArray(tag) AS names, groupArray(toFloat64(points)) AS points FROM tags GROUP BY id
     ) AS tagged ON tagged.id = customers.id`,
  );
  return new Map(
    rows.map(({ id, score, stage, names, points }) => [
      id,
      { score, stage, tags: Object.fromEntries(names.map((name, i) => [name, points[i] ?? 0])) },
    ]),
  );
}
