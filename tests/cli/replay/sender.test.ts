import { afterEach, expect, test } from "vitest";
import type { Call } from "../../../cli/replay/call.ts";
import { createSender, SendError, type Sender, type SenderOptions } from "../../../cli/replay/sender.ts";
import { accepted, startFakeServer, type FakeServer, type Reply } from "./fake-server.ts";

let server: FakeServer;
let notes: string[];
let rejected: [id: string, reason: string][];

afterEach(() => server.close());

function sender(options: Partial<SenderOptions> = {}): Sender {
  notes = [];
  rejected = [];
  return createSender({
    url: server.url,
    key: null,
    batchEvents: 3,
    lanes: 1,
    onRejected: async (call, reason) => void rejected.push([call.messageId, reason]),
    onNote: (text) => notes.push(text),
    ...options,
  });
}

function call(n: number, userId = "u", padding = ""): Call {
  const properties = { padding };
  return { type: "track", messageId: `m${n}`, userId, event: "A", timestamp: "2026-01-01T00:00:00.000Z", properties };
}

async function sendAll(to: Sender, calls: readonly Call[]): Promise<void> {
  for (const one of calls) await to.add(one);
  await to.finish();
}

function idsReceived(): string[][] {
  return server.received.map(({ batch }) => batch.map(({ messageId }) => messageId));
}

const busy: Reply = { status: 503, headers: { "retry-after": "0" }, body: '{"error":{"message":"full"}}' };

test("calls go in batches, in their order", async () => {
  server = await startFakeServer(({ batch }) => accepted(batch));
  const to = sender();
  await sendAll(
    to,
    [1, 2, 3, 4, 5, 6, 7].map((n) => call(n)),
  );
  expect(idsReceived()).toEqual([["m1", "m2", "m3"], ["m4", "m5", "m6"], ["m7"]]);
  expect(server.received[0]?.path).toBe("/v1/batch");
  expect(to.accepted).toBe(7);
  expect(server.busiest).toBe(1);
});

test("a batch stays below the server's limit of bytes", async () => {
  server = await startFakeServer(({ batch }) => accepted(batch));
  const to = sender({ batchEvents: 2500 });
  await sendAll(
    to,
    Array.from({ length: 100 }, (_, n) => call(n, "u", "é".repeat(8000))),
  );
  expect(to.accepted).toBe(100);
  expect(server.received.length).toBeGreaterThan(3);
  expect(Math.max(...server.received.map(({ bytes }) => bytes))).toBeLessThanOrEqual(500 * 1024);
});

test("the key is the user of HTTP Basic", async () => {
  server = await startFakeServer(({ batch }) => accepted(batch));
  await sendAll(sender({ key: "secret" }), [call(1)]);
  expect(server.received[0]?.authorization).toBe(`Basic ${Buffer.from("secret:").toString("base64")}`);
});

test("a busy server is asked again until it takes the batch, and people are told once", async () => {
  server = await startFakeServer(({ batch }, count) => (count < 4 ? busy : accepted(batch)));
  const to = sender();
  await sendAll(to, [call(1), call(2)]);
  expect(idsReceived()).toEqual(Array.from({ length: 5 }, () => ["m1", "m2"]));
  expect(to.accepted).toBe(2);
  expect(notes).toEqual([
    expect.stringMatching(/ answers 503: full; trying again until it does$/),
    expect.stringMatching(/ takes events again$/),
  ]);
});

test("a rate limit is waited for", async () => {
  server = await startFakeServer(({ batch }, count) => (count === 0 ? { ...busy, status: 429 } : accepted(batch)));
  const to = sender();
  await sendAll(to, [call(1)]);
  expect(to.accepted).toBe(1);
});

test("a server that goes away is waited for", async () => {
  server = await startFakeServer(({ batch }) => accepted(batch));
  const to = sender({ batchEvents: 1 });
  await sendAll(to, [call(1)]);
  await server.close();
  const sending = sendAll(to, [call(2)]);
  while (notes.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(notes[0]).toMatch(/does not answer \(ECONN/);
  await server.reopen();
  await sending;
  expect(to.accepted).toBe(2);
  expect(notes.at(-1)).toMatch(/takes events again/);
});

test("what the server refuses is reported with its reason", async () => {
  server = await startFakeServer(() => ({
    status: 200,
    body: JSON.stringify({ success: true, accepted: 1, rejected: [{ index: 1, code: "too_late", message: "no" }] }),
  }));
  const to = sender();
  await sendAll(to, [call(1), call(2)]);
  expect(rejected).toEqual([["m2", "too_late: no"]]);
  expect([to.accepted, to.rejected]).toEqual([1, 1]);
});

test("a batch that is too large is halved, and what alone is too large is set aside", async () => {
  server = await startFakeServer(({ batch }) =>
    batch.some(({ messageId }) => messageId === "m2") ? { status: 413, body: "{}" } : accepted(batch),
  );
  const to = sender();
  await sendAll(to, [call(1), call(2), call(3)]);
  expect(rejected).toEqual([["m2", "too large for the server"]]);
  expect(to.accepted).toBe(2);
});

test.each([
  [401, null, "asks for a key"],
  [401, "wrong", "doesn't know the key"],
  [404, null, "answers 404: gone"],
] as const)("status %i with key %j ends it", async (status, key, message) => {
  server = await startFakeServer(() => ({ status, body: '{"error":{"message":"gone"}}' }));
  const sending = sendAll(sender({ key }), [call(1), call(2), call(3), call(4), call(5)]);
  await expect(sending).rejects.toThrow(SendError);
  await expect(sending).rejects.toThrow(message);
});

test("an answer from something else is no success", async () => {
  server = await startFakeServer(() => ({ status: 200, body: "<html>" }));
  await expect(sendAll(sender(), [call(1)])).rejects.toThrow("does not answer like Sluice: <html>");
});

test("with several lanes a contact's calls keep their order", async () => {
  server = await startFakeServer(async ({ batch }, count) => {
    await new Promise((resolve) => setTimeout(resolve, (count * 7) % 5));
    return accepted(batch);
  });
  const to = sender({ lanes: 4 });
  const calls = Array.from({ length: 200 }, (_, n) => call(n, `u${n % 10}`));
  await sendAll(to, calls);
  expect(to.accepted).toBe(200);
  expect(server.busiest).toBeGreaterThan(1);
  expect(server.busiest).toBeLessThanOrEqual(4);
  const arrived = server.received.flatMap(({ batch }) => batch);
  for (let user = 0; user < 10; user++) {
    const ids = (list: readonly Call[]): string[] =>
      list.filter(({ userId }) => userId === `u${user}`).map(({ messageId }) => messageId);
    expect(ids(arrived)).toEqual(ids(calls));
  }
});
