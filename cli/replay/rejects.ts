/** Keeps what a replay could not use: counts by reason in memory, the lines themselves in a file. */
import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { compareCodePoints } from "../../kernel/compare.ts";

export interface Rejects {
  /** What was read, where from and why it was not used. Waits while the disk is slower than the reader. */
  add(record: number | null, reason: string, content: unknown): Promise<void>;
  /** Counts one that an earlier run has written already. */
  count(reason: string): void;
  /** Waits until all that was added has been handed to the disk. */
  flush(): Promise<void>;
  /** Most frequent first, equally frequent ones in alphabetical order. */
  counts(): readonly (readonly [reason: string, count: number])[];
  readonly total: number;
  /** The file, once there is something in it. */
  readonly file: string | null;
  close(): Promise<void>;
}

/** A mapping has few reasons of its own, a server's messages may name values. */
const REASONS_MAX = 1_000;

/**
 * @param path of the file, which is made with the first line; null keeps only the counts.
 * @param more adds to a file that is there instead of writing it anew.
 */
export function createRejects(path: string | null, more = false): Rejects {
  const counts = new Map<string, number>();
  let stream: WriteStream | null = null;
  let total = 0;
  const count = (reason: string): void => {
    total += 1;
    const key = counts.has(reason) || counts.size < REASONS_MAX ? reason : "other reasons";
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  return {
    count,
    async add(record, reason, content) {
      count(reason);
      if (path === null) return;
      stream ??= await openFor(path, more);
      const line = JSON.stringify({ ...(record === null ? {} : { record }), reason, content });
      if (!stream.write(`${line}\n`)) await once(stream, "drain");
    },
    counts: () => [...counts].toSorted((a, b) => b[1] - a[1] || compareCodePoints(a[0], b[0])),
    get total() {
      return total;
    },
    get file() {
      return stream === null && !(more && total > 0) ? null : path;
    },
    async flush() {
      const open = stream;
      if (open !== null) await new Promise<void>((resolve) => open.write("", () => resolve()));
    },
    async close() {
      if (stream === null) return;
      const closed = once(stream, "close");
      stream.end();
      await closed;
    },
  };
}

async function openFor(path: string, more: boolean): Promise<WriteStream> {
  const stream = createWriteStream(path, { flags: more ? "a" : "w" });
  try {
    await once(stream, "open");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`Lines that are set aside can't be written (${why}); name another file with --rejects FILE`, {
      cause: error,
    });
  }
  return stream;
}
