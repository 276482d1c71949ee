/** What Prometheus learns about the views. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { Clock } from "../kernel/clock.ts";
import type { Follower } from "./follower.ts";

/** Registers gauges that read the views when scraped, and gives the counters that the follower moves. */
export function createQueryMetrics(registry: Registry, clock: Clock, follower: () => Follower) {
  const registers = [registry];
  return {
    ready: new Gauge({
      name: "sluice_views_ready",
      help: "Partitions whose view can be queried.",
      registers,
      collect() {
        this.set(follower().partitions.filter((one) => one.ready).length);
      },
    }),
    contacts: new Gauge({
      name: "sluice_view_contacts",
      help: "Contacts in the views of this process.",
      registers,
      collect() {
        this.set(follower().partitions.reduce((sum, one) => sum + (one.view?.contacts ?? 0), 0));
      },
    }),
    lag: new Gauge({
      name: "sluice_view_lag_seconds",
      help: "How long ago a partition's view was known to be current.",
      labelNames: ["partition"],
      registers,
      collect() {
        for (const partition of follower().partitions) {
          const known = partition.freshness();
          if (known === null) continue;
          this.set({ partition: String(partition.number) }, Math.max(0, clock.now() - known.at) / 1000);
        }
      },
    }),
    steps: new Counter({ name: "sluice_view_steps_total", help: "Deltas applied to views.", registers }),
    drops: new Counter({
      name: "sluice_view_drops_total",
      help: "Views dropped and loaded again after a gap or a regressed partition.",
      registers,
    }),
  };
}
