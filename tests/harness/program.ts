/** The command line as a child process: what `npm run setup` has built, or the sources where they are newer. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Launched {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  isRunning(): boolean;
  /** Both streams, the end of them when they are long. */
  output(): string;
  /** Sends the signal if it still runs, and waits for the end. */
  kill(signal: NodeJS.Signals): Promise<Exit>;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LAYERS = ["kernel", "dsl", "ingest", "processor", "query", "cli"] as const;
/** What the build depends on beside the sources. */
const BUILT_WITH = ["package-lock.json", "scripts/bundle.mjs", "tsconfig.json"] as const;
const BUILT = join(ROOT, "dist", "cli", "main.js");
const SOURCE = join(ROOT, "cli", "main.ts");
const OUTPUT_KEPT = 1_000_000;

const commands = new Set<Launched>();

/** Starts `sluice` with these arguments. It gets nothing that the developer's shell has set for a server of their own. */
export function launchSluice(args: readonly string[], env: Readonly<Record<string, string>> = {}): Launched {
  const child = spawn(process.execPath, [...program(), ...args], {
    cwd: ROOT,
    env: { ...inherited(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-OUTPUT_KEPT);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const exited = once(child, "close").then(([code, signal]): Exit => ({ code, signal }));
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    pid: child.pid ?? 0,
    exited,
    isRunning,
    output: () => output,
    kill(signal) {
      if (isRunning()) child.kill(signal);
      return exited;
    },
  };
}

/** Runs a command to its end and returns what it printed. Throws unless it ends with 0. */
export async function runSluice(args: readonly string[]): Promise<string> {
  const command = launchSluice(args);
  commands.add(command);
  const { code } = await command.exited;
  commands.delete(command);
  if (code !== 0) throw new Error(`sluice ${args[0]} ended with ${code}:\n${command.output().slice(-10_000)}`);
  return command.output();
}

/** For the end of a test file: ends the commands that a test has left running because it failed. */
export async function endCommands(): Promise<void> {
  await Promise.all([...commands].map((command) => command.kill("SIGKILL")));
}

/** What stands behind `node`. The build starts in half the time, but must be no older than anything it is made of. */
function program(): readonly string[] {
  const builtAt = statSync(BUILT, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const isFresh =
    LAYERS.every((layer) => newest(join(ROOT, layer)) <= builtAt) &&
    BUILT_WITH.every((file) => statSync(join(ROOT, file)).mtimeMs <= builtAt);
  return isFresh ? [BUILT] : ["--import", "tsx", SOURCE];
}

function newest(folder: string): number {
  let latest = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
    latest = Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs);
  }
  return latest;
}

function inherited(): Record<string, string> {
  const kept: Record<string, string> = {};
  // The last is the mark by which .ci/run finds what is left behind.
  for (const name of ["PATH", "HOME", "TMPDIR", "SLUICE_CI_MARK"]) {
    const value = process.env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
