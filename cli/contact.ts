/** `sluice contact`: all that is known about somebody. */
import type { Command } from "commander";
import { asking, type ApiOptions } from "./ask.ts";
import { pathOf } from "./client.ts";
import { EXIT, EXIT_CODES } from "./exit-codes.ts";
import { apiOptions, withApiOptions, type ApiFlags, type Shell } from "./options.ts";
import { moment, pairs, printable, quoted, shown, writeJson, type Streams } from "./output.ts";

/** As `GET /v1/contacts/:id` says it. */
interface Card {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly traits: Readonly<Record<string, unknown>>;
  readonly company: unknown;
  readonly score: number;
  /** Strongest first. */
  readonly tags: readonly { readonly name: string; readonly score: number }[];
  readonly stage: string | null;
  readonly values: Readonly<Record<string, unknown>>;
  readonly segments: readonly string[];
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly aggregates: Readonly<Record<string, unknown>>;
  readonly saturated: boolean;
}

const HELP = `
A contact without a userId is named ~ and its anonymousId.

Examples:
  $ sluice contact ada
  $ sluice contact '~f3a9'                                        an anonymous one; the quotes keep the shell off the ~
  $ sluice contact ada --json | jq '.score, .segments'
  $ sluice contact ada >/dev/null && echo "we know Ada"           1 says that there is no such contact
${EXIT_CODES}`;

export function addContact(program: Command, shell: Shell): void {
  withApiOptions(program.command("contact"))
    .description("show the profile of a contact")
    .argument("<id>", "a userId, or ~ and an anonymousId")
    .addHelpText("after", HELP)
    .action(async (id: string, flags: ApiFlags) => {
      shell.exit(await contact(id, apiOptions(flags), shell));
    });
}

export function contact(id: string, options: ApiOptions, streams: Streams): Promise<number> {
  return asking(options, streams, async (client) => {
    const { body } = await client.ask<Card>("GET", pathOf("contacts", id));
    if (options.json) writeJson(streams.out, body);
    else streams.out.write(draw(body));
    return EXIT.ok;
  });
}

function draw(card: Card): string {
  const rows: [string, string][] = [
    ["score", String(card.score)],
    ["stage", shown(card.stage)],
    ["segments", listed(card.segments.map(printable))],
    ["tags", listed(card.tags.map(({ name, score }) => `${printable(name)} ${score}`))],
    ["first seen", moment(card.firstSeen)],
    ["last seen", moment(card.lastSeen)],
  ];
  if (card.aliases.length > 0) rows.unshift(["also known as", listed(card.aliases.map(printable))]);
  const parts = [
    `${printable(card.id)}\n${pairs(rows, "  ")}`,
    section("company", isObject(card.company) ? Object.entries(card.company) : []),
    section("traits", Object.entries(card.traits)),
    section(
      "values",
      Object.entries(card.values).map(([name, value]) => [quoted(name), value]),
    ),
    section("counted so far", Object.entries(card.aggregates)),
    card.saturated ? "Some of this is at its bound and no longer exact (saturated)." : "",
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "-" : names.join(", ");
}

function section(title: string, entries: readonly (readonly [string, unknown])[]): string {
  if (entries.length === 0) return "";
  const rows = entries.map(([name, value]) => [printable(name), valueText(value)] as const);
  return `${title}\n${pairs(rows, "  ")}`;
}

function valueText(value: unknown): string {
  if (isObject(value) && typeof value["atLeast"] === "number") return `at least ${value["atLeast"]}`;
  return shown(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
