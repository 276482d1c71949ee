/**
 * docs/api.md, run. Its `sh` blocks are pasted into a shell, one after the other, against a server that starts empty;
 * the `json` block behind one is the answer. Values that differ from run to run (`VARYING`) only keep their type.
 * Each error of the catalogue is provoked once.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { InjectOptions } from "fastify";
import { Gauge } from "prom-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { VARIABLES } from "../../kernel/config.ts";
import { ERRORS, type ErrorCode } from "../../kernel/errors.ts";
import { partitionKeys } from "../../kernel/keys.ts";
import { createLog } from "../../kernel/log.ts";
import { connectRedis, disconnectRedis, whenReady } from "../../kernel/redis.ts";
import { buildTestApp, type BuiltApp } from "../cli/built-app.ts";
import { startSluice, type Sluice } from "../cli/sluice-process.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";
import { until } from "../query/until.ts";
import { blocksOf } from "./markdown.ts";

const text = readFileSync(new URL("../../docs/api.md", import.meta.url), "utf8");
const SHOWN_URL = "http://127.0.0.1:8080";

describe("the examples", () => {
  const VARYING = ["as_of", "lag_ms", "took_ms", "at", "since", "firstSeen", "lastSeen", "building", "apiHost"];
  const blocks = blocksOf(text);
  const commands = blocks.filter(({ kind }) => kind === "sh");
  let dataDir: string;
  let sluice: Sluice & { readonly url: string };

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), "sluice-docs-"));
    if (spawnSync("curl", ["--version"]).error !== undefined) putCurlInto(join(dataDir, "bin"));
    sluice = await startSluice({ DATA_DIR: dataDir, PARTITIONS: "2" });
  });
  afterAll(async () => {
    sluice.signal("SIGTERM");
    await sluice.ended;
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** For machines that have none. */
  function putCurlInto(folder: string): void {
    mkdirSync(folder);
    copyFileSync(fileURLToPath(new URL("../cli/curl.mjs", import.meta.url)), join(folder, "curl"));
    chmodSync(join(folder, "curl"), 0o755);
  }

  function sameShape(shown: unknown, got: unknown, key = ""): void {
    if (VARYING.includes(key)) expect(typeof got, key).toBe(typeof shown);
    else if (Array.isArray(shown)) {
      expect(got, key).toHaveLength(shown.length);
      shown.forEach((one, index) => sameShape(one, (got as unknown[])[index], `${key}[${index}]`));
    } else if (typeof shown === "object" && shown !== null) {
      expect(Object.keys(got as object).sort(), key).toEqual(Object.keys(shown).sort());
      for (const [name, one] of Object.entries(shown)) sameShape(one, (got as Record<string, unknown>)[name], name);
    } else expect(got, key).toEqual(shown);
  }

  test("are all shown with their answers, and written for the default port", () => {
    for (const command of commands) {
      expect(blocks[blocks.indexOf(command) + 1]?.kind, `line ${command.line}`).toBe("json");
      expect(command.text, `line ${command.line}`).toContain(SHOWN_URL);
    }
    expect(commands.length).toBeGreaterThan(15);
  });

  // In one test: each stands on those before it.
  test("answer as shown, one after the other", () => {
    expect.hasAssertions();
    for (const { text: command, line } of commands) {
      const shown: unknown = JSON.parse(blocks[blocks.findIndex((one) => one.line === line) + 1]?.text ?? "");
      const env = {
        PATH: `${join(dataDir, "bin")}${delimiter}${process.env["PATH"] ?? ""}`,
        WRITE_KEY: "w",
        API_KEY: "a",
      };
      const run = spawnSync("sh", ["-c", command.replaceAll(SHOWN_URL, sluice.url)], { encoding: "utf8", env });
      let got: unknown;
      try {
        got = JSON.parse(run.stdout);
        sameShape(shown, got);
      } catch (error) {
        throw new Error(`line ${line}: ${run.stdout}${run.stderr}`, { cause: error });
      }
    }
  });
});

describe("the page", () => {
  test("has the whole catalogue of errors, with the meanings of the code", () => {
    const rows = [...text.matchAll(/^\| `(\w+)` +\| (\d+) +\| (.+?) +\|$/gm)];
    const told = rows.map(([, code, status, meaning]) => [code, Number(status), meaning]);
    expect(told).toEqual(Object.entries(ERRORS).map(([code, { status, meaning }]) => [code, status, meaning]));
  });

  test("names only variables that there are", () => {
    const known = VARIABLES.map(({ name }) => name);
    const named = [...text.matchAll(/`([A-Z]+(?:_[A-Z]+)+|MODEL|ACTIONS|HOST|CLOCK)(?:=[a-z]+)?`/g)].map(
      ([, one]) => one,
    );
    expect(new Set(named).size).toBeGreaterThan(10);
    expect(named.filter((name) => name === undefined || !known.includes(name))).toEqual([]);
  });
});

