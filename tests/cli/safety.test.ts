import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { Gauge } from "prom-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROLES, type Role } from "../../kernel/config.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";
import { buildTestApp, type BuiltApp } from "./built-app.ts";

let server: RedisServer;
/** Without keys. */
let plain: BuiltApp;
const open: BuiltApp[] = [];

beforeAll(async () => {
  server = await startRedis();
  plain = await start();
});
afterAll(async () => {
  for (const one of open) await one.close();
  await server.stop();
});

async function start(env: Readonly<Record<string, string>> = {}, roles: readonly Role[] = ROLES): Promise<BuiltApp> {
  const built = await buildTestApp(server, env, roles);
  open.push(built);
  return built;
}

const CALL = { event: "A", userId: "u" };

describe("every answer", () => {
  test.each([
    ["a good call", { method: "POST", url: "/v1/track", payload: CALL }, 200],
    ["a bad call", { method: "POST", url: "/v1/track", payload: "{" }, 400],
    ["a question", { method: "GET", url: "/v1/model" }, 200],
    ["health", { method: "GET", url: "/healthz" }, 200],
    ["metrics", { method: "GET", url: "/metrics" }, 200],
    ["the document", { method: "GET", url: "/openapi.json" }, 200],
    ["the page", { method: "GET", url: "/docs" }, 200],
    ["settings", { method: "GET", url: "/v1/projects/k/settings" }, 200],
    ["a preflight that is refused", { method: "OPTIONS", url: "/v1/t", headers: { origin: "https://a.example" } }, 403],
    ["an unknown path", { method: "GET", url: "/nothing" }, 404],
    ["an unknown method", { method: "GET", url: "/v1/track" }, 405],
    ["a URL that is none", { method: "GET", url: "/%zz" }, 400],
    ["another machine's question", { method: "GET", url: "/v1/model", remoteAddress: "10.0.0.1" }, 403],
  ] as const)("is careful with browsers and has the request's id: %s", async (_what, request, status) => {
    const { app } = plain;
    const answer = await app.inject(request as never);
    expect(answer.statusCode, answer.body).toBe(status);
    expect(answer.headers).toMatchObject({
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "content-security-policy": expect.stringMatching(/^default-src 'none';.*frame-ancestors 'none'$/),
      "x-request-id": expect.stringMatching(/^[\w-]+$/),
    });
  });

  test("has an id of its own, or the one that a proxy gave", async () => {
    const { app } = plain;
    const idOf = async (given?: string): Promise<unknown> =>
      (await app.inject({ url: "/healthz", headers: given === undefined ? {} : { "x-request-id": given } })).headers[
        "x-request-id"
      ];
    expect(await idOf()).not.toBe(await idOf());
    expect(await idOf("0123-abcd.EF")).toBe("0123-abcd.EF");
    expect(await idOf("short")).not.toBe("short");
    expect(await idOf('x"}\n{"level":"fatal"')).not.toContain("fatal");
  });
});

test("the log has the id of a request that failed", async () => {
  const { app, logged, metrics } = await start({ LOG_LEVEL: "info" });
  const fail = (): never => {
    throw new Error("broken on purpose");
  };
  metrics.registerMetric(new Gauge({ name: "broken", help: "fails", registers: [], collect: fail }));
  const answer = await app.inject("/metrics");
  const id = String(answer.headers["x-request-id"]);
  expect(answer.json()).toEqual({
    error: { code: "internal", message: `something went wrong here; the log has it under request ${id}` },
  });
  const line = logged()
    .split("\n")
    .find((one) => one.includes("broken on purpose"));
  expect(JSON.parse(line ?? "{}")).toMatchObject({ level: "error", reqId: id });
});

describe("a path that has other methods", () => {
  test.each([
    ["GET", "/v1/track", "OPTIONS, POST"],
    ["DELETE", "/v1/model", "GET, HEAD, PUT"],
    ["POST", "/v1/segments/a%2Fb/members/x", "DELETE, GET, HEAD, PUT"],
  ] as const)("%s %s is refused with 405 and told them", async (method, url, allowed) => {
    const { app } = plain;
    const answer = await app.inject({ method, url });
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, allowed]);
    expect(answer.json()).toMatchObject({ error: { code: "method_not_allowed" } });
  });
});

