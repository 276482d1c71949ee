/** Load over HTTP by autocannon: every request carries messages of its own, as client libraries send them. */
import autocannon from "autocannon";
import type { Traffic } from "./events.ts";

export interface Load {
  readonly url: string;
  readonly traffic: Traffic;
  /** Events in a request; 1 sends single calls. */
  readonly batch: number;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly events: number;
  readonly seconds: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Bodies that are made before the clock starts; later requests differ from them in their message ids. */
const BODIES = 200;
const ID = "@@@@@@@@@@@@";

let messages = 0;

export async function runLoad({ url, traffic, batch, connections, seconds }: Load): Promise<LoadResult> {
  const bodies = Array.from({ length: BODIES }, () => template(traffic, batch));
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    requests: bodies.map((body) => ({
      method: "POST",
      path: batch === 1 ? "/v1/track" : "/v1/batch",
      headers: { "content-type": "application/json" },
      setupRequest: (request) => ({ ...request, body: withFreshIds(body) }),
    })),
  });
  return {
    events: result["2xx"] * batch,
    seconds: result.duration,
    failed: result.non2xx + result.errors,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
  };
}

function template(traffic: Traffic, batch: number): readonly string[] {
  const events = Array.from({ length: batch }, () => ({ messageId: ID, ...traffic.next() }));
  const body = batch === 1 ? events[0] : { batch: events.map((event) => ({ type: "track", ...event })) };
  return JSON.stringify(body).split(ID);
}

function withFreshIds(parts: readonly string[]): string {
  let body = parts[0] ?? "";
  for (let i = 1; i < parts.length; i++) body += String(++messages).padStart(ID.length, "0") + (parts[i] ?? "");
  return body;
}
