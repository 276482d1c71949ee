/**
 * Whatever comes in over HTTP gets a clear answer, and the server goes on: what is good is counted, what is refused is
 * listed with its reason, and nothing else happens.
 */
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endServers, startServer, type ServerProcess } from "../harness/server.ts";
import { call as callJson } from "../retail/answers.ts";

const MODEL = `
score +1 on any
tag category on "Viewed"
tag "named" on "__proto__"
segment "all" = known or not known
segment "rich" = trait.plan = "rich"
`;

let server: ServerProcess;
/** Events that were taken, by contact. */
const taken = new Map<string, number>();
/** Codes of what must be listed as refused, in the order of sending. */
const refusals: string[] = [];
let messages = 0;

beforeAll(async () => {
  server = await startServer({ model: MODEL });
});

afterAll(endServers);

interface Sending {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly body: { error?: { code: string; message: string }; accepted?: number; rejected?: { code: string }[] };
}

/** Without fetch, which would mend bodies, headers and paths. */
async function send(body: string | Buffer, { path = "/v1/track", method = "POST", headers = {} }: Sending = {}) {
  const request = httpRequest(`${server.url}/`, { path, method, headers: { ...headers } });
  // The server may end the line before a large body is through: what counts is whether it answered.
  request.on("error", () => {});
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode ?? 0, body: JSON.parse(text) } as Answer;
}

function track(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { userId: "good", event: "Viewed", messageId: `m${++messages}`, ...fields };
}

function count(contactId: string, events = 1): void {
  taken.set(contactId, (taken.get(contactId) ?? 0) + events);
}

/** Nothing that came before it keeps a good event from being taken. */
async function expectGoesOn(): Promise<void> {
  expect(await send(JSON.stringify(track()))).toEqual({ status: 200, body: { success: true } });
  count("good");
}

/** The answer to what is refused: a code, and a message of several words. */
function refused(status: number, code: string): object {
  return { status, body: { error: { code, message: expect.stringMatching(/\S+ \S+/) as unknown } } };
}

/** A text with `levels` arrays inside each other. */
function nested(levels: number): string {
  return "[".repeat(levels) + "]".repeat(levels);
}

describe("a body that is no JSON object in UTF-8 is refused whole", () => {
  test.each<[what: string, body: string | Buffer]>([
    ["nothing", ""],
    ["half an object", '{"userId":"u","event":'],
    ["two objects", "{}{}"],
    ["a trailing comma", '{"userId":"u",}'],
    ["a single quote", "{'userId':'u'}"],
    ["a number with a leading zero", '{"userId":01}'],
    ["NaN", '{"userId":NaN}'],
    ["a control character in a string", '{"userId":"\u0001"}'],
    ["an array", "[]"],
    ["null", "null"],
    ["a string", '"userId"'],
    ["a number", "12"],
    ["HTML", "<html></html>"],
    ["form fields", "userId=u&event=e"],
    ["a lone continuation byte", Buffer.from('{"userId":"\x80","event":"e"}', "latin1")],
    ["an overlong slash", Buffer.from('{"userId":"\xc0\xaf","event":"e"}', "latin1")],
    ["a surrogate in UTF-8", Buffer.from('{"userId":"\xed\xa0\x80","event":"e"}', "latin1")],
    ["half a character", Buffer.from('{"userId":"\xe2\x82', "latin1")],
    ["UTF-16", Buffer.from('{"userId":"u"}', "utf16le")],
    ["zero bytes", Buffer.alloc(100)],
    ["gzip that breaks off", gzipSync('{"userId":"u","event":"e"}').subarray(0, 20)],
    ["gzip of nothing", gzipSync("")],
    ["gzip of half an object", gzipSync('{"userId":')],
    ["arrays without an end", "[".repeat(30_000)],
    ["objects without an end", '{"a":'.repeat(6_000)],
  ])("%s", async (_what, body) => {
    for (const path of ["/v1/track", "/v1/identify", "/v1/batch"]) {
      expect(await send(body, { path })).toMatchObject(refused(400, "invalid_json"));
      await expectGoesOn();
    }
  });
});