test("no key is logged, whatever is done with it", async () => {
  const secrets = ["w-secret-1", "b-secret-2", "a-secret-3"];
  const { app, logged } = await start({ WRITE_KEYS: "w-secret-1", BROWSER_KEYS: "b-secret-2", API_KEYS: "a-secret-3" });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  for (const secret of [...secrets, "w-secret-wrong"]) {
    const basic = { authorization: `Basic ${Buffer.from(`${secret}:`).toString("base64")}` };
    for (const headers of [basic, { "x-write-key": secret }, { authorization: `Bearer ${secret}` }]) {
      for (const url of ["/v1/track", "/v1/batch", "/v1/import", "/v1/query", "/v1/settle?timeout=0.01", "/nothing"]) {
        await app.inject({ method: "POST", url, headers, payload: { ...CALL, writeKey: secret, where: "known" } });
      }
      await app.inject({ url: "/v1/model", headers });
    }
    await app.inject({ method: "POST", url: "/v1/track", payload: `{"writeKey":"${secret}",` });
    for (const path of [`/v1/projects/${secret}/settings`, `/v1/projects/${secret}/setting`, `/docs?key=${secret}`]) {
      await app.inject(path);
      await app.inject({ method: "DELETE", url: path });
    }
    await sendRaw(port, `GET / HTTP/1.1\r\nX-Write-Key: ${secret}\r\nbroken header\r\n\r\n`);
  }
  app.log.info({ writeKey: "w-secret-1", headers: { authorization: "w-secret-1", "x-write-key": "w-secret-1" } });
  expect(logged()).toContain('"path":"/v1/projects/…/settings"');
  expect(logged()).not.toMatch(/secret/);
  // A packet that is no HTTP would be logged as numbers.
  expect(logged()).not.toContain('"type":"Buffer"');
});

test("an event that was refused is kept without its key", async () => {
  const { app } = await start({ WRITE_KEYS: "w-secret-1", API_KEYS: "a" });
  await app.inject({ method: "POST", url: "/v1/track", payload: { event: "kept", writeKey: "w-secret-1" } });
  const headers = { authorization: "Bearer a" };
  const { rejected } = (await app.inject({ url: "/v1/rejected", headers })).json<{ rejected: unknown[] }>();
  expect(rejected[0]).toMatchObject({ event: { event: "kept", writeKey: "…" } });
  expect(JSON.stringify(rejected)).not.toContain("secret");
});

describe("who asks for a key", () => {
  test.each(["/metrics", "/docs", "/openapi.json", "/v1/status"])("%s does where keys are set", async (url) => {
    for (const roles of [ROLES, ["ingest"]] as const) {
      if (url === "/v1/status" && roles !== ROLES) continue;
      const { app } = await start({ WRITE_KEYS: "w", API_KEYS: "a", METRICS_PUBLIC: "false" }, roles);
      expect((await app.inject(url)).statusCode).toBe(401);
      expect((await app.inject({ url, headers: { authorization: "Bearer a" } })).statusCode).toBe(200);
      const open = await start({ WRITE_KEYS: "w", API_KEYS: "a", METRICS_PUBLIC: "true" }, roles);
      expect((await open.app.inject(url)).statusCode).toBe(url === "/metrics" ? 200 : 401);
    }
  });
});

describe("ACTIONS", () => {
  test.each([
    [{ CLOCK: "wall" }, "on"],
    [{ CLOCK: "event" }, "record"],
    [{ CLOCK: "wall", ACTIONS: "off" }, "off"],
    [{ CLOCK: "event", ACTIONS: "on" }, "on"],
  ])("%j is shown by the status as %s", async (env, actions) => {
    const { app } = await start(env);
    expect((await app.inject("/v1/status")).json()).toMatchObject({ actions });
  });
});

/** Sends bytes as they are; resolves when the server has closed the connection. */
async function sendRaw(port: number, bytes: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port }, () => socket.end(bytes));
    socket.on("close", () => resolve());
    socket.on("error", reject);
    socket.resume();
  });
}
