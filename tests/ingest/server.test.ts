import { request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import type { InjectOptions } from "fastify";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { partitionOf } from "../../kernel/ids.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";
import { NOW, PARTITIONS, startIngest, type IngestApp } from "./harness.ts";

let server: RedisServer;
let ingest: IngestApp;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  await server.stop();
});

const call = { event: "Order Completed", userId: "u1", messageId: "m1", properties: { total: 30 } };

type Headers = Readonly<Record<string, string>>;

async function post(path: string, body: unknown, headers: Headers = {}, over: Partial<InjectOptions> = {}) {
  const payload = typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const response = await ingest.app.inject({ method: "POST", url: path, payload, headers, ...over });
  return { status: response.statusCode, body: response.json<Record<string, unknown>>(), headers: response.headers };
}

function failure(status: number, code: string): unknown {
  return expect.objectContaining({ status, body: { error: expect.objectContaining({ code }) as unknown } });
}

describe("collection without keys", () => {
  beforeEach(async () => {
    ingest = await startIngest(server);
  });
  afterEach(async () => {
    await ingest.clear();
    await ingest.close();
  });

  test.each([
    ["/v1/track", "track", call],
    ["/v1/t", "track", call],
    ["/v1/identify", "identify", { userId: "u1", traits: { plan: "gold" } }],
    ["/v1/i", "identify", { userId: "u1", traits: { plan: "gold" } }],
    ["/v1/page", "page", { anonymousId: "a1", name: "Home" }],
    ["/v1/p", "page", { anonymousId: "a1", name: "Home" }],
    ["/v1/screen", "screen", { anonymousId: "a1" }],
    ["/v1/s", "screen", { anonymousId: "a1" }],
  ])("POST %s takes a call", async (path, kind, body) => {
    expect(await post(path, body)).toMatchObject({ status: 200, body: { success: true } });
    expect((await ingest.events()).map((event) => event.kind)).toEqual([kind]);
  });

  test.each(["/v1/group", "/v1/g", "/v1/alias", "/v1/a"])("POST %s is not supported yet", async (path) => {
    expect(await post(path, { userId: "u1", groupId: "g", previousId: "p" })).toEqual(failure(400, "not_supported"));
    expect(await ingest.events()).toEqual([]);
  });

  test.each(["/v1/batch", "/v1/b", "/v1/import"])("POST %s takes a batch", async (path) => {
    const batch = [
      { ...call, type: "track" },
      { type: "identify", userId: "u2", traits: { plan: "gold" } },
      { type: "track", userId: "u3" },
    ];
    const answer = await post(path, { batch, context: { library: { name: "x" } } });
    expect(answer).toMatchObject({ status: 200, body: { success: true, accepted: 2 } });
    expect(answer.body["rejected"]).toEqual([
      { index: 2, code: "invalid_call", message: "a track call must name its `event`" },
    ]);
    expect(await ingest.events()).toHaveLength(2);
    expect(await ingest.rejected()).toEqual([
      {
        at: String(NOW),
        code: "invalid_call",
        message: "a track call must name its `event`",
        event: JSON.stringify(batch[2]),
      },
    ]);
  });

  test("an event lies in the partition of its contact, with all that it said", async () => {
    await post("/v1/track", { ...call, anonymousId: "a1", context: { ip: "10.0.0.1" } });
    const [entry] = await ingest.entries(partitionOf("u1", PARTITIONS));
    expect(entry?.[0]).toEqual({
      kind: "track",
      name: "Order Completed",
      userId: "u1",
      anonymousId: "a1",
      messageId: "m1",
      timestamp: NOW,
      properties: { total: 30 },
      context: { ip: "10.0.0.1" },
      traits: {},
    });
  });

  test.each([
    ["none", {}],
    ["text/plain", { "content-type": "text/plain" }],
    ["a form's", { "content-type": "application/x-www-form-urlencoded" }],
    ["multipart", { "content-type": "multipart/form-data" }],
    ["a type that is none", { "content-type": "json" }],
    ["another charset", { "content-type": "application/json; charset=latin1" }],
  ])("the body is JSON whatever its type says: %s", async (_, headers) => {
    expect(await post("/v1/track", { ...call, name: "é" }, headers)).toMatchObject({ status: 200 });
  });

  test.each([
    ["labelled so", { "content-encoding": "gzip", "content-type": "application/json" }],
    ["labelled as a form", { "content-type": "application/x-www-form-urlencoded" }],
    ["not labelled at all", {}],
  ])("gzip %s is unzipped", async (_, headers) => {
    expect(await post("/v1/track", gzipSync(JSON.stringify(call)), headers)).toMatchObject({ status: 200 });
    const big = {
      batch: Array.from({ length: 2_000 }, (_each, i) => ({ ...call, type: "track", messageId: `g${i}` })),
    };
    expect(await post("/v1/batch", gzipSync(JSON.stringify(big)), headers)).toMatchObject({
      status: 200,
      body: { accepted: 2_000 },
    });
  });

  test("a body labelled gzip that is plain JSON is taken", async () => {
    expect(await post("/v1/track", call, { "content-encoding": "gzip" })).toMatchObject({ status: 200 });
  });

  test.each([
    ["no body", ""],
    ["no JSON", "hello"],
    ["an array", "[]"],
    ["bad UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ["broken gzip", Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3])],
    ["half of a gzip", gzipSync(JSON.stringify(call)).subarray(0, 40)],
  ])("%s is refused as invalid_json", async (_, body) => {
    expect(await post("/v1/track", body)).toEqual(failure(400, "invalid_json"));
    expect(await post("/v1/batch", body)).toEqual(failure(400, "invalid_json"));
  });

  test("a single call that is invalid is refused with its field, and kept", async () => {
    const answer = await post("/v1/track", { event: "x" });
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({
      error: {
        code: "invalid_call",
        message: "the call names nobody: `userId` or `anonymousId` must be given",
        details: { field: "userId" },
      },
    });
    expect(await ingest.rejected()).toMatchObject([{ code: "invalid_call", event: '{"event":"x"}' }]);
  });

  test("a call nested without end is refused and kept without its text", async () => {
    const text = `{"event":"x","userId":"u1","properties":${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}}`;
    expect(await post("/v1/track", text)).toEqual(failure(400, "invalid_call"));
    expect(await ingest.rejected()).toHaveLength(1);
  });

  test("bodies over the limits are refused with 413", async () => {
    const pad = (bytes: number): string => JSON.stringify({ ...call, properties: { text: "x".repeat(bytes) } });
    expect(await post("/v1/track", pad(33_000))).toEqual(failure(413, "too_large"));
    expect(await post("/v1/track", gzipSync(pad(33_000)))).toEqual(failure(413, "too_large"));
    const batch = (count: number): string =>
      JSON.stringify({
        batch: Array.from({ length: count }, () => ({ ...call, type: "track", pad: "x".repeat(300) })),
      });
    expect(await post("/v1/batch", batch(2_000))).toEqual(failure(413, "too_large"));
    expect(await post("/v1/batch", gzipSync(batch(2_000)))).toMatchObject({ status: 200 });
    expect(await post("/v1/batch", gzipSync(batch(2_501)))).toEqual(failure(413, "too_large"));
    expect(await post("/v1/batch", " ".repeat(3_000_000))).toEqual(failure(413, "too_large"));
  });

  test("a gzip bomb is stopped at the limit", async () => {
    const bomb = gzipSync(Buffer.alloc(128 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(500 * 1024);
    const before = process.memoryUsage.rss();
    expect(await post("/v1/batch", bomb)).toEqual(failure(413, "too_large"));
    expect(await post("/v1/batch", gzipSync(Buffer.alloc(15 * 1024 * 1024)))).toEqual(failure(413, "too_large"));
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024);
  });

  test("an event over the limit inside a batch is refused alone", async () => {
    const big = { ...call, type: "track", properties: { text: "x".repeat(40_000) } };
    const answer = await post("/v1/batch", { batch: [{ ...call, type: "track" }, big] });
    expect(answer).toMatchObject({ status: 200, body: { accepted: 1, rejected: [{ index: 1, code: "too_large" }] } });
    expect((await ingest.rejected())[0]?.["event"]).toHaveLength(32 * 1024);
  });

  test("only this machine may send, by its own name, and no page of another site", async () => {
    expect(await post("/v1/track", call, { host: "shop.example" })).toEqual(failure(403, "forbidden"));
    expect(await post("/v1/track", call, {}, { remoteAddress: "10.1.2.3" })).toEqual(failure(403, "forbidden"));
    expect(await post("/v1/track", call, { origin: "https://shop.example" })).toEqual(failure(403, "forbidden"));
    for (const host of ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"]) {
      expect(await post("/v1/track", call, { host })).toMatchObject({ status: 200 });
    }
    expect(await post("/v1/track", call, { origin: "http://localhost:3000" })).toMatchObject({ status: 200 });
    expect(await post("/v1/track", call, { authorization: "Basic YW55Og==" })).toMatchObject({ status: 200 });
  });

  test("is counted", async () => {
    await post("/v1/batch", { batch: [{ ...call, type: "track" }, { type: "track" }, { type: "alias" }] });
    const metrics = await ingest.registry.metrics();
    expect(metrics).toContain("sluice_ingest_events_accepted_total 1");
    expect(metrics).toContain('sluice_ingest_events_rejected_total{code="invalid_call"} 1');
    expect(metrics).toContain('sluice_ingest_events_rejected_total{code="not_supported"} 1');
    expect(metrics).toContain('sluice_ingest_request_seconds_count{status="200"} 1');
  });
});

describe("collection with keys", () => {
  beforeEach(async () => {
    ingest = await startIngest(server, { writeKeys: ["key-one", "key-two"] });
  });
  afterEach(async () => {
    await ingest.clear();
    await ingest.close();
  });

  const basic = (user: string): Headers => ({ authorization: `Basic ${Buffer.from(user).toString("base64")}` });

  test.each([
    ["HTTP Basic", basic("key-one:"), {}],
    ["HTTP Basic without a colon", basic("key-two"), {}],
    ["X-Write-Key", { "x-write-key": "key-two" }, {}],
    ["writeKey in the body", {}, { writeKey: "key-one" }],
    ["any one of them", { ...basic("wrong:"), "x-write-key": "wrong" }, { writeKey: "key-one" }],
  ])("%s is enough", async (_, headers, inBody) => {
    expect(await post("/v1/track", { ...call, ...inBody }, headers)).toMatchObject({ status: 200 });
    const batch = { batch: [{ ...call, type: "track" }], ...inBody };
    expect(await post("/v1/batch", batch, headers)).toMatchObject({ status: 200 });
  });

  test.each([
    ["no key", {}, {}],
    ["an unknown key", basic("key-three:"), {}],
    ["a key as password", basic(":key-one"), {}],
    ["another scheme", { authorization: "Bearer key-one" }, {}],
    ["no Basic at all", { authorization: "Basic" }, {}],
    ["a prefix of a key", { "x-write-key": "key-on" }, {}],
    ["both keys", { "x-write-key": "key-one,key-two" }, {}],
    ["a key in the body that is no string", {}, { writeKey: ["key-one"] }],
  ])("%s is not", async (_, headers, inBody) => {
    expect(await post("/v1/track", { ...call, ...inBody }, headers)).toEqual(failure(401, "unauthorized"));
    expect(await ingest.events()).toEqual([]);
    expect(await ingest.rejected()).toEqual([]);
  });

  test("the address doesn't matter", async () => {
    const headers = { ...basic("key-one:"), host: "collect.example", origin: "https://shop.example" };
    expect(await post("/v1/track", call, headers, { remoteAddress: "10.1.2.3" })).toMatchObject({ status: 200 });
  });
});

describe("collection over a real socket", () => {
  test("answers a body that is too large instead of cutting the connection", async () => {
    ingest = await startIngest(server);
    await ingest.app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = ingest.app.server.address() as AddressInfo;
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest({ host: "127.0.0.1", port, path: "/v1/batch", method: "POST" }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on("error", reject);
      request.end(Buffer.alloc(1_500_000, 0x20));
    });
    expect(status).toBe(413);
    await ingest.close();
  });
});