describe("a call that breaks a rule is refused and kept with its reason", () => {
  test.each<[what: string, fields: Readonly<Record<string, unknown>>]>([
    ["no id", { userId: undefined }],
    ["an id of null", { userId: null }],
    ["an empty id", { userId: "" }],
    ["an id that is the word null", { userId: "null" }],
    ["an id of zeros and dashes", { userId: "0000-00-0" }],
    ["an id of true", { userId: true }],
    ["an id that is an object", { userId: { id: 1 } }],
    ["an id that is an array", { userId: ["u"] }],
    ["an id that is a number too large to be exact", { userId: 2 ** 53 }],
    ["an id that begins like an anonymous one", { userId: "~u" }],
    ["an id of 256 characters", { userId: "u".repeat(256) }],
    ["an anonymous id of 256 characters", { userId: undefined, anonymousId: "a".repeat(256) }],
    ["no event", { event: undefined }],
    ["an event of null", { event: null }],
    ["an empty event", { event: "" }],
    ["an event that is a number", { event: 5 }],
    ["an event that is an object", { event: {} }],
    ["an event of 1,001 characters", { event: "e".repeat(1_001) }],
    ["a messageId of 101 characters", { messageId: "m".repeat(101) }],
    ["a messageId that is an array", { messageId: [] }],
    ["properties that are a string", { properties: "category" }],
    ["properties that are an array", { properties: [] }],
    ["a context that is a number", { context: 3 }],
    ["traits in the context that are an array", { context: { traits: [] } }],
    ["a key of 1,001 characters", { properties: { ["k".repeat(1_001)]: 1 } }],
    ["33 levels of objects", { properties: Array.from({ length: 32 }).reduce((inner) => ({ inner }), {}) }],
    ["a timestamp in the year 0", { timestamp: "0000-01-01T00:00:00Z" }],
    ["a timestamp before 1970", { timestamp: "1969-12-31T23:59:59.999Z" }],
    ["a timestamp below zero", { timestamp: -1 }],
    ["a timestamp far below zero", { timestamp: -8.64e15 }],
    ["a timestamp in the year 9999", { timestamp: "9999-12-31T23:59:59Z" }],
    ["a timestamp in the year 300000", { timestamp: "+300000-01-01T00:00:00Z" }],
    ["a timestamp of a number in the year 300000", { timestamp: 9.4e15 }],
    ["a timestamp of an absurd number", { timestamp: 1e300 }],
    ["a timestamp two days ahead", { timestamp: new Date(performance.timeOrigin + 2 * 86_400_000).toISOString() }],
    ["a timestamp on 30 February", { timestamp: "2026-02-30T00:00:00Z" }],
    ["a timestamp in words", { timestamp: "yesterday" }],
    ["a timestamp that is an object", { timestamp: {} }],
    ["a timestamp of true", { timestamp: true }],
    ["a sentAt in words", { sentAt: "just now" }],
  ])("%s", async (_what, fields) => {
    const call = track(fields);
    expect(await send(JSON.stringify(call))).toMatchObject(refused(400, "invalid_call"));
    await expectGoesOn();
    const batch = JSON.stringify({
      batch: [
        { type: "track", ...call },
        { type: "track", ...track() },
      ],
    });
    expect(await send(batch, { path: "/v1/batch" })).toMatchObject({
      status: 200,
      body: { success: true, accepted: 1, rejected: [{ index: 0, code: "invalid_call" }] },
    });
    count("good");
    refusals.push("invalid_call", "invalid_call");
  });

  test.each<[what: string, properties: string]>([
    ["a number beyond the range of doubles", '{"n":1e999}'],
    ["one below it", '{"n":-1e999}'],
    ["such a number deep inside", '{"a":[{"n":[1,2,1e400]}]}'],
    ["arrays 30 levels deep", `{"a":${nested(31)}}`],
    ["arrays 10,000 levels deep", `{"a":${nested(10_000)}}`],
  ])("%s", async (_what, properties) => {
    const body = `{"userId":"bad","event":"e","properties":${properties}}`;
    expect(await send(body)).toMatchObject(refused(400, "invalid_call"));
    await expectGoesOn();
    refusals.push("invalid_call");
  });

  test("calls in a batch that are no calls", async () => {
    const calls = [null, 1, "track", [], {}, { type: 1 }, { type: "delete" }, { type: "__proto__" }, { type: "track" }];
    const { status, body } = await send(JSON.stringify({ batch: calls }), { path: "/v1/batch" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ accepted: 0, rejected: calls.map((_, index) => ({ index, code: "invalid_call" })) });
    refusals.push(...calls.map(() => "invalid_call"));
    await expectGoesOn();
  });

  test("a batch that is none", async () => {
    for (const batch of [undefined, null, {}, "x", 3, true]) {
      expect(await send(JSON.stringify({ batch }), { path: "/v1/batch" })).toMatchObject(refused(400, "invalid_call"));
      await expectGoesOn();
    }
    expect(await send('{"batch":[]}', { path: "/v1/batch" })).toMatchObject({ status: 200, body: { accepted: 0 } });
  });

  test("calls that are not supported yet", async () => {
    for (const [path, call] of [
      ["/v1/group", { userId: "bad", groupId: "g" }],
      ["/v1/alias", { userId: "bad", previousId: "p" }],
    ] as const) {
      expect(await send(JSON.stringify(call), { path })).toMatchObject(refused(400, "not_supported"));
      await expectGoesOn();
      refusals.push("not_supported");
    }
  });
});

