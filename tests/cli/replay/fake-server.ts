/** An HTTP server that answers `POST /v1/batch` as a test wants, and remembers what it was sent. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { text } from "node:stream/consumers";
import type { Call } from "../../../cli/replay/call.ts";

export interface Received {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly batch: readonly Call[];
  readonly bytes: number;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface FakeServer {
  readonly url: string;
  readonly received: readonly Received[];
  /** Requests that were being answered at once, at most. */
  readonly busiest: number;
  close(): Promise<void>;
  /** On the same port. */
  reopen(): Promise<void>;
}

export function accepted(batch: readonly Call[]): Reply {
  return { status: 200, body: JSON.stringify({ success: true, accepted: batch.length, rejected: [] }) };
}

/** @param answer for each request; `count` is that of requests before it. */
export async function startFakeServer(
  answer: (received: Received, count: number) => Reply | Promise<Reply>,
): Promise<FakeServer> {
  const received: Received[] = [];
  let present = 0;
  let busiest = 0;
  const take = async (request: IncomingMessage): Promise<Reply> => {
    const body = await text(request);
    const { batch } = JSON.parse(body) as { batch: Call[] };
    const one = { path: request.url ?? "", authorization: request.headers.authorization, batch, bytes: body.length };
    received.push(one);
    busiest = Math.max(busiest, ++present);
    const reply = await answer(one, received.length - 1);
    present--;
    return reply;
  };
  const server: Server = createServer((request, response) => {
    void take(request).then(({ status, headers, body }) => response.writeHead(status, headers).end(body));
  });
  const open = async (port: number): Promise<number> => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return address.port;
  };
  const port = await open(0);
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    get busiest() {
      return busiest;
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
    async reopen() {
      await open(port);
    },
  };
}
