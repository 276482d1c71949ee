/** `sluice start` as a child process with a port and a folder of its own, which outlast its kills. */
import { existsSync, readdirSync, readlinkSync, realpathSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { probeServer } from "../../cli/private-redis/probe.ts";
import { readRecord } from "../../cli/private-redis/record.ts";
import { identify, isRunning } from "../../cli/process-identity.ts";
import type { Role } from "../../kernel/config.ts";
import { launchSluice, type Exit, type Launched } from "./program.ts";

export interface ServerOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Text of the model that the store begins with. */
  readonly model?: string;
  /** All by default. */
  readonly roles?: readonly Role[];
  /** Without it the server starts a private one in its folder. */
  readonly redisUrl?: string;
}

export interface ServerProcess {
  /** The same over restarts. */
  readonly url: string;
  readonly dataDir: string;
  /** Where a private Redis works. */
  readonly redisDir: string;
  /** Of the present process, or the last one. */
  readonly pid: number;
  readonly isRunning: boolean;
  /** Resolves when the present process has ended. */
  readonly exited: Promise<Exit>;
  /** What all starts have printed. */
  readonly output: string;
  /** Starts the process again. Throws while it runs. */
  start(): void;
  /** Resolves when queries and events are taken; throws when the process ends instead. */
  ready(): Promise<void>;
  /** Sends the signal, SIGKILL by default, and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
  /** Null without one, and while its parent is just starting it. */
  privateRedis(): PrivateRedisProcess | null;
  /** Kills what is left, the private Redis included, and removes the folder. Safe to call twice. */
  end(): Promise<void>;
}

export interface PrivateRedisProcess {
  readonly url: string;
  readonly pid: number;
}

/** Far longer than a start takes, also on a machine that is busy with other tests. */
const START_MS_MAX = 60_000;
const POLL_MS = 20;
/** Below the ports that systems give to clients and to sockets that ask for any: so it is still free at a restart. */
const PORTS = { from: 20_000, count: 12_000 };

const started = new Set<ServerProcess>();

/** Starts a server and waits until it is ready. */
export async function startServer(options: ServerOptions = {}): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-server-"));
  const server = prepare(folder, await freePort(), options);
  started.add(server);
  if (options.model !== undefined) await writeFile(join(folder, "model.sluice"), options.model);
  server.start();
  await server.ready();
  return server;
}

/** For the end of a test file: nothing that it started stays behind, however it ended. */
export async function endServers(): Promise<void> {
  await Promise.all([...started].map((server) => server.end()));
}

function prepare(folder: string, port: number, options: ServerOptions): ServerProcess {
  const url = `http://127.0.0.1:${port}`;
  const dataDir = join(folder, "data");
  const redisDir = join(dataDir, "redis");
  const roles = options.roles === undefined ? [] : ["--roles", options.roles.join(",")];
  const env = {
    PORT: String(port),
    DATA_DIR: dataDir,
    ...(options.model === undefined ? {} : { MODEL: join(folder, "model.sluice") }),
    ...(options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl }),
    ...options.env,
  };
  let current: Launched | null = null;
  /** What the starts before the present one have printed. */
  let before = "";
  const running = (): Launched => {
    if (current === null) throw new Error("the server has not been started");
    return current;
  };

  const server: ServerProcess = {
    url,
    dataDir,
    redisDir,
    get pid() {
      return running().pid;
    },
    get isRunning() {
      return running().isRunning();
    },
    get exited() {
      return running().exited;
    },
    get output() {
      return before + (current?.output() ?? "");
    },
    start() {
      if (current?.isRunning() === true) throw new Error("the server runs already");
      before = server.output;
      current = launchSluice(["start", ...roles], env);
    },
    async ready() {
      const deadline = performance.now() + START_MS_MAX;
      while (!(await answers(`${url}/readyz`))) {
        const said = server.output.slice(-5_000);
        if (!server.isRunning) throw new Error(`sluice start ended:\n${said}`);
        if (performance.now() > deadline) throw new Error(`sluice start is not ready:\n${said}`);
        await pause(POLL_MS);
      }
    },
    kill: (signal = "SIGKILL") => running().kill(signal),
    privateRedis() {
      const record = readRecord(redisDir);
      if (record === null || record.process === null || !isRunning(record.process)) return null;
      return { url: `redis://:${record.password}@127.0.0.1:${record.port}`, pid: record.process.pid };
    },
    async end() {
      await current?.kill("SIGKILL");
      if (options.redisUrl === undefined) await endRedis(redisDir);
      await rm(folder, { recursive: true, force: true });
      started.delete(server);
    },
  };
  return server;
}

/** Processes whose working folder this is, as a private Redis's is its own. Where there is no /proc: none. */
export function processesIn(folder: string): number[] {
  if (!existsSync("/proc") || !existsSync(folder)) return [];
  const path = realpathSync(folder);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && folderOf(name) === path)
    .map(Number);
}

function folderOf(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    // It has ended by now, or is somebody else's.
    return null;
  }
}

/** Its parent may have been killed before it could write down the process, so the server itself is asked as well. */
async function endRedis(dir: string): Promise<void> {
  const record = readRecord(dir);
  if (record === null) return;
  const probe = await probeServer(record, realpathSync(dir));
  const found = [...processesIn(dir), probe.kind === "ours" ? probe.pid : (record.process?.pid ?? 0)].map(identify);
  for (const redis of found) {
    if (redis === null || !isRunning(redis)) continue;
    process.kill(redis.pid, "SIGKILL");
    while (isRunning(redis)) await pause(POLL_MS);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count);
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}
