/** A real redis-server of its own for a test: a free loopback port, a folder of its own, and ways to make it fail. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cutUnfinishedTransaction } from "../../cli/private-redis/unfinished-transaction.ts";

export interface RedisServer {
  /** `redis://127.0.0.1:PORT`; stays the same over `restart`. */
  readonly url: string;
  readonly port: number;
  /** Where the append-only file lies, when there is one. */
  readonly dir: string;
  /** The process id of the present server. */
  readonly pid: number;
  /** SIGTERM, then removes the folder unless it was given. Safe to call twice. */
  stop(): Promise<void>;
  /** SIGKILL: what wasn't in the append-only file is lost. The folder stays. */
  kill(): Promise<void>;
  /** Starts again on the same port and folder, ending the present server by SIGTERM if it still runs. */
  restart(): Promise<void>;
}

export interface RedisServerOptions {
  /** A folder to use and leave behind; otherwise a temporary one. */
  readonly dir?: string;
  /** Keeps data over `kill` and `restart` (`appendfsync always`). Off by default. */
  readonly appendonly?: boolean;
  /** More arguments, e.g. `["--maxmemory", "10mb"]`. */
  readonly args?: readonly string[];
}

/** Starts a server and waits until it answers. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "sluice-redis-")));
  // The port may be taken between asking for it and using it: then another is tried.
  let port = 0;
  let child: ChildProcess | null = null;
  for (let attempt = 0; child === null; attempt++) {
    port = await freePort();
    try {
      child = await launch(port, dir, options);
    } catch (error) {
      if (attempt === 4) throw error;
    }
  }
  let running: ChildProcess | null = child;

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = running;
    running = null;
    if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return;
    const exited = once(ending, "exit");
    ending.kill(signal);
    await exited;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    dir,
    get pid() {
      const pid = running?.pid;
      if (pid === undefined) throw new Error("the redis-server of this test isn't running");
      return pid;
    },
    async stop() {
      await end("SIGTERM");
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
    },
    kill: () => end("SIGKILL"),
    async restart() {
      await end("SIGTERM");
      running = await launch(port, dir, options);
    },
  };
}

async function launch(port: number, dir: string, options: RedisServerOptions): Promise<ChildProcess> {
  // As an operator has to, see docs/operations.md.
  cutUnfinishedTransaction(dir);
  const persistence = options.appendonly ? ["--appendonly", "yes", "--appendfsync", "always"] : ["--appendonly", "no"];
  const common = ["--bind", "127.0.0.1", "--port", String(port), "--dir", dir, "--save", "", "--daemonize", "no"];
  const child = spawn("redis-server", [...common, ...persistence, ...(options.args ?? [])], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const keep = (chunk: Buffer): void => {
    if (output.length < 20_000) output += chunk.toString();
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  let spawnError: Error | null = null;
  child.on("error", (error) => {
    spawnError = error;
  });
  // A test run that is broken off must not leave servers behind.
  const orphan = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", orphan);
  child.once("exit", () => process.off("exit", orphan));
  for (;;) {
    if (spawnError !== null) throw spawnError;
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`redis-server ended:\n${output}`);
    // Another server could answer on the port; only one that says it is ours counts.
    if (output.includes("Ready to accept connections") && (await answers(port))) return child;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const finish = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => socket.write("PING\r\n"));
    socket.once("data", (data) => finish(data.toString().startsWith("+PONG")));
    socket.once("error", () => finish(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const closed = once(server, "close");
  server.close();
  await closed;
  return address.port;
}
