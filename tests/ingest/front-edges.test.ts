/** Connections of the short way in bad moments: ended, reset, silent, never reading, or open while the server closes. */
import { connect, type AddressInfo, type Socket } from "node:net";
import Fastify, { type FastifyInstance } from "fastify";
import { Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createCors } from "../../ingest/cors.ts";
import { attachFront } from "../../ingest/front.ts";
import type { Waiter } from "../../ingest/group-commit.ts";
import type { Intake, Reading } from "../../ingest/intake.ts";
import { createIngestMetrics } from "../../ingest/metrics.ts";
import { SluiceError } from "../../kernel/errors.ts";
import { createLog } from "../../kernel/log.ts";
import { answersOn, request } from "./raw-http.ts";

const CALL = '{"event":"x","userId":"u"}';
const READING: Reading = { events: [], count: 0, refusals: [], refused: [], answer: '{"way":"short"}' };
const BYTES_MAX = 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/** Readings that were handed in and that nobody has settled yet. */
let waiting: Waiter[];
let app: FastifyInstance;
let clients: Socket[];
/** The server's ends of the connections, in their order. */
let ends: Socket[];

/** An app whose short way takes everything, until `commit` is told otherwise; the app's own way says so. */
async function start(over: Partial<Intake> = {}): Promise<void> {
  waiting = [];
  clients = [];
  ends = [];
  const intake: Intake = {
    admit: () => "server",
    check: () => {},
    bounds: () => ({ sent: BYTES_MAX, plain: BYTES_MAX }),
    weigh: () => {},
    scan: () => READING,
    open: (_, sender) => ({ body: {}, sender: sender ?? "server" }),
    read: () => READING,
    commit: (_, waiter) => void waiting.push(waiter),
    keepRefused: async () => {},
    ...over,
  };
  app = Fastify();
  const metrics = createIngestMetrics(new Registry());
  const clock = { now: () => 1_000_000 };
  const log = createLog("silent");
  const requestId = (given: string | undefined): string => given ?? "made";
  attachFront(app, { intake, metrics, cors: createCors([]), clock, log, headers: { "x-way": "short" }, requestId });
  app.server.on("connection", (socket) => ends.push(socket));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.all("*", async () => ({ way: "app" }));
  await app.listen({ host: "127.0.0.1", port: 0 });
}