describe("every error can be met", () => {
  let server: RedisServer;
  const open: BuiltApp[] = [];

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    for (const one of open) await one.close();
    await server.stop();
  });

  async function start(env: Readonly<Record<string, string>> = {}, redis = server): Promise<BuiltApp> {
    const built = await buildTestApp(redis, { LOG_LEVEL: "silent", ...env });
    open.push(built);
    return built;
  }

  async function ask({ app }: BuiltApp, method: "GET" | "POST" | "PUT", url: string, more: InjectOptions = {}) {
    const answer = await app.inject({ method, url, ...more });
    const { error } = answer.json<{ error?: { code: string } }>();
    return { status: answer.statusCode, code: error?.code, retryAfter: answer.headers["retry-after"] };
  }

  const textPlain = { "content-type": "text/plain" };
  const json = { "content-type": "application/json" };
  const track = (bytes: number): object => ({ event: "A", userId: "u", properties: { text: "x".repeat(bytes) } });

  const PROVOKED: Readonly<Record<ErrorCode, () => Promise<Awaited<ReturnType<typeof ask>>>>> = {
    bad_request: async () =>
      ask(await start(), "PUT", "/v1/model", { headers: textPlain, payload: Buffer.from([0xff, 0xfe]) }),
    invalid_json: async () => ask(await start(), "POST", "/v1/track", { payload: "{" }),
    invalid_call: async () => ask(await start(), "POST", "/v1/track", { payload: { userId: "u" } }),
    not_supported: async () => ask(await start(), "POST", "/v1/group", { payload: { userId: "u", groupId: "g" } }),
    unauthorized: async () => ask(await start({ API_KEYS: "a" }), "GET", "/v1/model"),
    forbidden: async () => ask(await start(), "GET", "/v1/model", { headers: { host: "sluice.example" } }),
    not_found: async () => ask(await start(), "GET", "/v1/model/versions/99"),
    method_not_allowed: async () => ask(await start(), "GET", "/v1/settle"),
    conflict: async () => ask(await start(), "POST", "/v1/clock", { headers: json, payload: { now: 1 } }),
    version_mismatch: async () =>
      ask(await start(), "PUT", "/v1/model", { headers: { ...textPlain, "if-match": '"7"' }, payload: "" }),
    too_large: async () => ask(await start(), "POST", "/v1/track", { payload: track(40_000) }),
    unsupported_media_type: async () =>
      ask(await start(), "POST", "/v1/query", { headers: textPlain, payload: '{"where": "known"}' }),
    invalid_model: async () =>
      ask(await start(), "PUT", "/v1/model", { headers: textPlain, payload: 'segment "a" = zzz' }),
    async rate_limited() {
      const built = await start({ BROWSER_KEYS: "b", BROWSER_EVENTS_PER_SECOND: "1" });
      const headers = { "x-write-key": "b" };
      await ask(built, "POST", "/v1/batch", { headers, payload: { batch: Array.from({ length: 30 }, () => ({})) } });
      return ask(built, "POST", "/v1/track", { headers, payload: track(1) });
    },
    async internal() {
      const built = await start();
      const fail = (): never => {
        throw new Error("broken on purpose");
      };
      built.metrics.registerMetric(new Gauge({ name: "broken", help: "fails", registers: [], collect: fail }));
      return ask(built, "GET", "/metrics");
    },
    async unavailable() {
      const gone = await startRedis();
      const built = await start({}, gone);
      await gone.kill();
      const answer = await until(async () => {
        const one = await ask(built, "POST", "/v1/track", { payload: track(1) });
        return one.status === 200 ? undefined : one;
      });
      await gone.stop();
      return answer;
    },
    async backlogged() {
      const built = await start({ STREAM_MAX_BYTES: String(1024 * 1024) });
      return until(async () => {
        const batch = Array.from({ length: 15 }, () => ({ type: "track", ...track(30_000) }));
        const one = await ask(built, "POST", "/v1/batch", { payload: { batch } });
        return one.status === 200 ? undefined : one;
      });
    },
    async not_ready() {
      const other = await startRedis();
      const redis = connectRedis(other.url, { name: "test", log: createLog("silent") });
      await whenReady(redis, 10_000);
      // The state names a step that is nowhere.
      await redis.hset(partitionKeys(0).state, { seq: 9 });
      const built = await start({}, other);
      const answer = await ask(built, "GET", "/v1/segments");
      disconnectRedis(redis);
      await built.close();
      open.pop();
      await other.stop();
      return answer;
    },
    timeout: async () => ask(await start(), "POST", "/v1/settle?timeout=0.05"),
  };

  test.each(Object.entries(PROVOKED))("%s", async (code, provoke) => {
    const { status, code: got, retryAfter } = await provoke();
    const { status: expected, meaning } = ERRORS[code as ErrorCode];
    expect([got, status]).toEqual([code, expected]);
    if (meaning.includes("Retry-After")) expect(Number(retryAfter)).toBeGreaterThan(0);
  });
});
