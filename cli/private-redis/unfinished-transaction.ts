/**
 * Cuts an unfinished transaction off the end of an append-only file, before a server reads it.
 *
 * A server that is killed while it writes, or a machine that loses power, can leave the beginning of a transaction
 * there. Nobody was told that it happened. Redis cuts off the command that breaks off, but keeps those of the
 * transaction that stand whole before it: this load passes them over, and the next one carries them out, together with
 * the transaction that was appended after them (seen with 7.0.15). Part of a commit would come back that never
 * happened, and whose events were counted by a later one.
 */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";

/** Where Redis 7 and Valkey keep the parts of the file unless they are told otherwise, in their working folder. */
const FOLDER = "appendonlydir";
const MANIFEST = "appendonly.aof.manifest";
const PART = /^file (\S+) seq \d+ type i$/gm;

const WINDOW_BYTES = 256 * 1024;
const LF = 0x0a;
const STAR = 0x2a;
const DOLLAR = 0x24;
const HASH = 0x23;

/** The file breaks off here. */
class Ends extends Error {}

/** It is not for us to mend. */
class Malformed extends Error {}

/**
 * Gives how many bytes were cut off; 0 when the file ends as it should, or in a way that Redis deals with itself. No
 * server may be working in `dir`.
 */
export function cutUnfinishedTransaction(dir: string): number {
  const part = lastPart(dir);
  if (part === null) return 0;
  const file = openSync(join(dir, FOLDER, part), "r+");
  try {
    const { size } = fstatSync(file);
    const begin = openTransaction(file, size);
    if (begin === null) return 0;
    ftruncateSync(file, begin);
    fsyncSync(file);
    return size - begin;
  } finally {
    closeSync(file);
  }
}

/** The name of the part that is written on; null without one. */
function lastPart(dir: string): string | null {
  try {
    const manifest = readFileSync(join(dir, FOLDER, MANIFEST), "utf8");
    return [...manifest.matchAll(PART)].at(-1)?.[1] ?? null;
  } catch (error) {
    if (error instanceof Error && (error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Where the transaction begins that the file ends in; null when it ends in none. */
function openTransaction(file: number, size: number): number | null {
  const window = Buffer.allocUnsafe(WINDOW_BYTES);
  let windowAt = 0;
  let windowBytes = 0;
  let at = 0;
  let begin: number | null = null;

  /** The byte at a place; nothing is read for what is passed over. */
  const byteAt = (place: number): number => {
    if (place >= size) throw new Ends();
    if (place < windowAt || place >= windowAt + windowBytes) {
      windowAt = place;
      windowBytes = readSync(file, window, 0, WINDOW_BYTES, place);
      if (windowBytes === 0) throw new Ends();
    }
    return window[place - windowAt] as number;
  };

  const line = (): string => {
    let text = "";
    for (let byte = byteAt(at++); byte !== LF; byte = byteAt(at++)) text += String.fromCharCode(byte);
    return text;
  };

  const count = (mark: number): number => {
    if (byteAt(at) !== mark) throw new Malformed();
    at++;
    const number = Number.parseInt(line(), 10);
    if (!(number >= 0)) throw new Malformed();
    return number;
  };

  /** Passes over one command; gives its name if that is short, else nothing. */
  const command = (): string => {
    let name = "";
    const words = count(STAR);
    for (let word = 0; word < words; word++) {
      const length = count(DOLLAR);
      if (word === 0 && length <= 5) {
        for (let i = 0; i < length; i++) name += String.fromCharCode(byteAt(at + i));
      }
      at += length + 2;
      if (at > size) throw new Ends();
    }
    return name.toUpperCase();
  };

  try {
    while (at < size) {
      if (byteAt(at) === HASH) {
        line();
        continue;
      }
      const from = at;
      const name = command();
      if (name === "MULTI") begin ??= from;
      else if (name === "EXEC") begin = null;
    }
  } catch (error) {
    if (error instanceof Malformed) return null;
    if (!(error instanceof Ends)) throw error;
  }
  return begin;
}
