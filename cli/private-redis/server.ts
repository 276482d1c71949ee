/**
 * The private Redis server: a child process on a loopback port with an append-only file under DATA_DIR.
 *
 * It lives as long as its parent. Killed without warning, a parent leaves it behind; the next start finds it by what
 * is written down in `server.json`, checks that it is the server of this very folder, and takes it over. It never
 * starts a second one on the same folder: whoever calls holds the lock of the folder (data-dir-lock.ts), and a server
 * that lives but doesn't answer is an error. A server that dies is started again with its append-only file; clients
 * find it at the same address.
 *
 * `appendfsync always` is the default because an answered event is a promise. With `everysec` Redis may hold writes
 * back in its own memory for up to two seconds while the disk is busy, and even a mere SIGKILL of it loses those.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync, realpathSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Fsync } from "../../kernel/config.ts";
import type { Log } from "../../kernel/log.ts";
import { identify, isRunning } from "../process-identity.ts";
import { probeServer } from "./probe.ts";
import { findRedisProgram } from "./program.ts";
import { makeServerDir, newRecord, readRecord, writeRecord, writeServerConfig, type ServerRecord } from "./record.ts";
import { cutUnfinishedTransaction } from "./unfinished-transaction.ts";

export interface PrivateRedis {
  readonly url: string;
  /** The process id of the present server. */
  readonly pid: number;
  /** True when the server was found running instead of being started. */
  readonly takenOver: boolean;
  /** Ends the server and waits until it is gone. Safe to call twice. */
  stop(): Promise<void>;
}

export interface PrivateRedisOptions {
  readonly dataDir: string;
  readonly fsync: Fsync;
  readonly log: Log;
  /** Where to look for the program; PATH by default. */
  readonly path?: string;
}

const POLL_MS = 20;
const WATCH_MS = 250;
/** How long a server that lives may stay silent before the start gives up. Reading its file doesn't count. */
const SILENCE_MS_MAX = 30_000;
const END_MS_MAX = 30_000;
const RESTART_PAUSE_MS_MAX = 5_000;
const LOG_BYTES_MAX = 10 * 1024 * 1024;
const PORTS_TRIED_MAX = 5;
/** A kill by somebody else while it starts is bad luck once, and a reason to stop when it goes on. */
const KILLS_TRIED_MAX = 3;

/** Throws `NoRedisProgram`, or an error that says why the server can't run. */
export async function startPrivateRedis(options: PrivateRedisOptions): Promise<PrivateRedis> {
  const { log } = options;
  const program = findRedisProgram(options.path ?? process.env["PATH"] ?? "");
  const dir = realpathSync(makeServerDir(options.dataDir));
  const found = await findOrLaunch({ program, dir, fsync: options.fsync, log }, readRecord(dir) ?? (await newRecord()));
  let { record } = found;
  let stopping = false;

  let wake = (): void => {};
  const nap = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, ms).unref();
    });
  const watch = async (): Promise<void> => {
    let restarts = 0;
    while (!stopping) {
      await nap(WATCH_MS);
      if (stopping || (record.process !== null && isRunning(record.process))) continue;
      log.error({ pid: record.process?.pid, restarts }, "the private redis-server has ended, starting it again");
      try {
        ({ record } = await launch({ program, dir, fsync: options.fsync, log }, record));
        log.info({ pid: record.process?.pid }, "the private redis-server is back");
        restarts = 0;
      } catch (error) {
        log.error({ err: error }, "the private redis-server can't be started");
        await nap(Math.min(100 * 2 ** restarts++, RESTART_PAUSE_MS_MAX));
      }
    }
  };
  const watching = watch();

  // The last resort when the parent ends without having called stop.
  const onExit = (): void => signal(record, "SIGTERM");
  process.on("exit", onExit);
  return {
    url: `redis://:${record.password}@127.0.0.1:${record.port}`,
    get pid() {
      return record.process?.pid ?? 0;
    },
    takenOver: found.takenOver,
    async stop() {
      if (stopping) return;
      stopping = true;
      wake();
      await watching;
      process.off("exit", onExit);
      await end(record, log);
      writeRecord(dir, { ...record, process: null });
    },
  };
}

interface Launch {
  readonly program: string;
  /** The server's folder, its real path. */
  readonly dir: string;
  readonly fsync: Fsync;
  readonly log: Log;
}

