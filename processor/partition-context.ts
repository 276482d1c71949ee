/** What a partition is given by its worker, and what its sessions are given by it. */
import type { Clock } from "../kernel/clock.ts";
import type { PartitionKeys } from "../kernel/keys.ts";
import type { Log } from "../kernel/log.ts";
import type { RedisClient } from "../kernel/redis.ts";
import type { Alarm } from "./alarm.ts";
import type { CommitBuffers, Position, Token } from "./commit.ts";
import type { BlockPool } from "./entry-queue.ts";
import type { Gate } from "./gate.ts";
import type { ProcessorOptions } from "./options.ts";
import type { PageSource } from "./page-source.ts";
import type { Poison } from "./poison.ts";
import type { StreamReader } from "./reader.ts";
import type { CreateShard } from "./recovery.ts";
import type { Telemetry } from "./telemetry.ts";

export interface PartitionDeps {
  /** For everything but blocking reads and pages. */
  readonly redis: RedisClient;
  readonly reader: StreamReader;
  readonly pages: PageSource;
  /** Partitions of a worker load through it: all at once, none would be ready before all are. */
  readonly loading: Gate;
  readonly createShard: CreateShard;
  readonly options: ProcessorOptions;
  /** Partitions of the whole store. */
  readonly partitions: number;
  readonly clock: Clock;
  /** A monotonic time in ms, for pacing. */
  readonly ticks: () => number;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** For entries that wait, shared by the partitions of a thread. */
  readonly blocks: BlockPool;
  /** For commits, shared in the same way. */
  readonly commits: CommitBuffers;
  /** Bytes of resident pages that this partition may have at the moment. */
  readonly memoryShare: () => number;
}

/** What a session and the partition it belongs to share. */
export interface PartitionContext extends PartitionDeps {
  readonly partition: number;
  readonly keys: PartitionKeys;
  readonly nonce: string;
  readonly alarm: Alarm;
  readonly poison: Poison;
  readonly status: PartitionStatus;
  /** Tells that the session works: something was recovered, and whatever made the last one fail is over. */
  readonly onLive: () => void;
}

/** What is left of a commit once it is sent. */
export interface SentCommit {
  readonly after: Position;
  readonly step: {
    readonly events: number;
    readonly duplicates: number;
    readonly saturated: number;
    readonly rejected: number;
  } | null;
}

export interface PartitionStatus {
  releasing: boolean;
  /** While releasing: what is in the stream by then is still worked off, until this time (ticks); null for no time. */
  drainUntil: number | null;
  dropped: boolean;
  halted: string | null;
  /** The token of the present or last session; null before the first. */
  token: Token | null;
  /** Of the session before: a step that was sent and whose outcome it didn't live to see; the next one finds out. */
  unsettled: SentCommit | null;
  backlog: number;
  residentBytes: number;
  contacts: number;
}
