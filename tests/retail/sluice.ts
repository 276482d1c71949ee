/** The command line as a child process: a server with a store of its own, and commands that end by themselves. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./input.ts";

export interface SluiceServer {
  readonly url: string;
  /** SIGTERM; resolves with the exit code once the process is gone, and removes the data. */
  stop(): Promise<number | null>;
}

const launched = new Set<Launched>();

/** Ends what a test left running because it failed. */
export async function endAll(): Promise<void> {
  await Promise.all([...launched].map((one) => one.end()));
}

/** Far longer than a start takes, and shorter than the test may. */
const START_MS_MAX = 60_000;
/** What a failing test shows of a process's output, at most. */
const OUTPUT_SHOWN = 10_000;
const URL_PRINTED = /http:\/\/127\.0\.0\.1:\d+/;

/** `sluice start` on a free port and an empty folder. Resolves when it is ready. */
export async function startSluice(env: Readonly<Record<string, string>>): Promise<SluiceServer> {
  const dataDir = await mkdtemp(join(tmpdir(), "sluice-retail-"));
  const server = launch(["start"], { PORT: "0", HOST: "127.0.0.1", DATA_DIR: dataDir, ...env });
  const stop = async (): Promise<number | null> => {
    const code = await server.end();
    await rm(dataDir, { recursive: true, force: true });
    return code;
  };
  try {
    const url = await until(server, () => URL_PRINTED.exec(server.output())?.[0] ?? null);
    await until(server, async () => ((await isReady(url)) ? url : null));
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Runs a command to its end and returns what it printed. Throws unless it ends with 0. */
export async function runSluice(args: readonly string[]): Promise<string> {
  const command = launch(args, {});
  const code = await command.exit;
  if (code !== 0) throw new Error(`sluice ${args[0]} ended with ${code}:\n${command.output()}`);
  return command.output();
}

interface Launched {
  readonly exit: Promise<number | null>;
  isRunning(): boolean;
  /** Both streams, the end of them when they are long. */
  output(): string;
  end(): Promise<number | null>;
}

function launch(args: readonly string[], env: Readonly<Record<string, string>>): Launched {
  // Nothing that the developer's shell has set for a server of their own reaches this one.
  const { PATH, HOME, TMPDIR } = process.env;
  const inherited = Object.fromEntries(
    Object.entries({ PATH, HOME, TMPDIR }).filter(([, value]) => value !== undefined),
  );
  const child: ChildProcess = spawn(process.execPath, ["--import", "tsx", "cli/main.ts", ...args], {
    cwd: ROOT,
    env: { ...inherited, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-OUTPUT_SHOWN);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  const exit = once(child, "close").then(([code]) => {
    launched.delete(one);
    return code as number | null;
  });
  const one: Launched = {
    exit,
    isRunning,
    output: () => output,
    end() {
      if (isRunning()) child.kill("SIGTERM");
      return exit;
    },
  };
  launched.add(one);
  return one;
}

async function until<T>(server: Launched, probe: () => T | null | Promise<T | null>): Promise<T> {
  const deadline = performance.now() + START_MS_MAX;
  for (;;) {
    const found = await probe();
    if (found !== null) return found;
    if (!server.isRunning()) throw new Error(`sluice start ended:\n${server.output()}`);
    if (performance.now() > deadline) throw new Error(`sluice start is not ready:\n${server.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`)).ok;
  } catch {
    return false;
  }
}
