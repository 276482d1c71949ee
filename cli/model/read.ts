/** `sluice model get` and `versions`: the source in use and what was before. */
import { asking, type ApiOptions } from "../ask.ts";
import { pathOf, type Client } from "../client.ts";
import { EXIT } from "../exit-codes.ts";
import { grouped, moment, printable, table, writeJson, type Streams } from "../output.ts";
import { current } from "./show.ts";

/** As `GET /v1/model/versions` says it. */
export interface Version {
  readonly version: number;
  readonly at: string;
  /** The way it came, or who brought it. */
  readonly by: string;
  readonly bytes: number;
}

/** @param version null for the one in use. */
export function get(version: number | null, options: ApiOptions, streams: Streams): Promise<number> {
  return asking(options, streams, async (client) => {
    const model = version === null ? await current(client) : await versionOf(client, version);
    if (options.json) writeJson(streams.out, model);
    else streams.out.write(model.source);
    return EXIT.ok;
  });
}

export function versions(limit: number, options: ApiOptions, streams: Streams): Promise<number> {
  return asking(options, streams, async (client) => {
    const { body } = await client.ask<{ versions: Version[]; next: string | null }>(
      "GET",
      pathOf("model", "versions"),
      { query: { limit } },
    );
    if (options.json) {
      writeJson(streams.out, body);
      return EXIT.ok;
    }
    const rows = body.versions.map(({ version, at, by, bytes }) => [
      String(version),
      moment(at),
      printable(by),
      grouped(bytes),
    ]);
    if (rows.length === 0) streams.out.write("No model has been put yet.\n");
    else streams.out.write(table(["VERSION", "SINCE", "BY", "BYTES"], rows, new Set([0, 3])));
    if (body.next !== null) streams.out.write("There are older ones: --limit shows more.\n");
    return EXIT.ok;
  });
}

export async function versionOf(client: Client, version: number): Promise<Version & { readonly source: string }> {
  const { body } = await client.ask<Version & { source: string }>("GET", pathOf("model", "versions", String(version)));
  return body;
}
