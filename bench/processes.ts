/** Child processes of a benchmark: each pinned to its cores where that is possible, each ready when it says so. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { makeServerDir, newRecord, writeServerConfig } from "../cli/private-redis/record.ts";
import type { Fsync, Role } from "../kernel/config.ts";
import { BUILD } from "./build.ts";

/** Numbers of cores; none: wherever the system likes. */
export type Cores = readonly number[];

export interface Running {
  readonly url: string;
  readonly pid: number;
  /** User and system time of the process with all its threads so far, seconds. */
  cpuSeconds(): number;
  /** Its resident memory, bytes. */
  rss(): number;
  /** SIGTERM, and waits for the end. Safe to call twice. */
  readonly stop: () => Promise<void>;
  /** SIGKILL, and waits for the end. */
  readonly kill: () => Promise<void>;
}

const pinning = availableParallelism() > 1 && findProgram("taskset") !== null;

/**
 * What is measured runs on the first core, all that belongs to it (Redis, the load) on the second; both of them for
 * what is measured as a whole. Nothing is pinned where there is one core or no taskset.
 */
export const FRONT: Cores = pinning ? [0] : [];
export const BACK: Cores = pinning ? [1] : [];
export const BOTH: Cores = pinning ? [0, 1] : [];

export function pinningNote(what: string, rest: string): string {
  return pinning ? `${what} on core 0, ${rest} on core 1.` : "Nothing is pinned to a core here.";
}

/** For a process that was not started on its cores. */
export function pinSelf(cores: Cores): void {
  if (cores.length > 0) execFileSync("taskset", ["-acp", cores.join(","), String(process.pid)], { stdio: "ignore" });
}

export function findProgram(name: string): string | null {
  const dirs = (process.env["PATH"] ?? "").split(path.delimiter);
  return dirs.map((dir) => path.join(dir, name)).find((file) => existsSync(file)) ?? null;
}

export interface SluiceOptions {
  readonly redisUrl: string;
  readonly cores: Cores;
  readonly roles?: readonly Role[];
  /** Text of the model that an empty store begins with. */
  readonly model?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The server as users run it, out of the build. Resolves when it says that it is ready. */
export async function startSluice({ redisUrl, cores, roles, model, env }: SluiceOptions): Promise<Running> {
  const main = path.join(BUILD, "cli/main.js");
  if (!existsSync(main)) throw new Error("there is no build: run `npm run setup` (or `npm run build`) first");
  const dir = await mkdtemp(path.join(tmpdir(), "sluice-bench-"));
  const file = path.join(dir, "model.sluice");
  if (model !== undefined) await writeFile(file, model);
  const running = await startChild(
    process.execPath,
    [main, "start", ...(roles === undefined ? [] : ["--roles", roles.join(",")])],
    {
      cores,
      ready: /(?:is ready|still loading): (http:\S+)/,
      env: {
        PORT: "0",
        LOG_LEVEL: "warn",
        DATA_DIR: path.join(dir, "data"),
        REDIS_URL: redisUrl,
        ...(model === undefined ? {} : { MODEL: file }),
        ...env,
      },
    },
  );
  return withFolder(running, dir);
}

/** A Redis set up as the private one of a server, with an empty folder of its own. */
export async function startRedis(cores: Cores): Promise<Running> {
  const dir = await mkdtemp(path.join(tmpdir(), "sluice-bench-redis-"));
  const record = await newRecord();
  const server = makeServerDir(dir);
  const config = writeServerConfig(server, record, redisFsync());
  const ready = /(Ready to accept connections)/;
  const running = await startChild("redis-server", [config], { cores, ready, quiet: true });
  return withFolder({ ...running, url: `redis://:${record.password}@127.0.0.1:${record.port}` }, dir);
}

/** As the server understands REDIS_FSYNC: after every write by default. */
export function redisFsync(): Fsync {
  const wanted = process.env["REDIS_FSYNC"];
  return wanted === "everysec" || wanted === "no" ? wanted : "always";
}

export function startEmptyRoute(cores: Cores): Promise<Running> {
  return startScript("empty-route.ts", [], cores, /(http:\S+)/);
}

/** A program of this folder. */
export function startScript(file: string, args: readonly string[], cores: Cores, ready: RegExp): Promise<Running> {
  const script = path.join(import.meta.dirname, file);
  return startChild(process.execPath, ["--import", "tsx", script, ...args], { cores, ready });
}

/** Runs a program to its end and gives what it printed. Throws when it ends with another code than 0. */
export async function runChild(
  program: string,
  args: readonly string[],
  { cores }: { readonly cores: Cores },
): Promise<string> {
  const child = launch(program, args, cores, {});
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}:\n${text}`);
  return text;
}

interface ChildOptions {
  readonly cores: Cores;
  /** Ready when it has printed this; the first group is its URL. */
  readonly ready: RegExp;
  readonly env?: Readonly<Record<string, string>>;
  /** What it says later is of no interest: otherwise it is a warning. */
  readonly quiet?: boolean;
}

async function startChild(program: string, args: readonly string[], options: ChildOptions): Promise<Running> {
  const child = launch(program, args, options.cores, options.env ?? {});
  const url = await said(child, options);
  const pid = child.pid ?? 0;
  const end = (signal: NodeJS.Signals): Promise<void> =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", () => resolve());
      child.kill(signal);
    });
  return {
    url,
    pid,
    cpuSeconds: () => cpuSecondsOf(pid),
    rss: () => rssOf(pid),
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

/** taskset becomes the program, so the process id is that of the program. */
function launch(
  program: string,
  args: readonly string[],
  cores: Cores,
  env: Readonly<Record<string, string>>,
): ChildProcess {
  const [command, ...rest] =
    cores.length === 0 ? [program, ...args] : ["taskset", "-c", cores.join(","), program, ...args];
  const child = spawn(command ?? program, rest, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  // A run that is broken off leaves nothing behind.
  const orphan = (): void => void child.kill("SIGKILL");
  process.once("exit", orphan);
  child.once("exit", () => process.off("exit", orphan));
  return child;
}

function withFolder(running: Running, dir: string): Running {
  const remove = (): void => rmSync(dir, { recursive: true, force: true });
  process.once("exit", remove);
  return {
    ...running,
    async stop() {
      await running.stop();
      process.off("exit", remove);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function said(child: ChildProcess, { ready, quiet }: ChildOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    let isReady = false;
    child.stdout?.on("data", (chunk: Buffer) => {
      if (!isReady) text += chunk.toString();
      else if (quiet !== true) process.stderr.write(chunk);
      const found = isReady ? undefined : ready.exec(text)?.[1];
      if (found === undefined) return;
      isReady = true;
      resolve(found);
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the process ended with ${code} before it was ready:\n${text}`)));
  });
}

let ticks: number | null = null;

/** From /proc; 0 where there is none. */
function cpuSecondsOf(pid: number): number {
  try {
    ticks ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / ticks;
  } catch {
    return 0;
  }
}

function rssOf(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
