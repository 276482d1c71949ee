/** The process's metrics in Prometheus' terms. Names are `sluice_<role>_<what>_<unit>`, counters end in `_total`. */
import { collectDefaultMetrics, Registry } from "prom-client";

export type Metrics = Registry;

/** Buckets in seconds from 0.5 ms to 10 s: from one Redis round trip to a recovery. */
export const SECONDS_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A registry of its own, so that two servers in one process (tests) don't meet. */
export function createMetrics(options: { readonly processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register: registry });
  return registry;
}