describe("what is too large is refused", () => {
  const large = "x".repeat(33 * 1024);

  test("as a call", async () => {
    expect(await send(JSON.stringify(track({ properties: { large } })))).toMatchObject(refused(413, "too_large"));
    await expectGoesOn();
    expect(await send(gzipSync(JSON.stringify(track({ properties: { large } }))))).toMatchObject(
      refused(413, "too_large"),
    );
    await expectGoesOn();
  });

  test("inside a batch, and the rest of it is taken", async () => {
    const batch = [track(), track({ properties: { large } }), track()].map((call) => ({ type: "track", ...call }));
    expect(await send(JSON.stringify({ batch }), { path: "/v1/batch" })).toMatchObject({
      status: 200,
      body: { accepted: 2, rejected: [{ index: 1, code: "too_large" }] },
    });
    count("good", 2);
    refusals.push("too_large");
  });

  test("as a batch, in bytes, in events, and after gunzip", async () => {
    const path = "/v1/batch";
    const bytes = JSON.stringify({ batch: [track({ event: "x".repeat(501 * 1024) })] });
    expect(await send(bytes, { path })).toMatchObject(refused(413, "too_large"));
    await expectGoesOn();
    // This one isn't even read to its end, so the client may find the line cut before it sees the answer.
    const huge = await send("x".repeat(5 * 1024 * 1024), { path }).catch(() => null);
    if (huge !== null) expect(huge).toMatchObject(refused(413, "too_large"));
    await expectGoesOn();
    const many = JSON.stringify({ batch: Array.from({ length: 2_501 }, () => 0) });
    expect(await send(many, { path })).toMatchObject(refused(413, "too_large"));
    await expectGoesOn();
    expect(await send(gzipSync(Buffer.alloc(3 * 1024 * 1024, " ")), { path })).toMatchObject(refused(413, "too_large"));
    await expectGoesOn();
    expect(await send(gzipSync(Buffer.alloc(200 * 1024 * 1024)), { path })).toMatchObject(refused(413, "too_large"));
    await expectGoesOn();
  });

  test("as a nest in a batch", async () => {
    const body = `{"batch":[{"type":"track","userId":"bad","event":"e","properties":{"a":${nested(120_000)}}}]}`;
    expect(await send(body, { path: "/v1/batch" })).toMatchObject({
      status: 200,
      body: { accepted: 0, rejected: [{ index: 0, code: "invalid_call" }] },
    });
    refusals.push("invalid_call");
    await expectGoesOn();
  });
});

