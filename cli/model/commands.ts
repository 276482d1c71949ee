/** `sluice model …`: reading, comparing and changing the model of a running server. */
import type { Command } from "commander";
import { EXIT_CODES } from "../exit-codes.ts";
import { apiOptions, parseCount, withApiOptions, type ApiFlags, type Shell } from "../options.ts";
import { get, versions } from "./read.ts";
import { diff, putFile, rollback, type PutOptions } from "./write.ts";

const VERSION_MAX = 1e15 - 1;

const HELP = `
A model is changed while the server runs. diff shows what a file would change before it does; every put makes a new
version, and rollback puts an earlier one again. Versions are never lost.

Examples:
  $ sluice model get > shop.sluice                 # and edit it
  $ sluice check shop.sluice                       # no server needed
  $ sluice model diff shop.sluice
  $ sluice model put shop.sluice
  $ sluice model versions
  $ sluice model rollback 3
${EXIT_CODES}`;

const GET_HELP = `
Examples:
  $ sluice model get > shop.sluice
  $ sluice model get 3 | diff - shop.sluice
  $ sluice model get --json | jq .version
${EXIT_CODES}`;

const DIFF_HELP = `
Nothing is changed. New segments are +, those that go -, those that mean something else ~; these are built again.
Mistakes are shown in their places and make the exit code 1; differences don't.

Examples:
  $ sluice model diff shop.sluice
  $ sluice model diff shop.sluice --json | jq .changes.rebuilt
${EXIT_CODES}`;

const PUT_HELP = `
The version that the file is compared with is the one that it replaces: if somebody else puts another in between,
nothing changes and the exit code is 1. --if-version guards the time since you looked, too: give it the version that
diff or get showed. The same source again makes no new version.

Examples:
  $ sluice model put shop.sluice
  $ sluice model put shop.sluice --if-version 7    # only over what diff compared it with
  $ generate-model | sluice model put - --force    # whatever is there
${EXIT_CODES}`;

const VERSIONS_HELP = `
Examples:
  $ sluice model versions --limit 5
  $ sluice model versions --json | jq '.versions[0]'
${EXIT_CODES}`;

const ROLLBACK_HELP = `
The source of the earlier version becomes a new version; nothing is removed from the list.

Examples:
  $ sluice model rollback 3
${EXIT_CODES}`;

interface PutFlags extends ApiFlags {
  readonly ifVersion?: number;
  readonly force?: boolean;
}

export function addModel(program: Command, shell: Shell): void {
  const model = program
    .command("model")
    .description("read, compare and change the server's model")
    .addHelpText("after", HELP);
  const parseVersion = parseCount(0, VERSION_MAX);

  withApiOptions(model.command("get"))
    .description("print the source in use")
    .argument("[version]", "an earlier one", parseVersion)
    .addHelpText("after", GET_HELP)
    .action(async (version: number | undefined, flags: ApiFlags) => {
      shell.exit(await get(version ?? null, apiOptions(flags), shell));
    });

  withApiOptions(model.command("diff"))
    .description("show what a file would change")
    .argument("<file>", "the model; - reads standard input")
    .addHelpText("after", DIFF_HELP)
    .action(async (file: string, flags: ApiFlags) => {
      shell.exit(await diff(file, apiOptions(flags), shell));
    });

  withPutOptions(withApiOptions(model.command("put")))
    .description("put a file in use")
    .argument("<file>", "the model; - reads standard input")
    .addHelpText("after", PUT_HELP)
    .action(async (file: string, flags: PutFlags) => {
      shell.exit(await putFile(file, putOptions(flags), shell));
    });

  withApiOptions(model.command("versions"))
    .description("list the versions, newest first")
    .option("--limit <versions>", "how many", parseCount(1, 10_000), 20)
    .addHelpText("after", VERSIONS_HELP)
    .action(async (flags: ApiFlags & { readonly limit: number }) => {
      shell.exit(await versions(flags.limit, apiOptions(flags), shell));
    });

  withPutOptions(withApiOptions(model.command("rollback")))
    .description("put an earlier version in use again")
    .argument("<version>", "its number", parseVersion)
    .addHelpText("after", ROLLBACK_HELP)
    .action(async (version: number, flags: PutFlags) => {
      shell.exit(await rollback(version, putOptions(flags), shell));
    });
}

function withPutOptions(command: Command): Command {
  return command
    .option("--if-version <number>", "only if this version is in use", parseCount(0, VERSION_MAX))
    .option("--force", "whatever is in use by then");
}

function putOptions(flags: PutFlags): PutOptions {
  return { ...apiOptions(flags), ifVersion: flags.ifVersion ?? null, force: flags.force ?? false };
}
