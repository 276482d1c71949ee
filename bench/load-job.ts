/** What a process that makes load is told, and the requests that it makes of it. */
import { readFile } from "node:fs/promises";
import type { PacedRequest } from "./paced.ts";

/** Stands in a body where the request's id goes. */
export const REQUEST = "\u0001";
/** Where the number of a contact goes. */
export const CONTACT = "\u0002";

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
  /** Requests a second, where they are paced; null for as many as there can be. */
  readonly rate: number | null;
  readonly tag: string;
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

/** Gives one request after the other: bodies in their order, each with an id and contacts that it has never had. */
export async function requestsOf({ file, tag, contacts, method, target }: LoadJob): Promise<() => PacedRequest> {
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  const templates = lines.map(templateOf);
  let count = 0;
  return () => {
    const id = `${tag}-${++count}`;
    const text = filled(templates[count % templates.length] as Template, id, contacts);
    return method === "GET" ? { method, path: text } : { method, path: target, body: text };
  };
}

function templateOf(line: string): Template {
  const pieces: string[] = [];
  const isContact: boolean[] = [];
  for (const part of line.split(REQUEST)) {
    part.split(CONTACT).forEach((piece, i) => {
      if (pieces.length > 0) isContact.push(i > 0);
      pieces.push(piece);
    });
  }
  return { pieces, isContact };
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
