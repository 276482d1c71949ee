/** The quick way over real sockets: the same answers as the app's way, whatever is asked. */
import { request, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import type { QuickOptions } from "../../query/context.ts";
import { startHarness, type QueryHarness } from "./harness.ts";

/** Only the quick way marks its answers here, so they tell how they came. */
const quick: QuickOptions = { headers: { "x-way": "quick" }, requestId: () => "made" };
const KEYS = ["k1", "k2"];

let harness: QueryHarness;
/** With the quick way and without it; without keys and with them. */
const apps = new Map<string, FastifyInstance>();

beforeAll(async () => {
  harness = await startHarness(2);
  const record = await harness.putModel(`segment "big" = score >= 10\nsegment "a \\"b\\" é" = score >= 0`);
  const ids = record.segments.map(([, id]) => id);
  for (const id of ["ann", "a b/c", "é@mail.example", "~anon", "x".repeat(255)]) {
    await harness.ownerOf(id).commit([harness.ownerOf(id).add({ id, segments: new Set(ids) })], { clock: 990_000 });
  }
  await harness.ownerOf("nowhere").commit([harness.ownerOf("nowhere").add({ id: "nowhere" })], { clock: 990_000 });
  for (const [name, options] of [
    ["quick", { quick }],
    ["plain", {}],
    ["quick with keys", { quick, apiKeys: KEYS }],
    ["plain with keys", { apiKeys: KEYS }],
  ] as const) {
    const app = await harness.readyApp({ ...options, ...("apiKeys" in options ? { apiKeys: [...KEYS] } : {}) });
    await app.listen({ host: "127.0.0.1", port: 0 });
    apps.set(name, app);
  }
});
afterAll(() => harness.close());

interface Asked {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(name: string, { path, method = "GET", headers = {}, body }: Asked): Promise<Answer> {
  const app = apps.get(name);
  if (app === undefined) throw new Error(`there is no app ${name}`);
  const { port } = app.server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const asking = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
    });
    asking.on("error", reject);
    asking.end(body);
  });
}

function essence({ status, headers, body }: Answer): unknown {
  const { date: _date, "x-way": _way, "x-request-id": _id, ...others } = headers;
  const text = body.replace(/request req-\w+/, "request …");
  return { status, headers: others, body: text };
}

async function both(asked: Asked, keys = ""): Promise<{ readonly way: "quick" | "app's"; readonly status: unknown }> {
  const [answer, wanted] = [await ask(`quick${keys}`, asked), await ask(`plain${keys}`, asked)];
  expect(essence(answer)).toEqual(essence(wanted));
  return { way: answer.headers["x-way"] === "quick" ? "quick" : "app's", status: answer.status };
}

const of = (id: string): string => `/v1/contacts/${encodeURIComponent(id)}/segments`;

describe("the segments of a contact", () => {
  test.each([
    ["of a plain id", { path: of("ann") }],
    ["of an id that is encoded", { path: of("a b/c") }],
    ["of an id with letters beyond ASCII", { path: of("é@mail.example") }],
    ["of an id that isn't encoded", { path: "/v1/contacts/%C3%A9@mail.example/segments" }],
    ["of an anonymous contact", { path: of("~anon") }],
    ["of a long id", { path: of("x".repeat(255)) }],
    ["of who is in none", { path: of("nowhere") }],
    ["for a page of this machine", { path: of("ann"), headers: { origin: "http://localhost:3000" } }],
  ])("are answered quickly and alike: %s", async (_, asked) => {
    expect(await both(asked)).toEqual({ way: "quick", status: 200 });
  });

  test.each([
    ["nobody", { path: of("nobody") }, 404],
    ["an escape that is no UTF-8", { path: "/v1/contacts/%E9/segments" }, 400],
    ["a broken escape", { path: "/v1/contacts/%zz/segments" }, 400],
    ["an id too long for any", { path: of("y".repeat(600)) }, 404],
    ["no id", { path: "/v1/contacts//segments" }, 404],
    ["a query", { path: `${of("ann")}?x=1` }, 200],
    ["a longer path", { path: "/v1/contacts/ann/x/segments" }, 404],
    ["a slash at the end", { path: `${of("ann")}/` }, 404],
    ["another method", { path: of("ann"), method: "DELETE" }, 404],
    ["a head", { path: of("ann"), method: "HEAD" }, 200],
    [
      "a body",
      { path: of("ann"), headers: { "content-type": "application/json", "content-length": "2" }, body: "{}" },
      200,
    ],
    ["a foreign host", { path: of("ann"), headers: { host: "a.example" } }, 403],
    ["a foreign page", { path: of("ann"), headers: { origin: "https://shop.example" } }, 403],
  ])("take the app's way with %s", async (_, asked, status) => {
    expect(await both(asked)).toEqual({ way: "app's", status });
  });

  it("are for holders of a key where keys are set", async () => {
    const path = of("ann");
    const withKey = (key: string): Asked => ({ path, headers: { authorization: key, host: "a.example" } });
    expect(await both(withKey("Bearer k2"), " with keys")).toEqual({ way: "quick", status: 200 });
    for (const key of ["Bearer k3", "Basic azE6", ""]) {
      expect(await both(withKey(key), " with keys")).toEqual({ way: "app's", status: 401 });
    }
  });

  it("are not answered while the views load", async () => {
    await harness.redis.hset(harness.ownerOf("ann").keys.state, "checkpoint", "nonsense");
    const app = await harness.app({ quick });
    await app.listen({ host: "127.0.0.1", port: 0 });
    apps.set("loading", app);
    const { status, headers } = await ask("loading", { path: of("ann") });
    expect([status, headers["x-way"], headers["retry-after"]]).toEqual([503, undefined, "1"]);
  });
});
