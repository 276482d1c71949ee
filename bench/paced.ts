/**
 * Requests at a fixed rate, whatever the answers do: each is sent at its time, and its latency counts from that time
 * on, so that a server that stalls is not spared the requests that it would have had meanwhile.
 */
import { Agent, request } from "node:http";

export interface PacedRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
}

export interface Paced {
  /** ms, in the order of sending. */
  readonly latencies: readonly number[];
  readonly failed: number;
}

export async function paced(
  url: string,
  next: () => PacedRequest,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<Paced> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const total = Math.max(1, Math.round(perSecond * seconds));
  const begun = performance.now();
  const latencies: number[] = [];
  let failed = 0;
  const sent: Promise<void>[] = [];
  const one = async (place: number, due: number): Promise<void> => {
    const { status } = await send(agent, url, next());
    latencies[place] = performance.now() - due;
    if (status !== 200) failed++;
  };
  try {
    await new Promise<void>((resolve) => {
      const tick = (): void => {
        while (sent.length < total) {
          const due = begun + (sent.length * 1000) / perSecond;
          const wait = due - performance.now();
          if (wait > 0) return void setTimeout(tick, wait);
          sent.push(one(sent.length, due));
        }
        resolve();
      };
      tick();
    });
    await Promise.all(sent);
  } finally {
    agent.destroy();
  }
  return { latencies, failed };
}

export interface Answer {
  /** 0 where there was none. */
  readonly status: number;
  readonly body: string;
}

/** Never rejects. */
export function send(agent: Agent, url: string, { method, path, body }: PacedRequest): Promise<Answer> {
  const text = body === undefined ? null : JSON.stringify(body);
  const headers =
    text === null ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
  return new Promise((resolve) => {
    const asking = request(`${url}${path}`, { method, agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      response.on("error", () => resolve({ status: 0, body: "" }));
    });
    asking.on("error", () => resolve({ status: 0, body: "" }));
    asking.end(text ?? undefined);
  });
}
