/** Child processes of a benchmark, each ready when it says so on its standard output. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

export interface Running {
  readonly url: string;
  /** User and system time of the process so far, seconds. */
  cpuSeconds(): Promise<number>;
  stop(): Promise<void>;
}

const ROOT = path.join(import.meta.dirname, "..");

/** The server as users run it, in one process, with a private Redis and a fresh store. */
export async function startSluice(model: string): Promise<Running> {
  const main = path.join(ROOT, "dist/cli/main.js");
  if (!existsSync(main)) throw new Error("there is no build: run `npm run setup` (or `npm run build`) first");
  const dir = await mkdtemp(path.join(tmpdir(), "sluice-bench-"));
  const file = path.join(dir, "model.sluice");
  await writeFile(file, model);
  const env = { ...process.env, PORT: "0", DATA_DIR: path.join(dir, "data"), MODEL: file, LOG_LEVEL: "warn" };
  const running = await startChild([main, "start"], env, /is ready: (http:\S+)/);
  return {
    ...running,
    async stop() {
      await running.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export function startEmptyRoute(): Promise<Running> {
  const file = path.join(import.meta.dirname, "empty-route.ts");
  return startChild(["--import", "tsx", file], process.env, /(http:\S+)/);
}

async function startChild(args: readonly string[], env: NodeJS.ProcessEnv, ready: RegExp): Promise<Running> {
  const child = spawn(process.execPath, [...args], { env, stdio: ["ignore", "pipe", "inherit"] });
  const url = await said(child, ready);
  return {
    url,
    cpuSeconds: () => cpuSecondsOf(child.pid ?? 0),
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.kill("SIGTERM");
      }),
  };
}

function said(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const found = pattern.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once("exit", (code) => reject(new Error(`the process ended with ${code} before it was ready:\n${text}`)));
  });
}

/** From /proc, in ticks of a hundredth of a second; 0 where there is no /proc. */
async function cpuSecondsOf(pid: number): Promise<number> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}
