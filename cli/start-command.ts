/** `sluice start`: its options and help. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { ROLES, VARIABLES, type Role } from "../kernel/config.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import type { Shell } from "./options.ts";

const HELP = `
Environment:
${VARIABLES.map(variableRow).join("\n")}

Examples:
  $ sluice start                                       everything in one process, with a private Redis server
  $ MODEL=shop.sluice PORT=9000 sluice start           another model for an empty store, another port
  $ CLOCK=event DATA_DIR=./replay sluice start         a store for the replay of old events
  $ REDIS_URL=redis://db:6379 sluice start --roles ingest,query
${EXIT_CODES}`;

interface StartFlags {
  readonly roles: readonly Role[];
  readonly example?: boolean;
  readonly json?: boolean;
}

export function addStart(program: Command, shell: Shell): void {
  program
    .command("start")
    .description("run the server until SIGTERM or Ctrl-C; both finish what was accepted")
    .addOption(
      new Option("--roles <list>", `what this process does, some of ${ROLES.join(",")}`)
        .argParser(parseRoles)
        .default([...ROLES], "all"),
    )
    .option("--example", "load the example model into an empty store if MODEL is not set")
    .option("--json", "say in JSON when it is ready, between the lines of the log")
    .addHelpText("after", HELP)
    .action(async ({ roles, example = false, json = false }: StartFlags) => {
      // As with all that a command needs of its own: not before, or every other command would read it as well.
      const { start } = await import("./start.ts");
      shell.exit(await start({ roles, example, json }));
    });
}

function parseRoles(text: string): Role[] {
  return text.split(",").map((part) => {
    const role = ROLES.find((known) => known === part.trim());
    if (role === undefined) throw new InvalidArgumentError(`${JSON.stringify(part)} is none of ${ROLES.join(", ")}.`);
    return role;
  });
}

function variableRow({ name, default: fallback, meaning }: (typeof VARIABLES)[number]): string {
  return `  ${name.padEnd(20)} ${meaning}${fallback === "" ? "" : ` (${fallback})`}`;
}
