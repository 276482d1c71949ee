import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findRedisProgram, NoRedisProgram } from "../../cli/private-redis/program.ts";
import { startPrivateRedis, type PrivateRedis } from "../../cli/private-redis/server.ts";
import { identify, isRunning } from "../../cli/process-identity.ts";
import { createLog } from "../../kernel/log.ts";
import { connectRedis, disconnectRedis, whenReady } from "../../kernel/redis.ts";

const log = createLog("silent");
let dataDir: string;
let started: PrivateRedis[];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "sluice-private-"));
  started = [];
});

afterEach(async () => {
  for (const redis of started) await redis.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(): Promise<PrivateRedis> {
  const redis = await startPrivateRedis({ dataDir, fsync: "always", log });
  started.push(redis);
  return redis;
}

async function withClient<T>(
  url: string,
  use: (client: ReturnType<typeof connectRedis>) => Promise<T>,
  patienceMs = 10_000,
): Promise<T> {
  const client = connectRedis(url, { name: "test", log });
  try {
    await whenReady(client, patienceMs);
    return await use(client);
  } finally {
    disconnectRedis(client);
  }
}

interface Parent {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly url: string;
}

async function startParent(): Promise<Parent> {
  const script = fileURLToPath(new URL("private-redis-parent.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", script, dataDir], { stdio: ["pipe", "pipe", "inherit"] });
  if (child.stdout === null) throw new Error("no output");
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, ...(JSON.parse(line) as { pid: number; url: string }) };
  }
  throw new Error("the parent ended without a word");
}

async function killParent({ child }: Parent): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

test("keeps what was written over an orderly end", async () => {
  const first = await start();
  await withClient(first.url, (client) => client.set("k", "v"));
  const { pid } = first;
  await first.stop();
  expect(identify(pid)).toBeNull();

  const second = await start();
  expect(second.takenOver).toBe(false);
  expect(second.url).toBe(first.url);
  expect(await withClient(second.url, (client) => client.get("k"))).toBe("v");
});

test("asks for its password, which is in no command line and in no file that others may read", async () => {
  const redis = await start();
  const url = new URL(redis.url);
  expect(url.password).toMatch(/^[0-9a-f]{48}$/);
  await expect(withClient(`redis://127.0.0.1:${url.port}`, (client) => client.get("k"), 200)).rejects.toThrow();
  if (process.platform === "linux") {
    expect(readFileSync(`/proc/${redis.pid}/cmdline`, "utf8")).not.toContain(url.password);
  }
  for (const file of ["redis.conf", "server.json"]) {
    expect(statSync(join(dataDir, "redis", file)).mode & 0o077).toBe(0);
  }
});

test("keeps everything on disk and evicts nothing", async () => {
  const redis = await start();
  const settings = await withClient(redis.url, (client) => {
    const names = ["appendonly", "appendfsync", "maxmemory-policy", "bind"];
    return Promise.all(names.map(async (name) => (await client.call("CONFIG", "GET", name)) as string[]));
  });
  expect(settings).toEqual([
    ["appendonly", "yes"],
    ["appendfsync", "always"],
    ["maxmemory-policy", "noeviction"],
    ["bind", "127.0.0.1"],
  ]);
});

test("a server left behind by a killed parent is taken over", async () => {
  const parent = await startParent();
  await withClient(parent.url, (client) => client.set("k", "v"));
  await killParent(parent);

  const redis = await start();
  expect(redis.takenOver).toBe(true);
  expect(redis.pid).toBe(parent.pid);
  expect(await withClient(redis.url, (client) => client.get("k"))).toBe("v");
  await redis.stop();
  expect(identify(parent.pid)).toBeNull();
});

test("a parent killed before it could write down the process still has its server found", async () => {
  const parent = await startParent();
  await killParent(parent);
  const file = join(dataDir, "redis", "server.json");
  const record = JSON.parse(readFileSync(file, "utf8")) as { process: unknown };
  writeFileSync(file, JSON.stringify({ ...record, process: null }));

  const redis = await start();
  expect(redis.takenOver).toBe(true);
  expect(redis.pid).toBe(parent.pid);
});

test("a process that only has the same pid is not taken for the server", async () => {
  const first = await start();
  const { url } = first;
  await first.stop();
  const file = join(dataDir, "redis", "server.json");
  const record = JSON.parse(readFileSync(file, "utf8")) as object;
  writeFileSync(file, JSON.stringify({ ...record, process: { pid: process.pid, began: "long ago" } }));

  const second = await start();
  expect(second.takenOver).toBe(false);
  expect(second.url).toBe(url);
});

test("a port that another program has taken is left alone", async () => {
  const first = await start();
  const { port } = new URL(first.url);
  await withClient(first.url, (client) => client.set("k", "v"));
  await first.stop();
  const other = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  other.listen(Number(port), "127.0.0.1");
  await once(other, "listening");
  try {
    const second = await start();
    expect(new URL(second.url).port).not.toBe(port);
    expect(await withClient(second.url, (client) => client.get("k"))).toBe("v");
  } finally {
    other.close();
  }
});

