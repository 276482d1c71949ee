/** The name of every Redis key. All keys of a partition share a hash tag, so that it lives in one slot. */

export const PREFIX = "sluice";

export interface PartitionKeys {
  /** Stream: entries of events (field `e`) and controls (field `c`), in the order that decides everything. */
  readonly in: string;
  /** Stream with ids `epoch-seq`: one delta per commit, see kernel/delta.ts. Trimmed below the last checkpoint. */
  readonly deltas: string;
  /** Stream with the same ids: enters and leaves, for followers; kept longer than deltas. */
  readonly feed: string;
  /** Hash: the position of the last commit and the checkpoint; see kernel/partition-state.ts. */
  readonly state: string;
  /** String `epoch:nonce`: the fencing token of the owner. No TTL. */
  readonly owner: string;
  /** String with a TTL: liveness of the owner, value `process:worker:nonce`. */
  readonly lease: string;
  /** String: the owner's last sign of life with the clock that an idle partition has reached, Heartbeat as JSON. */
  readonly heartbeat: string;
  /** Hash: page number -> page of contacts (kernel/page.ts). */
  readonly pages: string;
  /** Hash: page number -> hashes of ids and next flips of that page's contacts. */
  readonly index: string;
  /** Hash: chunk name -> fingerprints of messages seen. */
  readonly seen: string;
  /** Stream: what leaves for other partitions and for receivers. Reserved. */
  readonly outbox: string;
  /** Stream: events of this partition that failed in processing. */
  readonly rejected: string;
}

export function partitionKeys(partition: number): PartitionKeys {
  const key = (name: string): string => `${PREFIX}:{p${partition}}:${name}`;
  return {
    in: key("in"),
    deltas: key("d"),
    feed: key("f"),
    state: key("state"),
    owner: key("owner"),
    lease: key("lease"),
    heartbeat: key("heartbeat"),
    pages: key("pages"),
    index: key("index"),
    seen: key("seen"),
    outbox: key("out"),
    rejected: key("rejected"),
  };
}

/** Hash, written once at first start: `partitions`, `format`, `clock`, `created`. */
export const META_KEY = `${PREFIX}:meta`;
/** Hash: `current` -> version; a version -> its ModelRecord (msgpack). */
export const MODELS_KEY = `${PREFIX}:models`;
/** Stream: events refused at collection, capped. */
export const REJECTED_KEY = `${PREFIX}:rejected`;
/** Set: names of events, properties and traits that were ever accepted, bounded; see kernel/seen-names.ts. */
export const SEEN_NAMES_KEY = `${PREFIX}:names`;
/** Sorted set: processor process -> time of its last sign of life, for sharing partitions evenly. */
export const PROCESSORS_KEY = `${PREFIX}:processors`;
