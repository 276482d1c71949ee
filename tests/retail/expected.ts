/**
 * What examples/online-retail.sluice should say about the shop's customers, worked out by ClickHouse from the file
 * itself: three files of SQL written by hand, which share nothing with the engine, its language and the mapping.
 */
import { readFile } from "node:fs/promises";
import { openEmbedded, selectRows, type ClickHouseClient } from "../../kernel/clickhouse.ts";

export interface Expected {
  /** The last instant of the file, ms. */
  readonly now: number;
  /** How many lines of the file have no customer. */
  readonly anonymousLines: number;
  /** By id. */
  readonly customers: ReadonlyMap<string, Customer>;
  /** Ids by the segment's name. */
  readonly members: ReadonlyMap<string, ReadonlySet<string>>;
  readonly profiles: ReadonlyMap<string, Profile>;
}

export interface Customer {
  readonly country: string;
  /** Of the first and the last line, ISO 8601 with milliseconds. */
  readonly firstSeen: string;
  readonly lastSeen: string;
}

/** What the server says about everybody in one list. */
export interface Profile {
  readonly score: number;
  readonly stage: string;
  /** Points by tag. */
  readonly tags: Readonly<Record<string, number>>;
}

/** @param csvFile an absolute path; the file may be gzipped. */
export async function computeExpected(csvFile: string): Promise<Expected> {
  const client = await openEmbedded(":memory:");
  try {
    for (const script of ["facts.sql", "points.sql"]) {
      for (const query of statements(await readScript(script))) {
        await client.command({ query, query_params: { file: csvFile } });
      }
    }
    return {
      ...(await readTotals(client, csvFile)),
      customers: await readCustomers(client),
      members: await readMembers(client, queries(await readScript("segments.sql"))),
      profiles: await readProfiles(client),
    };
  } finally {
    await client.close();
  }
}

function readScript(name: string): Promise<string> {
  return readFile(new URL(name, import.meta.url), "utf8");
}

function statements(script: string): string[] {
  return script
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}

/** The query of each segment, in the order written: `-- segment: NAME` stands before each. */
function queries(script: string): [name: string, query: string][] {
  const [, ...parts] = script.split(/^-- segment: (.*)$/m);
  const found: [string, string][] = [];
  for (let i = 0; i < parts.length; i += 2) found.push([parts[i] ?? "", (parts[i + 1] ?? "").trim()]);
  return found;
}

async function readTotals(client: ClickHouseClient, file: string): Promise<{ now: number; anonymousLines: number }> {
  const [row] = await selectRows<{ now: number; anonymousLines: number }>(
    client,
    `SELECT
       toUnixTimestamp((SELECT t FROM clock)) AS now,
       toUInt32(countIf(CustomerID = '')) AS anonymousLines
     FROM file({file: String}, 'CSVWithNames', 'CustomerID String')`,
    { file },
  );
  if (row === undefined) throw new Error("the file has no lines");
  return { now: row.now * 1000, anonymousLines: row.anonymousLines };
}

async function readCustomers(client: ClickHouseClient): Promise<Map<string, Customer>> {
  const iso = (column: string): string => `formatDateTime(${column}, '%Y-%m-%dT%H:%i:%S.000Z')`;
  const rows = await selectRows<Customer & { id: string }>(
    client,
    `SELECT id, country, ${iso("first_seen")} AS firstSeen, ${iso("last_seen")} AS lastSeen FROM customers`,
  );
  return new Map(rows.map(({ id, ...customer }) => [id, customer]));
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
