/**
 * What is written down about the private server, so that the next start finds it, whether it still runs or not. The
 * port and the password stay the same for the life of the folder: a server that outlived its parent answers to them,
 * and a second one could not take the port beside it.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Fsync } from "../../kernel/config.ts";
import type { ProcessIdentity } from "../process-identity.ts";

export interface ServerRecord {
  readonly port: number;
  readonly password: string;
  /** Null before the first start, after an orderly end, and when the start was cut short. */
  readonly process: ProcessIdentity | null;
}

const RECORD_FILE = "server.json";

export async function newRecord(): Promise<ServerRecord> {
  return { port: await freePort(), password: randomBytes(24).toString("hex"), process: null };
}

/** Null when there is none, or none that can be read: then a new one is made. */
export function readRecord(dir: string): ServerRecord | null {
  try {
    const record = JSON.parse(readFileSync(join(dir, RECORD_FILE), "utf8")) as Partial<ServerRecord>;
    if (typeof record.port !== "number" || typeof record.password !== "string") return null;
    const { pid, began } = record.process ?? {};
    const process = typeof pid === "number" && typeof began === "string" ? { pid, began } : null;
    return { port: record.port, password: record.password, process };
  } catch {
    return null;
  }
}

export function writeRecord(dir: string, record: ServerRecord): void {
  writeWhole(join(dir, RECORD_FILE), `${JSON.stringify(record)}\n`);
}

/** The configuration of the private server; its path. The password is in it and so never on a command line. */
export function writeServerConfig(dir: string, record: ServerRecord, fsync: Fsync): string {
  const path = join(dir, "redis.conf");
  const lines = [
    `port ${record.port}`,
    "bind 127.0.0.1",
    "protected-mode yes",
    `requirepass ${record.password}`,
    `dir ${JSON.stringify(dir)}`,
    "daemonize no",
    'logfile ""',
    "always-show-logo no",
    "databases 1",
    // Everything is in the append-only file. What is refused for want of memory is answered 503, never evicted.
    'save ""',
    "appendonly yes",
    `appendfsync ${fsync}`,
    // Streams come and go, so the file is written anew again and again, beside everybody else's work. What is in it is
    // packed already: compressing it once more took as much CPU as half of all else that Redis does.
    "rdbcompression no",
    "auto-aof-rewrite-min-size 256mb",
    // While it is written anew every page of memory that changes is copied, and everybody waits: not before it is four
    // times as long.
    "auto-aof-rewrite-percentage 300",
    "maxmemory-policy noeviction",
  ];
  writeWhole(path, `${lines.join("\n")}\n`);
  return path;
}

export function makeServerDir(dataDir: string): string {
  const dir = join(dataDir, "redis");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return dir;
}

/** Readable by the owner alone, and never seen half-written. */
function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const closed = once(server, "close");
  server.close();
  await closed;
  if (address === null || typeof address === "string") throw new Error("a TCP socket has no port");
  return address.port;
}
