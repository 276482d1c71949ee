/**
 * Requests at a fixed rate, whatever the answers do: each is sent at its time, and its latency counts from that time
 * on, so that a server that stalls is not spared the requests that it would have had meanwhile.
 */
import { Agent, request } from "node:http";

export interface PacedRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** JSON. */
  readonly body?: string;
}

export interface Paced {
  /** ms, in the order of the answers. */
  readonly latencies: readonly number[];
  readonly failed: number;
}

export interface Pace {
  /** Infinity: whenever a connection is free, until the time is over. */
  readonly perSecond: number;
  readonly seconds: number;
  /** At most so many; what finds none free waits for one, and that time counts. */
  readonly connections?: number;
}

const CONNECTIONS = 64;

export async function paced(
  url: string,
  next: () => PacedRequest,
  { perSecond, seconds, connections = CONNECTIONS }: Pace,
): Promise<Paced> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let total = Math.max(1, Math.round(perSecond * seconds));
  const latencies: number[] = [];
  let [sent, failed] = [0, 0];
  try {
    await new Promise<void>((resolve) => {
      const begun = performance.now();
      let timer: NodeJS.Timeout | undefined;
      const one = async (due: number): Promise<void> => {
        const { status } = await send(agent, url, next());
        latencies.push(performance.now() - due);
        if (status !== 200) failed++;
        if (total === Infinity && performance.now() - begun >= seconds * 1000) total = sent;
        if (latencies.length === total) resolve();
        else tick();
      };
      // What finds no connection free is not made before: of a server that is far behind, bodies would fill the memory.
      const tick = (): void => {
        clearTimeout(timer);
        while (sent < total && sent - latencies.length < connections) {
          const due = begun + (sent * 1000) / perSecond;
          const wait = due - performance.now();
          if (wait > 0) {
            timer = setTimeout(tick, wait);
            return;
          }
          sent++;
          void one(due);
        }
      };
      tick();
    });
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
  const headers =
    body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve) => {
    const asking = request(`${url}${path}`, { method, agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      response.on("error", () => resolve({ status: 0, body: "" }));
    });
    asking.on("error", () => resolve({ status: 0, body: "" }));
    asking.end(body);
  });
}
