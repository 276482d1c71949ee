/** What pages in browsers meet: public keys, the rate limit, CORS and the settings call. */
import type { InjectOptions } from "fastify";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { IngestConfig } from "../../ingest/server.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";
import { startIngest, type IngestApp } from "./harness.ts";

let server: RedisServer;
let ingest: IngestApp;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  await server.stop();
});
afterEach(async () => {
  await ingest.clear();
  await ingest.close();
});

async function start(config: Partial<IngestConfig> = {}): Promise<void> {
  ingest = await startIngest(server, { writeKeys: ["server"], browserKeys: ["page"], ...config });
}

const call = { event: "Order Completed", userId: "u1" };

async function post(
  path: string,
  body: object,
  headers: Record<string, string> = {},
  over: Partial<InjectOptions> = {},
) {
  const payload = JSON.stringify(body);
  const response = await ingest.app.inject({ method: "POST", url: path, payload, headers, ...over });
  return { status: response.statusCode, body: response.json<Record<string, unknown>>(), headers: response.headers };
}

function failure(status: number, code: string): unknown {
  return expect.objectContaining({ status, body: { error: expect.objectContaining({ code }) as unknown } });
}

describe("a browser key", () => {
  const key = { "x-write-key": "page" };

  test.each([
    ["in a header", key, {}],
    ["as HTTP Basic", { authorization: `Basic ${Buffer.from("page:").toString("base64")}` }, {}],
    ["in the body", {}, { writeKey: "page" }],
  ])("may send %s, but not import and not alias", async (_where, headers, inBody) => {
    await start();
    expect(await post("/v1/track", { ...call, ...inBody }, headers)).toMatchObject({ status: 200 });
    const batch = [
      { ...call, type: "track" },
      { type: "alias", userId: "u1", previousId: "a1" },
    ];
    expect(await post("/v1/batch", { batch, ...inBody }, headers)).toMatchObject({
      status: 200,
      body: { accepted: 1, rejected: [{ index: 1, code: "forbidden" }] },
    });
    expect(await post("/v1/import", { batch, ...inBody }, headers)).toEqual(failure(403, "forbidden"));
    const alias = { userId: "u1", previousId: "a1", ...inBody };
    for (const path of ["/v1/alias", "/v1/a"]) {
      expect(await post(path, alias, headers)).toEqual(failure(403, "forbidden"));
    }
    expect(await ingest.events()).toHaveLength(2);
  });

  test("does not stand in the way of a server's key beside it", async () => {
    await start();
    const basic = { authorization: `Basic ${Buffer.from("server:").toString("base64")}` };
    expect(await post("/v1/import", { batch: [] }, { ...key, ...basic })).toMatchObject({ status: 200 });
  });

  test("is limited by address, whether the key stands in a header or in the body", async () => {
    await start({ limits: { browser_events_per_second: 1 } });
    const batch = { batch: Array.from({ length: 12 }, () => ({ ...call, type: "track" })), writeKey: "page" };
    expect(await post("/v1/batch", batch)).toMatchObject({ status: 200, body: { accepted: 12 } });
    for (const again of [await post("/v1/track", call, key), await post("/v1/track", { ...call, writeKey: "page" })]) {
      expect(again).toEqual(failure(429, "rate_limited"));
      expect(Number(again.headers["retry-after"])).toBeGreaterThan(0);
    }
    expect(await post("/v1/track", call, key, { remoteAddress: "10.1.2.3" })).toMatchObject({ status: 200 });
    expect(await post("/v1/track", call, { "x-write-key": "server" })).toMatchObject({ status: 200 });
    expect(await ingest.events()).toHaveLength(14);
  });

  test("is limited by the address that a trusted proxy names, and by no other's word", async () => {
    await start({ limits: { browser_events_per_second: 1 } });
    const batch = { batch: Array.from({ length: 20 }, () => ({ ...call, type: "track" })) };
    const from = (remoteAddress: string, client: string) =>
      post("/v1/batch", batch, { ...key, "x-forwarded-for": client }, { remoteAddress });
    expect(await from("10.9.9.9", "8.8.8.8")).toMatchObject({ status: 200 });
    expect(await from("10.9.9.9", "8.8.8.8")).toMatchObject({ status: 429 });
    expect(await from("10.9.9.9", "8.8.4.4")).toMatchObject({ status: 200 });
    expect(await from("10.7.7.7", "1.1.1.1")).toMatchObject({ status: 200 });
    expect(await from("10.7.7.7", "2.2.2.2")).toMatchObject({ status: 429 });
  });
});

