/** Load by autocannon, as bench/wrk.lua does it by wrk. Its argument is the job; the last line that it prints is the report. */
import autocannon from "autocannon";
import { readJob, requestsOf } from "./load-job.ts";
import type { LoadReport } from "./load.ts";

const job = readJob();
const next = await requestsOf(job);

const result = await autocannon({
  url: job.url,
  connections: job.connections,
  duration: job.seconds,
  requests: [
    {
      method: job.method,
      headers: { "content-type": "application/json" },
      setupRequest: (request) => ({ ...request, ...next() }),
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
