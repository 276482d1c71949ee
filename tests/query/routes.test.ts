import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { partitionKeys, REJECTED_KEY } from "../../kernel/keys.ts";
import { RESERVED_ROUTES } from "../../query/routes-reserved.ts";
import { answerControls } from "./fake-partition.ts";
import { eventually, startHarness, type QueryHarness } from "./harness.ts";

const MODEL = `
stages "visitor", "lead", "mql"
stage "mql" when score >= 10
score +5 on page
tag category on "Viewed"
segment "big" = score >= 10
segment "a/b – c" = has tag "coats"
segment "empty" = score > 1000
`;

let harness: QueryHarness;
let app: FastifyInstance;
let answering: { stop(): Promise<void> };
const IDS = Array.from({ length: 150 }, (_, i) => (i % 3 === 0 ? `~anon ${i}` : `user/${i}`));

beforeAll(async () => {
  harness = await startHarness(3);
  const record = await harness.putModel(MODEL);
  const segment = new Map(record.segments);
  const stage = new Map(record.stages);
  for (const fake of harness.partitions) {
    const rows = IDS.filter((id) => harness.ownerOf(id) === fake).map((id) => {
      const n = IDS.indexOf(id);
      const segments = [...(n >= 100 ? ["big"] : []), ...(n % 2 === 0 ? ["a/b – c"] : [])];
      return fake.add({
        id,
        score: (n % 7) * 500_000,
        stage: stage.get(n >= 100 ? "mql" : "visitor") ?? -1,
        segments: new Set(segments.map((name) => segment.get(name) ?? -1)),
        tags: new Map(
          n % 2 === 0
            ? [
                ["coats", 1_000_000 + n],
                ["x", 1_000_000 + n],
              ]
            : [],
        ),
      });
    });
    await fake.commit(rows, { clock: 990_000 });
  }
  answering = answerControls(harness.partitions, (id) =>
    IDS.includes(id)
      ? {
          id,
          traits: { city: "Torino" },
          score: 1.5,
          tags: [{ name: "coats", score: 1 }],
          stage: "visitor",
          segments: [{ name: "a/b – c", since: 5_000 }],
          firstSeen: 1_000,
          lastSeen: 2_000,
          values: {},
          aggregates: { 'count("Viewed")': { atLeast: 3 }, 'first("Viewed".x)': null },
          saturated: false,
        }
      : null,
  );
  app = await harness.readyApp();
});
afterAll(async () => {
  await answering.stop();
  await harness.close();
});

async function get(url: string, status = 200) {
  const answer = await app.inject(url);
  expect(answer.statusCode, answer.body).toBe(status);
  return answer.json();
}

async function post(url: string, payload: unknown, status = 200) {
  const headers = { "content-type": "application/json" };
  const answer = await app.inject({ method: "POST", url, headers, payload: JSON.stringify(payload) });
  expect(answer.statusCode, answer.body).toBe(status);
  return answer.json();
}

const code = (error: string) => ({ error: expect.objectContaining({ code: error }) });

describe("GET /v1/segments", () => {
  it("lists all segments in the order of the model with size, state and definition", async () => {
    const body = await get("/v1/segments");
    expect(body.segments).toEqual([
      {
        name: "big",
        kind: "dynamic",
        size: 50,
        identified: 34,
        state: "ready",
        progress: 1,
        definition: "score >= 10",
      },
      {
        name: "a/b – c",
        kind: "dynamic",
        size: 75,
        identified: 50,
        state: "ready",
        progress: 1,
        definition: 'has tag "coats"',
      },
      {
        name: "empty",
        kind: "dynamic",
        size: 0,
        identified: 0,
        state: "ready",
        progress: 1,
        definition: "score > 1000",
      },
    ]);
    expect(body.as_of).toBe("1970-01-01T00:16:30.000Z");
    expect(body.lag_ms).toBe(10_000);
  });

  it("answers one by its URL-encoded name, and 404 for none of the model", async () => {
    const body = await get(`/v1/segments/${encodeURIComponent("a/b – c")}`);
    expect(body).toMatchObject({ name: "a/b – c", size: 75, as_of: expect.any(String), lag_ms: 10_000 });
    expect(await get("/v1/segments/none", 404)).toEqual(code("not_found"));
    expect(await get("/v1/segments/none/members", 404)).toEqual(code("not_found"));
  });
});

