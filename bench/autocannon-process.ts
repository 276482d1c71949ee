/** Load by autocannon, as bench/wrk.lua does it by wrk. Its argument is the job; the last line that it prints is the report. */
import { readFile } from "node:fs/promises";
import autocannon from "autocannon";
import type { LoadReport } from "./load.ts";

interface Job {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly contacts: number;
  /** Bodies, one a line. */
  readonly file: string;
  readonly method: "GET" | "POST";
  /** Path of a POST. */
  readonly target: string;
  readonly rate?: number;
  readonly tag: string;
}

const job = JSON.parse(process.argv[2] ?? "{}") as Job;
const bodies = (await readFile(job.file, "utf8")).trimEnd().split("\n");
let count = 0;

function text(): string {
  const id = `${job.tag}-${++count}`;
  return (bodies[count % bodies.length] ?? "")
    .replaceAll("\u0001", id)
    .replaceAll("\u0002", () => String(Math.floor(Math.random() * Math.random() * job.contacts)));
}

const result = await autocannon({
  url: job.url,
  connections: job.connections,
  duration: job.seconds,
  ...(job.rate === undefined ? {} : { overallRate: job.rate }),
  requests: [
    {
      method: job.method,
      headers: { "content-type": "application/json" },
      setupRequest: (request) =>
        job.method === "GET" ? { ...request, path: text() } : { ...request, path: job.target, body: text() },
    },
  ],
});
const report: LoadReport = {
  requests: result["2xx"],
  failed: result.non2xx + result.errors,
  seconds: result.duration,
  p50Ms: result.latency.p50,
  p99Ms: result.latency.p99,
};
console.log(JSON.stringify(report));