/** A client that leaves what it is sent unread until it is asked to. */
async function client(): Promise<Socket> {
  const socket = connect({ port: (app.server.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
  clients.push(socket);
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  await expect.poll(() => ends.length).toBe(clients.length);
  return socket;
}

/** The server's end of the client's connection. */
function endOf(socket: Socket): Socket {
  const end = ends[clients.indexOf(socket)];
  if (end === undefined) throw new Error("the server has not seen this client");
  return end;
}

function openConnections(): Promise<number> {
  return new Promise((resolve, reject) =>
    app.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  );
}

afterEach(async () => {
  vi.useRealTimers();
  for (const socket of clients) socket.destroy();
  for (const waiter of waiting.splice(0)) waiter.settle(null);
  await app.close();
});

describe("a client that ends its side", () => {
  beforeEach(() => start());

  test("is still answered what it sent before", async () => {
    const socket = await client();
    const ended = new Promise((resolve) => endOf(socket).once("end", resolve));
    socket.end(Buffer.concat([request(CALL, ["X-Request-Id: first"]), request(CALL, ["X-Request-Id: second"])]));
    await expect.poll(() => waiting.length).toBe(1);
    const answers = answersOn(socket, 2);
    waiting.shift()?.settle(null);
    await expect.poll(() => waiting.length).toBe(1);
    await ended;
    waiting.shift()?.settle(null);
    expect((await answers).map(({ headers }) => headers["x-request-id"])).toEqual(["first", "second"]);
    await expect.poll(openConnections).toBe(0);
  });

  test.each([
    ["an unusual request", request(CALL, [], "/v1/other")],
    ["a plain one", request(CALL)],
    ["half a one", request(CALL).subarray(0, -3)],
  ])("and resets the connection, with %s behind a pending one, harms nobody", async (_, second) => {
    const uncaught = vi.fn<(error: Error) => void>();
    process.on("uncaughtException", uncaught);
    try {
      const socket = await client();
      const ended = new Promise((resolve) => endOf(socket).once("end", resolve));
      socket.end(Buffer.concat([request(CALL), second]));
      await expect.poll(() => waiting.length).toBe(1);
      await ended;
      socket.resetAndDestroy();
      await new Promise((resolve) => socket.once("close", resolve));
      while (waiting.length > 0) waiting.shift()?.settle(null);
      await expect.poll(openConnections).toBe(0);
      await new Promise((resolve) => setImmediate(resolve));
      expect(uncaught).not.toHaveBeenCalled();
    } finally {
      process.off("uncaughtException", uncaught);
    }
  });
});

describe("a client that doesn't read its answers", () => {
  /** More than all buffers on the way to a client hold. */
  const ANSWER = JSON.stringify({ text: "x".repeat(256 * 1024) });
  const MANY = Array.from({ length: 64 }, () => request(CALL));

  test("is taken no more from, and gets all of them once it reads", async () => {
    let taken = 0;
    await start({
      scan: () => ({ ...READING, answer: ANSWER }),
      commit(_, waiter) {
        taken++;
        waiter.settle(null);
      },
    });
    const socket = await client();
    const ended = new Promise((resolve) => endOf(socket).once("end", resolve));
    socket.end(Buffer.concat(MANY));
    await expect.poll(() => endOf(socket).writableNeedDrain).toBe(true);
    await ended;
    expect(taken).toBeLessThan(MANY.length);
    const answers = await answersOn(socket, MANY.length);
    expect(answers.length).toBe(MANY.length);
    expect(answers.every(({ body }) => body === ANSWER)).toBe(true);
    expect(taken).toBe(MANY.length);
    await expect.poll(openConnections).toBe(0);
  });

  test("is cut off some day", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    await start({ scan: () => ({ ...READING, answer: ANSWER }), commit: (_, waiter) => waiter.settle(null) });
    const socket = await client();
    socket.write(Buffer.concat(MANY));
    await expect.poll(() => endOf(socket).writableNeedDrain).toBe(true);
    vi.advanceTimersByTime(4 * 60_000);
    expect(endOf(socket).destroyed).toBe(false);
    vi.advanceTimersByTime(2 * 60_000);
    expect(endOf(socket).destroyed).toBe(true);
  });
});

describe("a silent client", () => {
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    await start({ commit: (_, waiter) => waiter.settle(null) });
  });

  test("between requests is left alone for as long as it was told, and no longer", async () => {
    const socket = await client();
    const answers = answersOn(socket, 1);
    socket.write(request(CALL));
    const [answer] = await answers;
    expect(answer?.headers["keep-alive"]).toBe("timeout=72");
    vi.advanceTimersByTime(70_000);
    expect(endOf(socket).destroyed).toBe(false);
    vi.advanceTimersByTime(10_000);
    expect(endOf(socket).destroyed).toBe(true);
  });

  test.each([
    ["before its first request", NOTHING],
    ["in the middle of a body", request(CALL).subarray(0, -3)],
  ])("%s falls to the HTTP server, which can still answer it", async (_, sent) => {
    const socket = await client();
    socket.write(sent);
    await expect.poll(() => endOf(socket).bytesRead).toBe(sent.length);
    expect(endOf(socket)).not.toHaveProperty("parser");
    vi.advanceTimersByTime(70_000);
    expect(endOf(socket)).toHaveProperty("parser");
    socket.write(request(CALL).subarray(sent.length));
    expect(await answersOn(socket, 1)).toMatchObject([{ status: 200, body: '{"way":"app"}' }]);
  });

  test("in the middle of a head is the HTTP server's at once", async () => {
    const socket = await client();
    socket.write(request(CALL).subarray(0, 30));
    await expect.poll(() => "parser" in endOf(socket)).toBe(true);
    socket.write(request(CALL).subarray(30));
    expect(await answersOn(socket, 1)).toMatchObject([{ status: 200, body: '{"way":"app"}' }]);
  });
});

