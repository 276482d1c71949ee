/** The short way over real sockets: the same answers as the app's way, whatever comes and however it is cut. */
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { FrontOptions } from "../../ingest/front.ts";
import type { IngestConfig } from "../../ingest/server.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";
import { startIngest, type IngestApp } from "./harness.ts";
import { essence, exchange, portOf, request, type Answer } from "./raw-http.ts";

/** Only the short way marks its answers here, so they tell how they came. */
const FRONT: FrontOptions = {
  headers: { "x-way": "short" },
  requestId: (given) => given ?? "made",
};

let server: RedisServer;
let ingest: IngestApp;
/** The same collection without the short way. */
let plain: IngestApp;

async function start(config: Partial<IngestConfig> = {}): Promise<void> {
  ingest = await startIngest(server, config, {}, FRONT);
  plain = await startIngest(server, config);
  await ingest.app.listen({ host: "127.0.0.1", port: 0 });
  await plain.app.listen({ host: "127.0.0.1", port: 0 });
}

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
afterEach(async () => {
  await ingest.clear();
  await Promise.all([ingest.close(), plain.close()]);
});

const CALL = JSON.stringify({ event: "Order Completed", userId: "u1", messageId: "m1", properties: { total: 30 } });
const batchOf = (calls: readonly object[]): string => JSON.stringify({ batch: calls });

