import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLoopbackHost, isLoopbackPeer, keyFinder } from "../../kernel/access.ts";
import { startHarness, type QueryHarness } from "./harness.ts";

let harness: QueryHarness;
beforeAll(async () => {
  harness = await startHarness(1);
});
afterAll(() => harness.close());

describe("with API keys", () => {
  it("answers holders of any of them, and nobody else", async () => {
    const app = await harness.readyApp({ apiKeys: ["one", "two"] });
    const status = async (authorization?: string): Promise<number> =>
      (await app.inject({ url: "/v1/segments", headers: authorization === undefined ? {} : { authorization } }))
        .statusCode;
    expect(await status("Bearer one")).toBe(200);
    expect(await status("bearer two")).toBe(200);
    for (const wrong of [
      undefined,
      "Bearer",
      "Bearer ",
      "Bearer on",
      "Bearer onee",
      "Basic one",
      "one",
      "Bearer one two",
    ]) {
      expect(await status(wrong), String(wrong)).toBe(401);
    }
  });

  it("opens health to everybody, and metrics only when they are public", async () => {
    const app = await harness.readyApp({ apiKeys: ["one"] });
    expect((await app.inject("/healthz")).statusCode).toBe(200);
    expect((await app.inject("/metrics")).statusCode).toBe(401);
    const open = await harness.app({ apiKeys: ["one"], metricsPublic: true });
    expect((await open.inject("/metrics")).statusCode).toBe(200);
    expect((await open.inject("/v1/status")).statusCode).toBe(401);
  });

  it("does not care where the caller is", async () => {
    const app = await harness.readyApp({ apiKeys: ["one"] });
    const headers = { authorization: "Bearer one", host: "sluice.example", origin: "https://app.example" };
    expect((await app.inject({ url: "/v1/segments", headers, remoteAddress: "8.8.8.8" })).statusCode).toBe(200);
  });
});

describe("without API keys", () => {
  it.each([
    ["this machine", {}, "127.0.0.1", 200],
    ["this machine by IPv6", { host: "[::1]:8080" }, "::1", 200],
    ["an IPv4 address inside IPv6", { host: "localhost" }, "::ffff:127.0.0.1", 200],
    ["a page of this machine", { origin: "http://localhost:3000" }, "127.0.0.1", 200],
    ["another machine", {}, "10.0.0.7", 403],
    ["another name that points here", { host: "evil.example" }, "127.0.0.1", 403],
    ["a page of another site", { origin: "https://evil.example" }, "127.0.0.1", 403],
    ["a page of nowhere", { origin: "null" }, "127.0.0.1", 403],
  ])("answers or refuses %s", async (_what, headers, remoteAddress, status) => {
    const app = await harness.readyApp();
    expect((await app.inject({ url: "/v1/segments", headers, remoteAddress })).statusCode).toBe(status);
  });
});

describe("access", () => {
  it("knows loopback names and addresses from those that look like them", () => {
    for (const host of ["localhost", "LOCALHOST:80", "127.0.0.1", "127.9.9.9:1", "[::1]", "[::1]:80"]) {
      expect(isLoopbackHost(host), host).toBe(true);
    }
    for (const host of [
      undefined,
      "",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "1270.0.1",
      "0.0.0.0",
      "::2",
    ]) {
      expect(isLoopbackHost(host), String(host)).toBe(false);
    }
    expect(isLoopbackPeer(undefined)).toBe(false);
    expect(isLoopbackPeer("192.168.0.1")).toBe(false);
  });

  it("accepts no key where there are none, and tells which one it is", () => {
    expect(keyFinder([])("")).toBe(-1);
    expect(keyFinder(["a", "b"])("b")).toBe(1);
    expect(keyFinder(["a", "b"])("ab")).toBe(-1);
  });
});