test("a server that dies comes back at the same address with its data", async () => {
  const redis = await start();
  await withClient(redis.url, (client) => client.set("k", "v"));
  const { pid } = redis;
  process.kill(pid, "SIGKILL");
  await until(() => redis.pid !== pid && redis.pid !== 0);
  expect(await withClient(redis.url, (client) => client.get("k"))).toBe("v");
});

test("a server that was taken over and dies comes back too", async () => {
  const parent = await startParent();
  await killParent(parent);
  const redis = await start();
  process.kill(parent.pid, "SIGKILL");
  await until(() => redis.pid !== parent.pid && redis.pid !== 0);
  expect(await withClient(redis.url, (client) => client.ping())).toBe("PONG");
});

test("of a transaction that was not written to its end nothing comes back, not even later", async () => {
  const script = `
    redis.call("XADD", KEYS[1], ARGV[1], "f", "value")
    redis.call("SET", KEYS[2], string.rep("x", 5000))
    return redis.call("SET", KEYS[3], ARGV[1])
  `;
  const commit = (url: string, id: string): Promise<unknown> =>
    withClient(url, (client) => client.eval(script, 3, "stream", "large", "last", id));
  const stored = (url: string): Promise<unknown> =>
    withClient(url, async (client) => [
      (await client.xrange("stream", "-", "+")).map(([id]) => id),
      await client.get("last"),
    ]);
  const redis = await start();
  const kill = async (): Promise<void> => {
    const { pid } = redis;
    process.kill(pid, "SIGKILL");
    await until(() => redis.pid !== pid);
  };
  await commit(redis.url, "1-1");
  await commit(redis.url, "1-2");
  const folder = join(dataDir, "redis", "appendonlydir");
  const part = join(folder, readdirSync(folder).find((name) => name.endsWith(".incr.aof")) ?? "");
  // In the middle of the second command of three.
  truncateSync(part, statSync(part).size - 600);
  await kill();
  expect(await stored(redis.url)).toEqual([["1-1"], "1-1"]);
  await commit(redis.url, "2-2");
  await kill();
  expect(await stored(redis.url)).toEqual([["1-1", "2-2"], "2-2"]);
});

test("a damaged append-only file is reported with what the server says", async () => {
  const first = await start();
  await withClient(first.url, (client) => client.set("k", "v"));
  await first.stop();
  const manifest = join(dataDir, "redis", "appendonlydir", "appendonly.aof.manifest");
  expect(existsSync(manifest)).toBe(true);
  writeFileSync(manifest, "nonsense\n");
  await expect(start()).rejects.toThrow(/ended at its start[\s\S]*manifest/i);
});

/** A program that is killed at its first starts, as many as `times`, and a server from then on. */
function mortalProgram(times: number): string {
  const folder = mkdtempSync(join(dataDir, "path-"));
  const lives = join(folder, "lives");
  writeFileSync(lives, "x".repeat(times));
  const script = `#!/bin/sh
if [ -s '${lives}' ]; then
  left=$(cat '${lives}')
  printf %s "\${left#x}" > '${lives}'
  kill -9 $$
fi
exec '${findRedisProgram(process.env["PATH"] ?? "")}' "$@"
`;
  writeFileSync(join(folder, "redis-server"), script, { mode: 0o755 });
  return `${folder}:${process.env["PATH"] ?? ""}`;
}

test("a server that somebody kills while it starts is started again, but not for ever", async () => {
  const redis = await startPrivateRedis({ dataDir, fsync: "always", log, path: mortalProgram(2) });
  started.push(redis);
  expect(await withClient(redis.url, (client) => client.ping())).toBe("PONG");
  await redis.stop();
  await expect(startPrivateRedis({ dataDir, fsync: "always", log, path: mortalProgram(9) })).rejects.toThrow(
    "was killed at its start",
  );
});

test("a machine without a server program is told how to get one", async () => {
  expect(() => findRedisProgram(dataDir)).toThrow(NoRedisProgram);
  await expect(startPrivateRedis({ dataDir, fsync: "always", log, path: dataDir })).rejects.toThrow("npm run setup");
});

test("valkey-server serves where there is no redis-server", () => {
  const program = join(dataDir, "valkey-server");
  writeFileSync(program, "#!/bin/sh\n", { mode: 0o755 });
  expect(findRedisProgram(`/nowhere:${dataDir}`)).toBe(program);
  expect(dirname(program)).toBe(dataDir);
});

test("a pid is recognised only together with the moment its process began", () => {
  const self = identify(process.pid);
  expect(self).not.toBeNull();
  expect(isRunning({ pid: process.pid, began: self?.began ?? "" })).toBe(true);
  expect(isRunning({ pid: process.pid, began: "another time" })).toBe(false);
});