describe("GET /v1/segments/:name/members", () => {
  async function walk(order: string, limit: number): Promise<{ id: string; score: number }[]> {
    const members: { id: string; score: number }[] = [];
    let cursor: string | null = null;
    do {
      const more: string = cursor === null ? "" : `&cursor=${cursor}`;
      const body = await get(`/v1/segments/big/members?order=${order}&limit=${limit}${more}`);
      expect(body.size).toBe(50);
      members.push(...body.members);
      cursor = body.next;
    } while (cursor !== null);
    return members;
  }

  it("walks the whole segment under both orders, whatever the page", async () => {
    for (const limit of [1, 7, 50, 10_000]) {
      const byId = await walk("id", limit);
      expect(byId.map((one) => one.id).sort()).toEqual(IDS.slice(100).sort());
      const byScore = await walk("score", limit);
      expect(byScore.map((one) => one.id).sort()).toEqual(IDS.slice(100).sort());
      expect(byScore.map((one) => one.score)).toEqual(byScore.map((one) => one.score).sort((a, b) => b - a));
      expect(byScore[0]?.score).toBe(3);
    }
  });

  it("answers an empty segment", async () => {
    expect(await get("/v1/segments/empty/members")).toMatchObject({ size: 0, members: [], next: null });
  });

  it.each(["limit=0", "limit=10001", "limit=x", "order=name", "cursor=nonsense"])("refuses ?%s", async (query) => {
    expect(await get(`/v1/segments/big/members?${query}`, 400)).toEqual(code("invalid_call"));
  });

  it("refuses a cursor of another segment or order", async () => {
    const { next } = await get("/v1/segments/big/members?limit=2");
    expect(await get(`/v1/segments/big/members?limit=2&order=score&cursor=${next}`, 400)).toEqual(code("invalid_call"));
    expect(await get(`/v1/segments/empty/members?limit=2&cursor=${next}`, 400)).toEqual(code("invalid_call"));
  });
});

describe("GET /v1/segments/:name/members/:id", () => {
  it("says whether a contact is a member, and since when", async () => {
    const url = `/v1/segments/${encodeURIComponent("a/b – c")}/members`;
    expect(await get(`${url}/${encodeURIComponent("user/2")}`)).toEqual({
      member: true,
      since: "1970-01-01T00:00:05.000Z",
      as_of: expect.any(String),
      lag_ms: 10_000,
    });
    expect(await get(`${url}/${encodeURIComponent("user/1")}`)).toMatchObject({ member: false, since: null });
  });

  it("takes the owner's word when the contact has left meanwhile", async () => {
    expect(await get(`/v1/segments/big/members/${encodeURIComponent("user/100")}`)).toMatchObject({
      member: false,
      since: null,
    });
  });

  it("answers 404 for a contact that nobody knows and refuses what it can't explain yet", async () => {
    expect(await get("/v1/segments/big/members/nobody", 404)).toEqual(code("not_found"));
    expect(await get("/v1/segments/big/members/x?explain=true", 400)).toEqual(code("not_supported"));
  });
});

describe("GET /v1/contacts/:id", () => {
  it("answers the profile card", async () => {
    expect(await get(`/v1/contacts/${encodeURIComponent("~anon 0")}`)).toEqual({
      id: "~anon 0",
      aliases: [],
      traits: { city: "Torino" },
      company: null,
      score: 1.5,
      tags: [{ name: "coats", score: 1 }],
      stage: "visitor",
      values: {},
      segments: ["a/b – c"],
      firstSeen: "1970-01-01T00:00:01.000Z",
      lastSeen: "1970-01-01T00:00:02.000Z",
      aggregates: { 'count("Viewed")': { atLeast: 3 }, 'first("Viewed".x)': null },
      saturated: false,
      as_of: expect.any(String),
      lag_ms: expect.any(Number),
    });
  });

  it("answers 404 where there is none", async () => {
    expect(await get("/v1/contacts/nobody", 404)).toEqual(code("not_found"));
  });
});

