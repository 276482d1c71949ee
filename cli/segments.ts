/** `sluice segments`: every segment with its size. */
import type { Command } from "commander";
import { asking, type ApiOptions } from "./ask.ts";
import { pathOf, type Client } from "./client.ts";
import { EXIT, EXIT_CODES } from "./exit-codes.ts";
import { apiOptions, withApiOptions, type ApiFlags, type Shell } from "./options.ts";
import { grouped, moment, pairs, printable, table, writeJson, type Streams } from "./output.ts";

/** As `GET /v1/segments` says it. */
export interface SegmentInfo {
  readonly name: string;
  readonly kind: "dynamic" | "static";
  /** Null while a new segment is being built. */
  readonly size: number | null;
  readonly identified: number | null;
  readonly state: "ready" | "building";
  /** Fraction of partitions that have finished. */
  readonly progress: number;
  readonly definition: string | null;
}

interface Freshness {
  readonly as_of: string | null;
  readonly lag_ms: number | null;
}

const HELP = `
Columns: size counts the members now, identified those with a userId; a segment is building while a new model spreads.
With a name it shows that one with its definition.

Examples:
  $ sluice segments
  $ sluice segments "hot leads"
  $ sluice segments --json | jq -r '.segments[] | select(.size == 0) | .name'     which are empty
${EXIT_CODES}`;

export function addSegments(program: Command, shell: Shell): void {
  withApiOptions(program.command("segments"))
    .description("list the segments with their sizes")
    .argument("[name]", "only this one")
    .addHelpText("after", HELP)
    .action(async (name: string | undefined, flags: ApiFlags) => {
      shell.exit(await segments(name ?? null, apiOptions(flags), shell));
    });
}

export function segments(name: string | null, options: ApiOptions, streams: Streams): Promise<number> {
  return asking(options, streams, (client) =>
    name === null ? all(client, options, streams) : one(client, name, options, streams),
  );
}

async function all(client: Client, { json }: ApiOptions, { out }: Streams): Promise<number> {
  const { body } = await client.ask<{ segments: SegmentInfo[] } & Freshness>("GET", pathOf("segments"));
  if (json) {
    writeJson(out, body);
    return EXIT.ok;
  }
  if (body.segments.length === 0) {
    out.write("The model has no segments: `sluice model put FILE` brings one that has.\n");
    return EXIT.ok;
  }
  const rows = body.segments.map((segment) => [
    printable(segment.name),
    segment.kind,
    sizeText(segment.size),
    sizeText(segment.identified),
    stateText(segment),
  ]);
  out.write(table(["SEGMENT", "KIND", "SIZE", "IDENTIFIED", "STATE"], rows, new Set([2, 3])));
  out.write(`\n${freshnessText(body)}\n`);
  return EXIT.ok;
}

async function one(client: Client, name: string, { json }: ApiOptions, { out }: Streams): Promise<number> {
  const { body } = await client.ask<SegmentInfo & Freshness>("GET", pathOf("segments", name));
  if (json) {
    writeJson(out, body);
    return EXIT.ok;
  }
  const rows: [string, string][] = [
    ["kind", body.kind],
    ["size", sizeText(body.size)],
    ["identified", sizeText(body.identified)],
    ["state", stateText(body)],
    ["definition", body.definition === null ? "-" : printable(body.definition.replaceAll(/\s+/g, " "))],
  ];
  out.write(`${printable(body.name)}\n${pairs(rows, "  ")}\n\n${freshnessText(body)}\n`);
  return EXIT.ok;
}

function sizeText(size: number | null): string {
  return size === null ? "-" : grouped(size);
}

function stateText({ state, progress }: SegmentInfo): string {
  return state === "ready" ? state : `${state} (${Math.floor(progress * 100)} %)`;
}

export function freshnessText({ as_of, lag_ms }: Freshness): string {
  return as_of === null ? "nothing has happened yet" : `as of ${moment(as_of)}, ${grouped(lag_ms ?? 0)} ms ago`;
}
