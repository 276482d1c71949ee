/**
 * One server for each data folder. The lock is a file that names its holder's process; one whose process has ended is
 * taken over at once. Where the holder was on another host (a folder on a shared volume, a container) its process
 * can't be looked up from here, so the holder touches the file and a lock that stays untouched counts as abandoned.
 */
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { machineClock } from "../kernel/clock.ts";
import { identify, isRunning, type ProcessIdentity } from "./process-identity.ts";

export interface DataDirLock {
  /** Safe to call twice. */
  release(): void;
}

/** Another server lives on the folder. */
export class DataDirInUse extends Error {
  constructor(dir: string, holder: string) {
    super(
      `${dir} belongs to a server that is running already (${holder}). ` +
        "Stop that one first, or give this one a folder of its own with DATA_DIR.",
    );
    this.name = "DataDirInUse";
  }
}

interface Holder extends ProcessIdentity {
  readonly host: string;
  /** Tells two locks of the same process apart. */
  readonly nonce: string;
}

const LOCK_FILE = "server.lock";
const TOUCH_MS = 2_000;
const ABANDONED_MS = 3 * TOUCH_MS;

/** Throws `DataDirInUse`. Makes the folder if there is none. */
export async function lockDataDir(dir: string): Promise<DataDirLock> {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, LOCK_FILE);
  const self = identify(process.pid);
  if (self === null) throw new Error("this process can't find itself among the running ones");
  const holder: Holder = { ...self, host: hostname(), nonce: randomUUID() };
  const text = `${JSON.stringify(holder)}\n`;

  while (!place(path, text, holder.nonce)) {
    const found = readHolder(path);
    if (found === null) continue;
    if (found.holder !== null && (await isHeld(path, found.holder))) {
      throw new DataDirInUse(dir, `process ${found.holder.pid} on ${found.holder.host}`);
    }
    removeStale(path, found.text, holder.nonce);
  }

  const touch = setInterval(() => touchFile(path), TOUCH_MS);
  touch.unref();
  let released = false;
  return {
    release() {
      if (released) return;
      released = true;
      clearInterval(touch);
      if (readHolder(path)?.text === text) rmSync(path, { force: true });
    },
  };
}

/** Puts the lock where none is; false if there is one. A link either succeeds whole or fails: no half-written lock. */
function place(path: string, text: string, nonce: string): boolean {
  const draft = `${path}.${nonce}`;
  writeFileSync(draft, text, { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Null when there is no lock (any more); a holder of null when it can't be read as one. */
function readHolder(path: string): { text: string; holder: Holder | null } | null {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
  try {
    const holder = JSON.parse(text) as Partial<Holder>;
    const { pid, began, host, nonce } = holder;
    if (typeof pid !== "number" || typeof began !== "string" || host === undefined || nonce === undefined) {
      return { text, holder: null };
    }
    return { text, holder: { pid, began, host, nonce } };
  } catch {
    return { text, holder: null };
  }
}

async function isHeld(path: string, holder: Holder): Promise<boolean> {
  if (holder.host === hostname()) return isRunning(holder);
  const before = touchedAt(path);
  await pause(ABANDONED_MS);
  return touchedAt(path) !== before;
}

/**
 * Moves a stale lock out of the way, so that of several processes that found it only one removes it. What was moved
 * may be a newer lock that somebody placed in between: then it is put back.
 */
function removeStale(path: string, staleText: string, nonce: string): void {
  const moved = `${path}.stale.${nonce}`;
  try {
    renameSync(path, moved);
    if (readFileSync(moved, "utf8") !== staleText) linkSync(moved, path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT" && codeOf(error) !== "EEXIST") throw error;
  } finally {
    rmSync(moved, { force: true });
  }
}

function touchFile(path: string): void {
  try {
    const now = new Date(machineClock.now());
    utimesSync(path, now, now);
  } catch {
    // The folder is gone: there is nothing left to guard.
  }
}

function touchedAt(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
