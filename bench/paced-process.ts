/**
 * Load at a fixed rate, request after request at equal distances. Its argument is the job; the last line that it prints
 * is the report. autocannon's own rate sends what a second may have at once, as fast as it is answered, and is silent for
 * the rest of the second: half of the maximum would be the maximum, half of the time.
 */
import { readJob, requestsOf } from "./load-job.ts";
import type { LoadReport } from "./load.ts";
import { paced } from "./paced.ts";
import { median, quantile } from "./statistics.ts";

const job = readJob();
const next = await requestsOf(job);

const { url, rate, seconds, connections } = job;
const begun = performance.now();
const { latencies, failed } = await paced(url, next, { perSecond: rate ?? Infinity, seconds, connections });
const report: LoadReport = {
  requests: latencies.length - failed,
  failed,
  seconds: (performance.now() - begun) / 1000,
  p50Ms: median(latencies),
  p99Ms: quantile(latencies, 0.99),
};
console.log(JSON.stringify(report));