describe("what looks dangerous and is not is taken as it is", () => {
  test.each<[what: string, id: string]>([
    ["a space", "two words"],
    ["slashes and percent signs", "a/b//c%2F%zz?x=1#y"],
    ["a dot", "."],
    ["two dots", ".."],
    ["an emoji", "👩‍👩‍👧‍👦"],
    ["combining accents", "e\u0301 é"],
    ["right to left", "שלום \u202e abc"],
    ["quotes and braces", '{"a":"\\"}'],
    ["a NUL", "a\u0000b"],
    ["line ends", "a\r\nb"],
    ["a name of every object", "__proto__"],
    ["another one", "constructor"],
    ["and another one", "toString"],
    ["255 characters", "é".repeat(255)],
    ["a number", "1e3"],
  ])("an id with %s", async (_what, id) => {
    expect(await send(JSON.stringify(track({ userId: id })))).toMatchObject({ status: 200 });
    expect(await send(JSON.stringify(track({ userId: null, anonymousId: id })))).toMatchObject({ status: 200 });
    count(id);
    count(`~${id}`);
  });

  test("anonymous ids with tildes, and ids given as numbers", async () => {
    expect(await send(JSON.stringify(track({ userId: undefined, anonymousId: "~a" })))).toMatchObject({ status: 200 });
    expect(await send(JSON.stringify(track({ userId: 4_711 })))).toMatchObject({ status: 200 });
    expect(await send(JSON.stringify(track({ userId: -7.5 })))).toMatchObject({ status: 200 });
    count("~~a");
    count("4711");
    count("-7.5");
  });

  test("half a surrogate pair, which becomes the sign for what can't be shown", async () => {
    expect(await send('{"userId":"half \\ud83d","event":"e"}')).toMatchObject({ status: 200 });
    count("half \ufffd");
  });

  test("keys that reach into prototypes", async () => {
    const evil = '{"plan":"rich","polluted":true}';
    const bodies: [path: string, body: string][] = [
      [
        "/v1/track",
        `{"userId":"polluter","event":"__proto__","properties":{"__proto__":${evil},"category":"__proto__"}}`,
      ],
      ["/v1/track", `{"userId":"polluter","event":"Viewed","properties":{"category":"__proto__"}}`],
      ["/v1/track", `{"userId":"polluter","event":"Viewed","properties":{"category":"constructor","__proto__":null}}`],
      [
        "/v1/page",
        `{"userId":"polluter","context":{"__proto__":${evil},"traits":{"constructor":{"prototype":${evil}}}}}`,
      ],
    ];
    for (const [path, body] of bodies) expect(await send(body, { path })).toMatchObject({ status: 200 });
    count("polluter", bodies.length);
    const identify = `{"userId":"polluter","traits":{"__proto__":${evil},"toString":"x"}}`;
    expect(await send(identify, { path: "/v1/identify" })).toMatchObject({ status: 200 });
    expect(await send(`{"__proto__":{"userId":"evil"},"event":"e"}`)).toMatchObject(refused(400, "invalid_call"));
    await expectGoesOn();
    refusals.push("invalid_call");

    await callJson(`${server.url}/v1/settle`, {});
    const card = await callJson<{ traits: object; tags: unknown }>(`${server.url}/v1/contacts/polluter`);
    expect(JSON.stringify(card.traits)).toContain(`"__proto__":${evil}`);
    expect(Object.keys(card.traits).sort()).toEqual(["__proto__", "constructor", "toString"]);
    expect(card.tags).toEqual([
      { name: "__proto__", score: 1 },
      { name: "constructor", score: 1 },
      { name: "named", score: 1 },
    ]);
    const { size } = await callJson<{ size: number }>(`${server.url}/v1/segments/rich`);
    expect(size).toBe(0);
  });

  test("numbers at the ends of doubles, and the last of a key given twice", async () => {
    const odd = '{"a":1.7976931348623157e308,"b":5e-324,"c":-0,"d":123456789012345678901234567890}';
    const body = `{"userId":"first","userId":"numbers","event":"e","properties":${odd}}`;
    expect(await send(body)).toMatchObject({ status: 200 });
    count("numbers");
  });

  test.each<[what: string, headers: Readonly<Record<string, string>>]>([
    ["text/plain", { "content-type": "text/plain" }],
    ["a form", { "content-type": "application/x-www-form-urlencoded" }],
    ["several parts", { "content-type": "multipart/form-data; boundary=x" }],
    ["an image", { "content-type": "image/png" }],
    ["no type at all", { "content-type": ";;;/" }],
    ["an empty type", { "content-type": "" }],
    ["another character set", { "content-type": "application/json; charset=utf-16" }],
    ["nothing", {}],
  ])("a body labelled %s, plain or gzipped", async (_what, headers) => {
    const gzipped = { ...headers, "content-encoding": "gzip" };
    expect(await send(JSON.stringify(track()), { headers })).toMatchObject({ status: 200 });
    expect(await send(gzipSync(JSON.stringify(track())), { headers })).toMatchObject({ status: 200 });
    expect(await send(gzipSync(JSON.stringify(track())), { headers: gzipped })).toMatchObject({ status: 200 });
    expect(await send(`\ufeff${JSON.stringify(track())}`, { headers })).toMatchObject({ status: 200 });
    count("good", 4);
  });
});

