/** `sluice check`: says what is wrong with a model, with a caret under each place. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { formatDiagnostic } from "../dsl/diagnostic.ts";
import { EXIT, EXIT_CODES } from "./exit-codes.ts";
import { jsonOption, type Shell } from "./options.ts";
import { writeJson } from "./output.ts";

const HELP = `
Needs no server. A warning is no mistake: the exit code is 1 only for errors.

Examples:
  $ sluice check shop.sluice
  $ sluice model get | sluice check -
  $ sluice check shop.sluice --json | jq -r '.diagnostics[].message'
${EXIT_CODES}`;

export function addCheck(program: Command, shell: Shell): void {
  program
    .command("check")
    .description("check a model and show each mistake in its place")
    .argument("<file>", "the model; - reads standard input")
    .addOption(jsonOption())
    .addHelpText("after", HELP)
    .action(async (file: string, { json = false }: { readonly json?: boolean }) => {
      shell.exit(await check(file, shell, json));
    });
}

export interface CheckStreams {
  readonly stdin: NodeJS.ReadableStream;
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown };
}

/** @param file a path, or `-` for standard input. Resolves with the exit code. */
export async function check(file: string, { stdin, out, err }: CheckStreams, json = false): Promise<number> {
  const name = file === "-" ? "<stdin>" : file;
  let source: string;
  try {
    source = file === "-" ? await text(stdin) : await readFile(file, "utf8");
  } catch (error) {
    const message = `${name} can't be read: ${error instanceof Error ? error.message : String(error)}`;
    if (json) writeJson(out, { error: { code: "unreadable", message } });
    else err.write(`${message}\n`);
    return EXIT.usage;
  }
  const { readModel } = await import("../dsl/check.ts");
  const { diagnostics, model } = readModel(source);
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const warnings = diagnostics.length - errors;
  if (json) {
    const declared = {
      segments: model?.segments.length ?? 0,
      stages: model?.stages.length ?? 0,
      scores: model?.scores.length ?? 0,
      tags: model?.tags.length ?? 0,
    };
    writeJson(out, { file: name, ok: errors === 0, errors, warnings, diagnostics, declared });
    return errors > 0 ? EXIT.no : EXIT.ok;
  }
  for (const diagnostic of diagnostics) out.write(`${formatDiagnostic(source, name, diagnostic)}\n\n`);
  const mistakes = [counted(errors, "error"), counted(warnings, "warning")].filter((part) => part !== null).join(", ");
  if (errors > 0) {
    out.write(`${name}: ${mistakes}\n`);
    return EXIT.no;
  }
  const parts = [
    counted(model?.segments.length ?? 0, "segment"),
    counted(model?.stages.length ?? 0, "stage"),
    counted(model?.scores.length ?? 0, "score rule"),
    counted(model?.tags.length ?? 0, "tag rule"),
  ].filter((part) => part !== null);
  const content = parts.length === 0 ? "an empty model" : parts.join(", ");
  out.write(`${name}: ${mistakes === "" ? "fine" : mistakes}, ${content}\n`);
  return EXIT.ok;
}

function counted(count: number, what: string): string | null {
  if (count === 0) return null;
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
