import { gzipSync } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SEEN_NAMES_KEY } from "../../kernel/keys.ts";
import { eventually, startHarness, type QueryHarness } from "./harness.ts";
import { until } from "./until.ts";

let harness: QueryHarness;
let app: FastifyInstance;

beforeEach(async () => {
  harness = await startHarness(2);
  app = await harness.readyApp();
});
afterEach(() => harness.close());

async function put(source: string | Buffer, options: { headers?: Record<string, string>; query?: string } = {}) {
  const answer = await app.inject({
    method: "PUT",
    url: `/v1/model${options.query ?? ""}`,
    headers: { "content-type": "text/plain", ...options.headers },
    payload: source,
  });
  return { status: answer.statusCode, body: answer.json(), etag: answer.headers.etag };
}

const FIRST = 'segment "a" = known\nsegment "b" = count("A") > 1';

describe("PUT /v1/model", () => {
  it("stores a version, tells every partition, and shows its segments as building until they have it", async () => {
    expect(await put(FIRST)).toEqual({
      status: 200,
      body: { version: 1, segments: ["a", "b"], building: ["a", "b"], warnings: [] },
      etag: '"1"',
    });
    expect((await app.inject("/v1/segments")).json().segments[0]).toMatchObject({
      name: "a",
      size: null,
      identified: null,
      state: "building",
      progress: 0,
    });
    expect((await app.inject("/v1/segments/a/members")).json().error).toMatchObject({ code: "not_ready" });
    const query = { method: "POST", url: "/v1/query", payload: { where: 'in segment "a"' } } as const;
    expect((await app.inject(query)).statusCode).toBe(503);
    const [p, q] = harness.partitions;
    expect(await p?.takeControls()).toMatchObject([
      { kind: "model", record: { version: 1, source: FIRST, by: "api" } },
    ]);
    await eventually(app, "/v1/segments/a", (body: { progress: number }) => body.progress === 0.5);
    await q?.takeControls();
    await eventually(
      app,
      "/v1/segments/a",
      (body: { state: string; size: number }) => body.state === "ready" && body.size === 0,
    );
    expect((await app.inject(query)).statusCode).toBe(200);
  });

  it("goes on answering segments that the model before had while a new one spreads", async () => {
    await harness.putModel(FIRST);
    const [p] = harness.partitions;
    await p?.commit([p.add({ id: "ann", segments: new Set([1]) })]);
    expect((await put(`${FIRST}\nsegment "c" = known`)).body.building).toEqual(["a", "b", "c"]);
    for (const one of harness.partitions) await one.commit([], { model: 2, modelComplete: false });
    const body = await eventually(
      app,
      "/v1/segments",
      (all: { segments: { size: number }[] }) => all.segments[0]?.size === 1,
    );
    expect(body["segments"]).toMatchObject([
      { name: "a", size: 1, state: "building" },
      { name: "b", size: 0, state: "building" },
      { name: "c", size: null, state: "building" },
    ]);
    expect((await app.inject("/v1/segments/a/members")).json()).toMatchObject({ size: 1 });
    expect((await app.inject("/v1/segments/c/members")).statusCode).toBe(503);
  });

  it("refuses a wrong model whole, with diagnostics, and changes nothing", async () => {
    const { status, body } = await put('segment "a" = in segment "loyl"\nsegment "loyal" = known and');
    expect(status).toBe(422);
    expect(body.error.code).toBe("invalid_model");
    expect(body.diagnostics[0]).toMatchObject({
      severity: "error",
      line: expect.any(Number),
      message: expect.any(String),
    });
    expect((await app.inject("/v1/model")).headers.etag).toBe('"0"');
  });

  it("warns at its place of everything that counts only from now on", async () => {
    await harness.putModel(FIRST);
    const [p] = harness.partitions;
    await p?.commit([p.add({ id: "ann" })]);
    await eventually(
      app,
      "/v1/status",
      (body: { partitions: { view: { seq: number } }[] }) => body.partitions[0]?.view.seq === p?.seq,
    );
    const { body } = await put(`${FIRST}\nsegment "c" = count("New" in last 3 days) > 1 and known\nscore +1 on page`);
    expect(body.warnings).toEqual([
      expect.objectContaining({ severity: "warning", line: 4, column: 1 }),
      expect.objectContaining({
        severity: "warning",
        line: 3,
        column: 15,
        length: 27,
        message: 'count("New" in last 3 days) counts from now on: there is no history of it before version 2',
      }),
    ]);
  });

  it("warns of names that nobody has sent so far, also when it only checks", async () => {
    const members = [`["track","Order Completed"]`, `["track","Order Completed","total"]`];
    await harness.redis.sadd(SEEN_NAMES_KEY, ...members);
    const source = 'segment "a" = did("Order Complete")\nsegment "b" = sum("Order Completed".totl) > 1';
    const expected = [
      {
        severity: "warning",
        line: 1,
        column: 19,
        length: 16,
        message: 'no event "Order Complete" has been seen so far',
        hint: 'did you mean "Order Completed"?',
      },
      expect.objectContaining({ line: 2, column: 37, hint: 'did you mean "total"?' }),
    ];
    expect((await put(source, { query: "?dry_run=true" })).body.warnings).toEqual(expected);
    expect((await put(source)).body.warnings).toEqual(expected);
    const [p] = harness.partitions;
    await p?.commit([p.add({ id: "ann", tags: new Map([["coats", 1]]) })]);
    await eventually(app, "/v1/tags", (body: { tags: unknown[] }) => body.tags.length === 1);
    expect((await put('segment "a" = has tag "coat"')).body.warnings).toEqual([
      expect.objectContaining({ hint: 'did you mean "coats"?' }),
    ]);
  });

  it("makes no new version of the same source", async () => {
    await put(FIRST);
    expect(await put(FIRST)).toMatchObject({ status: 200, body: { version: 1 }, etag: '"1"' });
  });

  it("guards against overwriting another's change", async () => {
    await put(FIRST);
    expect(await put("", { headers: { "if-match": '"0"' } })).toMatchObject({
      status: 412,
      body: { error: { code: "version_mismatch", details: { current: 1, expected: 0 } } },
    });
    expect((await put("", { headers: { "if-match": "nonsense" } })).status).toBe(412);
    expect((await put(`${FIRST}\n#`, { headers: { "if-match": '"1"' } })).body.version).toBe(2);
    expect((await put(`${FIRST}\n##`, { headers: { "if-match": "*" } })).body.version).toBe(3);
  });

  it("gives each of many puts at once a version of its own, or says that it can't", async () => {
    const puts = await Promise.all(Array.from({ length: 4 }, (_, i) => put(`segment "s${i}" = known`)));
    const versions = puts.filter((one) => one.status === 200).map((one) => one.body.version);
    expect(new Set(versions).size).toBe(versions.length);
    expect((await app.inject("/v1/model")).headers.etag).toBe(`"${Math.max(...versions)}"`);
  });

  it("only checks with dry_run, and says what would change", async () => {
    await harness.putModel(
      'score +1 on page\nsegment "a" = known\nsegment "b" = in segment "a"\nsegment "c" = score > 1\nsegment "d" = known',
    );
    const { status, body } = await put(
      'score +2 on page\nsegment "a" = not known\nsegment "b" = in segment "a"\nsegment "c" = score > 1\nsegment "e" = known\nsegment "f" = known',
      {
        query: "?dry_run=true",
      },
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({
      version: 2,
      changes: { added: ["e", "f"], removed: ["d"], kept: [], rebuilt: ["a", "b", "c"] },
    });
    const layout = await put(
      'segment "d" =   known # the same\nscore +1 on page\nsegment "a" = known\nsegment "b" = in segment "a"\nsegment "c" = score > 1',
      {
        query: "?dry_run=true",
      },
    );
    expect(layout.body.changes).toEqual({ added: [], removed: [], kept: ["d", "a", "b", "c"], rebuilt: [] });
    expect((await app.inject("/v1/model")).headers.etag).toBe('"1"');
  });

  it("takes plain text only, gzipped or not, in UTF-8 and of bounded size", async () => {
    expect((await put("{}", { headers: { "content-type": "application/json" } })).status).toBe(415);
    expect((await put(gzipSync(FIRST), { headers: { "content-encoding": "gzip" } })).body.version).toBe(1);
    expect((await put(Buffer.from([0xff, 0xfe]))).status).toBe(400);
    expect((await put("#".repeat(2 * 1024 * 1024))).status).toBe(413);
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024, 35));
    expect((await put(bomb, { headers: { "content-encoding": "gzip" } })).status).toBe(413);
    expect((await put("no gzip", { headers: { "content-encoding": "gzip" } })).status).toBe(400);
    expect((await put("", { headers: { "content-encoding": "br" } })).status).toBe(415);
  });
});