describe("CORS", () => {
  const SHOP = "https://shop.example";

  async function preflight(path: string, origin: string, method = "POST") {
    const asked = { origin, "access-control-request-method": method };
    const headers = { ...asked, "access-control-request-headers": "authorization,content-type" };
    return ingest.app.inject({ method: "OPTIONS", url: path, headers, remoteAddress: "10.1.2.3" });
  }

  test.each(["/v1/track", "/v1/t", "/v1/batch", "/v1/b", "/v1/import", "/v1/identify", "/v1/p", "/v1/alias"])(
    "a page of a known origin is allowed to call %s, without a key",
    async (path) => {
      await start({ corsOrigins: [SHOP, "https://b.example"] });
      const answer = await preflight(path, SHOP);
      expect(answer.statusCode).toBe(204);
      expect(answer.headers).toMatchObject({
        vary: "Origin",
        "access-control-allow-origin": SHOP,
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "authorization, content-type, x-retry-count, x-write-key",
        "access-control-max-age": "7200",
      });
      expect(answer.headers).not.toHaveProperty("access-control-allow-credentials");
    },
  );

  test("a page of another origin is not, nor any where none is named", async () => {
    await start({ corsOrigins: [SHOP] });
    for (const origin of ["https://shop.example.evil.example", "https://evil.example", "null", "http://shop.example"]) {
      const answer = await preflight("/v1/track", origin);
      expect([answer.statusCode, answer.headers["access-control-allow-origin"]]).toEqual([403, undefined]);
    }
    await ingest.close();
    await start();
    expect((await preflight("/v1/track", SHOP)).statusCode).toBe(403);
  });

  test("answers and errors can be read by pages of known origins only", async () => {
    await start({ corsOrigins: [SHOP] });
    const key = { "x-write-key": "page" };
    for (const [body, headers, status] of [
      [call, key, 200],
      [{}, key, 400],
      [call, {}, 401],
    ] as const) {
      const answer = await post("/v1/track", body, { ...headers, origin: SHOP });
      expect(answer.status).toBe(status);
      expect(answer.headers).toMatchObject({
        "access-control-allow-origin": SHOP,
        "access-control-expose-headers": "retry-after, x-request-id",
      });
      const other = await post("/v1/track", body, { ...headers, origin: "https://evil.example" });
      expect(other.headers).not.toHaveProperty("access-control-allow-origin");
      expect(other.headers).toMatchObject({ vary: "Origin" });
    }
  });

  test("* stands for every origin", async () => {
    await start({ corsOrigins: ["*"] });
    const answer = await preflight("/v1/track", "https://anybody.example");
    expect([answer.statusCode, answer.headers["access-control-allow-origin"]]).toEqual([204, "*"]);
  });
});

describe("GET /v1/projects/:writeKey/settings", () => {
  const get = (key: string, headers: Record<string, string> = {}, remoteAddress = "10.1.2.3") =>
    ingest.app.inject({ url: `/v1/projects/${key}/settings`, headers, remoteAddress });

  test("points analytics.js back to the host that it asked", async () => {
    await start({ corsOrigins: ["https://shop.example"] });
    const answer = await get("page", { host: "collect.example", origin: "https://shop.example" });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["access-control-allow-origin"]).toBe("https://shop.example");
    expect(answer.json()).toMatchObject({
      integrations: { "Segment.io": { apiKey: "page", apiHost: "collect.example/v1" } },
      plan: { track: { __default: { enabled: true } } },
    });
    expect(answer.json()).not.toHaveProperty(["integrations", "Segment.io", "protocol"]);
    const local = (await get("server", { host: "localhost:8080" })).json();
    expect(local.integrations["Segment.io"]).toEqual({
      apiKey: "server",
      apiHost: "localhost:8080/v1",
      protocol: "http",
    });
  });

  test("knows its keys, and repeats no Host that is none", async () => {
    await start();
    expect((await get("other")).json()).toMatchObject({ error: { code: "unauthorized" } });
    const odd = (await get("page", { host: 'x"><script>' })).json();
    expect(odd.integrations["Segment.io"]).toEqual({ apiKey: "page" });
  });

  test("is for this machine only without keys", async () => {
    await start({ writeKeys: [], browserKeys: [] });
    expect((await get("any", { host: "localhost" })).statusCode).toBe(403);
    expect((await get("any", { host: "localhost" }, "127.0.0.1")).statusCode).toBe(200);
  });
});