describe("without keys", () => {
  beforeEach(() => start());

  const SHORT: readonly (readonly [string, Buffer])[] = [
    ["a call", request(CALL)],
    ["by its short path", request(CALL, [], "/v1/t")],
    ["of another kind", request(JSON.stringify({ userId: "u", traits: { a: "é" } }), [], "/v1/identify")],
    [
      "with the headers of client libraries",
      request(CALL, ["content-type: text/plain", "User-Agent: x", "Accept: */*"]),
    ],
    ["that wants to keep the connection", request(CALL, ["CONNECTION:  Keep-Alive  "])],
    ["of a page of this machine", request(CALL, ["Origin: http://localhost:3000"])],
    ["a batch", request(batchOf([{ type: "track", event: "x", userId: "u" }]), [], "/v1/batch")],
    ["a batch with faults", request(batchOf([{ type: "träck" }, { type: "page", userId: "u" }]), [], "/v1/b")],
    ["an empty batch", request(batchOf([]), [], "/v1/import")],
  ];
  test.each(SHORT)("%s goes the short way and is answered alike", async (_, bytes) => {
    const [answer] = await exchange(ingest, [bytes]);
    const [wanted] = await exchange(plain, [bytes]);
    if (answer === undefined || wanted === undefined) throw new Error("there was no answer");
    expect(answer.headers["x-way"]).toBe("short");
    expect(answer.status).toBe(200);
    expect(essence(answer)).toEqual(essence(wanted));
  });

  const head = (lines: string): Buffer => Buffer.from(`${lines.replaceAll("\n", "\r\n")}\r\n\r\n`);
  const call = Buffer.from(CALL);
  const chunked = Buffer.from(`${call.length.toString(16)}\r\n${CALL}\r\n0\r\n\r\n`);
  const LONG: readonly (readonly [string, Buffer])[] = [
    ["another path", request(CALL, [], "/v1/other")],
    ["a query", request(CALL, [], "/v1/track?x=1")],
    ["another method", head("GET /v1/track HTTP/1.1\nHost: localhost")],
    ["a preflight", head("OPTIONS /v1/track HTTP/1.1\nHost: localhost\nOrigin: http://localhost")],
    [
      "HTTP/1.0",
      Buffer.concat([head(`POST /v1/track HTTP/1.0\nHost: localhost\nContent-Length: ${call.length}`), call]),
    ],
    ["gzip", request(gzipSync(CALL))],
    ["chunks", Buffer.concat([head("POST /v1/track HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked"), chunked])],
    [
      "chunks and a length",
      Buffer.concat([
        head("POST /v1/track HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\nContent-Length: 4"),
        chunked,
      ]),
    ],
    ["two lengths", request(CALL, [`Content-Length: ${call.length}`])],
    ["two different lengths", request(CALL, ["Content-Length: 5"])],
    [
      "a list of lengths",
      Buffer.concat([head("POST /v1/track HTTP/1.1\nHost: localhost\nContent-Length: 3, 3"), call]),
    ],
    ["a signed length", Buffer.concat([head("POST /v1/track HTTP/1.1\nHost: localhost\nContent-Length: +3"), call])],
    [
      "a tab behind a length",
      Buffer.concat([head(`POST /v1/track HTTP/1.1\nHost: localhost\nContent-Length: ${call.length}\t`), call]),
    ],
    ["two hosts", request(CALL, ["Host: localhost"])],
    ["no host", Buffer.concat([head(`POST /v1/track HTTP/1.1\nContent-Length: ${call.length}`), call])],
    ["no length", head("POST /v1/track HTTP/1.1\nHost: localhost")],
    ["a folded line", request(CALL, ["X-Long: a", " b"])],
    ["a space before a colon", request(CALL, ["X-Odd : a"])],
    ["a lone line feed", request(CALL, ["X-Odd: a\nX-More: b"])],
    ["a zero byte", request(CALL, ["X-Odd: a\0b"])],
    ["a byte beyond ASCII", request(CALL, ["X-Odd: é"])],
    ["an expectation", request(CALL, ["Expect: 200-ok"])],
    ["a connection that shall end", request(CALL, ["Connection: close"])],
    ["a proxy's connection that shall end", request(CALL, ["Proxy-Connection: close"])],
    ["an empty body", request("")],
    ["no JSON", request("hello")],
    ["a call with a fault", request('{"userId":"u"}')],
    [
      "a foreign host",
      Buffer.concat([head(`POST /v1/track HTTP/1.1\nHost: a.example\nContent-Length: 2`), Buffer.from("{}")]),
    ],
    ["a foreign page", request(CALL, ["Origin: https://shop.example"])],
    ["too large a body", request(JSON.stringify({ event: "x", userId: "u", text: "x".repeat(40_000) }))],
    ["no HTTP", Buffer.from("hello\r\n\r\n")],
  ];
  test.each(LONG)("%s takes the app's way", async (_, bytes) => {
    const [answer] = await exchange(ingest, [bytes]);
    const [wanted] = await exchange(plain, [bytes]);
    if (answer === undefined || wanted === undefined) throw new Error("there was no answer");
    expect(answer.headers).not.toHaveProperty("x-way");
    expect(essence(answer)).toEqual(essence(wanted));
  });

  test("an id given by a proxy comes back", async () => {
    const [answer] = await exchange(ingest, [request(CALL, ["X-Request-Id: abcd-1234"])]);
    expect(answer?.headers["x-request-id"]).toBe("abcd-1234");
  });

  test("a request may be cut anywhere", async () => {
    const bytes = request(CALL, ["User-Agent: x"]);
    for (let at = 1; at < bytes.length; at += 7) {
      const [answer] = await exchange(ingest, [bytes.subarray(0, at), bytes.subarray(at)]);
      expect(answer).toMatchObject({ status: 200, body: '{"success":true}' });
    }
    const large = request(batchOf(Array.from({ length: 1_000 }, (_, i) => call1(i))), [], "/v1/batch");
    const pieces = Array.from({ length: 40 }, (_, i) => large.subarray(i * 3_000, (i + 1) * 3_000)).filter(
      (piece) => piece.length > 0,
    );
    expect(pieces.reduce((sum, piece) => sum + piece.length, 0)).toBe(large.length);
    const [answer] = await exchange(ingest, pieces);
    expect(answer?.body).toBe('{"success":true,"accepted":1000,"rejected":[]}');
  });

  const call1 = (i: number): object => ({ type: "track", event: "x", userId: `u${i % 9}`, messageId: `m${i}` });

  test("requests in one go are answered in their order, also where the way changes between them", async () => {
    const bytes = [
      request(CALL, ["X-Request-Id: first"]),
      request(CALL, ["X-Request-Id: second"], "/v1/page"),
      request(batchOf([]), [], "/v1/batch"),
      request("{}"),
      request(CALL),
      Buffer.from("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ];
    const answers = await exchange(ingest, [Buffer.concat(bytes)], bytes.length);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 400, 200, 404]);
    expect(answers.map(({ headers }) => headers["x-request-id"])).toEqual([
      "first",
      "second",
      "made",
      undefined,
      undefined,
      undefined,
    ]);
    expect((await ingest.events()).length).toBe(3);
  });

  test("a head with bytes changed is answered as the HTTP server answers it", async () => {
    const bytes = request(CALL, ["User-Agent: x", "Connection: keep-alive", "X-Request-Id: abcd-1234"]);
    const headBytes = bytes.indexOf("\r\n\r\n") + 4;
    const odd = fc.constantFrom(
      "\r",
      "\n",
      "\t",
      " ",
      ":",
      ";",
      ",",
      "+",
      "-",
      "\0",
      "a",
      "Z",
      "0",
      "9",
      "{",
      "\u00e9",
      "\u007f",
    );
    const changes = fc.array(fc.tuple(fc.nat(headBytes - 1), odd), { minLength: 1, maxLength: 2 });
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        const changed = Buffer.from(bytes);
        for (const [at, char] of list) changed[at] = char.charCodeAt(0);
        // A larger length would make both wait for more.
        const length = /content-length: *(\d{3}) *\r\n/i.exec(changed.toString("latin1", 0, headBytes))?.[1];
        if (length === undefined || Number(length) > bytes.length - headBytes) return;
        const both = [ingest, plain].map((one) => exchange(one, [changed, Buffer.from("\r\n\r\n")]));
        const [[answer], [wanted]] = (await Promise.all(both)) as [Answer[], Answer[]];
        expect(answer?.status).toBe(wanted?.status);
      }),
      { numRuns: 150 },
    );
  });

  test("closing answers what is being taken and ends idle connections", async () => {
    const idle = connect(portOf(ingest), "127.0.0.1");
    idle.write(request(CALL));
    await new Promise((resolve) => idle.once("data", resolve));
    const busy = exchange(ingest, [request(CALL)]);
    await new Promise((resolve) => ingest.app.server.once("connection", resolve));
    await new Promise((resolve) => setImmediate(resolve));
    const ended = new Promise((resolve) => idle.once("close", resolve));
    idle.resume();
    await ingest.app.close();
    await ended;
    expect((await busy).every(({ status }) => status === 200 || status === 503)).toBe(true);
    expect(ingest.app.server.listening).toBe(false);
  });

  test("is counted", async () => {
    await exchange(ingest, [request(CALL)]);
    await exchange(ingest, [request(batchOf([{ type: "track" }, call1(1)]), [], "/v1/batch")]);
    const metrics = await ingest.registry.metrics();
    expect(metrics).toContain("sluice_ingest_events_accepted_total 2");
    expect(metrics).toContain('sluice_ingest_events_rejected_total{code="invalid_call"} 1');
    expect(metrics).toContain('sluice_ingest_request_seconds_count{status="200"} 2');
  });
});

