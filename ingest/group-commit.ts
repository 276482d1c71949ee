/**
 * Group commit: events of concurrent requests are packed into one stream entry for each partition (two where they came in
 * both ways that entries.ts knows), and every request is answered when all entries that hold its events are acknowledged.
 *
 * What a caller can rely on: a waiter hears of success only after Redis has acknowledged every one of its events; when
 * it hears of an error, some, all or none of them may be in the streams, and sending them again is harmless because the
 * processor drops messageIds that it has seen. Events of one `collect` that go to one partition stay in their order, and
 * whoever waits for an answer before it sends more finds these behind.
 *
 * When a group is sent: as soon as a turn of the event loop brings nothing more to it and no group is on its way;
 * otherwise when the group before it is acknowledged, and at the latest some milliseconds after its first event, also
 * in the middle of a turn that brings much: Redis works on the one while the next is being filled. So a lone request
 * waits for nobody, and the busier the process the larger its groups, since fewer and larger entries cost everybody
 * behind less.
 */
import type { Clock } from "../kernel/clock.ts";
import { SluiceError } from "../kernel/errors.ts";
import type { Event } from "../kernel/event.ts";
import { partitionKeys } from "../kernel/keys.ts";
import type { Log } from "../kernel/log.ts";
import type { RedisClient } from "../kernel/redis.ts";
import { loadSeenNames } from "../kernel/seen-names-store.ts";
import { createNameCollector } from "../kernel/seen-names.ts";
import { watchBacklog } from "./backlog.ts";
import { GroupEntries } from "./entries.ts";
import { NAMES, REFUSALS, writeFlush, type Failures, type Flush } from "./flush.ts";
import type { IngestMetrics } from "./metrics.ts";
import type { Packer } from "./packer.ts";
import type { Refusal } from "./refusals.ts";

/** Whoever waits for a group to be acknowledged. */
export interface Waiter {
  /** Called once: with null when everything is in Redis, else with `unavailable`, which is worth a retry. */
  settle(error: SluiceError | null): void;
}

export interface Collector {
  /** Throws at once when events can't be taken now: `unavailable` or `backlogged`. */
  check(): void;
  /** Takes everything, and tells the waiter when it is in Redis or has failed. Throws as `check` does. */
  collect(events: readonly Event[], refusals: readonly Refusal[], waiter: Waiter): void;
  /** `collect` for the calls that the packer has scanned last. */
  collectScanned(waiter: Waiter): void;
  /** Sends what is waiting and resolves when all of it is acknowledged or has failed. */
  close(): Promise<void>;
}

export interface CollectorOptions {
  readonly redis: RedisClient;
  readonly partitions: number;
  /** For the same partitions; nobody else collects what it has scanned. */
  readonly packer: Packer;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: IngestMetrics;
  /** Over so many bytes in the streams of all partitions nothing is taken. */
  readonly streamBytesMax: number;
  /** How long a group waits for more events at most, ms. */
  readonly lingerMs?: number;
}

const LINGER_MS = 8;
/** A group with so much in it is sent at once. */
const GROUP_EVENTS_MAX = 10_000;
const GROUP_BYTES_MAX = 1024 * 1024;
/** What is sent and not yet acknowledged; beyond it Redis is too slow to take more. */
const IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024;
/** Without an answer for so long the outcome counts as unknown. */
const ANSWER_MS_MAX = 5_000;
const RETRY_AFTER_SECONDS = 1;

/** The requests of a group, and for each which partitions its events went to. */
class Requests {
  readonly #waiters: Waiter[] = [];
  readonly #partitions: number[] = [];
  /** Where each waiter's partitions end. */
  readonly #ends: number[] = [];

  get count(): number {
    return this.#waiters.length;
  }

  /** The request that comes next has events, or what stands for a partition, in this one. */
  touches(partition: number): void {
    this.#partitions.push(partition);
  }

  push(waiter: Waiter): void {
    this.#waiters.push(waiter);
    this.#ends.push(this.#partitions.length);
  }

  settle(failures: Failures): void {
    let from = 0;
    for (let i = 0; i < this.#waiters.length; i++) {
      const end = this.#ends[i] ?? 0;
      this.#waiters[i]?.settle(failures.size === 0 ? null : this.#failureIn(failures, from, end));
      from = end;
    }
  }

  #failureIn(failures: Failures, from: number, end: number): SluiceError | null {
    for (let i = from; i < end; i++) {
      const error = failures.get(this.#partitions[i] ?? 0);
      if (error !== undefined) return unavailable(`not all events reached Redis: ${error.message}`);
    }
    return null;
  }
}

