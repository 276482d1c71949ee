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

/** A body in pieces: what stays the same, and behind each piece but the last what is filled in. */
interface Template {
  readonly pieces: readonly string[];
  /** True for the number of a contact, false for the id of the request. */
  readonly isContact: readonly boolean[];
}

const SLOT = /[\u0001\u0002]/;
const SLOTS = /[\u0001\u0002]/g;

/** Gives one request after the other: bodies in their order, each with an id and contacts that it has never had. */
export async function requestsOf({ file, tag, contacts, method, target }: LoadJob): Promise<() => LoadRequest> {
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  const templates = lines.map((line): Template => ({
    pieces: line.split(SLOT),
    isContact: Array.from(line.matchAll(SLOTS), ([slot]) => slot === "\u0002"),
  }));
  let count = 0;
  return () => {
    const id = `${tag}-${++count}`;
    const text = filled(templates[count % templates.length] as Template, id, contacts);
    return method === "GET" ? { method, path: text } : { method, path: target, body: text };
  };
}

/** The product of two uniform numbers: half of all events come from a seventh of the contacts. */
function filled({ pieces, isContact }: Template, id: string, contacts: number): string {
  let text = pieces[0] ?? "";
  for (let i = 0; i < isContact.length; i++) {
    text += isContact[i] === true ? Math.floor(Math.random() * Math.random() * contacts) : id;
    text += pieces[i + 1] ?? "";
  }
  return text;
}
