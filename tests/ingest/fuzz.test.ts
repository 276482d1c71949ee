import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRedis, type RedisServer } from "../harness/redis.ts";
import { startIngest, type IngestApp } from "./harness.ts";

let server: RedisServer;
let ingest: IngestApp;

beforeAll(async () => {
  server = await startRedis();
  ingest = await startIngest(server);
});
afterAll(async () => {
  await ingest.close();
  await server.stop();
});

const PATHS = ["track", "identify", "page", "screen", "group", "alias", "batch", "import", "t", "b"] as const;
const path = fc.constantFrom(...PATHS).map((name) => `/v1/${name}`);
const contentType = fc.constantFrom("application/json", "text/plain", "x", "", "multipart/form-data; boundary=");

/** Taken, or refused; never a fault of ours. */
const STATUSES = [200, 400, 413, 503];

/** The status of the answer, which has a message where it isn't 200. */
async function send(url: string, payload: Buffer, type: string): Promise<number> {
  const response = await ingest.app.inject({ method: "POST", url, payload, headers: { "content-type": type } });
  const body = response.json<{ success?: boolean; error?: { code: string; message: string } }>();
  if (response.statusCode === 200) expect(body.success).toBe(true);
  else expect(body.error?.message).toMatch(/./);
  return response.statusCode;
}

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(null, "", "null", "~x", 0, -1, 1e308, [], {}, true, "2026-01-31", "0000-01-01", 9.4e15),
);
const call = fc.record(
  {
    type: fc.oneof(fc.constantFrom("track", "identify", "page", "screen", "group", "alias", "TRACK"), odd),
    event: fc.oneof(fc.string(), odd),
    name: odd,
    userId: fc.oneof(fc.string({ unit: "binary" }), odd),
    anonymousId: fc.oneof(fc.string({ unit: "binary" }), odd),
    messageId: fc.oneof(fc.string(), odd),
    timestamp: fc.oneof(fc.date({ noInvalidDate: false }), odd),
    originalTimestamp: odd,
    sentAt: fc.oneof(fc.date(), odd),
    context: fc.oneof(fc.record({ traits: odd }, { requiredKeys: [] }), odd),
    properties: odd,
    traits: odd,
    writeKey: odd,
  },
  { requiredKeys: [] },
);
const batch = fc.record({ batch: fc.oneof(fc.array(fc.oneof(call, odd)), odd), context: odd, sentAt: odd });

describe("whatever is sent", () => {
  test("random bytes get an answer", async () => {
    await fc.assert(
      fc.asyncProperty(path, fc.uint8Array({ maxLength: 300 }), contentType, async (url, bytes, type) => {
        expect(STATUSES.slice(1)).toContain(await send(url, Buffer.from(bytes), type));
      }),
      { numRuns: 300 },
    );
  });

  test("random calls and batches get an answer", async () => {
    await fc.assert(
      fc.asyncProperty(path, fc.oneof(call, batch), contentType, fc.boolean(), async (url, body, type, zipped) => {
        const text = JSON.stringify(body);
        const bytes = zipped ? gzipSync(text) : Buffer.from(text);
        expect(STATUSES).toContain(await send(url, bytes, type));
      }),
      { numRuns: 1_000 },
    );
  });

  test("calls with single bytes changed or cut off get an answer", async () => {
    const good = JSON.stringify({
      event: "Order Completed",
      userId: "u1",
      timestamp: "2026-01-31T10:00:00Z",
      properties: { total: 1.5e3, list: [1, { a: "\ud83d\ude00" }], "\u00e9": null },
      context: { traits: { a: true } },
    });
    const zipped = gzipSync(good);
    const change = fc.record({ at: fc.nat(), to: fc.nat(255), cut: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        path,
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (url, changes, zip) => {
          let bytes = Buffer.from(zip ? zipped : good);
          for (const { at, to, cut } of changes) {
            if (bytes.length === 0) break;
            if (cut) bytes = bytes.subarray(0, at % bytes.length);
            else bytes[at % bytes.length] = to;
          }
          expect(STATUSES).toContain(await send(url, bytes, "application/json"));
        },
      ),
      { numRuns: 500 },
    );
  });

  test("and the server takes good calls as before", async () => {
    const good = Buffer.from('{"event": "x", "userId": "u1", "messageId": "the-last"}');
    expect(await send("/v1/track", good, "application/json")).toBe(200);
    const ids = (await ingest.events()).map(({ messageId }) => messageId);
    expect(ids.filter((id) => id === "the-last")).toHaveLength(1);
  });
});
