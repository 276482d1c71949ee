/** What the processor's main thread and its worker threads say to each other, over one MessagePort a worker. */
import type { MessagePort } from "node:worker_threads";
import type { ProcessorOptions } from "./options.ts";
import type { PartitionEnd } from "./partition.ts";
import type { PartitionGauges, TelemetryReport } from "./telemetry.ts";

/** What a worker starts with: the argument of its one long task. */
export interface WorkerTask {
  readonly port: MessagePort;
  readonly worker: number;
  readonly redisUrl: string;
  readonly partitions: number;
  readonly options: ProcessorOptions;
  readonly logLevel: string;
  /** URL of a module that exports `createShard`, in place of processor/shard.ts. For tests. */
  readonly shardModule: string | null;
  /** Eight bytes that hold the time, in place of the machine's clock. For tests. */
  readonly sharedClock: SharedArrayBuffer | null;
}

export type ToWorker =
  /** The partition's token carries this nonce: work on it. */
  | { readonly kind: "own"; readonly partition: number; readonly nonce: string }
  /** Finish what was read, and for at most `drainMs` what is in the stream by now, and give it back. */
  | { readonly kind: "release"; readonly partition: number; readonly drainMs: number }
  /** It is somebody else's: forget it at once. */
  | { readonly kind: "drop"; readonly partition: number }
  /** All partitions are released: end the task. */
  | { readonly kind: "stop" };

export type FromWorker =
  | { readonly kind: "alive"; readonly report: TelemetryReport; readonly partitions: readonly PartitionGauges[] }
  | { readonly kind: "live"; readonly partition: number; readonly nonce: string }
  | { readonly kind: "ended"; readonly partition: number; readonly nonce: string; readonly end: PartitionEnd };
