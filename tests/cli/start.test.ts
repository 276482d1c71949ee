import { spawnSync } from "node:child_process";
import { copyFileSync, chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { identify } from "../../cli/process-identity.ts";
import { readRecord } from "../../cli/private-redis/record.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";
import { runSluice, startSluice, type Env, type Sluice } from "./sluice-process.ts";

let dataDir: string;
let running: Sluice[];
let redis: RedisServer | null;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "sluice-start-"));
  running = [];
  redis = null;
});

afterEach(async () => {
  for (const sluice of running) sluice.signal("SIGTERM");
  await Promise.all(running.map(({ ended }) => ended));
  // A server that was killed leaves its private Redis behind.
  const left = readRecord(join(dataDir, "redis"))?.process ?? null;
  if (left !== null && identify(left.pid)?.began === left.began) process.kill(left.pid, "SIGKILL");
  await redis?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(env: Env = {}, args: readonly string[] = []): Promise<Sluice & { readonly url: string }> {
  const sluice = await startSluice({ DATA_DIR: dataDir, ...env }, args);
  running.push(sluice);
  return sluice;
}

async function track(url: string, userId: string, messageId: string): Promise<number> {
  const body = JSON.stringify({ userId, messageId, event: "Order Completed" });
  const response = await fetch(`${url}/v1/track`, { method: "POST", body });
  await response.text();
  return response.status;
}

async function settle(url: string): Promise<void> {
  const response = await fetch(`${url}/v1/settle?timeout=50`, { method: "POST" });
  expect(await response.json()).toMatchObject({ settled: true });
}

async function json(url: string): Promise<unknown> {
  return (await fetch(url)).json();
}

/** The commands that the server prints, pasted into a shell one after the other. */
function paste(output: string, env: Env = {}): string[] {
  const bin = join(dataDir, "bin");
  const path = process.env["PATH"] ?? "";
  const hasCurl = path.split(delimiter).some((folder) => existsSync(join(folder, "curl")));
  const commands = output.split("\n").filter((line) => /^ {2}curl /.test(line));
  if (!hasCurl) {
    spawnSync("mkdir", ["-p", bin]);
    copyFileSync(fileURLToPath(new URL("curl.mjs", import.meta.url)), join(bin, "curl"));
    chmodSync(join(bin, "curl"), 0o755);
  }
  return commands.map((command) => {
    const { stdout } = spawnSync("sh", ["-c", command], {
      encoding: "utf8",
      env: { PATH: hasCurl ? path : `${bin}${delimiter}${path}`, ...env },
    });
    return stdout.trim();
  });
}

describe("what to try next", () => {
  test("works when it is pasted", async () => {
    const server = await start({}, ["--example"]);
    const [sent, settled, members, contact] = paste(server.output()).map((text) => JSON.parse(text) as unknown);
    expect(sent).toEqual({ success: true });
    expect(settled).toMatchObject({ settled: true });
    expect(members).toMatchObject({ size: 1, members: [{ id: "ada" }] });
    expect(contact).toMatchObject({ id: "ada", segments: expect.arrayContaining(["buyers"]) });
  });

  test("takes keys from the environment and shows none", async () => {
    const keys = { WRITE_KEYS: "w-secret,w2", API_KEYS: "a-secret" };
    const server = await start(keys, ["--example"]);
    expect(server.output()).not.toContain("secret");
    expect(await track(server.url, "u", "m")).toBe(401);
    const [sent, , members] = paste(server.output(), keys).map((text) => JSON.parse(text) as unknown);
    expect(sent).toEqual({ success: true });
    expect(members).toMatchObject({ size: 1 });
  });
});

describe("ending", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s drains, ends with 0 and takes the private Redis along",
    async (name) => {
      const server = await start({}, ["--example"]);
      expect(await track(server.url, "u1", "m1")).toBe(200);
      const child = readRecord(join(dataDir, "redis"))?.process ?? null;
      if (child === null) throw new Error("the private Redis is not written down");
      server.signal(name);
      // npm hands Ctrl-C on a second time.
      server.signal(name);
      expect(await server.ended).toMatchObject({ code: 0, signal: null, err: "" });
      expect(identify(child.pid)).toBeNull();

      const again = await start();
      await settle(again.url);
      expect(await json(`${again.url}/v1/segments/buyers/members`)).toMatchObject({ members: [{ id: "u1" }] });
    },
  );

  test("after a SIGKILL the next start takes the private Redis over, with all that was answered", async () => {
    const first = await start({}, ["--example"]);
    expect(await track(first.url, "u1", "m1")).toBe(200);
    const child = readRecord(join(dataDir, "redis"))?.process;
    first.signal("SIGKILL");
    await first.ended;

    const second = await start({ LEASE_SECONDS: "1" });
    expect(second.output()).toContain("(taken over)");
    expect(readRecord(join(dataDir, "redis"))?.process).toEqual(child);
    expect(await track(second.url, "u1", "m1")).toBe(200);
    await settle(second.url);
    expect(await json(`${second.url}/v1/contacts/u1`)).toMatchObject({
      aggregates: { 'count("Order Completed")': 1 },
    });
  });
});

