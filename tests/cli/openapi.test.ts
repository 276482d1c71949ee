import { createHash } from "node:crypto";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ERRORS } from "../../kernel/errors.ts";
import { ROLES, type Role } from "../../kernel/config.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";
import { buildTestApp, type BuiltApp } from "./built-app.ts";

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

let server: RedisServer;
const open: BuiltApp[] = [];

beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  for (const one of open) await one.close();
  await server.stop();
});

async function start(env: Readonly<Record<string, string>> = {}, roles: readonly Role[] = ROLES): Promise<BuiltApp> {
  const built = await buildTestApp(server, env, roles);
  open.push(built);
  return built;
}

async function documentOf({ app }: BuiltApp): Promise<Document> {
  return (await app.inject("/openapi.json")).json<Document>();
}

function operationsOf({ paths }: Document): { name: string; operation: Operation }[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
  );
}

/** `METHOD /path/{name}` of every route, from the router's own tree. */
function registered({ app }: BuiltApp): string[] {
  const prefixes: string[] = [];
  return app
    .printRoutes({ commonPrefix: false })
    .split("\n")
    .flatMap((line) => {
      const [, bars = "", part = "", methods = ""] = /^([│ ]*)[├└]── (\S*) \(([A-Z, ]+)\)$/.exec(line) ?? [];
      if (part === "") return [];
      const depth = bars.length / 4;
      prefixes.length = depth;
      prefixes.push(part);
      const path = prefixes.join("").replace(/:(\w+)/g, "{$1}");
      return methods.split(", ").map((method) => `${method} ${path}`);
    })
    .filter((name) => !/^(HEAD|OPTIONS) /.test(name));
}

describe("the OpenAPI document", () => {
  test.each([[ROLES], [["ingest"]], [["query"]], [["processor"]]] as [Role[]][])(
    "is valid and has the routes of %j, no more and no less",
    async (roles) => {
      const built = await start({}, roles);
      const document = await documentOf(built);
      expect(document.openapi).toBe("3.1.0");
      expect(await new Validator().validate({ ...document })).toEqual({ valid: true });
      const names = operationsOf(document).map(({ name }) => name);
      expect(names.sort()).toEqual(registered(built).sort());
      expect(names).toContain("GET /openapi.json");
      expect(names.includes("POST /v1/track")).toBe(roles.includes("ingest"));
      expect(names.includes("PUT /v1/model")).toBe(roles.includes("query"));
    },
  );

  test("says of each route what it is for, what it takes and what it can answer", async () => {
    const document = await documentOf(await start());
    for (const { name, operation } of operationsOf(document)) {
      const reserved = operation.summary?.endsWith("(not supported yet)") === true;
      expect(operation.summary, name).toBeTruthy();
      expect(operation.tags, name).toHaveLength(1);
      expect(operation.security, name).toBeDefined();
      expect(Object.keys(operation.responses).length, name).toBeGreaterThan(1);
      if (!reserved) expect(operation.responses["200"]?.content, name).toBeDefined();
      for (const [status, answer] of Object.entries(operation.responses)) {
        if (status === "200") continue;
        const codes = [...answer.description.matchAll(/`(\w+)`: /g)].map(([, code]) => code as keyof typeof ERRORS);
        expect(codes.length, `${name} ${status}`).toBeGreaterThan(0);
        for (const code of codes) expect(String(ERRORS[code].status), `${name} ${code}`).toBe(status);
      }
      const takesBody = /^(POST|PUT) /.test(name) && !name.includes("settle") && !reserved;
      expect(operation.requestBody !== undefined, name).toBe(takesBody || /group|alias|\/[ag]$/.test(name));
    }
  });
});

describe("the page", () => {
  test("shows every route and every error, and loads and runs nothing", async () => {
    const built = await start();
    const document = await documentOf(built);
    const answer = await built.app.inject("/docs");
    expect([answer.statusCode, answer.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    for (const { name } of operationsOf(document)) {
      const [method = "", path = ""] = name.split(" ");
      expect(answer.body).toContain(`>${method}</b> <code>${path}</code>`);
    }
    for (const code of Object.keys(ERRORS)) expect(answer.body).toContain(`<td><code>${code}</code>`);
    expect(answer.body).not.toMatch(/<script|<link|<img|<iframe|\son\w+=|style=|https?:\/\//i);
    const policy = String(answer.headers["content-security-policy"]);
    const style = /<style>([^]*?)<\/style>/.exec(answer.body)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    expect(policy.split("; ")).toEqual([
      "default-src 'none'",
      `style-src 'sha256-${hash}'`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
  });

  test("and the document ask for a key where keys are set, which a browser can ask its user for", async () => {
    const { app } = await start({ API_KEYS: "secret-a,secret-b" });
    for (const url of ["/docs", "/openapi.json"]) {
      const refused = await app.inject(url);
      expect([refused.statusCode, refused.headers["www-authenticate"]]).toEqual([
        401,
        expect.stringMatching(/^Basic realm=/),
      ]);
      const basic = (user: string): string => `Basic ${Buffer.from(`${user}:`).toString("base64")}`;
      const status = async (authorization: string): Promise<number> =>
        (await app.inject({ url, headers: { authorization } })).statusCode;
      expect(await status("Bearer secret-b")).toBe(200);
      expect(await status(basic("secret-a"))).toBe(200);
      expect(await status(basic("secret-c"))).toBe(401);
      expect(await status(basic(""))).toBe(401);
    }
    // Elsewhere a browser that remembers the name must not send it along for another site's page.
    const elsewhere = await app.inject({ url: "/v1/model", headers: { authorization: "Basic c2VjcmV0LWE6" } });
    expect([elsewhere.statusCode, elsewhere.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
  });

  test("is for this machine only without keys", async () => {
    const { app } = await start({ WRITE_KEYS: "w" }, ["ingest"]);
    expect((await app.inject({ url: "/docs", remoteAddress: "10.0.0.1" })).statusCode).toBe(403);
    expect((await app.inject({ url: "/docs", headers: { host: "sluice.example" } })).statusCode).toBe(403);
    expect((await app.inject("/docs")).statusCode).toBe(200);
  });
});
