/** Options that several commands have, and how their values are read. */
import { InvalidArgumentError, Option, type Command } from "commander";
import type { ApiOptions } from "./ask.ts";
import type { Streams } from "./output.ts";

/** What a command is run with: its streams, and where its exit code goes. */
export interface Shell extends Streams {
  readonly stdin: NodeJS.ReadableStream;
  exit(code: number): void;
}

export const URL_DEFAULT = "http://127.0.0.1:8080";

export function urlOption(): Option {
  return new Option("--url <url>", "the server").env("SLUICE_URL").argParser(parseUrl).default(URL_DEFAULT);
}

export function writeKeyOption(): Option {
  return new Option("--key <key>", "one of the server's WRITE_KEYS").env("WRITE_KEY");
}

export function jsonOption(): Option {
  return new Option("--json", "answer in JSON, for programs");
}

export interface ApiFlags {
  readonly url: string;
  readonly key?: string;
  readonly json?: boolean;
}

/** `--url`, `--key` and `--json` of commands that ask the query half. */
export function withApiOptions(command: Command): Command {
  return command
    .addOption(urlOption())
    .addOption(new Option("--key <key>", "one of the server's API_KEYS").env("API_KEY"))
    .addOption(jsonOption());
}

export function apiOptions({ url, key, json }: ApiFlags): ApiOptions {
  return { url, key: givenKey(key), json: json ?? false };
}

/** A variable that is set to nothing is no key. */
export function givenKey(key: string | undefined): string | null {
  return key === undefined || key === "" ? null : key;
}

export function parseUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new InvalidArgumentError("It must be http://HOST:PORT or https://….");
  }
  return text;
}

export function parseCount(min: number, max: number): (text: string) => number {
  return (text) => {
    const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(count >= min && count <= max)) throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`);
    return count;
  };
}

/** A positive number, with decimals as wanted. */
export function parsePositive(text: string): number {
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(number > 0 && Number.isFinite(number))) throw new InvalidArgumentError("It must be a number above 0.");
  return number;
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `500ms`, `2s`, `1h30m`, `180d`, `0`: milliseconds. */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h|d|w)/g)];
  const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS_MS[unit ?? ""] ?? Number.NaN), 0);
  if (parts.map(([part]) => part).join("") !== text || text === "" || !Number.isSafeInteger(ms)) {
    throw new InvalidArgumentError("It must be a duration such as 500ms, 2s, 10m, 1h30m, 180d or 2w.");
  }
  return ms;
}