describe("while the server closes", () => {
  test("what is being taken is answered, and nothing after it", async () => {
    let taken = 0;
    await start({
      commit(_, waiter) {
        taken++;
        waiting.push(waiter);
      },
    });
    const socket = await client();
    socket.write(Buffer.concat([request(CALL), request(CALL)]));
    await expect.poll(() => taken).toBe(1);
    const closed = app.close();
    await expect.poll(() => app.server.listening).toBe(false);
    const answers = answersOn(socket, 9);
    waiting.shift()?.settle(null);
    socket.write(request(CALL));
    await closed;
    expect(await answers).toMatchObject([{ status: 200, headers: { "x-way": "short", connection: "close" } }]);
    expect(taken).toBe(1);
  });

  test("a body that has begun to come is refused when it is whole", async () => {
    await start();
    const socket = await client();
    const bytes = request(CALL);
    socket.write(bytes.subarray(0, -3));
    await expect.poll(() => endOf(socket).bytesRead).toBe(bytes.length - 3);
    const closed = app.close();
    await expect.poll(() => app.server.listening).toBe(false);
    socket.write(bytes.subarray(-3));
    expect(await answersOn(socket, 1)).toMatchObject([{ status: 503, headers: { connection: "close" } }]);
    await closed;
    expect(waiting).toEqual([]);
  });

  test("a body that doesn't come to its end holds it up for a while only, and so do answers that nobody reads", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    const answer = JSON.stringify({ text: "x".repeat(16 * 1024 * 1024) });
    await start({ scan: () => ({ ...READING, answer }), commit: (_, waiter) => waiter.settle(null) });
    const half = await client();
    half.write(request(CALL).subarray(0, -3));
    await expect.poll(() => endOf(half).bytesRead).toBe(request(CALL).length - 3);
    const deaf = await client();
    deaf.write(request(CALL));
    await expect.poll(() => endOf(deaf).writableNeedDrain).toBe(true);
    const closed = app.close();
    await expect.poll(() => app.server.listening).toBe(false);
    expect(await openConnections()).toBe(2);
    vi.advanceTimersByTime(20_000);
    await closed;
  });
});

test("what Redis doesn't take is told with the time to wait, and the connection lives on", async () => {
  await start();
  const socket = await client();
  socket.write(Buffer.concat([request(CALL), request(CALL)]));
  const answers = answersOn(socket, 2);
  await expect.poll(() => waiting.length).toBe(1);
  const error = new SluiceError("unavailable", "grün", { retryAfterSeconds: 1 });
  waiting.shift()?.settle(error);
  await expect.poll(() => waiting.length).toBe(1);
  waiting.shift()?.settle(null);
  const [refused, taken] = await answers;
  expect(refused).toMatchObject({ status: 503, headers: { "retry-after": "1", connection: "keep-alive" } });
  expect(JSON.parse(Buffer.from(refused?.body ?? "", "latin1").toString())).toEqual(error.toBody());
  expect(taken).toMatchObject({ status: 200, body: READING.answer });
});

test("a fault of the server's own is told with the id under which the log has it", async () => {
  await start({
    commit() {
      throw new Error("a fault");
    },
  });
  const socket = await client();
  socket.write(request(CALL, ["X-Request-Id: abcd-1234"]));
  const [answer] = await answersOn(socket, 1);
  expect(answer?.status).toBe(500);
  expect(JSON.parse(answer?.body ?? "")).toMatchObject({
    error: { code: "internal", message: "something went wrong here; the log has it under request abcd-1234" },
  });
});

test("a body larger than a plain one may be is left to the app", async () => {
  await start({ bounds: () => ({ sent: BYTES_MAX, plain: 10 }) });
  const socket = await client();
  socket.write(request(CALL));
  expect(await answersOn(socket, 1)).toMatchObject([{ status: 200, body: '{"way":"app"}' }]);
});
