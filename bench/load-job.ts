/** What a process that makes load is told, and the requests that it makes of it. */
import { readFile } from "node:fs/promises";

export interface LoadJob {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly contacts: number;
  /** Bodies, one a line. */
  readonly file: string;
  readonly method: "GET" | "POST";
  /** Path of a POST. */
  readonly target: string;
  /** Requests a second, where they are paced. */
  readonly rate: number;
  readonly tag: string;
}

export interface LoadRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: string;
}

/** The job is this process's argument. */
export function readJob(): LoadJob {
  return JSON.parse(process.argv[2] ?? "{}") as LoadJob;
}

/** Gives one request after the other: bodies in their order, each with an id and contacts that it has never had. */
export async function requestsOf({ file, tag, contacts, method, target }: LoadJob): Promise<() => LoadRequest> {
  const bodies = (await readFile(file, "utf8")).trimEnd().split("\n");
  let count = 0;
  return () => {
    const id = `${tag}-${++count}`;
    const text = (bodies[count % bodies.length] ?? "")
      .replaceAll("\u0001", id)
      .replaceAll("\u0002", () => String(Math.floor(Math.random() * Math.random() * contacts)));
    return method === "GET" ? { method, path: text } : { method, path: target, body: text };
  };
}
