/** The command line in this process, and a server whose answers a test chooses. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { run } from "../../cli/program.ts";

export class Sink extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function sluice(args: readonly string[], stdin = ""): Promise<Ran> {
  const [out, err] = [new Sink(), new Sink()];
  const code = await run(args, { stdin: Readable.from([stdin]), out, err });
  return { code, out: out.text, err: err.text };
}

export interface Asked {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface Given {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it is, anything else as JSON. */
  readonly body: unknown;
}

export interface FakeApi {
  readonly url: string;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
  /** On the same port. */
  reopen(): Promise<void>;
}

export async function startFakeApi(answer: (asked: Asked, count: number) => Given): Promise<FakeApi> {
  const asked: Asked[] = [];
  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "", url = "", headers } = request;
    const one = { method, path: url, headers, body: await text(request) };
    asked.push(one);
    const given = answer(one, asked.length - 1);
    const isText = typeof given.body === "string";
    response.writeHead(given.status ?? 200, {
      "content-type": isText ? "text/plain; charset=utf-8" : "application/json; charset=utf-8",
      ...given.headers,
    });
    response.end(isText ? given.body : JSON.stringify(given.body));
  };
  const server = createServer((request, response) => void reply(request, response));
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
    asked,
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
