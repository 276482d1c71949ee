import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Control } from "../../kernel/control.ts";
import { answerControls } from "./fake-partition.ts";
import { startHarness, type QueryHarness } from "./harness.ts";
import { until } from "./until.ts";

let harness: QueryHarness;
let answering: { stop(): Promise<void> } | null;

beforeEach(async () => {
  harness = await startHarness(3);
  answering = null;
});
afterEach(async () => {
  await answering?.stop();
  await harness.close();
});

function answer(): void {
  answering = answerControls(harness.partitions);
}

async function post(app: FastifyInstance, url: string, payload?: unknown) {
  const answered = await app.inject({
    method: "POST",
    url,
    ...(payload === undefined
      ? {}
      : { headers: { "content-type": "application/json" }, payload: JSON.stringify(payload) }),
  });
  return { status: answered.statusCode, body: answered.json() };
}

const failure = (status: number, code: string) => ({
  status,
  body: { error: expect.objectContaining({ code }) },
});

describe("POST /v1/settle", () => {
  it("answers when every partition has echoed, with all before it in the views", async () => {
    const app = await harness.readyApp();
    const [p] = harness.partitions;
    await p?.commit([p.add({ id: "ann" })], { clock: 500 });
    const settling = post(app, "/v1/settle");
    answer();
    expect(await settling).toEqual({
      status: 200,
      body: { settled: true, as_of: "1970-01-01T00:00:00.500Z", lag_ms: expect.any(Number) },
    });
    const body = await app.inject("/v1/tags");
    expect(body.statusCode).toBe(200);
  });

  it("waits for views that are still loading", async () => {
    for (const p of harness.partitions) {
      for (let i = 0; i < 40; i++) await p.commit([p.add({ id: `c${i}` })]);
      await p.sweep();
    }
    answer();
    const app = await harness.app();
    expect((await post(app, "/v1/settle")).status).toBe(200);
  });

  it("asks again when the view was dropped while it waited", async () => {
    const app = await harness.readyApp();
    const [p, ...others] = harness.partitions;
    if (p === undefined) throw new Error("no partition");
    await p.commit([]);
    const settling = post(app, "/v1/settle");
    await until(async () => (await harness.redis.xlen(p.keys.in)) === 1);
    for (const other of others) await other.takeControls();
    // The echo passes in a checkpoint: the delta that carries it is gone before it was read.
    await harness.redis.del(p.keys.deltas);
    p.offset = (await harness.redis.xrange(p.keys.in, "-", "+"))[0]?.[0] ?? "";
    p.seq = 4;
    await p.sweep();
    answer();
    expect((await settling).status).toBe(200);
    expect(await harness.redis.xlen(p.keys.in)).toBe(2);
  });

  it("answers 504 when a partition does not, naming it", async () => {
    const app = await harness.readyApp();
    const { status, body } = await post(app, "/v1/settle?timeout=0.05");
    expect(status).toBe(504);
    expect(body.error).toMatchObject({ code: "timeout", details: { partition: expect.any(Number) } });
  });

  it("refuses a timeout that is none", async () => {
    const app = await harness.readyApp();
    for (const timeout of ["0", "-1", "x", "601"]) {
      expect(await post(app, `/v1/settle?timeout=${timeout}`)).toEqual(failure(400, "invalid_call"));
    }
  });

  it("brings all partitions to the largest clock when the clock is that of events", async () => {
    const app = await harness.readyApp({ clockMode: "event" });
    const [p, q, r] = harness.partitions;
    await p?.commit([p.add({ id: "ann" })], { clock: 7_000 });
    await q?.commit([q.add({ id: "bob" })], { clock: 3_000 });
    answer();
    const { status, body } = await post(app, "/v1/settle");
    expect([status, body.as_of]).toEqual([200, "1970-01-01T00:00:07.000Z"]);
    expect([p?.clock, q?.clock, r?.clock]).toEqual([7_000, 7_000, 7_000]);
  });

  it("moves no clock before the first event of a replay", async () => {
    const app = await harness.readyApp({ clockMode: "event" });
    answer();
    expect(await post(app, "/v1/settle")).toEqual({
      status: 200,
      body: { settled: true, as_of: null, lag_ms: null },
    });
    expect(await harness.redis.xlen(harness.partitions[0]?.keys.in ?? "")).toBe(1);
  });
});