/** The server of the record if it lives, else a new one; on another port if something else has taken the port. */
async function findOrLaunch(how: Launch, last: ServerRecord): Promise<{ record: ServerRecord; takenOver: boolean }> {
  let record = last;
  let silentSince: number | null = null;
  let kills = 0;
  for (let ports = 1; ;) {
    const probe = await probeServer(record, how.dir);
    const lives = record.process !== null && isRunning(record.process);
    if (probe.kind === "ours") return { record: await takeOver(how, record, probe.pid), takenOver: true };
    if (lives) {
      // Just starting, just ending, or stuck: only the last of these lasts.
      silentSince ??= performance.now();
      if (performance.now() - silentSince > SILENCE_MS_MAX) {
        throw new Error(
          `The redis-server of ${how.dir} (process ${record.process?.pid}) runs but does not answer. ` +
            "Find out why, or end it, and start again.",
        );
      }
      await pause(POLL_MS);
      continue;
    }
    if (probe.kind === "nobody") {
      try {
        return await launch(how, record);
      } catch (error) {
        if (error instanceof Killed && kills++ < KILLS_TRIED_MAX) {
          how.log.warn(
            { reason: error.message },
            "the private redis-server was killed at its start, starting it again",
          );
          continue;
        }
        if (!(error instanceof PortTaken) || ports++ >= PORTS_TRIED_MAX) throw error;
        continue;
      }
    }
    if (ports++ >= PORTS_TRIED_MAX) throw new Error("no free port was found for the private redis-server");
    const { port } = await newRecord();
    how.log.warn({ taken: record.port, port }, "another program has the private redis-server's port, using a new one");
    record = { port, password: record.password, process: null };
  }
}

async function takeOver(how: Launch, record: ServerRecord, pid: number): Promise<ServerRecord> {
  how.log.info({ pid, port: record.port }, "taking over the private redis-server that an earlier start left running");
  const found = { ...record, process: identify(pid) };
  writeRecord(how.dir, found);
  await whenLoaded(how, found, () => found.process !== null && isRunning(found.process));
  return found;
}

class PortTaken extends Error {}

/** From outside: it has nothing to say against being started. */
class Killed extends Error {}

/** Starts the program and waits until it has read its file. Throws `PortTaken`, `Killed`, or what it said at its end. */
async function launch(how: Launch, last: ServerRecord): Promise<{ record: ServerRecord; takenOver: boolean }> {
  const { program, dir, log } = how;
  writeRecord(dir, { ...last, process: null });
  const cut = cutUnfinishedTransaction(dir);
  if (cut > 0) log.warn({ bytes: cut }, "what the private redis-server had not finished writing at its end is dropped");
  const config = writeServerConfig(dir, last, how.fsync);
  const logFile = join(dir, "redis.log");
  rotate(logFile);
  const logged = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  const output = openSync(logFile, "a", 0o600);
  // In a group of its own: Ctrl-C is for the parent, which drains before it ends its child.
  const child = spawn(program, [config], { cwd: dir, detached: true, stdio: ["ignore", output, output] });
  closeSync(output);
  let failure: Error | null = null;
  child.on("error", (error) => {
    failure = error;
  });
  child.unref();
  if (child.pid === undefined) {
    await pause(0);
    throw new Error(`${program} can't be started`, { cause: failure });
  }
  const record = { ...last, process: identify(child.pid) };
  writeRecord(dir, record);
  await whenLoaded(how, record, () => child.exitCode === null && child.signalCode === null);
  if (hasEnded(child)) {
    const said = readFileSync(logFile, "utf8").slice(logged);
    if (/Address already in use/.test(said)) throw new PortTaken(`port ${record.port} is taken`);
    if (child.signalCode === "SIGKILL") throw new Killed(`${program} was killed at its start`);
    throw new Error(`${program} ended at its start; ${logFile} says:\n${lastLines(said)}`);
  }
  log.info({ pid: child.pid, port: record.port, dir, fsync: how.fsync }, "private redis-server started");
  return { record, takenOver: false };
}

/** Until the server answers and has read its append-only file, however long that takes, or has ended. */
async function whenLoaded(how: Launch, record: ServerRecord, lives: () => boolean): Promise<void> {
  let toldAt = performance.now();
  while (lives()) {
    const probe = await probeServer(record, how.dir);
    if (probe.kind === "ours" && probe.pid === record.process?.pid && probe.loading === null) return;
    if (probe.kind === "ours" && probe.loading !== null && performance.now() - toldAt > 2_000) {
      how.log.info({ percent: Math.floor(probe.loading) }, "the private redis-server is reading its append-only file");
      toldAt = performance.now();
    }
    await pause(POLL_MS);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(record: ServerRecord, log: Log): Promise<void> {
  signal(record, "SIGTERM");
  const began = performance.now();
  while (record.process !== null && isRunning(record.process)) {
    if (performance.now() - began > END_MS_MAX) {
      log.warn({ pid: record.process.pid }, "the private redis-server does not end, killing it");
      signal(record, "SIGKILL");
      return;
    }
    await pause(POLL_MS);
  }
}

function signal({ process: server }: ServerRecord, name: NodeJS.Signals): void {
  try {
    if (server !== null && isRunning(server)) process.kill(server.pid, name);
  } catch {
    // It ended in this very moment.
  }
}

/** One old log is kept, so that the two together stay within twice the bound. */
function rotate(logFile: string): void {
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES_MAX) renameSync(logFile, `${logFile}.1`);
}

function lastLines(text: string): string {
  return text
    .trim()
    .split("\n")
    .slice(-8)
    .map((line) => `  ${line}`)
    .join("\n");
}
