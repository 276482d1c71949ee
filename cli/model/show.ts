/** What the commands of `sluice model` tell about a model: changes, warnings, and refusals. */
import { formatDiagnostic, type Diagnostic } from "../../dsl/diagnostic.ts";
import { tellDiagnostics, type ApiOptions } from "../ask.ts";
import { pathOf, Refusal, type Client } from "../client.ts";
import { counted, quoted, type Streams } from "../output.ts";

export const MODEL = pathOf("model");

/** What putting a source changes; names of segments, each in one list. */
export interface Changes {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly kept: readonly string[];
  readonly rebuilt: readonly string[];
}

export interface PutAnswer {
  readonly version: number;
  readonly segments: readonly string[];
  readonly building: readonly string[];
  readonly warnings: readonly Diagnostic[];
}

export interface Current {
  readonly version: number;
  readonly source: string;
}

export async function current(client: Client): Promise<Current> {
  const { body, etag } = await client.ask<string>("GET", MODEL);
  return { version: Number(/\d+/.exec(etag ?? "")?.[0] ?? 0), source: body };
}

/** A dry run. */
export async function tryOut(client: Client, source: string): Promise<PutAnswer & { readonly changes: Changes }> {
  const { body } = await client.ask<PutAnswer & { readonly changes: Changes }>("PUT", MODEL, {
    text: source,
    query: { dry_run: true },
  });
  return body;
}

/** @param expected the version that it replaces; null replaces any. */
export async function put(client: Client, source: string, expected: number | null): Promise<PutAnswer> {
  const headers = expected === null ? {} : { "if-match": `"${expected}"` };
  const { body } = await client.ask<PutAnswer>("PUT", MODEL, { text: source, headers });
  return body;
}

/** Runs what sends a source; its mistakes are shown in their places, and another's change is explained. */
export async function explaining(
  options: ApiOptions,
  streams: Streams,
  source: string,
  name: string,
  run: () => Promise<number>,
): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.diagnostics.length > 0) return tellDiagnostics(options, streams, source, name, error);
    if (error.code !== "version_mismatch") throw error;
    const what = "sluice model diff shows what would change now, --force puts it over whatever is there";
    throw new Refusal(`${error.message}\n${what}`, error.status, error.code, []);
  }
}

export function changesText({ added, removed, kept, rebuilt }: Changes): string {
  const lines = [
    ...added.map((name) => `  + ${quoted(name)} is new`),
    ...removed.map((name) => `  - ${quoted(name)} goes`),
    ...rebuilt.map((name) => `  ~ ${quoted(name)} means something else and is built again`),
  ];
  if (kept.length > 0) lines.push(`  = ${counted(kept.length, "segment")} as before`);
  return lines.map((line) => `${line}\n`).join("");
}

export function warningsText(source: string, name: string, warnings: readonly Diagnostic[]): string {
  return warnings
    .map((warning) => `\n${formatDiagnostic(source, name, { ...warning, severity: "warning" })}\n`)
    .join("");
}
