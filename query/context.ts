/** What every route of this half works with: views, the model in use, the way to ask partitions, and how fresh it is. */
import type { IncomingMessage } from "node:http";
import type { Registry } from "prom-client";
import type { Clock, ClockMode } from "../kernel/clock.ts";
import type { ActionMode } from "../kernel/config.ts";
import { SluiceError } from "../kernel/errors.ts";
import { hash, hash64, partitionOfHash } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { RedisClient } from "../kernel/redis.ts";
import type { ReplyBuffers } from "../kernel/reply-buffers.ts";
import type { Controls } from "./controls.ts";
import type { Follower } from "./follower.ts";
import type { ActiveModel, ActiveSegment, ModelRegistry } from "./model-registry.ts";
import type { FollowedPartition } from "./partition-follower.ts";
import type { PartitionView } from "./view.ts";

export interface QueryConfig {
  readonly partitions: number;
  readonly clockMode: ClockMode;
  /** Shown by the status; nothing fires yet. */
  readonly actions: ActionMode;
  readonly apiKeys: readonly string[];
  /** Opens `/metrics` to callers without a key. */
  readonly metricsPublic?: boolean;
}

export interface QueryDeps {
  readonly redis: RedisClient;
  /** A connection of one reader, into `buffers`, that may block: no command timeout. Its reader closes it. */
  connect(buffers: ReplyBuffers): RedisClient;
  readonly clock: Clock;
  readonly config: QueryConfig;
  readonly log: Log;
  readonly registry: Registry;
  /** How answers are marked that don't pass through the app. Without it all requests take the app's way. */
  readonly quick?: QuickOptions;
}

/** What the app puts on its answers. */
export interface QuickOptions {
  /** The same on every answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** The id of a request, `x-request-id`. */
  readonly requestId: (request: Pick<IncomingMessage, "headers">) => string;
}

export interface QueryContext {
  readonly deps: QueryDeps;
  readonly follower: Follower;
  readonly models: ModelRegistry;
  readonly controls: Controls;
}

export interface ServedPartition {
  readonly partition: FollowedPartition;
  readonly view: PartitionView;
}

const NOT_READY_RETRY_SECONDS = 1;

export function notReady(message: string): SluiceError {
  return new SluiceError("not_ready", message, { retryAfterSeconds: NOT_READY_RETRY_SECONDS });
}

/** All views. Throws `not_ready` unless every one is whole: a count over some partitions would be wrong. */
export function servedPartitions(context: QueryContext): ServedPartition[] {
  requireModel(context);
  return context.follower.partitions.map(served);
}

/** Throws `not_ready` until the store has said which model is in use. */
export function requireModel(context: QueryContext): ActiveModel {
  if (!context.models.loaded) throw notReady("the model has not been read yet");
  return context.models.current;
}

function served(partition: FollowedPartition): ServedPartition {
  const { view } = partition;
  if (view === null || !partition.ready) throw notReady(`the view of partition ${partition.number} is still loading`);
  return { partition, view };
}

/** The partition that a contact belongs to, ready or not. Leaves the id's hash in `hash`. */
export function partitionOfContact(context: QueryContext, contactId: string): FollowedPartition {
  hash64(contactId);
  const number = partitionOfHash(hash.lo, context.follower.partitions.length);
  const partition = context.follower.partitions[number];
  if (partition === undefined) throw new Error(`there is no partition ${number}`);
  return partition;
}

/** Where the view has a contact. Throws `not_ready` and `not_found`. */
export function findContact(context: QueryContext, contactId: string): ServedPartition & { readonly slot: number } {
  requireModel(context);
  const { partition, view } = served(partitionOfContact(context, contactId));
  const slot = view.findHashed(contactId, hash.hi);
  if (slot < 0) throw noContact(contactId);
  return { partition, view, slot };
}

export function noContact(contactId: string): SluiceError {
  return new SluiceError("not_found", `there is no contact ${JSON.stringify(contactId)}`);
}

/** Throws `not_found`. */
export function findSegment(model: ActiveModel, name: string): ActiveSegment {
  const segment = model.segmentByName.get(name);
  if (segment === undefined) throw new SluiceError("not_found", `the model has no segment ${JSON.stringify(name)}`);
  return segment;
}

/** How far the partitions are with the model in use: `ready` when every contact has it everywhere. */
export function modelProgress(context: QueryContext): { readonly ready: boolean; readonly progress: number } {
  const { version } = context.models.current.record;
  const { partitions } = context.follower;
  let done = 0;
  for (const partition of partitions) {
    const { version: taken, complete } = partition.model;
    if (taken >= version && complete) done++;
  }
  return { ready: done === partitions.length, progress: done / partitions.length };
}

/**
 * Whether every contact's row knows the segment. While a new model spreads, segments that the model before had too
 * are answered on: each contact by the one model or the other. New ones appear when all partitions have finished.
 */
export function isServed(context: QueryContext, segment: ActiveSegment): boolean {
  const { version } = context.models.current.record;
  return context.follower.partitions.every((partition) => {
    if (partition.baseModel >= version) return true;
    const before = context.models.seen(partition.baseModel);
    return before?.segments.some(([, id]) => id === segment.id) === true;
  });
}

/** Throws `not_ready` for a segment that is new and not built yet. */
export function requireServed(context: QueryContext, segment: ActiveSegment): void {
  if (isServed(context, segment)) return;
  const percent = Math.floor(modelProgress(context).progress * 100);
  throw notReady(`segment ${JSON.stringify(segment.name)} is being built (${percent} % of partitions done)`);
}

/** `as_of` and `lag_ms` of answers: instants are ISO 8601 with milliseconds in UTC. Null before anything happened. */
export interface Freshness {
  readonly as_of: string | null;
  readonly lag_ms: number | null;
}

/**
 * As of the partition that is furthest behind. With the event clock `as_of` is an instant of the replayed past;
 * `lag_ms` is always by the machine's clock: how long ago the data was known to be current.
 */
export function freshness(context: QueryContext, partitions: readonly FollowedPartition[]): Freshness {
  let clock = Infinity;
  let at = Infinity;
  for (const partition of partitions) {
    const known = partition.freshness();
    // A partition that never saw an event has no clock of its own in a replay.
    if (known === null || known.clock <= 0) continue;
    clock = Math.min(clock, known.clock);
    at = Math.min(at, known.at);
  }
  if (clock === Infinity) return { as_of: null, lag_ms: null };
  return { as_of: isoTime(clock), lag_ms: Math.max(0, context.deps.clock.now() - at) };
}

/** Answers of the same few instants follow each other: every one says how fresh it is. */
const lastTime = { ms: Number.NaN, text: "" };

export function isoTime(ms: number): string {
  if (ms !== lastTime.ms) {
    lastTime.text = new Date(ms).toISOString();
    lastTime.ms = ms;
  }
  return lastTime.text;
}