test("a private Redis that is killed comes back, and so does the server", async () => {
  const { url } = await start({}, ["--example"]);
  expect(await track(url, "u1", "m1")).toBe(200);
  const child = readRecord(join(dataDir, "redis"))?.process;
  if (child === undefined || child === null) throw new Error("the private Redis is not written down");
  process.kill(child.pid, "SIGKILL");
  let status = 0;
  while (status !== 200) {
    status = await track(url, "u2", "m2");
    expect([200, 503]).toContain(status);
  }
  let settled = 0;
  while (settled !== 200) settled = (await fetch(`${url}/v1/settle`, { method: "POST" })).status;
  expect(await json(`${url}/v1/segments/buyers`)).toMatchObject({ size: 2 });
});

describe("a start that can't be", () => {
  async function failed(env: Env, args: readonly string[] = []): Promise<{ code: number | null; err: string }> {
    const { ended } = runSluice(["start", ...args], { DATA_DIR: dataDir, PORT: "0", LOG_LEVEL: "silent", ...env });
    const { code, err } = await ended;
    return { code, err };
  }

  test("names all that is wrong with the configuration", async () => {
    const { code, err } = await failed({ PORT: "http", HOST: "0.0.0.0" });
    expect(code).toBe(2);
    expect(err).toContain('PORT="http" must be a whole number from 0 to 65535');
    expect(err).toContain("set WRITE_KEYS and API_KEYS");
  });

  test("refuses a second server on the folder of a first, which lives on", async () => {
    const first = await start({}, ["--example"]);
    const { code, err } = await failed({});
    expect(code).toBe(1);
    expect(err).toContain(`belongs to a server that is running already (process ${first.pid}`);
    expect(await track(first.url, "u1", "m1")).toBe(200);
  });

  test("refuses another number of partitions or another clock than the store was made with", async () => {
    const first = await start({ PARTITIONS: "2" });
    first.signal("SIGTERM");
    await first.ended;
    expect(await failed({ PARTITIONS: "4" })).toMatchObject({ code: 2, err: expect.stringContaining("made with 2") });
    expect(await failed({ CLOCK: "event" })).toMatchObject({ code: 2, err: expect.stringContaining("CLOCK=wall") });
    const second = await start();
    expect(second.output()).toContain("2 partitions, clock wall");
  });

  test("shows the mistakes of a model that it should load, and leaves nothing running", async () => {
    const model = join(dataDir, "wrong.sluice");
    writeFileSync(model, 'segment "a" = in segment "b"\n');
    const { code, err } = await failed({ MODEL: model });
    expect(code).toBe(1);
    expect(err).toContain('wrong.sluice:1:26: unknown segment "b"');
    expect(readRecord(join(dataDir, "redis"))?.process).toBeNull();
    expect(await failed({ MODEL: join(dataDir, "none.sluice") })).toMatchObject({
      code: 1,
      err: expect.stringContaining("none.sluice (MODEL) can't be read"),
    });
  });

  test("tells how to get a Redis where there is none", async () => {
    const { code, err } = await failed({ PATH: dataDir });
    expect(code).toBe(1);
    expect(err).toContain("npm run setup");
  });

  test("names a port that is taken", async () => {
    const other = createServer();
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    try {
      const address = other.address();
      const port = String(typeof address === "object" ? address?.port : 0);
      expect(await failed({ PORT: port })).toMatchObject({
        code: 1,
        err: expect.stringContaining(`Port ${port} is taken`),
      });
    } finally {
      other.close();
    }
  });
});

test("roles that are split over processes work together through one Redis", async () => {
  redis = await startRedis();
  const shared = { REDIS_URL: redis.url, PARTITIONS: "2" };
  const example = fileURLToPath(new URL("../../examples/shop.sluice", import.meta.url));
  const front = await start({ ...shared, MODEL: example }, ["--roles", "ingest,query"]);
  const worker = await start(shared, ["--roles", "processor"]);
  expect(await track(front.url, "u1", "m1")).toBe(200);
  await settle(front.url);
  expect(await json(`${front.url}/v1/segments/buyers`)).toMatchObject({ size: 1 });
  expect(await json(`${worker.url}/healthz`)).toEqual({ alive: true });
  expect(await json(`${worker.url}/readyz`)).toEqual({ ready: true });
  expect(await (await fetch(`${worker.url}/metrics`)).text()).toMatch(/^sluice_processor_/m);
  expect(await json(`${worker.url}/v1/track`)).toMatchObject({ error: { code: "not_found" } });
});
