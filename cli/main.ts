#!/usr/bin/env node
/** The command `sluice`. Exit codes are part of its contract; its help lists them. */
import { Command, InvalidArgumentError, Option } from "commander";
import { ROLES, VARIABLES, type Role } from "../kernel/config.ts";
import { check } from "./check.ts";
import { VERSION } from "./package.ts";
import { replay } from "./replay/command.ts";
import { start } from "./start.ts";

const EXIT_CODES = `
Exit codes: 0 all went well, 1 it failed, 2 wrong use or configuration,
            3 a replay was completed, but the server refused some of its events.`;

const START_HELP = `
Environment:
${VARIABLES.map(variableRow).join("\n")}

Examples:
  $ sluice start                                       everything in one process, with a private Redis server
  $ MODEL=shop.sluice PORT=9000 sluice start           another model for an empty store, another port
  $ CLOCK=event DATA_DIR=./replay sluice start         a store for the replay of old events
  $ REDIS_URL=redis://db:6379 sluice start --roles ingest,query
${EXIT_CODES}`;

const CHECK_HELP = `
Examples:
  $ sluice check shop.sluice
  $ curl -s http://127.0.0.1:8080/v1/model | sluice check -
${EXIT_CODES}`;

const REPLAY_HELP = `
The mapping says how a line becomes events; docs/replay.md explains it, examples/*.mapping.json are three of them.
Lines of a CSV file or of NDJSON, gzipped or not. A server that is away or busy is waited for. Sending a file again
within a day changes nothing, since every event's messageId comes from the content of its line.

Examples:
  $ sluice replay orders.csv.gz --mapping orders.mapping.json
  $ sluice replay clicks.ndjson --mapping clicks.mapping.json --concurrency 4 --url https://sluice.example --key K
${EXIT_CODES}`;

const program = new Command("sluice")
  .description("Turns a stream of raw events into live customer profiles and segments.")
  .version(VERSION)
  .addHelpText("after", `\nsluice COMMAND --help tells more about a command.\n${EXIT_CODES}`)
  .showHelpAfterError("(--help tells more)")
  .exitOverride();

program
  .command("start")
  .description("run the server until SIGTERM or Ctrl-C; both finish what was accepted")
  .addOption(
    new Option("--roles <list>", `what this process does, some of ${ROLES.join(",")}`)
      .argParser(parseRoles)
      .default([...ROLES], "all"),
  )
  .option("--example", "load the example model into an empty store if MODEL is not set")
  .addHelpText("after", START_HELP)
  .action(async (options: { roles: readonly Role[]; example?: boolean }) => {
    exitWith(await start({ roles: options.roles, example: options.example ?? false }));
  });

program
  .command("check")
  .description("check a model and show each mistake in its place")
  .argument("<file>", "the model; - reads standard input")
  .addHelpText("after", CHECK_HELP)
  .action(async (file: string) => {
    exitWith(await check(file, { stdin: process.stdin, out: process.stdout, err: process.stderr }));
  });

program
  .command("replay")
  .description("send the lines of a file to a running server as events")
  .argument("<file>", "CSV or NDJSON, gzipped or not")
  .requiredOption("--mapping <file>", "how a line becomes events (JSON)")
  .option("--url <url>", "the server", parseUrl, "http://127.0.0.1:8080")
  .addOption(new Option("--key <key>", "one of the server's WRITE_KEYS").env("WRITE_KEY"))
  .option("--batch <events>", "most events in a request", parseCount(1, 2_500), 500)
  .option(
    "--concurrency <requests>",
    "requests on their way at once; with 1 all events keep their order, with more those of each contact do",
    parseCount(1, 64),
    1,
  )
  .option("--rejects <file>", "where lines go that are set aside (default: FILE.rejected.ndjson)")
  .option("--no-rejects", "only count them")
  .addHelpText("after", REPLAY_HELP)
  .action(async (file: string, options: ReplayFlags) => {
    const { rejects, key, ...rest } = options;
    const kept = rejects === false ? null : typeof rejects === "string" ? rejects : `${file}.rejected.ndjson`;
    const streams = { out: process.stdout, err: process.stderr };
    exitWith(await replay({ file, ...rest, key: key ?? null, rejects: kept }, streams));
  });

interface ReplayFlags {
  readonly mapping: string;
  readonly url: string;
  readonly key?: string;
  readonly batch: number;
  readonly concurrency: number;
  readonly rejects?: string | boolean;
}

function exitWith(code: number): void {
  process.exitCode = code;
}

function parseRoles(text: string): Role[] {
  return text.split(",").map((part) => {
    const role = ROLES.find((known) => known === part.trim());
    if (role === undefined) throw new InvalidArgumentError(`${JSON.stringify(part)} is none of ${ROLES.join(", ")}.`);
    return role;
  });
}

function parseUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new InvalidArgumentError("It must be http://HOST:PORT or https://….");
  }
  return text;
}

function parseCount(min: number, max: number): (text: string) => number {
  return (text) => {
    const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(count >= min && count <= max)) throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`);
    return count;
  };
}

function variableRow({ name, default: fallback, meaning }: (typeof VARIABLES)[number]): string {
  return `  ${name.padEnd(20)} ${meaning}${fallback === "" ? "" : ` (${fallback})`}`;
}

/** Commander ends with 1 for wrong use; here that is 2, and help and version are no failure. */
try {
  await program.parseAsync();
} catch (error) {
  const { code, exitCode } = error as { code?: string; exitCode?: number };
  if (code === undefined || !code.startsWith("commander.")) throw error;
  process.exitCode = exitCode === 0 ? 0 : 2;
}