export function createCollector(options: CollectorOptions): Collector {
  const { redis, partitions, clock, log, metrics } = options;
  const lingerMs = options.lingerMs ?? LINGER_MS;
  const streams = Array.from({ length: partitions }, (_, partition) => partitionKeys(partition).in);
  const entries = new GroupEntries(options.packer, partitions, clock);
  const backlog = watchBacklog(redis, streams, options.streamBytesMax, (bytes) => metrics.backlog(bytes), log);

  /** The group that is being filled. */
  let requests = new Requests();
  let refused: Refusal[] = [];
  /** When the group began, in milliseconds of `performance.now()`. */
  let begun = 0;
  /** Requests so far, and how many there were when the event loop's present turn began. */
  let arrivals = 0;
  let arrivalsBefore = 0;
  /** Whether the end of a turn is being waited for. */
  let isWatching = false;
  /** Ends the wait for the group before this one; null while there is no such wait. */
  let patience: NodeJS.Timeout | null = null;

  let inFlight = 0;
  let inFlightBytes = 0;
  let closed = false;
  let drained: (() => void) | null = null;
  /** For each partition the last call that put an event into its group. */
  const lastCall = new Uint32Array(partitions);
  let call = 0;
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

  function collect(events: readonly Event[], refusals: readonly Refusal[], waiter: Waiter): void {
    check();
    if (events.length === 0 && refusals.length === 0) {
      waiter.settle(null);
      return;
    }
    add(events);
    if (refusals.length > 0) {
      for (const one of refusals) refused.push(one);
      requests.touches(REFUSALS);
    }
    requests.push(waiter);
    arrivals++;
    plan();
  }

  function collectScanned(waiter: Waiter): void {
    check();
    const { events, touched, outlines } = entries.addScanned();
    if (events === 0) {
      waiter.settle(null);
      return;
    }
    for (const partition of touched) requests.touches(partition);
    for (const outline of outlines) names.note(outline);
    requests.push(waiter);
    arrivals++;
    plan();
  }

  /** Puts the events into their partitions' entries. */
  function add(events: readonly Event[]): void {
    call = (call + 1) >>> 0;
    for (const event of events) {
      const partition = entries.add(event);
      names.note(event);
      if (lastCall[partition] === call) continue;
      lastCall[partition] = call;
      requests.touches(partition);
    }
  }

  function plan(): void {
    if (entries.events >= GROUP_EVENTS_MAX || entries.bytes >= GROUP_BYTES_MAX) send();
    else if (requests.count === 1) {
      begun = performance.now();
      watch();
    } else if (performance.now() - begun >= lingerMs) send();
  }

  /** Looks at the group again at the end of the next turn of the event loop. */
  function watch(): void {
    if (isWatching) return;
    isWatching = true;
    arrivalsBefore = arrivals;
    setImmediate(decide);
  }

  function decide(): void {
    isWatching = false;
    if (requests.count === 0) return;
    const left = lingerMs - (performance.now() - begun);
    if (left <= 0) send();
    else if (arrivals !== arrivalsBefore) watch();
    else if (inFlight === 0) send();
    else patience ??= setTimeout(send, left);
  }

  function send(): void {
    if (patience !== null) clearTimeout(patience);
    patience = null;
    if (requests.count === 0) return;
    const group = requests;
    const flush = takeFlush();
    void deliver(group, flush);
  }

  /** Never rejects. */
  async function deliver(group: Requests, flush: Flush): Promise<void> {
    let bytes = 0;
    for (const entry of flush.entries) bytes += entry.length;
    inFlight++;
    inFlightBytes += bytes;
    const started = performance.now();
    const failures = await writeFlush(redis, flush, ANSWER_MS_MAX);
    inFlight--;
    inFlightBytes -= bytes;
    backlog.add(bytes);
    const failed = failedIn(flush, failures);
    metrics.flushed((performance.now() - started) / 1000, failed);
    if (failures.size > 0) {
      const of = flush.entries.length + flush.refusals.length;
      log.warn({ failed, of, reason: reasonOf(failures) }, "writing events failed");
      if (failures.has(NAMES)) names.giveBack(flush.names);
    }
    group.settle(failures);
    if (requests.count > 0) watch();
    else if (inFlight === 0) drained?.();
  }

  /** Empties the group. */
  function takeFlush(): Flush {
    const taken = entries.take();
    for (const { events, bytes } of taken) metrics.entry(events, bytes.length);
    if (names.hasNew && namesLoaded !== "yes") void loadNames();
    const fresh = names.hasNew && namesLoaded === "yes" ? names.take() : [];
    const flush = {
      partitions: taken.map(({ partition }) => partition),
      streams: taken.map(({ partition }) => streams[partition] ?? ""),
      entries: taken.map(({ bytes }) => bytes),
      refusals: refused,
      names: fresh,
    };
    requests = new Requests();
    refused = [];
    return flush;
  }

  async function close(): Promise<void> {
    closed = true;
    send();
    if (inFlight > 0) {
      await new Promise<void>((resolve) => {
        drained = resolve;
      });
    }
    backlog.close();
  }

  return { check, collect, collectScanned, close };
}

function unavailable(message: string): SluiceError {
  return new SluiceError("unavailable", message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}

/** How many entries and others of a flush failed, or go to a partition where one did. */
function failedIn({ partitions }: Flush, failures: Failures): number {
  if (failures.size === 0) return 0;
  const entries = partitions.filter((partition) => failures.has(partition)).length;
  return entries + Number(failures.has(REFUSALS)) + Number(failures.has(NAMES));
}

function reasonOf(failures: Failures): string {
  for (const error of failures.values()) return error.message;
  return "";
}
