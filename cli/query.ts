/** `sluice query`: who satisfies a predicate now. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { asking, tellDiagnostics, type ApiOptions } from "./ask.ts";
import { Refusal } from "./client.ts";
import { EXIT, EXIT_CODES } from "./exit-codes.ts";
import { apiOptions, parseCount, withApiOptions, type ApiFlags, type Shell } from "./options.ts";
import { counted, grouped, printable, shown, table, writeJson, type Streams } from "./output.ts";

export interface QueryOptions extends ApiOptions {
  readonly limit: number;
  readonly order: "id" | "score";
  readonly fields: readonly string[];
  readonly cursor: string | null;
}

interface QueryAnswer {
  readonly count: number;
  readonly members: readonly Readonly<Record<string, unknown>>[];
  readonly next: string | null;
  readonly took_ms: number;
}

const FIELDS_DEFAULT: readonly string[] = ["id", "score", "stage"];

const HELP = `
The predicate is what stands behind the = of a segment. Put it between single quotes, so that the shell leaves the
double quotes of names alone. It may ask for segments, tags, the score, the stage, known, and all that the server
keeps for queries; it says so if it needs something else. No match is an answer too: the exit code is 0.

Examples:
  $ sluice query 'score >= 50 and stage < "customer"' --order score --limit 10
  $ sluice query 'in segment "lapsed" and not in segment "active"' --fields id,score,tags
  $ sluice query 'tag("jackets") >= 4' --json | jq -r '.members[].id'
  $ sluice query 'known' --limit 0                                only how many
${EXIT_CODES}`;

interface QueryFlags extends ApiFlags {
  readonly limit: number;
  readonly order: "id" | "score";
  readonly fields: readonly string[];
  readonly cursor?: string;
}

export function addQuery(program: Command, shell: Shell): void {
  withApiOptions(program.command("query"))
    .description("list the contacts for whom a predicate holds now")
    .argument("<predicate>", "as in the model language")
    .option("--limit <members>", "how many to show", parseCount(0, 10_000), 20)
    .addOption(new Option("--order <order>", "score is highest first").choices(["id", "score"]).default("id"))
    .option("--fields <names>", "some of id,score,stage,tags", parseFields, FIELDS_DEFAULT)
    .option("--cursor <next>", "goes on behind an answer, from its `next`")
    .addHelpText("after", HELP)
    .action(async (predicate: string, flags: QueryFlags) => {
      const { limit, order, fields, cursor = null } = flags;
      shell.exit(await query(predicate, { ...apiOptions(flags), limit, order, fields, cursor }, shell));
    });
}

function parseFields(text: string): string[] {
  const fields = text.split(",").map((name) => name.trim());
  if (fields.includes("")) throw new InvalidArgumentError("It must be names with commas between them.");
  return fields;
}

export function query(where: string, options: QueryOptions, streams: Streams): Promise<number> {
  return asking(options, streams, async (client) => {
    const { limit, order, fields, cursor } = options;
    let answer: QueryAnswer;
    try {
      const body = { where, limit, order, fields, ...(cursor === null ? {} : { cursor }) };
      ({ body: answer } = await client.ask<QueryAnswer>("POST", "/v1/query", { body }));
    } catch (error) {
      if (!(error instanceof Refusal) || error.diagnostics.length === 0) throw error;
      return tellDiagnostics(options, streams, where, "query", error);
    }
    if (options.json) writeJson(streams.out, answer);
    else streams.out.write(draw(answer, options));
    return EXIT.ok;
  });
}

function draw({ count, members, next, took_ms }: QueryAnswer, { fields }: QueryOptions): string {
  const rows = members.map((member) => fields.map((field) => cellText(field, member[field])));
  const head = fields.map((field) => printable(field.toUpperCase()));
  const numbers = new Set([...fields.keys()].filter((column) => fields[column] === "score"));
  const list = members.length === 0 ? "" : `${table(head, rows, numbers)}\n`;
  const cut = next === null || members.length === 0 ? "" : `, ${grouped(members.length)} of them shown (--limit)`;
  return `${list}${counted(count, "contact")}${cut}, found in ${took_ms} ms\n`;
}

function cellText(field: string, value: unknown): string {
  if (field !== "tags" || !Array.isArray(value)) return shown(value);
  const tags = value as readonly { readonly name: string; readonly score: number }[];
  return tags.length === 0 ? "-" : tags.map(({ name, score }) => `${printable(name)} ${score}`).join(", ");
}
