import { afterEach, describe, expect, test } from "vitest";
import { createClient, pathOf, Refusal, ServerAway, type Client } from "../../cli/client.ts";
import { sluice, startFakeApi, type FakeApi, type Given } from "./run.ts";

let api: FakeApi | null = null;

afterEach(async () => {
  await api?.close();
  api = null;
});

async function serve(...answers: [Given, ...Given[]]): Promise<FakeApi> {
  api = await startFakeApi((_, count) => answers[Math.min(count, answers.length - 1)] ?? answers[0]);
  return api;
}

async function client(answers: [Given, ...Given[]], key: string | null = null, patience_ms = 10_000): Promise<Client> {
  const { url } = await serve(...answers);
  return createClient({ url, key, patience_ms });
}

const notReady: Given = {
  status: 503,
  headers: { "retry-after": "0.001" },
  body: { error: { code: "not_ready", message: "the views are still loading" } },
};

test("names are parts of the path whatever is in them", async () => {
  expect(pathOf("segments", "50% off/now?", "members")).toBe("/v1/segments/50%25%20off%2Fnow%3F/members");
});

test("sends the key, the query, and text or JSON", async () => {
  const asking = await client([{ body: { ok: true }, headers: { etag: '"3"' } }], "secret");
  const answer = await asking.ask("PUT", "/v1/model", { text: "# é", query: { dry_run: true, limit: undefined } });
  expect(answer).toEqual({ body: { ok: true }, etag: '"3"' });
  await asking.ask("POST", "/v1/query", { body: { where: "known" } });
  expect(api?.asked).toMatchObject([
    {
      method: "PUT",
      path: "/v1/model?dry_run=true",
      body: "# é",
      headers: { authorization: "Bearer secret", "content-type": "text/plain; charset=utf-8" },
    },
    { method: "POST", body: '{"where":"known"}', headers: { "content-type": "application/json" } },
  ]);
});

test("a server that isn't ready yet is waited for", async () => {
  const asking = await client([notReady, notReady, { body: { alive: true } }]);
  expect(await asking.ask("GET", "/v1/x")).toMatchObject({ body: { alive: true } });
});

test("but not for ever", async () => {
  const asking = await client([notReady], null, 0);
  await expect(asking.ask("GET", "/v1/x")).rejects.toThrow(ServerAway);
  await expect(asking.ask("GET", "/v1/x")).rejects.toThrow("the views are still loading");
});

test.each([
  [401, null, "asks for a key: give one of its API_KEYS with --key or API_KEY"],
  [401, "wrong", "doesn't know the key that was given"],
] as const)("status %i with key %j says what to do", async (status, key, message) => {
  const asking = await client([{ status, body: { error: { code: "unauthorized", message: "?" } } }], key);
  await expect(asking.ask("GET", "/v1/x")).rejects.toThrow(message);
});

test("a refusal keeps its code and diagnostics", async () => {
  const diagnostics = [{ severity: "error", line: 1, column: 2, length: 3, message: "no" }];
  const body = { error: { code: "invalid_model", message: "1 error" }, diagnostics };
  const error = await (await client([{ status: 422, body }])).ask("GET", "/v1/x").catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(Refusal);
  expect(error).toMatchObject({ status: 422, code: "invalid_model", message: "1 error", diagnostics });
});

test("an answer from something else is no answer", async () => {
  const html = { headers: { "content-type": "text/html" }, body: "<html>hello</html>" };
  await expect((await client([html])).ask("GET", "/v1/x")).rejects.toThrow("does not answer like Sluice: <html>");
  await api?.close();
  const gone = await client([{ ...html, status: 404 }]);
  await expect(gone.ask("GET", "/v1/x")).rejects.toThrow("answers 404: <html>");
});

describe("how every command tells it", () => {
  const commands = [
    ["segments"],
    ["segments", "x"],
    ["watch", "x"],
    ["contact", "x"],
    ["query", "known"],
    ["model", "get"],
    ["model", "versions"],
    ["model", "diff", "-"],
    ["model", "put", "-"],
    ["model", "rollback", "1"],
    ["demo"],
  ];

  test.each(commands.map((args) => [args.join(" "), args] as const))(
    "%s without a server ends with 3",
    async (_, args) => {
      const { url } = await serve({ body: "" });
      await api?.close();
      api = null;
      const { code, out, err } = await sluice([...args, "--url", url]);
      expect({ code, out }).toEqual({ code: 3, out: "" });
      expect(err).toBe(
        `no server answers at ${url} (ECONNREFUSED)\n` +
          "`sluice start` starts one here; --url or SLUICE_URL names one that runs elsewhere\n",
      );
      const json = await sluice([...args, "--url", url, "--json"]);
      expect(json).toMatchObject({ code: 3, err: "" });
      expect(JSON.parse(json.out)).toEqual({ error: { code: "no_server", message: err.trimEnd() } });
    },
  );

  test.each(commands.filter(([name]) => name !== "demo").map((args) => [args.join(" "), args] as const))(
    "%s that is refused ends with 1",
    async (_, args) => {
      const { url } = await serve({
        status: 404,
        body: { error: { code: "not_found", message: "there is no \u001b[1m" } },
      });
      expect(await sluice([...args, "--url", url])).toEqual({ code: 1, out: "", err: "there is no \\u001b[1m\n" });
      const json = await sluice([...args, "--url", url, "--json"]);
      expect(JSON.parse(json.out)).toMatchObject({ error: { code: "not_found" } });
    },
  );
});
