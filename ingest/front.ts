/**
 * The short way for collection: plain requests that are all in order are answered straight from the socket, without
 * the HTTP parser, the request and response objects and the framework around a few microseconds of work.
 *
 * Whatever is not plain or not in order (another method or path, an unusual header, gzip, a key of a browser, a body
 * with a fault, a server that can't take events) takes the app's way, so there is one place that knows each rule and
 * each error: the connection is handed, with all bytes that are not answered yet, to Node's HTTP server as if it had
 * just been accepted, and stays there. Nothing has been done for such a request by then.
 *
 * A connection's requests are answered one after the other, and no more is read of one that doesn't read its answers.
 */
import { STATUS_CODES, type Server } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Clock } from "../kernel/clock.ts";
import { SluiceError } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { Cors } from "./cors.ts";
import type { Waiter } from "./group-commit.ts";
import { readHead, type Head } from "./http-head.ts";
import type { Intake, Reading, Takes } from "./intake.ts";
import type { IngestMetrics } from "./metrics.ts";
import { BATCH_PATHS, SINGLE_CALLS } from "./paths.ts";

/** What the app puts on its answers. */
export interface FrontOptions {
  /** The same on every answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** The id of a request, `x-request-id`; `given` is the one that it brought. */
  requestId(given: string | undefined): string;
}

