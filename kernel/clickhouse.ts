/** ClickHouse embedded in this process, behind the client that also speaks to servers: the same SQL, other bytes. */
import { createClient, type ClickHouseClient, type ClickHouseClientConfigOptions } from "@clickhouse/client";

export type { ClickHouseClient };

/**
 * Opens the embedded engine. A process has one engine, bound to one folder: opening a second folder while the first
 * is open is refused, and so is a folder that another process has open.
 *
 * @param path an absolute path, made if absent; `:memory:` for tables that end with the process.
 * @returns a client whose results are read whole before the first row is there.
 */
export async function openEmbedded(path: string): Promise<ClickHouseClient> {
  // The engine is a library of some hundred megabytes; only who asks for it loads it.
  const { createChdbConnection } = await import("chdb/connection");
  // One interface, declared in two packages whose copies of a class with private fields the compiler keeps apart.
  const connection = createChdbConnection({ path }) as unknown as NonNullable<
    ClickHouseClientConfigOptions["connection"]
  >;
  return createClient({ connection });
}

/** The rows of a query, each an object by column. Integers of 64 bits and decimals come as strings. */
export async function selectRows<Row>(
  client: ClickHouseClient,
  query: string,
  params: Readonly<Record<string, unknown>> = {},
): Promise<Row[]> {
  const result = await client.query({ query, format: "JSONEachRow", query_params: { ...params } });
  return result.json<Row>();
}
