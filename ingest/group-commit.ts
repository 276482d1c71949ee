/**
 * Group commit: events of concurrent requests are packed into one stream entry for each partition, and every request
 * is answered when all entries that hold its events are acknowledged.
 *
 * What a caller can rely on: `collect` resolves only after Redis has acknowledged every one of its events; when it
 * rejects, some, all or none of them may be in the streams, and sending them again is harmless because the processor
 * drops messageIds that it has seen. Events of one `collect` that go to one partition stay in their order, and so do
 * those of calls one after the other.
 *
 * When a group is sent: at the end of the event loop's turn while calls come alone; otherwise when the group before it
 * is acknowledged; and under load a few milliseconds after its first event, since fewer and larger entries cost
 * everybody behind less.
 */
import type { Clock } from "../kernel/clock.ts";
import { SluiceError } from "../kernel/errors.ts";
import { EntryWriter } from "../kernel/entry-writer.ts";
import type { Event } from "../kernel/event.ts";
import { contactIdOf, hash, hash64, partitionOfHash } from "../kernel/ids.ts";
import { partitionKeys, SEEN_NAMES_KEY } from "../kernel/keys.ts";
import type { Log } from "../kernel/log.ts";
import { isCluster, type RedisClient } from "../kernel/redis.ts";
import { loadSeenNames } from "../kernel/seen-names-store.ts";
import { createNameCollector } from "../kernel/seen-names.ts";
import { watchBacklog } from "./backlog.ts";
import type { IngestMetrics } from "./metrics.ts";
import { rejectedCommand, type Refusal } from "./refusals.ts";

export interface Collector {
  /** Throws at once when events can't be taken now: `unavailable` or `backlogged`. */
  check(): void;
  /** Resolves when everything is in Redis. Rejects with `unavailable` or `backlogged`, both worth a retry. */
  collect(events: readonly Event[], refusals?: readonly Refusal[]): Promise<void>;
  /** Sends what is waiting and resolves when all of it is acknowledged or has failed. */
  close(): Promise<void>;
}

export interface CollectorOptions {
  readonly redis: RedisClient;
  readonly partitions: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: IngestMetrics;
  /** Over so many bytes in the streams of all partitions nothing is taken. */
  readonly streamBytesMax: number;
  /** How long a group waits for more events under load, ms. */
  readonly lingerMs?: number;
}

const LINGER_MS = 4;
/** From so many requests in a group on, the next one lingers. */
const LINGER_FROM_REQUESTS = 8;
/** A group with so much in it is sent at once. */
const GROUP_EVENTS_MAX = 10_000;
const GROUP_BYTES_MAX = 1024 * 1024;
/** What is sent and not yet acknowledged; beyond it Redis is too slow to take more. */
const IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024;
/** Without an answer for so long the outcome counts as unknown. */
const ANSWER_MS_MAX = 5_000;
const RETRY_AFTER_SECONDS = 1;

/** A request that waits for its group. */
interface Waiting {
  /** Partitions that its events went to; -1 stands for the stream of refused events. */
  readonly partitions: readonly number[];
  readonly resolve: () => void;
  readonly reject: (error: SluiceError) => void;
}

const REFUSALS = -1;
/** Names that nobody waits for. */
const NAMES = -2;

/** One command of a flush. */
type Write =
  | {
      readonly partition: number;
      readonly command: "xadd";
      readonly args: readonly [key: string, ...rest: (string | number | Buffer)[]];
    }
  | { readonly partition: typeof NAMES; readonly command: "sadd"; readonly members: readonly string[] };

