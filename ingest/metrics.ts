/** What collection counts. Labels have few values, never ids or names from outside. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { ErrorCode } from "../kernel/errors.ts";

export interface IngestMetrics {
  accepted(events: number): void;
  rejected(code: ErrorCode, events: number): void;
  body(bytes: number): void;
  answered(seconds: number, status: number): void;
  /** One entry was handed to Redis. */
  entry(events: number, bytes: number): void;
  /** A flush ended: how long Redis took, and how many of its writes failed. */
  flushed(seconds: number, failed: number): void;
  backlog(bytes: number): void;
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export function createIngestMetrics(registry: Registry): IngestMetrics {
  const registers = [registry];
  const accepted = new Counter({
    name: "sluice_ingest_events_accepted_total",
    help: "Events that Redis has acknowledged",
    registers,
  });
  const rejected = new Counter({
    name: "sluice_ingest_events_rejected_total",
    help: "Events that were refused, by the code of the error",
    labelNames: ["code"],
    registers,
  });
  const bodyBytes = new Counter({
    name: "sluice_ingest_body_bytes_total",
    help: "Bytes of request bodies as they were sent",
    registers,
  });
  const requests = new Histogram({
    name: "sluice_ingest_request_seconds",
    help: "Time from a request to its answer, by status",
    labelNames: ["status"],
    buckets: SECONDS,
    registers,
  });
  const entryEvents = new Histogram({
    name: "sluice_ingest_entry_events",
    help: "Events in one stream entry",
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2500],
    registers,
  });
  const entryBytes = new Histogram({
    name: "sluice_ingest_entry_bytes",
    help: "Size of one stream entry",
    buckets: [256, 512, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576],
    registers,
  });
  const flushes = new Histogram({
    name: "sluice_ingest_flush_seconds",
    help: "Time from a group of events being sent to Redis to the answer for all of it",
    buckets: SECONDS,
    registers,
  });
  const failures = new Counter({
    name: "sluice_ingest_write_failures_total",
    help: "Stream entries whose write failed or whose outcome is unknown",
    registers,
  });
  const backlog = new Gauge({
    name: "sluice_ingest_backlog_bytes",
    help: "Size of the partitions' input streams, as last sampled and with what was written since",
    registers,
  });
  return {
    accepted: (events) => accepted.inc(events),
    rejected: (code, events) => rejected.inc({ code }, events),
    body: (bytes) => bodyBytes.inc(bytes),
    answered: (seconds, status) => requests.observe({ status: String(status) }, seconds),
    entry(events, bytes) {
      entryEvents.observe(events);
      entryBytes.observe(bytes);
    },
    flushed(seconds, failed) {
      flushes.observe(seconds);
      if (failed > 0) failures.inc(failed);
    },
    backlog: (bytes) => backlog.set(bytes),
  };
}
