/** `sluice demo`: its options and help. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { EXIT_CODES } from "../exit-codes.ts";
import { interruptible } from "../interrupt.ts";
import {
  givenKey,
  jsonOption,
  parseCount,
  parseDuration,
  parsePositive,
  urlOption,
  writeKeyOption,
  type Shell,
} from "../options.ts";
import { DAY_MS } from "./people.ts";

const HELP = `
A shop that doesn't exist: visitors who come back, look at products, fill carts, sign up, log in, order, send things
back and open mails. The same --seed and --until give the same events on every machine. First comes the past (180
days before now), as fast as the server takes it; with it every segment of examples/shop.sluice has members. With
--live or --for the shop goes on from there in real time. What is sent is what any shop would send: track, page and
identify calls.

Examples:
  $ sluice start --example                             in one terminal, and in another:
  $ sluice demo                                        the past of 300 contacts
  $ sluice demo --live --rate 20                       and then visitors in real time; with it, in a third:
  $ sluice watch "coat weather"
  $ sluice demo --past 0 --for 10m                     ten minutes from now on, without a past
  $ sluice demo --past 1d --speed 60                   a day in 24 minutes
  $ sluice demo --contacts 20000 --out clicks.ndjson   a file, for sluice replay clicks.ndjson; - is standard output
${EXIT_CODES}`;

interface DemoFlags {
  readonly url: string;
  readonly key?: string;
  readonly contacts: number;
  readonly seed: number;
  readonly past: number;
  readonly until?: number;
  readonly speed?: number;
  readonly live?: boolean;
  readonly for?: number;
  readonly rate: number;
  readonly companies?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

export function addDemo(program: Command, shell: Shell): void {
  program
    .command("demo")
    .description("send the events of a shop that doesn't exist, to try things out")
    .addOption(urlOption())
    .addOption(writeKeyOption())
    .option("--contacts <number>", "how many people the shop knows", parseCount(1, 1_000_000), 300)
    .option("--seed <number>", "another number is another shop", parseCount(0, 2 ** 31 - 1), 1)
    .addOption(
      new Option("--past <duration>", "how much of the past comes first; 0 for none")
        .argParser(parseDuration)
        .default(180 * DAY_MS, "180d"),
    )
    .option("--until <instant>", "where the past ends, ISO 8601 (default: now)", parseInstant)
    .option("--speed <times>", "the past at the pace of life times this (default: as fast as possible)", parsePositive)
    .option("--live", "goes on in real time afterwards, until Ctrl-C")
    .option("--for <duration>", "goes on in real time afterwards, for so long", parseDuration)
    .option("--rate <events>", "in real time, how many events a second on average", parsePositive, 5)
    .option("--companies", "group calls too; servers that don't know them yet refuse these")
    .addOption(new Option("--out <file>", "writes NDJSON instead of sending, without waiting").conflicts("live"))
    .addOption(jsonOption())
    .addHelpText("after", HELP)
    .action(async (flags: DemoFlags) => {
      const { url, key, contacts, seed, past, until, speed, live, rate, companies, out, json } = flags;
      const options = {
        url,
        key: givenKey(key),
        contacts,
        seed,
        past_ms: past,
        until: until ?? null,
        speed: speed ?? null,
        live_ms: flags.for ?? (live === true ? Infinity : 0),
        rate,
        companies: companies ?? false,
        file: out ?? null,
        json: json ?? false,
      };
      const { demo } = await import("./run.ts");
      shell.exit(await interruptible((signal) => demo(options, shell, signal)));
    });
}

function parseInstant(text: string): number {
  const instant = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(instant)) throw new InvalidArgumentError("It must be ISO 8601 such as 2026-01-31T10:00:00Z.");
  return instant;
}