describe("with keys", () => {
  beforeEach(() => start({ writeKeys: ["server"], browserKeys: ["page"], corsOrigins: ["https://shop.example"] }));

  const basic = (user: string): string => `Authorization: Basic ${Buffer.from(`${user}:`).toString("base64")}`;
  const inBody = (writeKey: string): string => JSON.stringify({ event: "x", userId: "u", writeKey });

  test.each([
    ["HTTP Basic", request(CALL, [basic("server")]), "short"],
    ["X-Write-Key", request(CALL, ["x-write-key: server"]), "short"],
    ["a key in the body", request(inBody("server")), "short"],
    ["a page's origin", request(CALL, [basic("server"), "Origin: https://shop.example"]), "short"],
    ["a key of a browser", request(CALL, [basic("page")]), undefined],
    ["a browser's key in the body", request(inBody("page")), undefined],
    ["an unknown key", request(CALL, [basic("other")]), undefined],
    ["no key", request(CALL), undefined],
    ["two keys", request(CALL, ["x-write-key: server", "x-write-key: server"]), undefined],
  ])("%s is answered alike", async (_, bytes, way) => {
    const [answer] = await exchange(ingest, [bytes]);
    const [wanted] = await exchange(plain, [bytes]);
    if (answer === undefined || wanted === undefined) throw new Error("there was no answer");
    expect(answer.headers["x-way"]).toBe(way);
    expect(essence(answer)).toEqual(essence(wanted));
  });
});
