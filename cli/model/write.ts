/** `sluice model diff`, `put` and `rollback`: what a source would change, and changing it. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { asking, tell, type ApiOptions } from "../ask.ts";
import type { Client } from "../client.ts";
import { EXIT } from "../exit-codes.ts";
import type { Shell } from "../options.ts";
import { counted, printable, writeJson, type Streams } from "../output.ts";
import { versionOf } from "./read.ts";
import { changesText, current, explaining, put, tryOut, warningsText, type Changes, type PutAnswer } from "./show.ts";

export interface PutOptions extends ApiOptions {
  /** The version that the change was made for; null for the one in use when the command begins. */
  readonly ifVersion: number | null;
  /** Puts it whatever is there. */
  readonly force: boolean;
}

export async function diff(file: string, options: ApiOptions, shell: Shell): Promise<number> {
  const source = await readSource(file, options, shell);
  if (source === null) return EXIT.usage;
  return asking(options, shell, (client) =>
    explaining(options, shell, source, nameOf(file), async () => {
      const before = await current(client);
      const { changes, warnings, segments } = await tryOut(client, source);
      const same = source === before.source;
      if (options.json) {
        writeJson(shell.out, { against: before.version, same, segments, changes, warnings });
        return EXIT.ok;
      }
      shell.out.write(headOf(nameOf(file), before.version, same));
      if (!same) shell.out.write(changesText(changes));
      shell.out.write(warningsText(source, nameOf(file), warnings));
      if (!same) shell.out.write(`\nTo put it: sluice model put ${printable(file)} --if-version ${before.version}\n`);
      return EXIT.ok;
    }),
  );
}

export async function putFile(file: string, options: PutOptions, shell: Shell): Promise<number> {
  const source = await readSource(file, options, shell);
  if (source === null) return EXIT.usage;
  return asking(options, shell, (client) => replace(client, source, nameOf(file), options, shell));
}

/** Puts the source of an earlier version again, as a new one. */
export function rollback(version: number, options: PutOptions, streams: Streams): Promise<number> {
  return asking(options, streams, async (client) => {
    const { source } = await versionOf(client, version);
    return replace(client, source, `version ${version}`, options, streams);
  });
}

/** Shows what changes against the version that it names in If-Match, and changes exactly that. */
function replace(client: Client, source: string, name: string, options: PutOptions, streams: Streams): Promise<number> {
  return explaining(options, streams, source, name, async () => {
    const before = await current(client);
    const { changes } = await tryOut(client, source);
    const expected = options.force ? null : (options.ifVersion ?? before.version);
    const answer = await put(client, source, expected);
    const same = before.version > 0 && source === before.source;
    if (options.json) writeJson(streams.out, { ...answer, before: before.version, same, changes });
    else streams.out.write(draw(source, name, { answer, before: before.version, same, changes }));
    return EXIT.ok;
  });
}

interface Replaced {
  readonly answer: PutAnswer;
  readonly before: number;
  readonly same: boolean;
  readonly changes: Changes;
}

function draw(source: string, name: string, { answer, before, same, changes }: Replaced): string {
  const { version, segments, building, warnings } = answer;
  const warned = warningsText(source, name, warnings);
  if (same) return `${headOf(name, before, true)}${warned}`;
  const ready = building.length === 0 ? "all ready" : `${building.length} of them being built`;
  return (
    `${headOf(name, before, false)}${changesText(changes)}${warned}\n` +
    `It is version ${version} now: ${counted(segments.length, "segment")}, ${ready}.\n`
  );
}

function headOf(name: string, version: number, same: boolean): string {
  if (same) return `${printable(name)} says the same as version ${version}, which is in use: nothing changes.\n`;
  return `${printable(name)} against ${version === 0 ? "an empty model" : `version ${version}`}:\n`;
}

function nameOf(file: string): string {
  return file === "-" ? "<stdin>" : file;
}

async function readSource(file: string, options: ApiOptions, shell: Shell): Promise<string | null> {
  try {
    return file === "-" ? await text(shell.stdin) : await readFile(file, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    tell(options, shell, EXIT.usage, { code: "unreadable", message: `${nameOf(file)} can't be read: ${why}` });
    return null;
  }
}