export interface FrontDeps extends FrontOptions {
  readonly intake: Intake;
  readonly metrics: IngestMetrics;
  readonly cors: Cors;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the connections share. */
interface Front extends FrontDeps {
  readonly open: Set<Connection>;
  readonly fixedHeaders: string;
  /** When the server began to close, in milliseconds of `performance.now()`; null before that. */
  closingSince: number | null;
  /** `Date` and what says whether the connection lives on; with them the head of an answer ends. */
  lastLines(isLast: boolean): string;
  /** Gives the connection to Node's HTTP server. */
  handOver(socket: Socket, unanswered: Buffer): void;
}

const TAKES: ReadonlyMap<string, Takes> = new Map<string, Takes>([
  ...SINGLE_CALLS.flatMap(({ kind, paths }) => paths.map((path) => [path, kind] as const)),
  ...BATCH_PATHS.map((path) => [path, "batch"] as const),
]);

const SWEEP_MS = 5_000;
/** For clients that don't read their answers. */
const UNREAD_MS_MAX = 300_000;
/** For the rest of requests that had begun to come when the server began to close. */
const CLOSING_MS_MAX = 10_000;
/** The first byte of gzip, with which no JSON text begins. */
const GZIP = 0x1f;
const NOTHING = Buffer.alloc(0);

/** Takes the connections of the app's server; must be called before it listens. */
export function attachFront(app: FastifyInstance, deps: FrontDeps): void {
  const server: Server = app.server;
  const accept = server.listeners("connection");
  server.removeAllListeners("connection");
  let second = 0;
  let date = "";
  let patience = "";
  const front: Front = {
    ...deps,
    open: new Set(),
    fixedHeaders: linesOf(deps.headers),
    closingSince: null,
    lastLines(isLast) {
      const now = deps.clock.now();
      if (Math.floor(now / 1000) !== second) {
        second = Math.floor(now / 1000);
        date = `Date: ${new Date(now).toUTCString()}\r\n`;
        patience = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(server.keepAliveTimeout / 1000)}\r\n\r\n`;
      }
      return date + (isLast ? "Connection: close\r\n\r\n" : patience);
    },
    handOver(socket, unanswered) {
      socket.pause();
      if (unanswered.length > 0) socket.unshift(unanswered);
      for (const listener of accept) listener.call(server, socket);
      socket.resume();
    },
  };
  server.on("connection", (socket) => {
    front.open.add(new Connection(socket, front));
  });
  const sweep = setInterval(() => {
    const now = performance.now();
    for (const connection of front.open) connection.sweep(now, server.headersTimeout, server.keepAliveTimeout);
  }, SWEEP_MS);
  sweep.unref();
  app.addHook("preClose", async () => {
    front.closingSince = performance.now();
    for (const connection of front.open) connection.closeIfIdle();
  });
  app.addHook("onClose", async () => clearInterval(sweep));
}

function linesOf(headers: Readonly<Record<string, string>>): string {
  let lines = "";
  for (const name in headers) lines += `${name}: ${headers[name] ?? ""}\r\n`;
  return lines;
}

/** A request that waits for Redis. */
interface Pending {
  readonly head: Head;
  readonly answer: string;
  readonly id: string;
}

class Connection implements Waiter {
  readonly #socket: Socket;
  readonly #front: Front;
  /** Bytes that belong to no request yet that is being answered. */
  #held: Buffer = NOTHING;
  #heldBytes = 0;
  /** How many bytes the request at the head of `held` has; 0 while that isn't known. */
  #wanted = 0;
  #pending: Pending | null = null;
  #isRunning = false;
  #isFresh = true;
  /** Nothing more is taken from the connection: it is ending, or somebody else has it. */
  #isOver = false;
  /** The client has sent all that it will. */
  #hasEnded = false;
  /** When the present request, or the silence before it, began: milliseconds of `performance.now()`. */
  #since = performance.now();
  readonly #onData = (chunk: Buffer): void => this.#read(chunk);
  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    this.#run();
  };
  readonly #onClose = (): void => void this.#front.open.delete(this);
  readonly #onError = (): void => void this.#socket.destroy();
  readonly #onDrain = (): void => this.#run();

  constructor(socket: Socket, front: Front) {
    this.#socket = socket;
    this.#front = front;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onClose);
    socket.on("error", this.#onError);
    socket.on("drain", this.#onDrain);
  }

  /** Ends what has been silent for too long, and leaves what takes too long to the HTTP server's own judgement. */
  sweep(now: number, headersMs: number, keepAliveMs: number): void {
    if (this.#pending !== null) return;
    const ms = now - this.#since;
    const { closingSince } = this.#front;
    if (closingSince !== null && now - closingSince > CLOSING_MS_MAX) this.#socket.destroy();
    else if (this.#isOver || this.#socket.writableNeedDrain) {
      if (ms > UNREAD_MS_MAX) this.#socket.destroy();
    } else if (this.#isFresh || this.#heldBytes > 0) {
      if (headersMs > 0 && ms > headersMs) this.#handOver();
    } else if (keepAliveMs > 0 && ms > keepAliveMs) this.#socket.destroy();
  }

  closeIfIdle(): void {
    if (this.#pending === null && this.#heldBytes === 0) this.#finish();
  }

  #read(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#hold(chunk);
    if (this.#pending === null && !this.#socket.writableNeedDrain) this.#run();
    else this.#socket.pause();
  }

  #hold(chunk: Buffer): void {
    const bytes = this.#heldBytes + chunk.length;
    if (this.#heldBytes === 0) this.#held = chunk;
    else {
      if (bytes > this.#held.length) {
        // Room for the whole request, but never much more than what has really come.
        const larger = Buffer.allocUnsafe(Math.max(bytes, Math.min(this.#wanted, bytes * 2)));
        this.#held.copy(larger, 0, 0, this.#heldBytes);
        this.#held = larger;
      }
      chunk.copy(this.#held, this.#heldBytes);
    }
    this.#heldBytes = bytes;
  }

  /** Takes request after request of what is held, as far as that goes. */
  #run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#pending === null && this.#heldBytes > 0 && !this.#isOver && !this.#socket.destroyed) {
      if (this.#socket.writableNeedDrain || !this.#next()) break;
    }
    this.#isRunning = false;
    if (this.#pending !== null || this.#heldBytes > 0 || this.#isOver) return;
    if (this.#hasEnded) this.#finish();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  /** Takes the request at the head of what is held; false where it isn't whole yet, or has been handed over. */
  #next(): boolean {
    if (this.#heldBytes < this.#wanted) return this.#wait();
    const bytes = this.#held.length === this.#heldBytes ? this.#held : this.#held.subarray(0, this.#heldBytes);
    const front = this.#front;
    const head = front.closingSince === null ? readHead(bytes) : null;
    const takes = head === null ? undefined : TAKES.get(head.target);
    if (head === null || takes === undefined) return this.#handOver();
    const bounds = front.intake.bounds(takes);
    const isInBounds = head.bodyBytes <= bounds.sent && head.bodyBytes <= bounds.plain;
    if (head.bodyBytes === 0 || !isInBounds) return this.#handOver();
    const end = head.bodyAt + head.bodyBytes;
    if (this.#wanted === 0) this.#since = performance.now();
    this.#wanted = end;
    if (bytes.length < end) return this.#wait();
    const reading = this.#understand(head, takes, bytes.subarray(head.bodyAt, end));
    if (reading === null) return this.#handOver();

    this.#held = end === bytes.length ? NOTHING : bytes.subarray(end);
    this.#heldBytes = bytes.length - end;
    this.#wanted = 0;
    this.#isFresh = false;
    const id = front.requestId(head.requestId);
    this.#pending = { head, answer: reading.answer, id };
    this.#commit(reading, takes, head.bodyBytes, id);
    return true;
  }

  /** What the request says; null where the app's way knows better. Has no effect. */
  #understand({ host, origin, authorization, writeKey }: Head, takes: Takes, plain: Buffer): Reading | null {
    if (plain[0] === GZIP) return null;
    const { intake } = this.#front;
    try {
      const headers = { host, origin, authorization, "x-write-key": writeKey };
      const named = intake.admit({ socket: this.#socket, headers });
      if (named === "browser") return null;
      intake.check();
      const scanned = named === null ? null : intake.scan(takes, plain);
      if (scanned !== null) return scanned;
      const { body, sender } = intake.open(plain, named);
      return sender === "browser" ? null : intake.read(takes, body, sender);
    } catch {
      // It will be told, and logged where it is a fault of ours, on the app's way.
      return null;
    }
  }

  #commit(reading: Reading, takes: Takes, bodyBytes: number, id: string): void {
    const { intake, log } = this.#front;
    try {
      intake.weigh(takes, bodyBytes);
      intake.commit(reading, this);
    } catch (error) {
      if (error instanceof SluiceError) return this.settle(error);
      log.error({ reqId: id, err: error }, "a request failed");
      this.settle(new SluiceError("internal", `something went wrong here; the log has it under request ${id}`));
    }
  }

  /** The events of the pending request are in Redis, or not. */
  settle(error: SluiceError | null): void {
    const pending = this.#pending;
    if (pending === null) return;
    this.#pending = null;
    const { metrics, closingSince } = this.#front;
    const status = error === null ? 200 : error.status;
    const now = performance.now();
    metrics.answered((now - this.#since) / 1000, status);
    this.#since = now;
    if (this.#socket.destroyed) return;
    const isLast = closingSince !== null || (this.#hasEnded && this.#heldBytes === 0);
    this.#write(pending, status, error, isLast);
    if (isLast) this.#finish();
    else if (this.#heldBytes > 0 || this.#socket.isPaused()) this.#run();
  }

  #write({ head, answer, id }: Pending, status: number, error: SluiceError | null, isLast: boolean): void {
    const { cors, fixedHeaders } = this.#front;
    const body = error === null ? answer : JSON.stringify(error.toBody());
    const bytes = Buffer.byteLength(body);
    let lines = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${fixedHeaders}`;
    lines += linesOf(cors.headersFor(head.origin));
    const retryAfter = error?.retryAfterSeconds ?? null;
    if (retryAfter !== null) lines += `retry-after: ${retryAfter}\r\n`;
    lines += `x-request-id: ${id}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${bytes}\r\n`;
    lines += this.#front.lastLines(isLast);
    this.#socket.write(lines + body, bytes === body.length ? "latin1" : "utf8");
  }

  /** For the rest of a request. */
  #wait(): false {
    if (this.#hasEnded) this.#finish();
    else if (this.#socket.isPaused()) this.#socket.resume();
    return false;
  }

  /** Ends the connection when what was written has gone out. */
  #finish(): void {
    this.#isOver = true;
    this.#held = NOTHING;
    this.#heldBytes = 0;
    this.#socket.destroySoon();
  }

  #handOver(): false {
    // Nothing can be given back to a stream that has ended.
    if (this.#hasEnded) {
      this.#finish();
      return false;
    }
    const socket = this.#socket;
    socket.off("data", this.#onData);
    socket.off("end", this.#onEnd);
    socket.off("close", this.#onClose);
    socket.off("error", this.#onError);
    socket.off("drain", this.#onDrain);
    this.#front.open.delete(this);
    const unanswered = this.#held.subarray(0, this.#heldBytes);
    this.#isOver = true;
    this.#held = NOTHING;
    this.#heldBytes = 0;
    this.#front.handOver(socket, unanswered);
    return false;
  }
}
