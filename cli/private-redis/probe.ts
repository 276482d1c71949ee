/** Asks what answers on the private server's port. */
import { Redis } from "ioredis";
import type { ServerRecord } from "./record.ts";

export type Probe =
  /** Our server, of our folder. `loading`: it still reads its append-only file; percent done. */
  | { readonly kind: "ours"; readonly pid: number; readonly loading: number | null }
  /** Something else has the port. */
  | { readonly kind: "foreign" }
  /** The port is open, but nothing comes back in time. */
  | { readonly kind: "silent" }
  | { readonly kind: "nobody" };

const ANSWER_MS = 2_000;

/** `dir` is the real path of the server's folder. Never throws. */
export async function probeServer(record: ServerRecord, dir: string): Promise<Probe> {
  const client = new Redis(record.port, "127.0.0.1", {
    protocol: 2,
    connectTimeout: ANSWER_MS,
    commandTimeout: ANSWER_MS,
    enableReadyCheck: false,
    disableClientInfo: true,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let refused = false;
  client.on("error", (error: NodeJS.ErrnoException) => {
    refused ||= error.code === "ECONNREFUSED";
  });
  try {
    await client.connect();
    // As a command, since a password refused while connecting leaves the client waiting.
    await client.auth(record.password);
    const setting = await client.config("GET", "dir");
    if (!Array.isArray(setting) || setting[1] !== dir) return { kind: "foreign" };
    const info = await client.info("server", "persistence");
    const pid = Number(/^process_id:(\d+)/m.exec(info)?.[1]);
    const loading = /^loading:1/m.test(info);
    const percent = Number(/^loading_loaded_perc:([\d.]+)/m.exec(info)?.[1] ?? 0);
    return { kind: "ours", pid, loading: loading ? percent : null };
  } catch (error) {
    if (refused) return { kind: "nobody" };
    return isSilence(error) ? { kind: "silent" } : { kind: "foreign" };
  } finally {
    client.disconnect();
  }
}

/** A connection that was dropped without a word counts as silence too: a server that is just ending does that. */
function isSilence(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ECONNRESET" || code === "ETIMEDOUT" || /timed out|connection is closed/i.test(error.message);
}
