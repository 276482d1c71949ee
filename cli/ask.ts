/** The frame around every command that asks a server something: a client, and how failures are told. */
import { formatDiagnostic } from "../dsl/diagnostic.ts";
import { createClient, Refusal, ServerAway, type Client } from "./client.ts";
import { EXIT } from "./exit-codes.ts";
import { printable, writeJson, type Streams } from "./output.ts";

export interface ApiOptions {
  readonly url: string;
  readonly key: string | null;
  readonly json: boolean;
  readonly patience_ms?: number;
}

/** Runs the question; what goes wrong on the way is told (with `--json` on `out`) and becomes the exit code. */
export async function asking(
  options: ApiOptions,
  streams: Streams,
  question: (client: Client) => Promise<number>,
): Promise<number> {
  try {
    return await question(createClient(options));
  } catch (error) {
    if (error instanceof ServerAway) {
      return tell(options, streams, EXIT.away, { code: "no_server", message: error.message });
    }
    if (!(error instanceof Refusal)) throw error;
    return tell(options, streams, EXIT.no, { code: error.code ?? `http_${error.status}`, message: error.message });
  }
}

/** Says no, in the form that was asked for. */
export function tell(
  { json }: Pick<ApiOptions, "json">,
  { out, err }: Streams,
  exit: number,
  error: { readonly code: string; readonly message: string },
): number {
  if (json) writeJson(out, { error });
  else err.write(`${error.message.split("\n").map(printable).join("\n")}\n`);
  return exit;
}

/** What is wrong with a text that the server refused, each with a caret under its place. */
export function tellDiagnostics(
  { json }: Pick<ApiOptions, "json">,
  { out, err }: Streams,
  source: string,
  name: string,
  refusal: Refusal,
): number {
  if (json) {
    const { code, message, diagnostics } = refusal;
    writeJson(out, { error: { code, message }, diagnostics });
  } else {
    for (const diagnostic of refusal.diagnostics) err.write(`${formatDiagnostic(source, name, diagnostic)}\n\n`);
    if (refusal.diagnostics.length === 0) err.write(`${name}: ${printable(refusal.message)}\n`);
  }
  return EXIT.no;
}
