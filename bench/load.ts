/**
 * Load over HTTP in a process of its own: as fast as it is answered by wrk where it is installed, else by autocannon; or
 * at a fixed rate.
 * Requests differ from each other: bodies are made before the clock starts, and every request fills in a message id
 * that was never sent before and contacts drawn anew.
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Traffic } from "./events.ts";
import { CONTACT, REQUEST, type LoadJob } from "./load-job.ts";
import { findProgram, runChild, type Cores } from "./processes.ts";

/** Bodies of requests, with a byte 1 where the request's id goes and a byte 2 where the number of a contact goes. */
export interface Bodies {
  readonly method: "GET" | "POST";
  /** Of a POST; a GET has its path for a body. */
  readonly path: string;
  readonly bodies: readonly string[];
  /** Events of one request. */
  readonly events: number;
}

export interface Load {
  readonly url: string;
  readonly bodies: Bodies;
  /** Contacts are drawn below this number. */
  readonly contacts: number;
  readonly connections: number;
  /** Whole ones. */
  readonly seconds: number;
  readonly seed: number;
  readonly cores: Cores;
  /** Requests a second, at equal distances, for Infinity as many as that program can; as many as any can without it. */
  readonly rate?: number;
}

export interface LoadResult {
  readonly events: number;
  readonly requests: number;
  readonly seconds: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What the program for load says when it is done, in its last line. */
export type LoadReport = Omit<LoadResult, "events">;

/** Different events that bodies are made of before they begin again, with other ids and other contacts. */
const EVENTS = 50_000;
let loads = 0;

/** Which program makes the load here, for the notes of a result. */
export function loadProgram(): string {
  if (findProgram("wrk") === null) return "autocannon";
  try {
    execFileSync("wrk", ["--version"], { stdio: "pipe" });
  } catch (error) {
    // Its version is in what it says before it ends with 1.
    const said = error instanceof Error && "stdout" in error ? String(error.stdout) : "";
    return /^wrk \S+/.exec(said)?.[0] ?? "wrk";
  }
  return "wrk";
}

/** Requests with `batch` events each; single calls for 1. */
export function bodiesOf(traffic: Traffic, batch: number): Bodies {
  const events = (count: number): Record<string, unknown>[] =>
    Array.from({ length: count }, (_, i) => ({
      messageId: `${REQUEST}-${i}`,
      ...traffic.next(),
      userId: `customer-${CONTACT}`,
    }));
  const bodies = Array.from({ length: Math.max(1, Math.round(EVENTS / batch / (batch === 1 ? 5 : 1))) }, () => {
    if (batch === 1) return bodyOf(events(1)[0] ?? {});
    return bodyOf({ batch: events(batch).map((event) => ({ type: "track", ...event })) });
  });
  return { method: "POST", path: batch === 1 ? "/v1/track" : "/v1/batch", bodies, events: batch };
}

/** Calls as they are, but for their message ids, in their order and in full batches (what is over is left out). */
export function bodiesOfCalls(calls: readonly object[], batch: number): Bodies {
  const bodies: string[] = [];
  for (let at = 0; at + batch <= calls.length; at += batch) {
    const group = calls.slice(at, at + batch).map((call, i) => ({ ...call, messageId: `${REQUEST}-${i}` }));
    bodies.push(bodyOf({ batch: group }));
  }
  return { method: "POST", path: "/v1/batch", bodies, events: batch };
}

/** GET requests for paths in which `CONTACT` stands for the number of a contact. */
export function getting(paths: readonly string[]): Bodies {
  return { method: "GET", path: "", bodies: paths, events: 1 };
}

/** JSON writes control characters as escapes: the two that stand for something become themselves again. */
function bodyOf(value: object): string {
  return JSON.stringify(value).replaceAll("\\u0001", REQUEST).replaceAll("\\u0002", CONTACT);
}

export async function runLoad(load: Load): Promise<LoadResult> {
  const dir = await mkdtemp(path.join(tmpdir(), "sluice-load-"));
  try {
    const file = path.join(dir, "bodies");
    await writeFile(file, `${load.bodies.bodies.join("\n")}\n`);
    // Another one in every run, also of another process: what was sent before must not be taken for a repetition.
    const tag = `${process.pid.toString(36)}${Math.round(performance.timeOrigin).toString(36)}${(++loads).toString(36)}`;
    const report = await reportOf(launch(load, file, tag));
    return { ...report, events: report.requests * load.bodies.events };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function launch(load: Load, file: string, tag: string): Promise<string> {
  if (load.rate !== undefined) return script("paced-process.ts", load, file, tag);
  return findProgram("wrk") === null ? script("autocannon-process.ts", load, file, tag) : wrk(load, file, tag);
}

function wrk(load: Load, file: string, tag: string): Promise<string> {
  const { url, connections, bodies, contacts, seed } = load;
  const lua = path.join(import.meta.dirname, "wrk.lua");
  const options = ["-t1", `-c${connections}`, `-d${wholeSeconds(load)}s`, "--timeout", "20s", "-s", lua, url];
  const args = [...options, "--", file, bodies.method, bodies.path, tag, String(contacts), String(seed)];
  return runChild("wrk", args, { cores: load.cores });
}

function script(name: string, load: Load, file: string, tag: string): Promise<string> {
  const { url, connections, bodies, contacts, rate = 0 } = load;
  const { method, path: target } = bodies;
  const pace = rate === Infinity ? null : rate;
  const job: LoadJob = {
    url,
    connections,
    contacts,
    file,
    tag,
    method,
    target,
    seconds: wholeSeconds(load),
    rate: pace,
  };
  const args = ["--import", "tsx", path.join(import.meta.dirname, name), JSON.stringify(job)];
  return runChild(process.execPath, args, { cores: load.cores });
}

function wholeSeconds({ seconds }: Load): number {
  return Math.max(1, Math.round(seconds));
}

async function reportOf(said: Promise<string>): Promise<LoadReport> {
  const text = await said;
  const line = text.trim().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) throw new Error(`the load could not be made:\n${text}`);
  return JSON.parse(line) as LoadReport;
}
