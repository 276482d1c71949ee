/** The processor's metrics, fed with what workers report. */
import { Counter as PromCounter, Gauge, Histogram } from "prom-client";
import { SECONDS_BUCKETS, type Metrics } from "../kernel/metrics.ts";
import {
  COUNTERS,
  TIMINGS,
  type Counter,
  type PartitionGauges,
  type TelemetryReport,
  type Timing,
} from "./telemetry.ts";

export interface ProcessorMetrics {
  take(report: TelemetryReport): void;
  partition(gauges: PartitionGauges): void;
  /** The partition is in other hands. */
  forget(partition: number): void;
  owned(partitions: number): void;
  workerRestarted(): void;
}

const COUNTER_HELP: Readonly<Record<Counter, string>> = {
  steps: "Steps committed.",
  events: "Events processed, repeats included.",
  duplicates: "Events that were repeats.",
  commits: "Commits acknowledged, with or without a step.",
  recoveries: "Loads of a partition from its checkpoint.",
  fenced: "Partitions lost to another owner.",
  doubts: "Commits of unknown outcome or refused, each followed by a reload.",
  rejected: "Events set aside because a handler failed.",
  saturated: "Contacts that reached a bound and are approximate since.",
};

const TIMING_HELP: Readonly<Record<Timing, string>> = {
  commit: "Time from sending a commit to having its acknowledgement.",
  step: "Time to run a step.",
  sweep: "Time from the beginning of a checkpoint to its last page.",
  recovery: "Time to load a partition.",
};

export function createProcessorMetrics(registry: Metrics): ProcessorMetrics {
  const registers = [registry];
  const counters = new Map(
    COUNTERS.map((name) => [
      name,
      new PromCounter({ name: `sluice_processor_${name}_total`, help: COUNTER_HELP[name], registers }),
    ]),
  );
  const timings = new Map(
    TIMINGS.map((name) => [
      name,
      new Histogram({
        name: `sluice_processor_${name}_seconds`,
        help: TIMING_HELP[name],
        buckets: SECONDS_BUCKETS,
        registers,
      }),
    ]),
  );
  const perPartition = (name: string, help: string): Gauge<"partition"> =>
    new Gauge({ name: `sluice_processor_${name}`, help, labelNames: ["partition"], registers });
  const backlog = perPartition("backlog_entries", "Entries of the stream not consumed yet.");
  const resident = perPartition("resident_bytes", "Memory of the contacts that are loaded, estimated.");
  const contacts = perPartition("contacts", "Contacts of the partition.");
  const halted = perPartition("halted", "1 while the partition stands still because of a fault; see the log.");
  const owned = new Gauge({
    name: "sluice_processor_owned_partitions",
    help: "Partitions that this process owns.",
    registers,
  });
  const restarts = new PromCounter({
    name: "sluice_processor_worker_restarts_total",
    help: "Worker threads that ended unexpectedly and were started again.",
    registers,
  });

  return {
    take(report) {
      for (const [name, counter] of counters) counter.inc(report.counters[name]);
      for (const [name, histogram] of timings) {
        for (const ms of report.timings[name]) histogram.observe(ms / 1000);
      }
    },
    partition(gauges) {
      const label = { partition: String(gauges.partition) };
      backlog.set(label, gauges.backlog);
      resident.set(label, gauges.residentBytes);
      contacts.set(label, gauges.contacts);
      halted.set(label, gauges.halted ? 1 : 0);
    },
    forget(partition) {
      const label = { partition: String(partition) };
      for (const gauge of [backlog, resident, contacts, halted]) gauge.remove(label);
    },
    owned: (partitions) => owned.set(partitions),
    workerRestarted: () => restarts.inc(),
  };
}
