/** Closing an app must come to an end whatever its clients do. */
import { connect, type AddressInfo, type Socket } from "node:net";
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, test } from "vitest";
import { limitClosing } from "../../cli/closing.ts";

let app: FastifyInstance;
let client: Socket | null = null;
let received: string;
let answer: () => void;

async function start(patienceMs: number): Promise<void> {
  app = Fastify({ return503OnClosing: false });
  limitClosing(app, patienceMs);
  const isAnswered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  app.all("/", async () => {
    await isAnswered;
    return ANSWER;
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
}

/** Connects and sends; resolves with the server's end of the connection when the server has all of it. */
async function send(text: string): Promise<Socket> {
  const seen = new Promise<Socket>((resolve) => void app.server.once("connection", resolve));
  const { port } = app.server.address() as AddressInfo;
  const socket = connect(port, "127.0.0.1");
  client = socket;
  received = "";
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString();
  });
  socket.on("error", () => {});
  socket.write(text);
  const end = await seen;
  await expect.poll(() => end.bytesRead).toBe(text.length);
  return end;
}

/** More than what lies between a server and a client that doesn't read. */
const ANSWER = "x".repeat(16 * 1024 * 1024);
const HOUR_MS = 3_600_000;
const WHOLE = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

beforeEach(() => {
  client = null;
});
afterEach(async () => {
  client?.destroy();
  answer();
  await app.close();
});

test("a connection that has said nothing is ended at once", async () => {
  await start(HOUR_MS);
  await send("");
  await expect(app.close()).resolves.toBeUndefined();
});

test.each([
  ["half a head", "GET / HT"],
  ["half a body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nab"],
  ["a request that is never answered", WHOLE],
])("%s is waited for, but not for ever", async (_, text) => {
  await start(20);
  await send(text);
  await expect(app.close()).resolves.toBeUndefined();
});

test("an answer that is being made is sent to its end", async () => {
  await start(HOUR_MS);
  const end = await send(WHOLE);
  const closed = app.close();
  await expect.poll(() => app.server.listening).toBe(false);
  client?.pause();
  answer();
  await expect.poll(() => end.writableLength).toBeGreaterThan(0);
  client?.resume();
  await closed;
  await expect.poll(() => received.endsWith(`\r\n\r\n${ANSWER}`)).toBe(true);
});
