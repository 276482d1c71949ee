/** `sluice replay`: its options and help. */
import { Option, type Command } from "commander";
import { EXIT_CODES } from "../exit-codes.ts";
import { interruptible } from "../interrupt.ts";
import { givenKey, jsonOption, parseCount, parsePositive, urlOption, writeKeyOption, type Shell } from "../options.ts";
import type { ReplayOptions } from "./options.ts";
import { statePathFor } from "./state-file.ts";

const HELP = `
The mapping says how a line becomes events; docs/replay.md explains it, examples/*.mapping.json are three of them.
Lines of a CSV file or of NDJSON, gzipped or not. Without a mapping each line is a call of the API in JSON, as
\`sluice demo --out\` writes them. A server that is away or busy is waited for.

Stopping and going on: after answers of the server the position is kept in a file beside the input, and the same
command goes on from there, whether it was Ctrl-C, a crash or a power cut. A changed input or mapping is noticed before
anything more is sent. The file goes away at the end; --restart forgets it. What was on its way when the replay
stopped is sent again, which within a day changes nothing, since every event's messageId comes from its line.

Examples:
  $ sluice replay orders.csv.gz --mapping orders.mapping.json
  $ sluice replay clicks.ndjson --mapping clicks.mapping.json --concurrency 4 --url https://sluice.example --key K
  $ sluice replay clicks.ndjson --mapping clicks.mapping.json --speed 60       an hour of the file takes a minute
  $ sluice replay orders.csv.gz --mapping orders.mapping.json --restart        not from where the last run stopped
${EXIT_CODES}`;

interface ReplayFlags {
  readonly mapping?: string;
  readonly url: string;
  readonly key?: string;
  readonly batch: number;
  readonly concurrency: number;
  readonly speed?: number;
  readonly rejects?: string | boolean;
  readonly state?: string | boolean;
  readonly resume?: boolean;
  readonly restart?: boolean;
  readonly json?: boolean;
}

export function addReplay(program: Command, shell: Shell): void {
  program
    .command("replay")
    .description("send the lines of a file to a running server as events")
    .argument("<file>", "CSV or NDJSON, gzipped or not")
    .option("--mapping <file>", "how a line becomes events (JSON)")
    .addOption(urlOption())
    .addOption(writeKeyOption())
    .option("--batch <events>", "most events in a request", parseCount(1, 2_500), 500)
    .option(
      "--concurrency <requests>",
      "requests on their way at once; with 1 all events keep their order, with more those of each contact do",
      parseCount(1, 64),
      1,
    )
    .option("--speed <times>", "the pace of life, times this (default: as fast as possible)", parsePositive)
    .option("--rejects <file>", "where lines go that are set aside (default: FILE.rejected.ndjson)")
    .option("--no-rejects", "only count them")
    .option("--state <file>", "where the position is kept (default: FILE.HOST-PORT.replay.json)")
    .option("--no-state", "keep none")
    .addOption(new Option("--resume", "only go on; without a position it ends with 2").conflicts("restart"))
    .option("--restart", "begin at the start, whatever the position")
    .addOption(jsonOption())
    .addHelpText("after", HELP)
    .action(async (file: string, flags: ReplayFlags) => {
      const options = optionsOf(file, flags);
      const { replay } = await import("./run.ts");
      shell.exit(await interruptible((signal) => replay(options, shell, signal)));
    });
}

function optionsOf(file: string, flags: ReplayFlags): ReplayOptions {
  const { mapping, url, key, batch, concurrency, speed, rejects, state, resume, restart, json } = flags;
  return {
    file,
    mapping: mapping ?? null,
    url,
    key: givenKey(key),
    batch,
    concurrency,
    speed: speed ?? null,
    rejects: placeOf(rejects, `${file}.rejected.ndjson`),
    state: placeOf(state, statePathFor(file, url)),
    from: restart === true ? "restart" : resume === true ? "resume" : "auto",
    json: json ?? false,
  };
}

/** Commander's `--no-…` gives false, the option left out true or nothing. */
function placeOf(given: string | boolean | undefined, otherwise: string): string | null {
  if (given === false) return null;
  return typeof given === "string" ? given : otherwise;
}