test("requests that break off or are none leave the server as it was", async () => {
  const { hostname, port } = new URL(server.url);
  const pieces = [
    "",
    "GET",
    "\u0000\u0001\u0002\u0003",
    "BREW /v1/track HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /v1/track HTTP/1.1\r\n\r\n",
    `POST /v1/track HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 1000\r\n\r\n{"userId":`,
    `POST /v1/track HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: -5\r\n\r\n`,
    `POST /v1/track HTTP/1.1\r\nHost: ${hostname}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    `GET /${"x".repeat(100_000)} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`,
  ];
  for (const piece of pieces) {
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.write(piece, "latin1", () => socket.destroySoon());
    await once(socket, "close");
    await expectGoesOn();
  }
  expect(server.isRunning).toBe(true);
});

test("questions that are none get an answer that says so", async () => {
  const json = { headers: { "content-type": "application/json" } };
  const asked: [status: number, body: string, sending: Sending][] = [
    [404, "", { method: "GET", path: "/v1/contacts/nobody" }],
    [404, "", { method: "GET", path: "/v1/contacts/nobody/segments" }],
    [404, "", { method: "GET", path: "/v1/segments/none" }],
    [404, "", { method: "GET", path: "/v1/segments/__proto__/members" }],
    [404, "", { method: "GET", path: "/v1/nothing" }],
    [405, "", { method: "GET", path: "/v1/track" }],
    [400, "", { method: "GET", path: "/v1/segments/%zz" }],
    [400, "", { method: "GET", path: "/v1/segments/all/members?limit=0" }],
    [400, "", { method: "GET", path: "/v1/segments/all/members?limit=1e9" }],
    [400, "", { method: "GET", path: "/v1/segments/all/members?limit=x" }],
    [400, "", { method: "GET", path: "/v1/segments/all/members?order=none" }],
    [400, "", { method: "GET", path: "/v1/segments/all/members?cursor=none" }],
    [400, "", { method: "GET", path: "/v1/rejected?cursor=e30" }],
    [400, "", { path: "/v1/settle?timeout=-1" }],
    [400, "", { path: "/v1/query", ...json }],
    [400, "{", { path: "/v1/query", ...json }],
    [400, "null", { path: "/v1/query", ...json }],
    [400, '{"where":5}', { path: "/v1/query", ...json }],
    [400, '{"where":"known","fields":["__proto__"]}', { path: "/v1/query", ...json }],
    [400, '{"__proto__":{"where":"known"}}', { path: "/v1/query", ...json }],
    [415, '{"where":"known"}', { path: "/v1/query", headers: { "content-type": "text/plain" } }],
    [422, '{"where":""}', { path: "/v1/query", ...json }],
    [422, '{"where":"known and"}', { path: "/v1/query", ...json }],
    [422, `{"where":"${"(".repeat(10_000)}"}`, { path: "/v1/query", ...json }],
    [422, '{"where":"in segment \\"none\\""}', { path: "/v1/query", ...json }],
    [422, "segment", { method: "PUT", path: "/v1/model", headers: { "content-type": "text/plain" } }],
    [422, "\u0000", { method: "PUT", path: "/v1/model", headers: { "content-type": "text/plain" } }],
    [409, '{"now":0}', { path: "/v1/clock", ...json }],
  ];
  for (const [status, body, sending] of asked) {
    const answer = await send(body, sending);
    const what = `${sending.method ?? "POST"} ${sending.path} ${body.slice(0, 100)}: ${JSON.stringify(answer).slice(0, 300)}`;
    expect(answer.status, what).toBe(status);
    expect(answer.body.error?.message, what).toMatch(/\S+ \S+/);
  }
  await expectGoesOn();
});

test("in the end every good event is counted, every refused one is listed, and the server is the same", async () => {
  expect(server.isRunning).toBe(true);
  await callJson(`${server.url}/v1/settle`, {});
  for (const [id, events] of taken) {
    const answer = await send("", { method: "GET", path: `/v1/contacts/${encodeURIComponent(id)}` });
    expect(answer, id).toMatchObject({ status: 200, body: { id, score: events } });
  }
  const { size } = await callJson<{ size: number }>(`${server.url}/v1/segments/all`);
  expect(size).toBe(taken.size);

  const listed: { code: string; message: string; event: unknown }[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: { rejected: typeof listed; next: string | null } = await callJson(
      `${server.url}/v1/rejected?limit=10${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    listed.push(...page.rejected);
    cursor = page.next;
  }
  expect(listed.map(({ code }) => code).toReversed()).toEqual(refusals);
  for (const { message, event } of listed) {
    expect(message).toMatch(/\S+ \S+/);
    expect(event).toBeDefined();
  }
});
