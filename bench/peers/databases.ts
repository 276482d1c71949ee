/**
 * Databases that answer by computing everything again from the events. Their tables are laid out to their advantage:
 * small types, sorted so that a segment reads little more than the events that it needs.
 */
import { openEmbedded, selectRows } from "../../kernel/clickhouse.ts";
import { loadPeer } from "./load.ts";
import type { Fact, Members, Rule } from "./rules.ts";

/** One query a segment, or one query that joins the events with a table of the rules. */
export type Way = "each" | "join";

export interface Database {
  load(facts: readonly Fact[]): Promise<void>;
  /** No more facts come: whatever makes reading quicker. */
  settle(): Promise<void>;
  /** Computes who is in the first `count` segments, and counts them. */
  recompute(way: Way, count: number, now: number): Promise<number>;
  members(way: Way, now: number): Promise<Members>;
  close(): Promise<void>;
}

type Select = (sql: string) => Promise<Record<string, unknown>[]>;

export async function clickHouse(rules: readonly Rule[]): Promise<Database> {
  const client = await openEmbedded(":memory:");
  const run = async (query: string): Promise<void> => {
    await client.command({ query });
  };
  await run(`CREATE TABLE rules (rule UInt32, event LowCardinality(String), category LowCardinality(String),
    window_ms Int64, at_least UInt32) ENGINE = Memory`);
  await client.insert({ table: "rules", values: rules.map(ruleRow), format: "JSONEachRow" });
  await run(`CREATE TABLE facts (contact UInt32, event LowCardinality(String), category LowCardinality(String),
    instant Int64) ENGINE = MergeTree ORDER BY (event, category, instant)`);
  return {
    ...queries(rules, (sql) => selectRows(client, sql)),
    async load(facts) {
      const values = facts.map(({ contact, event, category, at }) => ({ contact, event, category, instant: at }));
      await client.insert({ table: "facts", values, format: "JSONEachRow" });
    },
    settle: () => run("OPTIMIZE TABLE facts FINAL"),
    close: () => client.close(),
  };
}

interface DuckDb {
  readonly DuckDBInstance: { create(path: string): Promise<{ connect(): Promise<DuckConnection> }> };
}

interface DuckConnection {
  run(sql: string): Promise<unknown>;
  runAndReadAll(sql: string): Promise<{ getRowObjectsJS(): Record<string, unknown>[] }>;
  createAppender(table: string): Promise<DuckAppender>;
  closeSync(): void;
}

interface DuckAppender {
  appendUInteger(value: number): void;
  appendVarchar(value: string): void;
  appendBigInt(value: bigint): void;
  endRow(): void;
  closeSync(): void;
}

export async function duckDb(rules: readonly Rule[]): Promise<Database> {
  const { DuckDBInstance } = (await loadPeer("@duckdb/node-api")) as DuckDb;
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const run = async (sql: string): Promise<void> => {
    await connection.run(sql);
  };
  const names = (values: readonly string[]): string => [...new Set(values)].map((name) => `'${name}'`).join(", ");
  // An enum is what DuckDB has for few different strings.
  await run(`CREATE TYPE event_name AS ENUM (${names(rules.map(({ event }) => event))})`);
  await run(`CREATE TABLE arrived (contact UINTEGER, event VARCHAR, category VARCHAR, instant BIGINT)`);
  await run(
    `CREATE TABLE rules (rule UINTEGER, event event_name, category VARCHAR, window_ms BIGINT, at_least UINTEGER)`,
  );
  for (const rule of rules.map(ruleRow)) {
    const { event, category, window_ms, at_least } = rule;
    await run(`INSERT INTO rules VALUES (${rule.rule}, '${event}', '${category}', ${window_ms}, ${at_least})`);
  }
  return {
    ...queries(rules, async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJS()),
    async load(facts) {
      const appender = await connection.createAppender("arrived");
      for (const { contact, event, category, at } of facts) {
        appender.appendUInteger(contact);
        appender.appendVarchar(event);
        appender.appendVarchar(category);
        appender.appendBigInt(BigInt(at));
        appender.endRow();
      }
      appender.closeSync();
    },
    async settle() {
      await run(`CREATE TYPE category_name AS ENUM (SELECT DISTINCT category FROM arrived)`);
      await run(`CREATE TABLE facts AS SELECT contact, event::event_name AS event, category::category_name AS category, instant
        FROM arrived ORDER BY event, category, instant`);
      await run(`ALTER TABLE rules ALTER category TYPE category_name`);
      await run("DROP TABLE arrived");
    },
    close: () => Promise.resolve(connection.closeSync()),
  };
}

function ruleRow({ event, category, windowMs, atLeast }: Rule, rule: number): Record<string, string | number> {
  return { rule, event, category, window_ms: windowMs ?? 0, at_least: atLeast };
}

/** The same SQL in both. */
function queries(rules: readonly Rule[], select: Select): Pick<Database, "recompute" | "members"> {
  const one = ({ event, category, windowMs, atLeast }: Rule, now: number): string =>
    `SELECT contact FROM facts WHERE event = '${event}' AND category = '${category}'
      AND instant > ${now - (windowMs ?? 0)} AND instant <= ${now} GROUP BY contact HAVING count(*) >= ${atLeast}`;
  const all = (count: number, now: number): string =>
    `SELECT rules.rule AS rule, contact FROM facts
      JOIN rules ON facts.event = rules.event AND facts.category = rules.category
      WHERE rules.rule < ${count} AND instant > ${now} - window_ms AND instant <= ${now}
      GROUP BY rules.rule, contact HAVING count(*) >= min(at_least)`;
  const counted = async (sql: string): Promise<number> => {
    const [row] = await select(`SELECT count(*) AS members FROM (${sql}) AS found`);
    return Number(row?.["members"] ?? 0);
  };
  return {
    async recompute(way, count, now) {
      if (way === "join") return counted(all(count, now));
      let members = 0;
      for (const rule of rules.slice(0, count)) members += await counted(one(rule, now));
      return members;
    },
    async members(way, now) {
      const lists: number[][] = rules.map(() => []);
      if (way === "join") {
        for (const row of await select(all(rules.length, now)))
          lists[Number(row["rule"])]?.push(Number(row["contact"]));
      } else {
        for (const [i, rule] of rules.entries()) {
          for (const row of await select(one(rule, now))) lists[i]?.push(Number(row["contact"]));
        }
      }
      return lists.map((list) => list.sort((a, b) => a - b));
    },
  };
}