describe("GET /v1/contacts/:id/segments", () => {
  it("answers from memory, in the order of the model", async () => {
    expect(await get(`/v1/contacts/${encodeURIComponent("user/100")}/segments`)).toEqual({
      segments: ["big", "a/b – c"],
      as_of: "1970-01-01T00:16:30.000Z",
      lag_ms: 10_000,
    });
    expect((await get(`/v1/contacts/${encodeURIComponent("user/1")}/segments`)).segments).toEqual([]);
    expect(await get("/v1/contacts/nobody/segments", 404)).toEqual(code("not_found"));
  });

  it("finds an id as long as ids can be", async () => {
    const id = "é".repeat(255);
    const fake = harness.ownerOf(id);
    await fake.commit([fake.add({ id })]);
    const url = `/v1/contacts/${encodeURIComponent(id)}/segments`;
    expect(await eventually(app, url, () => true)).toMatchObject({ segments: [] });
  });
});

describe("POST /v1/query", () => {
  it("counts and lists who satisfies a predicate", async () => {
    const body = await post("/v1/query", { where: 'in segment "big" and not has tag "coats"', limit: 3 });
    expect(body).toMatchObject({
      count: 25,
      next: expect.any(String),
      took_ms: expect.any(Number),
      lag_ms: expect.any(Number),
    });
    expect(body.members).toHaveLength(3);
    expect(Object.keys(body.members[0])).toEqual(["id", "score"]);
  });

  it("walks all pages of an order by score", async () => {
    const query = { where: 'stage >= "mql"', order: "score", limit: 20 };
    const members: { id: string; score: number }[] = [];
    let body = await post("/v1/query", query);
    members.push(...body.members);
    while (body.next !== null) {
      body = await post("/v1/query", { ...query, cursor: body.next });
      members.push(...body.members);
    }
    expect(members.map((one) => one.id).sort()).toEqual(IDS.slice(100).sort());
    expect(members.map((one) => one.score)).toEqual(members.map((one) => one.score).sort((a, b) => b - a));
  });

  it("gives the fields asked for, and only a count with limit 0", async () => {
    const where = 'top_tag = "coats" and score = 1 and known';
    const body = await post("/v1/query", { where, fields: ["id", "stage", "tags"], limit: 1 });
    expect(body.members).toEqual([
      {
        id: expect.any(String),
        stage: expect.any(String),
        tags: [expect.objectContaining({ name: "coats" }), expect.anything()],
      },
    ]);
    expect(await post("/v1/query", { where, limit: 0 })).toMatchObject({ count: body.count, members: [], next: null });
  });

  it("names what it can't answer yet, where it stands", async () => {
    const body = await post("/v1/query", { where: 'known and count("Viewed") > 3' }, 422);
    expect(body).toMatchObject({
      error: { code: "invalid_model" },
      diagnostics: [
        { severity: "error", line: 1, column: 11, length: 15, message: expect.stringContaining('count("Viewed")') },
      ],
    });
    expect(await post("/v1/query", { where: "known", fields: ["id", "traits"] }, 400)).toMatchObject({
      error: { code: "invalid_call", message: expect.stringContaining('"traits"') },
    });
  });

  it.each([
    ["a sentence that does not end", "known and"],
    ["an unknown segment", 'in segment "bug"'],
    ["an unknown stage", 'stage = "x"'],
    ["nothing", ""],
  ])("answers 422 with diagnostics for %s", async (_what, where) => {
    const body = await post("/v1/query", { where }, 422);
    expect(body.diagnostics[0]).toMatchObject({ severity: "error", line: 1, message: expect.any(String) });
  });

  it("refuses bodies that are no call", async () => {
    expect(await post("/v1/query", {}, 400)).toEqual(code("invalid_call"));
    expect(await post("/v1/query", [], 400)).toEqual(code("invalid_call"));
    expect(await post("/v1/query", { where: "known", limit: -1 }, 400)).toEqual(code("invalid_call"));
    expect(await post("/v1/query", { where: "known", limit: "5" }, 400)).toEqual(code("invalid_call"));
    const broken = await app.inject({
      method: "POST",
      url: "/v1/query",
      headers: { "content-type": "application/json" },
      payload: "{",
    });
    expect([broken.statusCode, broken.json()]).toEqual([400, code("invalid_json")]);
    const text = await app.inject({
      method: "POST",
      url: "/v1/query",
      headers: { "content-type": "text/plain" },
      payload: "{}",
    });
    expect([text.statusCode, text.json()]).toEqual([415, code("unsupported_media_type")]);
    const large = await app.inject({
      method: "POST",
      url: "/v1/query",
      headers: { "content-type": "application/json" },
      payload: JSON.stringify({ where: "x".repeat(300_000) }),
    });
    expect([large.statusCode, large.json()]).toEqual([413, code("too_large")]);
  });
});