export function createCollector(options: CollectorOptions): Collector {
  const { redis, partitions, clock, log, metrics } = options;
  const lingerMs = options.lingerMs ?? LINGER_MS;
  const streams = Array.from({ length: partitions }, (_, partition) => partitionKeys(partition).in);
  const writers = streams.map(() => new EntryWriter());
  const backlog = watchBacklog(redis, streams, options.streamBytesMax, (bytes) => metrics.backlog(bytes), log);

  /** The group that is being filled. */
  let waiting: Waiting[] = [];
  let filled: number[] = [];
  let refused: Refusal[] = [];
  let groupEvents = 0;
  let groupBytes = 0;
  /** Cancels the planned sending; null where none is planned. */
  let unplan: (() => void) | null = null;
  let sendWhenAnswered = false;

  let lastRequests = 0;
  let inFlight = 0;
  let inFlightBytes = 0;
  let closed = false;
  let drained: (() => void) | null = null;
  /** For each partition the last call that put an event into its group. */
  const lastCall = new Uint32Array(partitions);
  let call = 0;
  /** What each partition's entry has added to `groupBytes`. */
  const entryBytes = new Float64Array(partitions);
  const names = createNameCollector();
  /** New names are written only once those are known that other processes have written: the bounds hold for all. */
  let namesLoaded: "no" | "loading" | "yes" = "no";
  void loadNames();

  async function loadNames(): Promise<void> {
    if (namesLoaded !== "no") return;
    namesLoaded = "loading";
    try {
      await loadSeenNames(redis, names);
      namesLoaded = "yes";
    } catch (error) {
      namesLoaded = "no";
      log.debug({ err: error }, "the names seen so far couldn't be read");
    }
  }

  function check(): void {
    if (closed) throw unavailable("the server is shutting down");
    if (redis.status !== "ready") throw unavailable("Redis can't be reached");
    if (inFlightBytes > IN_FLIGHT_BYTES_MAX) throw unavailable("Redis is too slow to take more");
    if (backlog.isFull) {
      throw new SluiceError("backlogged", "the backlog of events is over its limit", {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
  }

  function collect(events: readonly Event[], refusals: readonly Refusal[] = []): Promise<void> {
    if (events.length === 0 && refusals.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      check();
      const touched = add(events);
      if (refusals.length > 0) {
        refused.push(...refusals);
        touched.push(REFUSALS);
      }
      waiting.push({ partitions: touched, resolve, reject });
      plan();
    });
  }

  /** Puts the events into their partitions' entries; returns which these are. */
  function add(events: readonly Event[]): number[] {
    const touched: number[] = [];
    call = (call + 1) >>> 0;
    for (const event of events) {
      const contactId = contactIdOf(event.userId, event.anonymousId);
      hash64(contactId);
      const { lo, hi } = hash;
      const partition = partitionOfHash(lo, partitions);
      const writer = writers[partition];
      if (writer === undefined) throw new Error(`there is no partition ${partition}`);
      if (writer.count === 0) filled.push(partition);
      if (lastCall[partition] !== call) {
        lastCall[partition] = call;
        touched.push(partition);
      }
      writer.addHashed(event, contactId, lo, hi);
      names.note(event);
    }
    groupEvents += events.length;
    for (const partition of touched) {
      const bytes = writers[partition]?.bytes ?? 0;
      groupBytes += bytes - (entryBytes[partition] ?? 0);
      entryBytes[partition] = bytes;
    }
    return touched;
  }

  function plan(): void {
    if (groupEvents >= GROUP_EVENTS_MAX || groupBytes >= GROUP_BYTES_MAX) {
      send();
      return;
    }
    if (unplan !== null) return;
    if (inFlight === 0 && lastRequests < LINGER_FROM_REQUESTS) {
      const immediate = setImmediate(send);
      unplan = () => clearImmediate(immediate);
      return;
    }
    sendWhenAnswered = lastRequests < LINGER_FROM_REQUESTS;
    const timer = setTimeout(send, lingerMs);
    unplan = () => clearTimeout(timer);
  }

  function send(): void {
    unplan?.();
    unplan = null;
    sendWhenAnswered = false;
    const requests = waiting;
    const writes = takeWrites();
    lastRequests = requests.length;
    waiting = [];
    if (requests.length === 0) return;

    void deliver(requests, writes);
  }

  /** Never rejects. */
  async function deliver(requests: readonly Waiting[], writes: readonly Write[]): Promise<void> {
    let bytes = 0;
    for (const one of writes) if (one.command === "xadd" && Buffer.isBuffer(one.args[3])) bytes += one.args[3].length;
    inFlight++;
    inFlightBytes += bytes;
    const started = performance.now();
    const failures = await write(redis, writes);
    inFlight--;
    inFlightBytes -= bytes;
    backlog.add(bytes);
    metrics.flushed((performance.now() - started) / 1000, failures.size);
    if (failures.size > 0) {
      log.warn({ failed: failures.size, of: writes.length, reason: reasonOf(failures) }, "writing events failed");
      for (const one of writes) if (one.command === "sadd" && failures.has(NAMES)) names.giveBack(one.members);
    }
    answer(requests, failures);
    if (sendWhenAnswered && waiting.length > 0) send();
    if (inFlight === 0 && waiting.length === 0) drained?.();
  }

  /** Empties the group into commands. */
  function takeWrites(): Write[] {
    const receivedAt = clock.now();
    const writes: Write[] = [];
    for (const partition of filled) {
      const writer = writers[partition];
      const stream = streams[partition];
      if (writer === undefined || stream === undefined) continue;
      const { count } = writer;
      const entry = writer.finish(receivedAt);
      entryBytes[partition] = 0;
      metrics.entry(count, entry.length);
      writes.push({ partition, command: "xadd", args: [stream, "*", "e", entry] });
    }
    for (const refusal of refused) {
      writes.push({ partition: REFUSALS, command: "xadd", args: rejectedCommand(refusal) });
    }
    if (names.hasNew) {
      if (namesLoaded === "yes") writes.push({ partition: NAMES, command: "sadd", members: names.take() });
      else void loadNames();
    }
    filled = [];
    refused = [];
    groupEvents = 0;
    groupBytes = 0;
    return writes;
  }

  async function close(): Promise<void> {
    closed = true;
    if (waiting.length > 0) send();
    if (inFlight > 0) {
      await new Promise<void>((resolve) => {
        drained = resolve;
      });
    }
    backlog.close();
  }

  return { check, collect, close };
}

function answer(requests: readonly Waiting[], failures: ReadonlyMap<number, Error>): void {
  for (const { partitions, resolve, reject } of requests) {
    const failed = failures.size === 0 ? undefined : partitions.find((partition) => failures.has(partition));
    if (failed === undefined) resolve();
    else reject(unavailable(`not all events reached Redis: ${failures.get(failed)?.message ?? "unknown"}`));
  }
}

/** Sends the commands and resolves with what failed, by partition. Never rejects. */
async function write(redis: RedisClient, writes: readonly Write[]): Promise<ReadonlyMap<number, Error>> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<readonly Error[]>((resolve) => {
    const error = new Error(`no answer within ${ANSWER_MS_MAX} ms`);
    timer = setTimeout(() => resolve(writes.map(() => error)), ANSWER_MS_MAX);
  });
  const errors = await Promise.race([outcomes(redis, writes), silence]);
  clearTimeout(timer);
  const failures = new Map<number, Error>();
  writes.forEach(({ partition }, i) => {
    const error = errors[i];
    if (error !== null && error !== undefined) failures.set(partition, error);
  });
  return failures;
}

/**
 * For each command its error, or null where Redis has acknowledged it. One server takes them all in one write to its
 * socket; of a cluster each node takes its own.
 */
async function outcomes(redis: RedisClient, writes: readonly Write[]): Promise<readonly (Error | null)[]> {
  if (isCluster(redis)) {
    const settled = await Promise.allSettled(
      writes.map((one) =>
        one.command === "sadd" ? redis.sadd(SEEN_NAMES_KEY, ...one.members) : redis.xadd(...one.args),
      ),
    );
    return settled.map((result) => (result.status === "fulfilled" ? null : toError(result.reason)));
  }
  try {
    const pipeline = redis.pipeline();
    for (const one of writes) {
      if (one.command === "sadd") pipeline.sadd(SEEN_NAMES_KEY, ...one.members);
      else pipeline.xadd(...one.args);
    }
    const results = await pipeline.exec();
    return writes.map((_, i) => {
      const result = results?.[i];
      return result === undefined ? new Error("no answer") : result[0];
    });
  } catch (error) {
    return writes.map(() => toError(error));
  }
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

function unavailable(message: string): SluiceError {
  return new SluiceError("unavailable", message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}

function reasonOf(failures: ReadonlyMap<number, Error>): string {
  for (const error of failures.values()) return error.message;
  return "";
}
