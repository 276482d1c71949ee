/** A processor in a process of its own, for tests that kill it. Arguments: Redis URL, partitions. */
import { createLog } from "../../kernel/log.ts";
import { createMetrics } from "../../kernel/metrics.ts";
import { startProcessor } from "../../processor/processor.ts";

const [url, partitions] = process.argv.slice(2);
const processor = await startProcessor({
  redisUrl: url ?? "",
  partitions: Number(partitions),
  options: { threads: 1, leaseMs: 1_000, sweepMs: 100, pulseMs: 100 },
  log: createLog("warn"),
  metrics: createMetrics(),
  shardModule: new URL("./fake-shard.ts", import.meta.url).href,
});
process.once("SIGTERM", () => {
  void processor.stop().then(() => process.exit(0));
});
process.send?.("started");