describe("overviews", () => {
  it("counts contacts at each stage in declared order", async () => {
    const { stages } = await get("/v1/funnel");
    expect(stages.map((one: { name: string }) => one.name)).toEqual(["visitor", "lead", "mql"]);
    expect(stages.slice(1)).toEqual([
      { name: "lead", count: 0 },
      { name: "mql", count: 50 },
    ]);
  });

  it("lists tags by their number of contacts, page by page", async () => {
    const sum = IDS.reduce((total, _, n) => total + (n % 2 === 0 ? 1_000_000 + n : 0), 0) / 1e6;
    const first = await get("/v1/tags?limit=1");
    expect(first).toMatchObject({ tags: [{ name: "coats", contacts: 75, points: sum }], next: expect.any(String) });
    const second = await get(`/v1/tags?limit=1&cursor=${first.next}`);
    expect(second).toMatchObject({ tags: [{ name: "x", contacts: 75, points: sum }], next: null });
  });

  it("merges what was refused at collection and in processing, newest first", async () => {
    const add = (key: string, id: string, event: string) =>
      harness.redis.xadd(key, id, "code", "handler_failed", "message", "why", "at", "1700000000000", "event", event);
    await add(REJECTED_KEY, "10-0", '{"event":"A"}');
    await add(partitionKeys(0).rejected, "10-0", '{"event":"B"}');
    await add(partitionKeys(2).rejected, "11-0", '{"event":"C');
    await add(REJECTED_KEY, "12-0", "7");
    const events: unknown[] = [];
    let cursor: string | null = null;
    do {
      const more: string = cursor === null ? "" : `&cursor=${cursor}`;
      const body = await get(`/v1/rejected?limit=1${more}`);
      events.push(...body.rejected.map((one: { event: unknown; partition: unknown }) => [one.event, one.partition]));
      cursor = body.next;
    } while (cursor !== null);
    expect(events).toEqual([
      [7, null],
      ['{"event":"C', 2],
      [{ event: "A" }, null],
      [{ event: "B" }, 0],
    ]);
    expect((await get("/v1/rejected")).rejected[0]).toEqual({
      at: "2023-11-14T22:13:20.000Z",
      code: "handler_failed",
      message: "why",
      partition: null,
      event: 7,
    });
  });

  it("tells the state of every partition", async () => {
    await harness.redis.set(partitionKeys(1).lease, "process-a:2:secret");
    // An entry that was accepted and is not consumed; the fake owner must not see it.
    const { in: stream } = partitionKeys(1);
    await harness.redis.multi().xadd(stream, "*", "x", "1").xtrim(stream, "MAXLEN", 0).exec();
    const body = await get("/v1/status");
    expect(body).toMatchObject({
      clockMode: "wall",
      model: { version: 1, ready: true, progress: 1 },
      totals: { contacts: expect.any(Number), tags: 2, segments: 3 },
    });
    expect(body.partitions[1]).toMatchObject({
      partition: 1,
      owner: "process-a:2",
      clock: "1970-01-01T00:16:30.000Z",
      model: 1,
      halted: null,
      historyOffset: null,
      view: { ready: true, loads: 1 },
    });
    expect(body.partitions[1].backlog).toBeGreaterThan(0);
    expect(body.partitions[0].owner).toBeNull();
  });
});

describe("calls kept for later", () => {
  it.each(RESERVED_ROUTES)("%s %s answers not_supported by name", async (method, url, what) => {
    const answer = await app.inject({ method: method as "GET", url: url.replace(":name", "big").replace(":id", "x") });
    expect([answer.statusCode, answer.json().error]).toEqual([
      400,
      { code: "not_supported", message: `${what} is not supported yet (${method} ${url})` },
    ]);
  });
});

describe("health and metrics", () => {
  it("is alive, ready and measurable", async () => {
    expect(await get("/healthz")).toEqual({ alive: true });
    expect(await get("/readyz")).toEqual({ ready: true, partitions: 3 });
    const metrics = await app.inject("/metrics");
    expect(metrics.headers["content-type"]).toContain("text/plain");
    expect(metrics.body).toContain("sluice_views_ready 3");
    expect(metrics.body).toMatch(/sluice_view_contacts 15\d/);
  });
});
