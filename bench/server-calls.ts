/** Calls of a running server that several benchmarks make. */
import { setTimeout as pause } from "node:timers/promises";

const POLL_MS = 20;

const READY_MS_MAX = 120_000;

/** Until the server says that it is ready to answer queries. Throws when that takes very long. */
export async function whenReady(url: string): Promise<void> {
  for (const deadline = performance.now() + READY_MS_MAX; ;) {
    const ready = await fetch(`${url}/readyz`);
    const text = await ready.text();
    if (ready.ok) return;
    if (performance.now() > deadline) throw new Error(`the server does not get ready: ${text}`);
    await pause(POLL_MS);
  }
}

/** Until everything that was accepted before is in the answers of the server. */
export async function settle(url: string): Promise<void> {
  const answer = await fetch(`${url}/v1/settle?timeout=120`, { method: "POST" });
  if (!answer.ok) throw new Error(`settle answered ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
}

interface Status {
  readonly partitions: readonly { readonly backlog: number; readonly epoch: number | null }[];
  readonly totals: { readonly contacts: number; readonly backlog: number };
}

export async function statusOf(url: string): Promise<Status> {
  return (await (await fetch(`${url}/v1/status`)).json()) as Status;
}
