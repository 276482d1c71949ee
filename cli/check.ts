/** `sluice check`: says what is wrong with a model, with a caret under each place. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { readModel } from "../dsl/check.ts";
import { formatDiagnostic } from "../dsl/diagnostic.ts";

export interface CheckStreams {
  readonly stdin: NodeJS.ReadableStream;
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown };
}

/** @param file a path, or `-` for standard input. Resolves with the exit code: 0 fine, 1 mistakes, 2 unreadable. */
export async function check(file: string, { stdin, out, err }: CheckStreams): Promise<0 | 1 | 2> {
  const name = file === "-" ? "<stdin>" : file;
  let source: string;
  try {
    source = file === "-" ? await text(stdin) : await readFile(file, "utf8");
  } catch (error) {
    err.write(`${name} can't be read: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  const { diagnostics, model } = readModel(source);
  for (const diagnostic of diagnostics) out.write(`${formatDiagnostic(source, name, diagnostic)}\n\n`);
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const warnings = diagnostics.length - errors;
  const mistakes = [counted(errors, "error"), counted(warnings, "warning")].filter((part) => part !== null).join(", ");
  if (errors > 0) {
    out.write(`${name}: ${mistakes}\n`);
    return 1;
  }
  const parts = [
    counted(model?.segments.length ?? 0, "segment"),
    counted(model?.stages.length ?? 0, "stage"),
    counted(model?.scores.length ?? 0, "score rule"),
    counted(model?.tags.length ?? 0, "tag rule"),
  ].filter((part) => part !== null);
  const content = parts.length === 0 ? "an empty model" : parts.join(", ");
  out.write(`${name}: ${mistakes === "" ? "fine" : mistakes}, ${content}\n`);
  return 0;
}

function counted(count: number, what: string): string | null {
  if (count === 0) return null;
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
