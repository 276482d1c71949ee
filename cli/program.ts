/** All commands of `sluice` on one command line. */
import { Command } from "commander";
import { addCheck } from "./check.ts";
import { addContact } from "./contact.ts";
import { addDemo } from "./demo/command.ts";
import { EXIT, EXIT_CODES } from "./exit-codes.ts";
import { addModel } from "./model/commands.ts";
import type { Shell } from "./options.ts";
import { VERSION } from "./package.ts";
import { addQuery } from "./query.ts";
import { addReplay } from "./replay/command.ts";
import { addSegments } from "./segments.ts";
import { addStart } from "./start-command.ts";
import { addWatch } from "./watch.ts";

const HELP = `
The first hour:
  $ sluice start --example                    a server with an example model, in one terminal
  $ sluice demo                               events of a shop that doesn't exist, in another
  $ sluice segments                           who belongs where now
  $ sluice contact u1                         all about one of them
  $ sluice model get > my.sluice              change it, then: sluice model diff my.sluice

Environment of the commands that ask a server: SLUICE_URL (http://127.0.0.1:8080), API_KEY, and WRITE_KEY for those
that send events. --json makes every answer JSON, one document a line, errors too: {"error": {"code", "message"}}.

sluice COMMAND --help tells more about a command, with examples.
${EXIT_CODES}`;

/** Runs one command line, without the names of the programs before it. */
export async function run(args: readonly string[], streams: Omit<Shell, "exit">): Promise<number> {
  let code: number = EXIT.ok;
  const { stdin, out, err } = streams;
  const shell: Shell = { stdin, out, err, exit: (given) => (code = given) };
  try {
    await createProgram(shell).parseAsync(args, { from: "user" });
  } catch (error) {
    // Commander ends with 1 for wrong use; here that is 2, and help and version are no failure.
    const { code: kind, exitCode } = error as { code?: string; exitCode?: number };
    if (kind === undefined || !kind.startsWith("commander.")) throw error;
    return exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  return code;
}

function createProgram(shell: Shell): Command {
  const program = new Command("sluice")
    .description("Turns a stream of raw events into live customer profiles and segments.")
    .version(VERSION)
    .addHelpText("after", HELP)
    .helpCommand(false)
    .showHelpAfterError("(--help tells more)")
    .configureOutput({
      writeOut: (text) => void shell.out.write(text),
      writeErr: (text) => void shell.err.write(text),
    })
    .exitOverride();
  program.commandsGroup("Running:");
  addStart(program, shell);
  program.commandsGroup("Bringing events:");
  addDemo(program, shell);
  addReplay(program, shell);
  program.commandsGroup("Looking:");
  addSegments(program, shell);
  addWatch(program, shell);
  addContact(program, shell);
  addQuery(program, shell);
  program.commandsGroup("The model:");
  addCheck(program, shell);
  addModel(program, shell);
  return program;
}
