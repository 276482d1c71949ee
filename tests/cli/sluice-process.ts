/** `sluice` as a process of its own, run from the sources. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

export type Env = Readonly<Record<string, string>>;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Sluice {
  readonly pid: number;
  /** All of standard output so far: log lines and what is meant for people. */
  output(): string;
  /** The first match in the output, waited for; rejects when the process ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
  /** Resolves when it has ended, however it came to that. */
  readonly ended: Promise<Ended>;
}

export function runSluice(args: readonly string[], env: Env = {}): Sluice {
  const child: ChildProcess = spawn(process.execPath, ["--import", "tsx", MAIN, ...args], {
    // Not the whole environment: what is set where the tests run is none of theirs.
    env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...marked(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("node could not be started");
  let out = "";
  let err = "";
  let changed = (): void => {};
  child.stdout?.on("data", (chunk: Buffer) => {
    out += chunk.toString();
    changed();
  });
  child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const ended = once(child, "close").then((values) => {
    const [code, signal] = values as [number | null, NodeJS.Signals | null];
    changed();
    return { code, signal, out, err };
  });
  let over = false;
  void ended.then(() => (over = true));
  return {
    pid,
    output: () => out,
    async until(pattern) {
      for (;;) {
        const match = pattern.exec(out);
        if (match !== null) return match;
        if (over) throw new Error(`sluice ended without saying ${String(pattern)}:\n${out}\n${err}`);
        await new Promise<void>((resolve) => {
          changed = resolve;
          if (over) resolve();
        });
      }
    },
    signal: (name) => void child.kill(name),
    ended,
  };
}

/** What `.ci/run` finds left-over processes by. */
function marked(): Env {
  const mark = process.env["SLUICE_CI_MARK"];
  return mark === undefined ? {} : { SLUICE_CI_MARK: mark };
}

/** Starts a server on a free port; resolves with its address when it answers queries. */
export async function startSluice(env: Env, args: readonly string[] = []): Promise<Sluice & { readonly url: string }> {
  const sluice = runSluice(["start", ...args], { PORT: "0", LOG_LEVEL: "warn", ...env });
  const [, url = ""] = await sluice.until(/is ready: (\S+)/);
  return { ...sluice, url };
}
