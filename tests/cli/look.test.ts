/** What segments, contact, query and watch draw of a server's answers. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { watch } from "../../cli/watch.ts";
import { sluice, Sink, startFakeApi, type Asked, type FakeApi, type Given } from "./run.ts";

let api: FakeApi;
let answer: (asked: Asked, count: number) => Given;

beforeEach(async () => {
  api = await startFakeApi((asked, count) => answer(asked, count));
});

afterEach(() => api.close());

const fresh = { as_of: "2026-06-15T12:30:00.123Z", lag_ms: 7 };
const buyers = {
  name: "buyers",
  kind: "dynamic",
  size: 12_345,
  identified: 9,
  state: "ready",
  progress: 1,
  definition: 'did("Order Completed")\n  and known',
};
const building = { ...buyers, name: "new \u001b[2J", size: null, identified: null, state: "building", progress: 0.456 };

function lines(text: string): unknown[] {
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

describe("segments", () => {
  test("are a table", async () => {
    answer = () => ({ body: { segments: [buyers, building], ...fresh } });
    expect(await sluice(["segments", "--url", api.url])).toEqual({
      code: 0,
      out:
        "SEGMENT        KIND       SIZE  IDENTIFIED  STATE\n" +
        "buyers         dynamic  12,345           9  ready\n" +
        "new \\u001b[2J  dynamic       -           -  building (45 %)\n" +
        "\nas of 2026-06-15 12:30:00 UTC, 7 ms ago\n",
      err: "",
    });
    expect(api.asked).toMatchObject([{ method: "GET", path: "/v1/segments" }]);
  });

  test("one of them is shown with its definition", async () => {
    answer = () => ({ body: { ...buyers, ...fresh } });
    const { out } = await sluice(["segments", "a/b", "--url", api.url]);
    expect(api.asked[0]?.path).toBe("/v1/segments/a%2Fb");
    expect(out).toContain('  definition  did("Order Completed") and known\n');
  });

  test("of an empty model say how to get some", async () => {
    answer = () => ({ body: { segments: [], as_of: null, lag_ms: null } });
    expect((await sluice(["segments", "--url", api.url])).out).toContain("sluice model put FILE");
  });

  test("are the server's answer with --json", async () => {
    const body = { segments: [buyers, building], ...fresh };
    answer = () => ({ body });
    expect(lines((await sluice(["segments", "--json", "--url", api.url])).out)).toEqual([body]);
  });
});

describe("contact", () => {
  const card = {
    id: "ada",
    aliases: ["~a1"],
    traits: { email: "ada@example.com", "\u001b]0;x": { city: "Torino" }, club: true },
    company: { name: "Acme" },
    score: 57.5,
    tags: [
      { name: "buyer", score: 3 },
      { name: "jackets", score: 0.5 },
    ],
    stage: null,
    values: { "returns rate": 0.25, none: null },
    segments: ["buyers", "loyal"],
    firstSeen: "2026-01-01T00:00:00.000Z",
    lastSeen: "2026-06-15T12:30:00.000Z",
    aggregates: { 'count("A")': { atLeast: 3 }, 'most("A".x)': "red" },
    saturated: true,
    ...fresh,
  };

  test("is a card", async () => {
    answer = () => ({ body: card });
    const { code, out } = await sluice(["contact", "ada", "--url", api.url]);
    expect(code).toBe(0);
    expect(out).toBe(`ada
  also known as  ~a1
  score          57.5
  stage          -
  segments       buyers, loyal
  tags           buyer 3, jackets 0.5
  first seen     2026-01-01 00:00:00 UTC
  last seen      2026-06-15 12:30:00 UTC

company
  name  Acme

traits
  email       ada@example.com
  \\u001b]0;x  {"city":"Torino"}
  club        true

values
  "returns rate"  0.25
  "none"          -

counted so far
  count("A")   at least 3
  most("A".x)  red

Some of this is at its bound and no longer exact (saturated).
`);
  });

  test("who hardly did anything has a short one", async () => {
    const empty = { aliases: [], traits: {}, company: null, tags: [], values: {}, segments: [], aggregates: {} };
    answer = () => ({ body: { ...card, ...empty, id: "~a b", saturated: false } });
    const { out } = await sluice(["contact", "~a b", "--url", api.url]);
    expect(api.asked[0]?.path).toBe("/v1/contacts/~a%20b");
    expect(out.split("\n")).toHaveLength(8);
  });
});

describe("query", () => {
  const members = [
    { id: "ada", score: 50, stage: "lead", tags: [{ name: "a", score: 2 }] },
    { id: "~x", score: 7, stage: null, tags: [] },
  ];

  test("is a table of the fields that were asked for", async () => {
    answer = () => ({ body: { count: 1_234, members, next: "abc", took_ms: 0.5, ...fresh } });
    const args = ["query", "score > 1", "--limit", "2", "--order", "score", "--fields", "id, score,stage,tags"];
    const { code, out } = await sluice([...args, "--cursor", "c", "--url", api.url]);
    expect(code).toBe(0);
    expect(JSON.parse(api.asked[0]?.body ?? "")).toEqual({
      where: "score > 1",
      limit: 2,
      order: "score",
      fields: ["id", "score", "stage", "tags"],
      cursor: "c",
    });
    expect(out).toBe(
      "ID   SCORE  STAGE  TAGS\n" +
        "ada     50  lead   a 2\n" +
        "~x       7  -      -\n" +
        "\n1,234 contacts, 2 of them shown (--limit), found in 0.5 ms\n",
    );
  });

  test("without a match is an answer too", async () => {
    answer = () => ({ body: { count: 0, members: [], next: null, took_ms: 1, ...fresh } });
    expect(await sluice(["query", "known", "--url", api.url])).toEqual({
      code: 0,
      out: "0 contacts, found in 1 ms\n",
      err: "",
    });
  });

  test("shows mistakes in their places and ends with 1", async () => {
    const diagnostics = [{ severity: "error", line: 1, column: 9, length: 1, message: "what is x?", hint: "5" }];
    answer = () => ({ status: 422, body: { error: { code: "invalid_model", message: "no" }, diagnostics } });
    const { code, out, err } = await sluice(["query", "score > x", "--url", api.url]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toBe("query:1:9: what is x?\n  score > x\n          ^\n  hint: 5\n\n");
    const json = await sluice(["query", "score > x", "--json", "--url", api.url]);
    expect(lines(json.out)).toEqual([{ error: { code: "invalid_model", message: "no" }, diagnostics }]);
  });
});

describe("watch", () => {
  type Step = { readonly members: readonly string[] } | { readonly size: number } | "away" | "gone";

  /** Watches a segment that is as the steps say, one after the other, and ends after the last. */
  async function watching(steps: readonly Step[], json = false): Promise<{ code: number; out: string; err: string }> {
    const [out, err] = [new Sink(), new Sink()];
    const ended = new AbortController();
    let step = -1;
    answer = ({ path }) => {
      const page = path.includes("/members");
      if (!page) step += 1;
      if (step >= steps.length) ended.abort();
      const now = steps[Math.min(step, steps.length - 1)] ?? "gone";
      if (now === "away") return { status: 504, body: { error: { code: "timeout", message: "too slow" } } };
      if (now === "gone") return { status: 404, body: { error: { code: "not_found", message: "no such segment" } } };
      const size = "size" in now ? now.size : now.members.length;
      if (!page) return { body: { ...buyers, size, ...fresh } };
      const members = "members" in now ? now.members.map((id) => ({ id, score: 1 })) : [];
      return { body: { size, members, next: null, ...fresh } };
    };
    const options = { url: api.url, key: null, json, every_ms: 1, for_ms: null, sizes: false };
    const code = await watch("buyers", options, { out, err }, ended.signal);
    return { code, out: out.text, err: err.text };
  }

  test("shows who enters and leaves, and says nothing while nothing changes", async () => {
    const { code, out } = await watching([
      { members: ["a", "b"] },
      { members: ["a", "b"] },
      { members: ["b", "c\n"] },
      { members: ["b", "c\n", "d", "e"] },
      { members: [] },
    ]);
    expect(code).toBe(0);
    expect(out).toBe(
      '12:30:00 "buyers": 2 members, 9 identified\n' +
        "12:30:00 2  + c\\u000a  - a\n" +
        "12:30:00 4 (+2)  + d, e\n" +
        "12:30:00 0 (-4)  - b, c\\u000a, d, e\n",
    );
  });

  test("names ten of many", async () => {
    const many = Array.from({ length: 13 }, (_, n) => `u${n}`);
    const { out } = await watching([{ members: [] }, { members: many }]);
    expect(out).toContain("13 (+13)  + u0, u1, u2, u3, u4, u5, u6, u7, u8, u9 and 3 more\n");
  });

  test("of a large segment it watches the size", async () => {
    const { out } = await watching([{ size: 10_001 }, { size: 10_003 }, { size: 10_002 }]);
    expect(out).toBe('12:30:00 "buyers": 10,001 members, 9 identified\n12:30:00 10,003 (+2)\n12:30:00 10,002 (-1)\n');
    expect(api.asked.some(({ path }) => path.includes("members"))).toBe(false);
  });

  test("waits for a server that goes away", async () => {
    const { code, out, err } = await watching([{ members: ["a"] }, "away", "away", { members: ["a", "b"] }]);
    expect(code).toBe(0);
    expect(err).toBe(`too slow; looking again until it does\n${api.url} answers again\n`);
    expect(out).toContain("2 (+1)  + b\n");
  });

  test("ends with 1 when the segment is gone", async () => {
    expect(await watching([{ members: ["a"] }, "gone"])).toMatchObject({ code: 1, err: "no such segment\n" });
  });

  test("is a line of JSON for each change with --json", async () => {
    const { out } = await watching([{ members: ["a"] }, { members: ["b"] }, { size: 20_000 }], true);
    const state = { at: fresh.as_of, segment: "buyers", identified: 9, state: "ready" };
    expect(lines(out)).toEqual([
      { ...state, size: 1, entered: [], left: [] },
      { ...state, size: 1, entered: ["b"], left: ["a"] },
      { ...state, size: 20_000, entered: null, left: null },
    ]);
  });

  test("ends after --for", async () => {
    answer = ({ path }) => ({
      body: path.includes("/members")
        ? { size: 0, members: [], next: null, ...fresh }
        : { ...buyers, size: 0, ...fresh },
    });
    expect(await sluice(["watch", "buyers", "--for", "30ms", "--every", "5ms", "--url", api.url])).toMatchObject({
      code: 0,
    });
    const asked = api.asked.length;
    expect(await sluice(["watch", "buyers", "--for", "0", "--sizes", "--url", api.url])).toMatchObject({ code: 0 });
    expect(api.asked).toHaveLength(asked + 1);
  });
});