describe("the model and its versions", () => {
  it("answers the source as text with its version as ETag", async () => {
    const empty = await app.inject("/v1/model");
    expect([empty.statusCode, empty.body, empty.headers.etag]).toEqual([200, "", '"0"']);
    await put(FIRST);
    const answer = await app.inject("/v1/model");
    expect([answer.body, answer.headers.etag, answer.headers["content-type"]]).toEqual([
      FIRST,
      '"1"',
      "text/plain; charset=utf-8",
    ]);
  });

  it("lists who changed it when, newest first, and each source", async () => {
    for (let i = 1; i <= 3; i++) await put(`segment "s${i}" = known`);
    const first = (await app.inject("/v1/model/versions?limit=2")).json();
    expect(first.versions).toEqual([
      { version: 3, at: "1970-01-01T00:16:40.000Z", by: "api", bytes: 20 },
      { version: 2, at: "1970-01-01T00:16:40.000Z", by: "api", bytes: 20 },
    ]);
    const second = (await app.inject(`/v1/model/versions?limit=2&cursor=${first.next}`)).json();
    expect([second.versions.length, second.versions[0].version, second.next]).toEqual([1, 1, null]);
    expect((await app.inject("/v1/model/versions/2")).json()).toMatchObject({
      version: 2,
      source: 'segment "s2" = known',
    });
    expect((await app.inject("/v1/model/versions/9")).statusCode).toBe(404);
    expect((await app.inject("/v1/model/versions/x")).statusCode).toBe(400);
  });

  it("names the key that changed it by its place, never by itself", async () => {
    const keyed = await harness.readyApp({ apiKeys: ["one", "two"] });
    const headers = { authorization: "Bearer two", "content-type": "text/plain" };
    await keyed.inject({ method: "PUT", url: "/v1/model", headers, payload: FIRST });
    const { versions } = (await keyed.inject({ url: "/v1/model/versions", headers })).json();
    expect(versions).toMatchObject([{ version: 1, by: "api key 2" }]);
  });

  it("is noticed by other servers that share the store", async () => {
    const other = await harness.readyApp();
    await put(FIRST);
    const names = await until(async () => {
      const { segments } = (await other.inject("/v1/segments")).json();
      return segments?.length > 0 ? segments.map((one: { name: string }) => one.name) : undefined;
    });
    expect(names).toEqual(["a", "b"]);
  });
});
