/** The file in which a replay keeps how far it is, so that the next run goes on from there. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import type { Position } from "./position.ts";

/** What must be the same for a run to go on. */
export interface Identity {
  /** Length of the input as it lies on the disk. */
  readonly bytes: number;
  /** Hash of the mapping's text; null where the lines are calls already. */
  readonly mapping: string | null;
  /** Origin of the server. */
  readonly server: string;
  readonly concurrency: number;
}

export interface Saved extends Identity {
  readonly format: 1;
  readonly position: Position;
  /** Records read so far; what was set aside of them is counted and written. */
  readonly records: number;
  readonly accepted: number;
  readonly rejected: number;
}

/** The state file is there, but it isn't this replay's; the message says why and what to do. */
export class StateMismatch extends Error {}

export function hashOfMapping(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** `orders.csv.127.0.0.1-8080.replay.json`: each server has its own, so that a file can go to several. */
export function statePathFor(file: string, url: string): string {
  return `${file}.${new URL(url).host.replaceAll(/[^\w.-]/g, "-")}.replay.json`;
}

/** Null where there is none. Throws a `StateMismatch` when it isn't one, or of another replay. */
export function readState(path: string, identity: Identity): Saved | null {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new StateMismatch(`${path} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const saved = parse(text);
  if (saved === null) throw mismatch(path, "it is no position of a replay");
  if (saved.server !== identity.server) throw mismatch(path, `it is of a replay to ${saved.server}`);
  if (saved.bytes !== identity.bytes) {
    throw mismatch(path, `the input had ${saved.bytes} bytes then and has ${identity.bytes} now`);
  }
  if (saved.mapping !== identity.mapping) throw mismatch(path, "the mapping is another than then");
  if (saved.concurrency !== identity.concurrency) {
    throw mismatch(path, `that run had --concurrency ${saved.concurrency}, which must stay the same`);
  }
  return saved;
}

export function mismatch(path: string, why: string): StateMismatch {
  return new StateMismatch(
    `The replay can't go on from ${path}: ${why}.\n` +
      "--restart begins at the start; what the server has had within a day counts once.",
  );
}

/** Whole or not at all, whenever the process ends. */
export async function writeState(path: string, saved: Saved): Promise<void> {
  const fresh = `${path}.new`;
  await writeFile(fresh, `${JSON.stringify(saved)}\n`);
  await rename(fresh, path);
}

export async function removeState(path: string): Promise<void> {
  await rm(path, { force: true });
}

function parse(text: string): Saved | null {
  try {
    const saved = JSON.parse(text) as Partial<Saved> | null;
    const { made, digest, answered } = saved?.position ?? {};
    const counts: unknown[] = [made, saved?.records, saved?.accepted, saved?.rejected, ...(answered ?? [])];
    const whole = Array.isArray(answered) && counts.every(Number.isSafeInteger) && typeof digest === "string";
    return saved?.format === 1 && whole ? (saved as Saved) : null;
  } catch {
    return null;
  }
}
