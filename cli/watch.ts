/**
 * `sluice watch`: sizes and moves of a segment while they happen. It looks again and again and compares: who came and
 * went in between two looks is not seen. Members are compared up to one page of them; of larger segments only the size.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import { asking, type ApiOptions } from "./ask.ts";
import { pathOf, ServerAway, type Client } from "./client.ts";
import { EXIT, EXIT_CODES } from "./exit-codes.ts";
import { interruptible } from "./interrupt.ts";
import { apiOptions, parseDuration, withApiOptions, type ApiFlags, type Shell } from "./options.ts";
import { counted, grouped, printable, quoted, writeJson, type Streams } from "./output.ts";
import type { SegmentInfo } from "./segments.ts";

export interface WatchOptions extends ApiOptions {
  readonly every_ms: number;
  /** Null watches until it is interrupted. */
  readonly for_ms: number | null;
  /** Sizes only, also of small segments. */
  readonly sizes: boolean;
}

/** The largest page of members. */
const MEMBERS_MAX = 10_000;
/** Moves that are named in one line; the rest is counted. */
const NAMED_MAX = 10;

const HELP = `
It asks the server every --every and shows what is different: the new size, + who entered, - who left. Somebody who
enters and leaves between two looks is not seen. Of segments with more than ${grouped(MEMBERS_MAX)} members, and with
--sizes, only the size is watched. A server that goes away is waited for. Ctrl-C ends it with 0.

With --json each line is {"at", "segment", "size", "identified", "state", "entered", "left"}; entered and left are
null where only the size is watched. The first line is the state at the beginning.

Examples:
  $ sluice watch "coat weather"
  $ sluice watch buyers --every 500ms --for 10m
  $ sluice watch "hot leads" --json | jq -r '.entered[]?'
${EXIT_CODES}`;

interface WatchFlags extends ApiFlags {
  readonly every: number;
  readonly for?: number;
  readonly sizes?: boolean;
}

export function addWatch(program: Command, shell: Shell): void {
  withApiOptions(program.command("watch"))
    .description("show a segment's size and who enters and leaves, live")
    .argument("<segment>", "its name")
    .option("--every <duration>", "how often to look", parseDuration, 1_000)
    .option("--for <duration>", "ends after so long", parseDuration)
    .option("--sizes", "only the size")
    .addHelpText("after", HELP)
    .action(async (segment: string, flags: WatchFlags) => {
      const { every, sizes = false } = flags;
      const options = { ...apiOptions(flags), every_ms: every, for_ms: flags.for ?? null, sizes };
      shell.exit(await interruptible((signal) => watch(segment, options, shell, signal)));
    });
}

/** One look. */
interface Look {
  readonly at: string | null;
  readonly size: number | null;
  readonly identified: number | null;
  readonly state: "ready" | "building";
  /** Null where only the size is watched. */
  readonly members: ReadonlySet<string> | null;
}

export function watch(name: string, options: WatchOptions, streams: Streams, signal: AbortSignal): Promise<number> {
  return asking(options, streams, async (client) => {
    const until = options.for_ms === null ? Infinity : performance.now() + options.for_ms;
    let before: Look | null = null;
    let away = false;
    for (;;) {
      try {
        const now = await look(client, name, options.sizes);
        if (away) streams.err.write(`${client.url} answers again\n`);
        away = false;
        show(streams, options.json, name, before, now);
        before = now;
      } catch (error) {
        if (!(error instanceof ServerAway) || before === null) throw error;
        if (!away) streams.err.write(`${error.message.split("\n")[0] ?? ""}; looking again until it does\n`);
        away = true;
      }
      const rest = until - performance.now();
      if (rest <= 0 || !(await slept(Math.min(options.every_ms, rest), signal))) return EXIT.ok;
    }
  });
}

async function look(client: Client, name: string, sizesOnly: boolean): Promise<Look> {
  const path = pathOf("segments", name);
  const { body } = await client.ask<SegmentInfo & { as_of: string | null }>("GET", path);
  const { as_of: at, size, identified, state } = body;
  const countOnly = { at, size, identified, state, members: null };
  if (sizesOnly || size === null || size > MEMBERS_MAX) return countOnly;
  type Page = { size: number; members: { id: string }[]; next: string | null; as_of: string | null };
  const { body: page } = await client.ask<Page>("GET", pathOf("segments", name, "members"), {
    query: { limit: MEMBERS_MAX },
  });
  if (page.next !== null) return countOnly;
  return { ...countOnly, at: page.as_of, size: page.size, members: new Set(page.members.map(({ id }) => id)) };
}

/** False when it was interrupted. */
async function slept(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await pause(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

function show({ out }: Streams, json: boolean, segment: string, before: Look | null, now: Look): void {
  const moves = before === null ? null : movesBetween(before, now);
  const moved = moves !== null && moves.entered.length + moves.left.length > 0;
  const same = before !== null && before.size === now.size && before.state === now.state;
  if (same && !moved) return;
  const { at, size, identified, state } = now;
  if (json) {
    const entered = moves?.entered ?? (now.members === null ? null : []);
    writeJson(out, { at, segment, size, identified, state, entered, left: moves?.left ?? (entered && []) });
    return;
  }
  const time = at === null ? "--:--:--" : at.slice(11, 19);
  if (before === null) {
    const known = identified === null ? "" : `, ${grouped(identified)} identified`;
    const building = state === "building" ? ", still building" : "";
    const content = size === null ? "" : `: ${counted(size, "member")}${known}`;
    out.write(`${time} ${quoted(segment)}${content}${building}\n`);
    return;
  }
  const difference = (size ?? 0) - (before.size ?? 0);
  const names = moves === null ? "" : [named("+", moves.entered), named("-", moves.left)].filter(Boolean).join("  ");
  const change = difference === 0 ? "" : ` (${difference > 0 ? "+" : ""}${grouped(difference)})`;
  const ready = before.state === now.state ? "" : `, ${state}`;
  out.write(`${time} ${size === null ? "-" : grouped(size)}${change}${ready}  ${names}`.trimEnd() + "\n");
}

/** Null where members were not compared. */
function movesBetween(before: Look, now: Look): { readonly entered: string[]; readonly left: string[] } | null {
  const [old, fresh] = [before.members, now.members];
  if (old === null || fresh === null) return null;
  return { entered: [...fresh].filter((id) => !old.has(id)), left: [...old].filter((id) => !fresh.has(id)) };
}

function named(sign: string, ids: readonly string[]): string {
  if (ids.length === 0) return "";
  const more = ids.length > NAMED_MAX ? ` and ${ids.length - NAMED_MAX} more` : "";
  return `${sign} ${ids.slice(0, NAMED_MAX).map(printable).join(", ")}${more}`;
}
