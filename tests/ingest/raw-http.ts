/** Requests as bytes on a socket, and the answers that come back on it. */
import { connect, type AddressInfo, type Socket } from "node:net";
import type { IngestApp } from "./harness.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function portOf(one: IngestApp): number {
  return (one.app.server.address() as AddressInfo).port;
}

/** Sends the parts one by one, and gives all answers that came before the server closed or `count` were there. */
export async function exchange(one: IngestApp, parts: readonly Buffer[], count = 1): Promise<Answer[]> {
  const socket = connect(portOf(one), "127.0.0.1");
  try {
    for (const part of parts) {
      if (socket.destroyed) break;
      await new Promise<void>((resolve) => void socket.write(part, () => resolve()));
      if (parts.length > 1) await new Promise((resolve) => setImmediate(resolve));
    }
    return await answersOn(socket, count);
  } finally {
    socket.destroy();
  }
}

export async function answersOn(socket: Socket, count: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  let text = "";
  try {
    for await (const chunk of socket) {
      text += (chunk as Buffer).toString("latin1");
      for (;;) {
        const answer = firstOf(text);
        if (answer === null) break;
        text = text.slice(answer.length);
        answers.push(answer);
      }
      if (answers.length >= count) break;
    }
  } catch {
    // A connection that the server resets has ended too.
  }
  return answers;
}

function firstOf(text: string): (Answer & { readonly length: number }) | null {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const [first = "", ...lines] = text.slice(0, headEnd).split("\r\n");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const length = headEnd + 4 + Number(headers["content-length"] ?? 0);
  if (text.length < length) return null;
  return { status: Number(first.split(" ")[1]), headers, body: text.slice(headEnd + 4, length), length };
}

/** What must be the same whichever way an answer came. */
export function essence({ status, headers, body }: Answer): unknown {
  const { date: _date, "x-way": _way, "x-request-id": _id, ...others } = headers;
  return { status, headers: others, body };
}

export function request(body: string | Buffer, headers: readonly string[] = [], path = "/v1/track"): Buffer {
  const bytes = Buffer.from(body);
  const lines = [`POST ${path} HTTP/1.1`, "Host: localhost", `Content-Length: ${bytes.length}`, ...headers];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), bytes]);
}