describe("POST /v1/clock", () => {
  it("moves all partitions to the instant, given in milliseconds or ISO 8601", async () => {
    const app = await harness.readyApp({ clockMode: "event" });
    answer();
    expect(await post(app, "/v1/clock", { now: 5_000 })).toMatchObject({
      status: 200,
      body: { now: "1970-01-01T00:00:05.000Z", as_of: "1970-01-01T00:00:05.000Z" },
    });
    expect((await post(app, "/v1/clock", { now: "2026-01-31T10:00:00Z" })).status).toBe(200);
    expect(harness.partitions.map((one) => one.clock)).toEqual(Array(3).fill(Date.UTC(2026, 0, 31, 10)));
  });

  it("reads an instant without a zone in the model's timezone", async () => {
    await harness.putModel('timezone "Europe/Rome"');
    const app = await harness.readyApp({ clockMode: "event" });
    answer();
    expect((await post(app, "/v1/clock", { now: "2026-01-31" })).body.now).toBe("2026-01-30T23:00:00.000Z");
  });

  it("never moves back", async () => {
    const app = await harness.readyApp({ clockMode: "event" });
    const [, q] = harness.partitions;
    await q?.commit([q.add({ id: "bob" })], { clock: 9_000 });
    answer();
    expect(await post(app, "/v1/clock", { now: 8_999 })).toEqual(failure(409, "conflict"));
    expect((await post(app, "/v1/clock", { now: 9_000 })).status).toBe(200);
  });

  it("is refused with the wall clock", async () => {
    const app = await harness.readyApp();
    expect(await post(app, "/v1/clock", { now: 5 })).toEqual(failure(409, "conflict"));
  });

  it("refuses what is no instant", async () => {
    const app = await harness.readyApp({ clockMode: "event" });
    for (const now of ["yesterday", "2026-02-30", -1, 1.5, null, 1e300]) {
      expect(await post(app, "/v1/clock", { now }), String(now)).toEqual(failure(400, "invalid_call"));
    }
  });
});

describe("a profile card", () => {
  it("is asked of the contact's own partition, once", async () => {
    const app = await harness.readyApp();
    const fetching = app.inject("/v1/contacts/ann");
    const owner = harness.ownerOf("ann");
    const taken = await until(async (): Promise<Control[] | undefined> => {
      const controls = await owner.takeControls();
      return controls.length > 0 ? controls : undefined;
    });
    expect(taken).toEqual([{ kind: "card", nonce: expect.any(String), contactId: "ann" }]);
    expect((await fetching).statusCode).toBe(404);
    for (const other of harness.partitions) {
      expect(await harness.redis.xlen(other.keys.in)).toBe(other === owner ? 1 : 0);
    }
  });
});

describe("before the views are whole", () => {
  it("answers 503 with Retry-After instead of something partial", async () => {
    const [p] = harness.partitions;
    await p?.commit([p.add({ id: "ann" })]);
    await p?.sweep();
    // The state names a step whose delta isn't there yet.
    await harness.redis.hset(p?.keys.state ?? "", { seq: 9 });
    const app = await harness.app();
    await until(async () => (await app.inject("/readyz")).json().error?.message.includes("partitions 0 "));
    for (const url of ["/readyz", "/v1/segments", "/v1/tags", "/v1/funnel"]) {
      const answered = await app.inject(url);
      expect([answered.statusCode, answered.json().error.code], url).toEqual([503, "not_ready"]);
      expect(answered.headers["retry-after"]).toBe("1");
    }
    expect((await app.inject("/healthz")).statusCode).toBe(200);
  });
});

describe("while Redis is away", () => {
  it("answers 503 for what needs it, goes on answering from the views, and comes back", async () => {
    const app = await harness.readyApp();
    const p = harness.ownerOf("ann");
    await p.commit([p.add({ id: "ann" })]);
    await until(async () => (await app.inject("/v1/contacts/ann/segments")).statusCode === 200);
    await harness.server.kill();
    await until(() => harness.redis.status !== "ready");
    expect(await post(app, "/v1/settle")).toEqual(failure(503, "unavailable"));
    expect((await app.inject("/v1/model")).statusCode).toBe(503);
    expect((await app.inject("/readyz")).statusCode).toBe(503);
    expect((await app.inject("/v1/contacts/ann/segments")).statusCode).toBe(200);
    await harness.server.restart();
    // This server kept nothing: the view that knew more is dropped.
    await until(async () => (await app.inject("/v1/contacts/ann/segments")).statusCode === 404);
    expect((await app.inject("/readyz")).statusCode).toBe(200);
  });
});
